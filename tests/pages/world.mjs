// Everything a walk needs, on loopback: the server, an OAuth provider, a service with keys, an app, logos.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.resolve(here, '../..');
const peers = path.join(repository, 'tests/sdk/peers');
/** What a consent reaches: two of one name, and one with a name as long as they come. */
const WAREHOUSES = [
  { id: 'rtm', name: 'Rotterdam', url: 'https://rotterdam.northwind.test' },
  { id: 'ham-1', name: 'Hamburg', url: 'https://hamburg.northwind.test' },
  { id: 'ham-2', name: 'Hamburg', url: 'https://hamburg-harbour-consignments-that-leave-the-european-customs-union.northwind.test' },
];
const STARTS_WITHIN_MS = 30_000;

export class World {
  #children = [];
  #servers = [];

  static async start() {
    const world = new World();
    try {
      await world.#start();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #start() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'tenon-walk-'));
    this.logosUrl = await this.#serveLogos();
    this.acme = { key: `acme_${secret()}`, token: secret(), username: 'coyote', password: secret() };
    this.client = { id: 'the-customers-own-app', secret: secret(), method: 'client_secret_post' };
    this.url = `http://127.0.0.1:${await freePort()}`;
    this.oauthUrl = await this.#startPeer('oidc-server', {
      PORT: String(await freePort()),
      REDIRECT_URI: `${this.url}/api/v3/toolkits/auth/callback`,
      CLIENTS: JSON.stringify([this.client]),
    });
    this.servicesUrl = await this.#startPeer('services-server', { PORT: '0', ACME: JSON.stringify(this.acme) });
    this.appUrl = `${this.servicesUrl}/app`;
    await this.#startServer();
  }

  async #startServer() {
    const toolkit = path.join(this.folder, 'toolkits/northwind');
    mkdirSync(path.join(toolkit, 'tools'), { recursive: true });
    const manifest = readFileSync(path.join(here, 'toolkit.yaml'), 'utf8')
      .replaceAll('LOGOS', this.logosUrl).replaceAll('PROVIDER', this.oauthUrl).replaceAll('SERVICES', this.servicesUrl);
    writeFileSync(path.join(toolkit, 'toolkit.yaml'), manifest);
    writeFileSync(path.join(toolkit, 'tools/all.yaml'), 'tools: []\n');
    this.apiKey = `ak_${secret()}`;
    const binary = process.env.TENON_BIN ?? path.join(repository, 'target/debug/tenon');
    this.#spawn('tenon', binary, ['serve'], {
      TENON_LISTEN: new URL(this.url).host,
      TENON_PUBLIC_URL: this.url,
      TENON_DATA_DIR: path.join(this.folder, 'data'),
      TENON_API_KEY: this.apiKey,
      TENON_TOOLKITS_DIR: path.join(this.folder, 'toolkits'),
      TENON_ALLOW_CIDRS: '127.0.0.0/8',
      TENON_BASE_URL_GITHUB: `${this.oauthUrl}/api`,
      TENON_AUTHORIZE_URL_GITHUB: `${this.oauthUrl}/auth`,
      TENON_TOKEN_URL_GITHUB: `${this.oauthUrl}/token`,
    });
    await until('the server', async () => (await fetch(`${this.url}/ready`)).ok);
  }

  async #startPeer(name, settings) {
    const log = this.#spawn(name, process.execPath, [path.join(peers, `${name}.mjs`)], settings);
    return until(name, () => readFileSync(log, 'utf8').match(/^READY (.+)$/m)?.[1]);
  }

  #spawn(name, program, parameters, settings) {
    const log = path.join(this.folder, `${name}.log`);
    const output = openSync(log, 'w');
    const { PATH, LANG, LD_LIBRARY_PATH } = process.env;
    const env = { PATH, HOME: this.folder, ...(LANG && { LANG }), ...(LD_LIBRARY_PATH && { LD_LIBRARY_PATH }), ...settings };
    this.#children.push(spawn(program, parameters, { env, stdio: ['ignore', output, output] }));
    return log;
  }

  async #serveLogos() {
    const picture = (colour) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">
      <rect width="40" height="40" rx="9" fill="${colour}"/><path d="M11 27V13l18 14V13" fill="none" stroke="#fff" stroke-width="4"/></svg>`;
    const server = http.createServer((request, response) => {
      if (request.url === '/warehouses') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(WAREHOUSES));
        return;
      }
      const colour = { '/northwind.svg': '#0f766e', '/app.svg': '#7c3aed' }[request.url];
      response.writeHead(colour ? 200 : 404, { 'content-type': colour ? 'image/svg+xml' : 'text/plain' });
      response.end(colour ? picture(colour) : '');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#servers.push(server);
    return `http://127.0.0.1:${server.address().port}`;
  }

  /** The log of the server so far. */
  log() {
    return readFileSync(path.join(this.folder, 'tenon.log'), 'utf8');
  }

  async api(method, address, body) {
    const response = await fetch(`${this.url}/api/v3${address}`, {
      method,
      headers: { 'x-api-key': this.apiKey, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The id of a new auth config. */
  async authConfig(toolkit, authScheme, credentials = {}) {
    const made = await this.api('POST', '/auth_configs', {
      toolkit: { slug: toolkit },
      auth_config: { type: 'use_custom_auth', authScheme, credentials },
    });
    return made.auth_config.id;
  }

  /** A new link; `further` are the other fields of the request. */
  async link(authConfigId, further = {}) {
    const made = await this.api('POST', '/connected_accounts/link', {
      auth_config_id: authConfigId, user_id: 'walker', ...further,
    });
    return { url: made.redirect_url, account: made.connected_account_id };
  }

  /** A client that registered itself; `ask` gives the address of its request for an MCP URL. */
  async mcpClient(name) {
    const redirectUri = this.appUrl;
    const response = await fetch(`${this.url}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: name, redirect_uris: [redirectUri] }),
    });
    const { client_id: id } = await response.json();
    const ask = (resource) => `${this.url}/oauth/authorize?${new URLSearchParams({
      response_type: 'code', client_id: id, redirect_uri: redirectUri, state: 's-1', resource,
      code_challenge: 'x'.repeat(43), code_challenge_method: 'S256',
    })}`;
    return { redirectUri, ask };
  }

  async status(account) {
    return (await this.api('GET', `/connected_accounts/${account}`)).status;
  }

  /** Has ten minutes pass for the links of an account. */
  letLinksExpire(account) {
    const script = `import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=10)
changed = connection.execute("UPDATE connection_attempts SET expires_at = '2026-01-01T00:00:00.000Z' WHERE account_id = ?", sys.argv[2:])
assert changed.rowcount == 1
connection.commit()`;
    execFileSync('python3', ['-c', script, path.join(this.folder, 'data/tenon.db'), account]);
  }

  async stop() {
    for (const child of this.#children) child.kill('SIGTERM');
    const gone = this.#children.map((child) => child.exitCode !== null || new Promise((done) => child.once('exit', done)));
    await Promise.race([Promise.all(gone), pause(10_000)]);
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL');
    for (const server of this.#servers) server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function secret() {
  return randomBytes(16).toString('hex');
}

async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function until(what, condition) {
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (Date.now() < deadline) {
    const result = await Promise.resolve().then(condition).catch(() => undefined);
    if (result) return result;
    await pause(50);
  }
  throw new Error(`${what} is not ready after ${STARTS_WITHIN_MS} ms`);
}
