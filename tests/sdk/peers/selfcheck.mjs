// Checks the peers without Tenon: that consent, tokens, refusals and the person do what the journeys build on.
//   node selfcheck.mjs
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { visit } from './person.mjs';
import { people } from './people.mjs';

const here = new URL('.', import.meta.url).pathname;
const post = { id: 'by-post', secret: 'a-secret-in-the-body', method: 'client_secret_post' };
// Characters that have to be form-encoded before they go into the Basic header.
const basic = { id: 'by-basic', secret: 'a s@cret:in/the+header%', method: 'client_secret_basic' };
const acme = { key: 'acme-key-for-selfcheck', token: 'acme-token-for-selfcheck', username: 'coyote', password: 'roadrunner!' };
const children = [];
let callback; let oauth; let automatic; let services;

async function freePort() {
  const probe = http.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

async function start(script, environment) {
  const child = spawn(process.execPath, [`${here}/${script}`], {
    env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  for await (const chunk of child.stdout) {
    const ready = /READY (\S+)/.exec(chunk);
    if (ready) {
      child.stdout.resume();
      return ready[1];
    }
  }
  throw new Error(`${script} did not start`);
}

before(async () => {
  services = await start('services-server.mjs', { PORT: '0', ACME: JSON.stringify(acme) });
  callback = `${services}/app`;
  const shared = { REDIRECT_URI: callback, CLIENTS: JSON.stringify([post, basic]) };
  oauth = await start('oidc-server.mjs', { ...shared, PORT: String(await freePort()) });
  automatic = await start('oidc-server.mjs', { ...shared, PORT: String(await freePort()), APPROVE_EVERYTHING_AS: 'hubot' });
});
after(() => children.forEach((child) => child.kill('SIGTERM')));

function authorizationRequest(client, { server = oauth, scope = 'repo user', pkce = true } = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL(`${server}/auth`);
  url.search = new URLSearchParams({
    client_id: client.id, response_type: 'code', redirect_uri: callback, scope, state: 'kept',
    ...(pkce && {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
    }),
  });
  return { url: url.href, verifier };
}

function consent(login, decision = 'allow') {
  return { login, password: people.get(login).password, decision };
}

async function authorize(client, { login = 'octocat', ...options } = {}) {
  const { url, verifier } = authorizationRequest(client, options);
  const landed = new URL((await visit({ url, answers: consent(login), until: callback })).url);
  assert.equal(landed.searchParams.get('state'), 'kept');
  return { code: landed.searchParams.get('code'), verifier };
}

async function askForToken(client, parameters, { method = client.method, server = oauth } = {}) {
  const form = new URLSearchParams(parameters);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  if (method === 'client_secret_basic') {
    const pair = [client.id, client.secret].map(encodeURIComponent).join(':');
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  } else {
    form.set('client_id', client.id);
    form.set('client_secret', client.secret);
  }
  const response = await fetch(`${server}/token`, { method: 'POST', headers, body: form });
  return { status: response.status, ...(await response.json()) };
}

function redeem({ code, verifier }) {
  return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: callback };
}

async function whoAmI(token, server = oauth) {
  const response = await fetch(`${server}/api/user`, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, ...(await response.json()) };
}

for (const client of [post, basic]) {
  test(`${client.method}: consent leads to tokens of the person who consented`, async () => {
    const tokens = await askForToken(client, redeem(await authorize(client)));
    assert.equal(tokens.status, 200, JSON.stringify(tokens));
    assert.equal((await whoAmI(tokens.access_token)).login, 'octocat');
    const renewed = await askForToken(client, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
    assert.notEqual(renewed.refresh_token, tokens.refresh_token);
    assert.equal((await whoAmI(renewed.access_token)).login, 'octocat');
  });

  test(`${client.method}: the other way of sending the secret is refused`, async () => {
    const method = client === post ? 'client_secret_basic' : 'client_secret_post';
    const answer = await askForToken(client, redeem(await authorize(client)), { method });
    assert.deepEqual([answer.status, answer.error], [401, 'invalid_client']);
  });
}

test('a refresh token that was used before kills the grant', async () => {
  const first = await askForToken(post, redeem(await authorize(post)));
  const again = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
  const second = await askForToken(post, again);
  assert.equal((await askForToken(post, again)).error, 'invalid_grant');
  const heir = { grant_type: 'refresh_token', refresh_token: second.refresh_token };
  assert.equal((await askForToken(post, heir)).error, 'invalid_grant');
});

test('a code is worth nothing twice, with a foreign verifier or with a wrong secret', async () => {
  const redeemed = await authorize(post);
  assert.equal((await askForToken(post, redeem(redeemed))).status, 200);
  assert.equal((await askForToken(post, redeem(redeemed))).error, 'invalid_grant');
  const foreign = { ...(await authorize(post)), verifier: randomBytes(32).toString('base64url') };
  assert.equal((await askForToken(post, redeem(foreign))).error, 'invalid_grant');
  const wrong = { ...post, secret: 'not-it' };
  assert.equal((await askForToken(wrong, redeem(await authorize(post)))).error, 'invalid_client');
});

test('an authorization request without a code challenge is refused', async () => {
  const { url } = authorizationRequest(post, { pkce: false });
  const landed = new URL((await visit({ url, until: callback })).url);
  assert.equal(landed.searchParams.get('error'), 'invalid_request');
});

test('a person who says no, or does not know the password, gives no code', async () => {
  const { url } = authorizationRequest(post);
  const landed = new URL((await visit({ url, answers: consent('octocat', 'deny'), until: callback })).url);
  assert.equal(landed.searchParams.get('error'), 'access_denied');
  const answers = { login: 'octocat', password: 'wrong' };
  assert.equal((await visit({ url: authorizationRequest(post).url, answers, until: callback })).status, 401);
});

test('the automatic server needs redirects only', async () => {
  const { url } = authorizationRequest(post, { server: automatic });
  const response = await visit({ url, until: callback });
  assert.ok(new URL(response.url).searchParams.get('code'));
});

test('the API refuses no token, an invented one, a killed one and one without the scope', async () => {
  assert.equal((await fetch(`${oauth}/api/user`)).status, 401);
  assert.equal((await whoAmI('invented')).status, 401);
  const { access_token: token } = await askForToken(post, redeem(await authorize(post, { login: 'hubot', scope: 'user' })));
  const star = { method: 'PUT', headers: { authorization: `Bearer ${token}` } };
  assert.equal((await fetch(`${oauth}/api/user/starred/tenon/tenon`, star)).status, 403);
  const killed = await fetch(`${oauth}/__peer/kill`, { method: 'POST', body: JSON.stringify({ login: 'hubot' }) });
  assert.ok((await killed.json()).killed > 0);
  assert.equal((await whoAmI(token)).status, 401);
});

test('a minted token works and is remembered as a secret', async () => {
  const body = JSON.stringify({ client: post.id, login: 'octocat', scope: 'repo' });
  const minted = await (await fetch(`${oauth}/__peer/mint`, { method: 'POST', body })).json();
  const star = { method: 'PUT', headers: { authorization: `Bearer ${minted.access_token}` } };
  assert.equal((await fetch(`${oauth}/api/user/starred/tenon/tenon`, star)).status, 204);
  const { secrets, calls } = await (await fetch(`${oauth}/__peer/observations`)).json();
  assert.ok(secrets.some(({ value }) => value === minted.access_token));
  for (const kind of ['client secret', 'PKCE verifier', 'refresh token', 'authorization code']) {
    assert.ok(secrets.some((secret) => secret.kind === kind), `no ${kind} among the secrets`);
  }
  assert.ok(calls.some((call) => call.path === '/api/user/starred/tenon/tenon' && call.login === 'octocat'));
});

test('Acme opens to its key, its token and its password, and to nothing else', async () => {
  const pair = Buffer.from(`${acme.username}:${acme.password}`).toString('base64');
  const tries = [
    [{ 'x-acme-key': acme.key }, 200], [{ authorization: `Bearer ${acme.token}` }, 200],
    [{ authorization: `Basic ${pair}` }, 200], [{ 'x-acme-key': 'wrong' }, 401], [{}, 401],
  ];
  for (const [headers, status] of tries) assert.equal((await fetch(`${services}/acme/me`, { headers })).status, status);
});

test('Hacker News answers users, items and searches, and 404 for strangers', async () => {
  const get = async (path) => (await fetch(`${services}/hn/v1/${path}`)).json();
  assert.equal((await get('users/pg')).username, 'pg');
  assert.equal((await get('items/1')).title, 'Y Combinator');
  assert.equal((await get('search?query=combinator')).hits.length, 1);
  assert.ok((await get('search_by_date?hitsPerPage=2')).hits.length === 2);
  assert.equal((await fetch(`${services}/hn/v1/users/nobody`)).status, 404);
});
