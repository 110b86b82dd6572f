// The official TypeScript client at a URL by OAuth: it registers, a person allows it on the page, it calls a tool.
//     oauth.mjs URL API_KEY
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, key] = process.argv.slice(2);
const callback = 'http://127.0.0.1:4712/callback';
let code;
let pages = 0;

// Opens the page, types the key, and is taken back.
async function person(address) {
  pages += 1;
  const page = await fetch(address);
  const html = await page.text();
  if (page.status !== 200) throw new Error(html);
  const guard = /name="form_token" value="([^"]+)"/.exec(html)[1];
  const cookie = page.headers.get('set-cookie').split(';')[0];
  const body = new URLSearchParams({ form_token: guard, api_key: key, decision: 'allow' });
  const sent = await fetch(address, { method: 'POST', body, headers: { cookie } });
  code = new URL(sent.headers.get('refresh').split('url=')[1]).searchParams.get('code');
}

const kept = {};
const provider = {
  redirectUrl: callback,
  clientMetadata: { client_name: 'TypeScript client', redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  redirectToAuthorization: (address) => person(address),
};

const told = {};
for (let round = 0; round < 3; round += 1) {
  const client = new Client({ name: 'tests', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(code);
    continue;
  }
  const added = await client.callTool({ name: 'TEST_ADD', arguments: { a: 2, b: 40 } });
  told.sum = added.structuredContent.data.sum;
  await client.close();
  // The next round has to refresh.
  kept.tokens = { ...kept.tokens, access_token: 'mcpa_gone' };
}
console.log(JSON.stringify({ ...told, pages }));
