// The official TypeScript client at one URL; prints what came of it as JSON.
//     client.mjs URL [HEADER:VALUE...] [--give-up]      the URL must have the toolkit `test`
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const words = process.argv.slice(2).filter((word) => word !== '--give-up');
const givesUp = process.argv.includes('--give-up');
const headers = Object.fromEntries(words.slice(1).map((word) => [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)]));
const client = new Client({ name: 'tests', version: '1' });
const transport = new StreamableHTTPClientTransport(new URL(words[0]), { requestInit: { headers } });
await client.connect(transport);
const told = { protocol: transport.protocolVersion, session: Boolean(transport.sessionId) };
if (givesUp) {
  // The client tells the server that it gave the call up.
  const aborted = new AbortController();
  setTimeout(() => aborted.abort('no longer wanted'), 500);
  told.gaveUp = await client.callTool({ name: 'TEST_SLOW', arguments: {} }, undefined, { signal: aborted.signal }).then(() => false, () => true);
} else {
  told.tools = (await client.listTools()).tools.map((tool) => tool.name).sort();
  const added = await client.callTool({ name: 'TEST_ADD', arguments: { a: 2, b: 40 } });
  told.sum = added.structuredContent.data.sum;
  const failed = await client.callTool({ name: 'TEST_ERROR_HANDLING', arguments: {} });
  told.is_error = failed.isError;
  told.why = failed.content[0].text;
  let heard = 0;
  await client.callTool({ name: 'TEST_WAIT', arguments: {} }, undefined, { onprogress: () => { heard += 1; } });
  told.progress = heard > 0;
}
await transport.terminateSession();
await client.close();
console.log(JSON.stringify([told]));
