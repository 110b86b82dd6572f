// An authorization server where clients register themselves (RFC 7591) and PKCE (RFC 7636) is asked of everybody.
import { createHash, randomBytes } from 'node:crypto';

import { answerJson, readBody } from './http-answers.mjs';

const random = (prefix = '') => prefix + randomBytes(16).toString('hex');

export class Registration {
  #clients = new Map();
  #codes = new Map();
  #observations;
  #issue;

  /** `issue` makes an access token that the API knows. */
  constructor(observations, issue) {
    this.#observations = observations;
    this.#issue = issue;
  }

  async answer(request, response, url, step) {
    if (step === 'register') return this.#register(response, JSON.parse(await readBody(request)));
    if (step === 'authorize') return this.#authorize(response, url.searchParams);
    return this.#token(response, new URLSearchParams(await readBody(request)));
  }

  #register(response, wanted) {
    const client = { ...wanted, client_id: random('client_'), token_endpoint_auth_method: 'none' };
    this.#clients.set(client.client_id, client);
    return answerJson(response, 201, client);
  }

  /** The person has always consented already. */
  #authorize(response, query) {
    const { client_id: client, redirect_uri: back, code_challenge: challenge, state } = Object.fromEntries(query);
    const isKnown = this.#clients.get(client)?.redirect_uris.includes(back);
    if (!isKnown || query.get('code_challenge_method') !== 'S256' || !challenge) {
      return answerJson(response, 400, { error: 'invalid_request' });
    }
    const code = random();
    this.#codes.set(code, { client, back, challenge });
    this.#observations.recordSecret('authorization code', code);
    const landing = new URL(back);
    landing.search = new URLSearchParams({ code, state });
    response.writeHead(302, { location: landing.href });
    return response.end();
  }

  #token(response, form) {
    const kept = this.#codes.get(form.get('code'));
    this.#codes.delete(form.get('code'));
    const verifier = form.get('code_verifier') ?? '';
    const isRight = kept?.client === form.get('client_id') && kept.back === form.get('redirect_uri')
      && createHash('sha256').update(verifier).digest('base64url') === kept.challenge;
    if (!isRight) return answerJson(response, 400, { error: 'invalid_grant' });
    return answerJson(response, 200, { access_token: this.#issue(), token_type: 'Bearer', expires_in: 3600 });
  }
}
