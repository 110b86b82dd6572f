// Stands between an SDK and Tenon, changes nothing, and writes down what passes: one JSON line for each exchange.
// The sweep reads from it what an SDK was told; a failed step reads from it what went over the wire.
//
//   HOST    the address to listen on, loopback where none is given
//   PORT    the port there, 0 for any free one
//   CERTIFICATE, KEY  files, for one that is reached by TLS
//   TARGET  http://HOST:PORT of the server under test
//   RECORD  the file to append to
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

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

async function handOn(request, response) {
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
}

const { CERTIFICATE: certificate, KEY: key } = process.env;
const server = certificate
  ? https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, handOn)
  : http.createServer(handOn);
listenAndAnnounce(server, Number(process.env.PORT ?? 0), process.env.HOST);
