// The conversation with native tools of the TypeScript SDK, called as its OpenAI provider does.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { play, told } from './conversation.mjs';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const sdk = path.join(import.meta.dirname, '..', 'sdk', 'typescript', '0.19.0', 'sdk.mjs');
const { Composio } = await import(pathToFileURL(sdk).href);
const composio = new Composio({ apiKey: given.api_key, baseURL: given.base_url, allowTracking: false, disableVersionCheck: true });
const session = await composio.create('agent-in-typescript', {
  toolkits: ['github'], manageConnections: { enable: true, callbackUrl: given.app_url },
});
const offered = (await session.tools()).map((tool) => tool.function.name);

async function call(slug, args) {
  told(`${slug} is one of its tools`, offered.includes(slug), offered);
  return session.execute(slug, args);
}

await play(call, given.app_url);
