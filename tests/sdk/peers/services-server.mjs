// Starts the services that are not GitHub, and the page of the app that a person comes back to after consent.
//
//   PORT  where to listen on loopback, 0 for any free port
//   ACME  JSON: {"key", "token", "username", "password"}, what opens Acme
//   MODEL_KEY  what opens the language model
import http from 'node:http';

import { createAcme } from './acme.mjs';
import { answerHackerNews } from './hackernews.mjs';
import { answerJson, answerPage, listenAndAnnounce } from './http-answers.mjs';
import { createLanguageModel } from './language-model.mjs';
import { Ledger } from './ledger.mjs';
import { Observations } from './observations.mjs';

const observations = new Observations();
const answerAcme = createAcme(JSON.parse(process.env.ACME), observations);
const answerModel = createLanguageModel(process.env.MODEL_KEY, observations);
const ledger = new Ledger(observations);

async function route(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (url.pathname === '/__peer/observations') return answerJson(response, 200, observations);
  if (url.pathname === '/__peer/ledger') return answerJson(response, 200, ledger.credentials());
  if (url.pathname.startsWith('/ledger/')) return ledger.answer(request, response, url);
  if (url.pathname.startsWith('/acme/')) return answerAcme(request, response, url);
  if (url.pathname.startsWith('/model/')) return answerModel(request, response, url);
  if (url.pathname.startsWith('/hn/')) {
    const { method, headers } = request;
    response.on('finish', () => observations.recordCall({
      peer: 'hackernews', method, path: url.pathname, headers, status: response.statusCode,
    }));
    return answerHackerNews(request, response, url);
  }
  if (/^\/press\/v[12]\/pages$/.test(url.pathname)) {
    return answerJson(response, 200, { path: url.pathname, query: Object.fromEntries(url.searchParams) });
  }
  if (url.pathname === '/app') return answerPage(response, 200, 'Back in the app', '<p>You can close this page.</p>');
  return answerJson(response, 404, { error: 'Nothing here' });
}

const server = http.createServer((request, response) => {
  route(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) answerJson(response, 500, { error: error.message });
  });
});
listenAndAnnounce(server, Number(process.env.PORT ?? 0));
