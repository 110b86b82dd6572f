// MCP servers: chosen tools under a URL for MCP clients.
import { expect, expectEqual } from './steps.mjs';

const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';

async function rpc(world, url, method, params) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'x-api-key': world.given.api_key, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return (await answer.json()).result;
}

export async function visit(world) {
  const { mcp } = world.composio;
  let server;

  await world.step('an MCP server is made, read and found in the list', async () => {
    server = await mcp.create('Journey server', { toolkits: ['github'], allowedTools: [whoAmI], manuallyManageConnections: false });
    const shown = await mcp.get(server.id);
    expectEqual([shown.name, shown.allowedTools], ['Journey server', [whoAmI]]);
    const listed = await mcp.list({ toolkits: ['github'], authConfigs: [], limit: 10, page: 1 });
    expect(listed.items.some((item) => item.id === server.id), listed);
  });

  await world.step("a user's URL of it lists and calls its tools", async () => {
    const { url } = await mcp.generate(world.user, server.id);
    const listed = await rpc(world, url, 'tools/list', {});
    expectEqual(listed.tools.map((tool) => tool.name), [whoAmI]);
    const called = await rpc(world, url, 'tools/call', { name: whoAmI, arguments: {} });
    expectEqual([called.isError, called.structuredContent.data.login], [false, 'octocat']);
  });

  await world.step('an MCP server is renamed and deleted', async () => {
    expectEqual((await mcp.update(server.id, { name: 'Other name' })).name, 'Other name');
    expectEqual((await mcp.delete(server.id)).deleted, true);
  });
}
