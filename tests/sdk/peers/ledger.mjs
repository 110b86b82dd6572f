// Ledger, a vendor that lets in whoever signed an assertion, logged in or signs each request. It believes nothing:
// assertions are verified by jose, which shares no code with the server under test.
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import { jwtVerify, SignJWT } from 'jose';

import { answerJson, readBody } from './http-answers.mjs';
import { OAuth1 } from './oauth1.mjs';
import { Registration } from './registration.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const CLIENT = 'a machine/1';
const MOST_SECONDS = 3600;
const random = (prefix = '') => prefix + randomBytes(16).toString('hex');
const bearerOf = (headers) => /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];

export class Ledger {
  #observations;
  #oauth1;
  #registration;
  #google = generateKeyPairSync('rsa', { modulusLength: 2048 });
  #app = generateKeyPairSync('rsa', { modulusLength: 2048 });
  #tokens = new Map();
  #known = { email: 'robot@books.iam.test', app: '4711', keyId: 'kid-1', organization: '00801',
    username: 'ada', password: random('pä:ss/'),
    devKey: random('dev_'), apiKey: random('cal_'), clientSecret: random('s@c:') };

  constructor(observations) {
    this.#observations = observations;
    this.#oauth1 = new OAuth1(observations);
    this.#registration = new Registration(observations, () => this.#issue('DCR_OAUTH'));
    for (const name of ['password', 'devKey', 'apiKey', 'clientSecret']) observations.recordSecret(`Ledger ${name}`, this.#known[name]);
    // Lines from the middle: the first ones of all private keys are alike.
    for (const pem of [this.#googlePem(), this.#appPem()]) {
      for (const line of pem.split('\n').slice(5, 9)) observations.recordSecret('line of a private key', line);
    }
  }

  #googlePem() { return this.#google.privateKey.export({ type: 'pkcs8', format: 'pem' }); }

  #appPem() { return this.#app.privateKey.export({ type: 'pkcs1', format: 'pem' }); }

  /** What customers hold, by scheme: `config` goes into an auth config, `account` into a connection. */
  credentials() {
    const { email, app, username, password, devKey, apiKey, organization, keyId, clientSecret } = this.#known;
    const keyFile = { type: 'service_account', client_email: email, private_key_id: keyId, private_key: this.#googlePem(),
      token_uri: 'https://elsewhere.test/token' };
    const imported = this.#oauth1.issue();
    const { key, secret } = this.#oauth1.consumer;
    return {
      GOOGLE_SERVICE_ACCOUNT: { config: {}, account: { credentials_json: JSON.stringify(keyFile) } },
      SERVICE_ACCOUNT: { config: {}, account: { application_id: app, installation_id: '42', private_key: this.#appPem() } },
      BASIC_WITH_JWT: { config: {}, account: { username, password } },
      BILLCOM_AUTH: { config: { organizationId: organization }, account: { devKey, username, password } },
      CALCOM_AUTH: { config: {}, account: { apiKey } },
      S2S_OAUTH2: { config: {}, account: { client_id: CLIENT, client_secret: clientSecret } },
      DCR_OAUTH: { config: {} },
      OAUTH1: {
        config: { consumer_key: key, consumer_secret: secret },
        account: { oauth_token: imported.token, oauth_token_secret: imported.secret },
      },
    };
  }

  #issue(way, token = random('tk_')) {
    this.#tokens.set(token, way);
    this.#observations.recordSecret(`Ledger token of ${way}`, token);
    return token;
  }

  async #verify(assertion, { publicKey }, expected) {
    const { payload, protectedHeader } = await jwtVerify(assertion, publicKey, {
      algorithms: ['RS256'], requiredClaims: ['iat', 'exp'], ...expected,
    });
    if (payload.exp - payload.iat > MOST_SECONDS) throw new Error('lives too long');
    this.#observations.recordCall({ peer: 'assertions', issuer: payload.iss });
    return { payload, protectedHeader };
  }

  async #googleToken(request, url) {
    const form = new URLSearchParams(await readBody(request));
    if (form.get('grant_type') !== GRANT) return [400, { error: 'unsupported_grant_type' }];
    try {
      const expected = { issuer: this.#known.email, audience: `http://${request.headers.host}${url.pathname}` };
      const { payload, protectedHeader } = await this.#verify(form.get('assertion'), this.#google, expected);
      if (payload.scope !== 'books.read books.write' || protectedHeader.kid !== this.#known.keyId) throw new Error('scope or key');
    } catch (error) {
      return [400, { error: 'invalid_grant', error_description: `Invalid JWT: ${error.code ?? error.message}` }];
    }
    return [200, { access_token: this.#issue('GOOGLE_SERVICE_ACCOUNT'), expires_in: 3599, token_type: 'Bearer' }];
  }

  async #installation(request) {
    try {
      await this.#verify(bearerOf(request.headers), this.#app, { issuer: this.#known.app });
    } catch (error) {
      return [401, { message: `A JSON web token could not be decoded: ${error.code ?? error.message}` }];
    }
    const expires = new Date(Date.now() + 3600e3).toISOString().replace(/\.\d+/, '');
    return [201, { token: this.#issue('SERVICE_ACCOUNT'), expires_at: expires }];
  }

  async #login(request) {
    const { user } = JSON.parse(await readBody(request));
    if (user?.name !== this.#known.username || user.password !== this.#known.password) return [401, { message: 'wrong' }];
    const token = await new SignJWT({ sub: user.name, jti: random() }).setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('15m').sign(randomBytes(32));
    return [200, { data: { jwt: this.#issue('BASIC_WITH_JWT', token) } }];
  }

  async #billLogin(request) {
    const { devKey, username, password, organization: organizationId } = this.#known;
    const given = JSON.parse(await readBody(request));
    const expected = { devKey, username, password, organizationId };
    const fits = Object.entries(expected).every(([name, value]) => given[name] === value);
    if (!fits) return [400, [{ code: 'BDC_1108', message: 'Login failed' }]];
    return [200, { sessionId: this.#issue('BILLCOM_AUTH') }];
  }

  async #machineToken(request) {
    // RFC 6749 section 2.3.1: both are form-encoded before they go into the header.
    const pair = [CLIENT, this.#known.clientSecret].map((text) => new URLSearchParams([['', text]]).toString().slice(1));
    const expected = `Basic ${Buffer.from(pair.join(':')).toString('base64')}`;
    if (request.headers.authorization !== expected) return [401, { error: 'invalid_client' }];
    const form = new URLSearchParams(await readBody(request));
    if (form.get('grant_type') !== 'client_credentials') return [400, { error: 'unsupported_grant_type' }];
    return [200, { access_token: this.#issue('S2S_OAUTH2'), expires_in: 3600, token_type: 'Bearer' }];
  }

  #wayIn(request) {
    const { headers } = request;
    if (headers.authorization?.startsWith('OAuth ')) return this.#oauth1.verify(request) && 'OAUTH1';
    const isBill = headers.devkey === this.#known.devKey;
    const way = this.#tokens.get(bearerOf(headers) ?? (isBill ? headers.sessionid : undefined));
    return way === 'BILLCOM_AUTH' && !isBill ? undefined : way;
  }

  async answer(request, response, url) {
    const door = `${request.method} ${url.pathname.slice('/ledger'.length)}`;
    const step = url.pathname.split('/').at(-1);
    if (door.includes('/oauth1/')) return this.#oauth1.answer(request, response, url, step);
    if (door.includes('/dcr/')) return this.#registration.answer(request, response, url, step);
    const doors = {
      'POST /google/token': () => this.#googleToken(request, url),
      'POST /app/installations/42/access_tokens': () => this.#installation(request),
      'POST /s2s/token': () => this.#machineToken(request),
      'POST /login': () => this.#login(request),
      'POST /bill/login': () => this.#billLogin(request),
    };
    if (doors[door]) return answerJson(response, ...await doors[door]());
    if (door === 'GET /cal/token') {
      if (bearerOf(request.headers) !== this.#known.apiKey) return answerJson(response, 403, { error: 'no such key' });
      response.writeHead(200, { 'content-type': 'text/plain' });
      return response.end(this.#issue('CALCOM_AUTH'));
    }
    if (door !== 'GET /me') return answerJson(response, 404, { error: { message: 'Nothing here' } });
    const way = this.#wayIn(request);
    this.#observations.recordCall({ peer: 'ledger', path: url.pathname, way: way ?? null });
    if (!way) return answerJson(response, 401, { error: { message: 'Who are you?' } });
    return answerJson(response, 200, { name: 'Ada', way, note: url.searchParams.get('note') });
  }
}
