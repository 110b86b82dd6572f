// Stands between an SDK and Tenon, changes nothing, and writes down what passes: one JSON line for each exchange.
// The sweep reads from it what an SDK was told; a failed step reads from it what went over the wire.
//
//   PORT    where to listen on loopback, 0 for any free port
//   TARGET  http://127.0.0.1:PORT of the server under test
//   RECORD  the file to append to
import { appendFileSync } from 'node:fs';
import http from 'node:http';

import { listenAndAnnounce } from './http-answers.mjs';

const target = new URL(process.env.TARGET);
const agent = new http.Agent({ keepAlive: true });

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function forward(request, body) {
  return new Promise((resolve, reject) => {
    const onward = http.request({
      agent,
      host: target.hostname,
      port: target.port,
      method: request.method,
      path: request.url,
      // A compressed answer could not be searched for secrets.
      headers: { ...request.headers, host: target.host, 'accept-encoding': 'identity' },
    }, async (answer) => resolve({ answer, content: await collect(answer) }));
    onward.on('error', reject);
    onward.end(body);
  });
}

const server = http.createServer(async (request, response) => {
  const body = await collect(request);
  try {
    const { answer, content } = await forward(request, body);
    appendFileSync(process.env.RECORD, `${JSON.stringify({
      method: request.method,
      path: request.url,
      agent: request.headers['user-agent'],
      request: body.toString('utf8'),
      status: answer.statusCode,
      headers: answer.rawHeaders,
      response: content.toString('utf8'),
    })}\n`);
    response.writeHead(answer.statusCode, answer.rawHeaders);
    response.end(content);
  } catch (error) {
    console.error(request.method, request.url, error.message);
    // No invented status: the SDK sees a broken connection, as it would without this recorder.
    response.destroy();
  }
});
listenAndAnnounce(server, Number(process.env.PORT ?? 0));
