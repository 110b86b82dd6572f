// Starts the OAuth server and the repository API that trusts its tokens, on one port.
//
//   PORT                   where to listen on loopback; `READY http://127.0.0.1:PORT` is printed once it does
//   REDIRECT_URI           where Tenon receives authorization codes
//   CLIENTS                JSON: [{"id", "secret", "method": "client_secret_post" | "client_secret_basic"}]
//   ACCESS_TOKEN_SECONDS   how long an access token lives, an hour unless told
//   APPROVE_EVERYTHING_AS  a login that is signed in and consents without any form
//
// Beside the two there is a door for the harness, /__peer, which no vendor would have.
import http from 'node:http';

import { createConsentPages } from './consent.mjs';
import { answerJson, listenAndAnnounce, readJson } from './http-answers.mjs';
import { Observations } from './observations.mjs';
import { createProvider } from './provider.mjs';
import { createRepositoryApi } from './repository-api.mjs';
import { createTokenDoor } from './token-door.mjs';

const port = Number(process.env.PORT);
const clients = JSON.parse(process.env.CLIENTS);
const observations = new Observations();
const provider = createProvider({
  issuer: `http://127.0.0.1:${port}`,
  clients,
  redirectUri: process.env.REDIRECT_URI,
  accessTokenSeconds: Number(process.env.ACCESS_TOKEN_SECONDS ?? 3600),
  observations,
});
const handleInteraction = createConsentPages(provider, process.env.APPROVE_EVERYTHING_AS);
const handleApiCall = createRepositoryApi(provider, observations);
const tokenDoor = createTokenDoor(provider, observations);
const handleProtocol = provider.callback();

async function route(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (url.pathname.startsWith('/interaction/')) return handleInteraction(request, response, url.pathname);
  if (url.pathname.startsWith('/api/')) return handleApiCall(request, response, url);
  if (url.pathname === '/__peer/observations') return answerJson(response, 200, observations);
  if (url.pathname === '/__peer/mint') return answerJson(response, 200, await tokenDoor.mint(await readJson(request)));
  if (url.pathname === '/__peer/kill') return answerJson(response, 200, await tokenDoor.kill(await readJson(request)));
  return handleProtocol(request, response);
}

const server = http.createServer((request, response) => {
  route(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) answerJson(response, error.statusCode ?? 500, { error: error.message });
  });
});
listenAndAnnounce(server, port);
