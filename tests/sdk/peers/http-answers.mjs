// Reading requests and writing answers for the peers that speak plain node:http.
export async function readBytes(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function readBody(request) {
  return (await readBytes(request)).toString('utf8');
}

export async function readJson(request) {
  const text = await readBody(request);
  return text === '' ? {} : JSON.parse(text);
}

export function answerJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

export function answerEmpty(response, status) {
  response.writeHead(status);
  response.end();
}

export function answerPage(response, status, title, body) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>`
    + `<body><h1>${title}</h1>${body}</body></html>`);
}

export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Listens, on loopback if nothing else is said, and prints the one line that the harness waits for. */
export function listenAndAnnounce(server, port, host = '127.0.0.1') {
  server.listen(port, host, () => {
    console.log(`READY http://${host}:${server.address().port}`);
  });
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
  }
}
