// The provider's side of OAuth 1 with HMAC-SHA1 (RFC 5849): consent in three steps, and signatures on every request.
import { createHmac, randomBytes } from 'node:crypto';

import { answerJson } from './http-answers.mjs';

const random = (prefix = '') => prefix + randomBytes(16).toString('hex');
// Section 3.6: everything but unreserved characters.
const encode = (text) => encodeURIComponent(text)
  .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function protocolParameters(header) {
  if (!header?.startsWith('OAuth ')) return undefined;
  const pairs = header.slice(6).split(/,\s*/).map((pair) => /^([^=]+)="(.*)"$/.exec(pair));
  return Object.fromEntries(pairs.map(([, name, value]) => [decodeURIComponent(name), decodeURIComponent(value)]));
}

export class OAuth1 {
  consumer = { key: 'the books & co', secret: random('c&s+') };
  #tokens = new Map();
  #asked = new Map();
  #nonces = new Set();
  #observations;

  constructor(observations) {
    this.#observations = observations;
    observations.recordSecret('OAuth 1 consumer secret', this.consumer.secret);
  }

  /** A token and its secret, as another application of the consumer may have got them. */
  issue(kind = 'at_') {
    const pair = { token: random(kind), secret: random('s/+') };
    this.#tokens.set(pair.token, pair.secret);
    this.#observations.recordSecret('OAuth 1 token secret', pair.secret);
    return pair;
  }

  /** The `oauth_` parameters of a request that is signed right and is new; else nothing. */
  verify(request) {
    const given = protocolParameters(request.headers.authorization);
    const secret = given?.oauth_token ? this.#tokens.get(given.oauth_token) : '';
    if (!given || secret === undefined || given.oauth_consumer_key !== this.consumer.key) return undefined;
    if (given.oauth_signature_method !== 'HMAC-SHA1' || Math.abs(given.oauth_timestamp - Date.now() / 1000) > 300) return undefined;
    const url = new URL(request.url, `http://${request.headers.host}`);
    const { oauth_signature: signature, ...signed } = given;
    const parameters = [...url.searchParams, ...Object.entries(signed)]
      .map(([name, value]) => [encode(name), encode(value)])
      .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : (a < b ? -1 : 1)))
      .map((pair) => pair.join('=')).join('&');
    const base = [request.method, encode(url.origin + url.pathname), encode(parameters)].join('&');
    const key = `${encode(this.consumer.secret)}&${encode(secret)}`;
    if (createHmac('sha1', key).update(base).digest('base64') !== signature) return undefined;
    if (this.#nonces.has(given.oauth_nonce)) return undefined;
    this.#nonces.add(given.oauth_nonce);
    return given;
  }

  #answerForm(response, fields) {
    response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' });
    response.end(new URLSearchParams(fields).toString());
  }

  answer(request, response, url, step) {
    if (step === 'authorize') return this.#authorize(response, url);
    const given = this.verify(request);
    const asked = this.#asked.get(given?.oauth_token);
    if (given && step === 'request_token' && given.oauth_callback) {
      const { token, secret } = this.issue('rt_');
      this.#asked.set(token, { callback: given.oauth_callback });
      return this.#answerForm(response, { oauth_token: token, oauth_token_secret: secret, oauth_callback_confirmed: 'true' });
    }
    if (asked?.verifier && step === 'access_token' && given.oauth_verifier === asked.verifier) {
      this.#tokens.delete(given.oauth_token);
      this.#asked.delete(given.oauth_token);
      const { token, secret } = this.issue();
      return this.#answerForm(response, { oauth_token: token, oauth_token_secret: secret });
    }
    return answerJson(response, 401, { error: { message: 'Could not authenticate you' } });
  }

  /** The person has always consented already. */
  #authorize(response, url) {
    const token = url.searchParams.get('oauth_token');
    const asked = this.#asked.get(token);
    if (!asked) return answerJson(response, 400, { error: { message: 'No such request token' } });
    asked.verifier = random();
    const back = new URL(asked.callback);
    back.searchParams.set('oauth_token', token);
    back.searchParams.set('oauth_verifier', asked.verifier);
    response.writeHead(302, { location: back.href });
    return response.end();
  }
}
