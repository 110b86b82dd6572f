// What a session's settings do: which tools, accounts and auth configs it works with, and how it shows them.
import { agentProvider } from './custom-tools.mjs';
import { chainOf, expect, expectEqual, expectError } from './steps.mjs';
import { octocat } from './world.mjs';

const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';
const multiExecute = 'COMPOSIO_MULTI_EXECUTE_TOOL';

export async function visit(world) {
  await limits(world);
  await accounts(world);
  await toolkits(world);
  await anAgentsTools(world);
  await largeResults(world);
  await mcp(world);
  await removing(world);
}

/** Fails unless `call` is refused by the session's rule called `rule`. */
export async function refusedBy(rule, call) {
  const error = await expectError({ statuses: [403] }, call);
  const told = chainOf(error).map((link) => JSON.stringify([link.message, link.error])).join();
  expect(told.includes(rule), told);
}

async function limits(world) {
  const { composio } = world;

  await world.step('a session lets through the tools that it names, and those with the tags it asks for', async () => {
    const session = await composio.create(world.user, {
      toolkits: ['github', 'hackernews', 'acme'],
      tools: { github: { enable: [whoAmI] }, hackernews: { tags: ['readOnlyHint'] }, acme: ['ACME_GET_ME'] },
    });
    expectEqual((await session.execute(whoAmI, {})).data.login, 'octocat');
    expectEqual((await session.execute('HACKERNEWS_GET_USER', { username: 'pg' })).error, null);
    await refusedBy('tools.github.enable', () => session.execute('GITHUB_CREATE_AN_ISSUE', {}));
    await refusedBy('tools.acme.enable', () => session.execute('ACME_CREATE_NOTE', { title: 'no' }));
  });

  await world.step('a session without some toolkits has all others', async () => {
    const session = await composio.create(world.user, { toolkits: { disable: ['github'] } });
    await refusedBy('toolkits.disable', () => session.execute(whoAmI, {}));
    expectEqual((await session.execute('HACKERNEWS_GET_USER', { username: 'pg' })).error, null);
  });
}

async function accounts(world) {
  const { composio } = world;
  const whoseWay = async (session, options) => (await session.execute('ACME_GET_ME', {}, options)).data.way;

  await world.step('a session works with the account that it is given, or the newest of an auth config', async () => {
    const given = await composio.create(world.user, { toolkits: ['acme'], connectedAccounts: { acme: world.tokenAccount } });
    expectEqual(await whoseWay(given), 'token');
    const { authConfig } = await composio.connectedAccounts.get(world.keyAccount);
    const byConfig = await composio.create(world.user, { toolkits: ['acme'], authConfigs: { acme: authConfig.id } });
    expectEqual(await whoseWay(byConfig), 'key');
  });

  await world.step('with several accounts a call says which', async () => {
    const session = await composio.create(world.user, {
      toolkits: ['acme'], multiAccount: { enable: true, requireExplicitSelection: true },
    });
    const error = await expectError({ statuses: [400] }, () => session.execute('ACME_GET_ME', {}));
    expect(JSON.stringify(chainOf(error).map((link) => [link.message, link.error])).includes('say which'), error.message);
    expectEqual(await whoseWay(session, { account: world.basicAccount }), 'password');
  });

  await world.step('a link of the session gives its account an alias', async () => {
    const session = await composio.create('session-alias', { toolkits: ['github'] });
    const request = await session.authorize('github', { alias: 'spare' });
    expectEqual((await composio.connectedAccounts.get(request.id)).alias, 'spare');
    await composio.connectedAccounts.delete(request.id);
  });

  const name = 'a toolkit is connected if it is not yet';
  const session = await composio.create('session-ensured', { toolkits: ['github', 'hackernews'] });
  if (!session.ensureConnected) {
    world.notInThisVersion(name, 'it has no ensureConnected()');
    return;
  }
  await world.step(name, async () => {
    expectEqual((await session.ensureConnected('hackernews')).wasConnected, true);
    const request = await session.authorize('github', { callbackUrl: world.given.app_url });
    await world.personConsents(request.redirectUrl, octocat);
    const { wasConnected, connectedAccount } = await session.ensureConnected('github');
    expectEqual([wasConnected, connectedAccount.id, connectedAccount.status], [true, request.id, 'ACTIVE']);
    await composio.connectedAccounts.delete(request.id);
  });
}

async function toolkits(world) {
  await world.step("a session's toolkits are filtered, searched and paged", async () => {
    const session = await world.composio.create(world.user, { toolkits: ['github', 'hackernews', 'acme', 'ledger'] });
    const shown = async (options) => (await session.toolkits(options)).items.map((item) => item.slug).sort();
    expectEqual(await shown({ toolkits: ['acme', 'ledger'] }), ['acme', 'ledger']);
    expectEqual(await shown({ isConnected: true, toolkits: ['github', 'ledger'] }), ['github']);
    expectEqual(await shown({ search: 'hacker' }), ['hackernews']);
    const first = await session.toolkits({ limit: 3 });
    const cursor = first.cursor ?? first.nextCursor;
    const second = await session.toolkits({ limit: 3, cursor, nextCursor: cursor });
    expectEqual([first.items.length, second.items.length, first.totalPages], [3, 1, 2]);
    expectEqual(second.cursor ?? second.nextCursor, undefined);
  });
}

async function anAgentsTools(world) {
  const composio = world.sdk(world.given.api_key, { provider: agentProvider(world.core) });

  await world.step("an agent's tools execute through its session", async () => {
    const tools = await (await composio.create(world.user, { toolkits: ['github'], manageConnections: false })).tools();
    expect(!('COMPOSIO_MANAGE_CONNECTIONS' in tools), Object.keys(tools));
    const found = await tools.COMPOSIO_SEARCH_TOOLS({ queries: [{ use_case: 'who am i on github' }] });
    expect(found.successful && found.data.results.length > 0, found);
    const calls = [{ tool_slug: whoAmI, arguments: {} }, { tool_slug: 'HACKERNEWS_GET_USER', arguments: {} }];
    const { data: { results: [own, foreign] } } = await tools[multiExecute]({ tools: calls, sync_response_to_workbench: false });
    expectEqual(own.response.data.login, 'octocat');
    expect(foreign.error.includes('toolkits.enable'), foreign);
  });

  if (world.speaksV3Only) {
    world.notInThisVersion('tools are preloaded, and meta tools left out', 'its sessions have the meta tools alone');
    return;
  }

  await world.step('tools are preloaded beside the meta tools, or stand in for them', async () => {
    const session = await composio.create(world.user, { toolkits: ['github'], preload: { tools: [whoAmI] } });
    const preloaded = await session.tools();
    expect(whoAmI in preloaded && 'COMPOSIO_SEARCH_TOOLS' in preloaded, Object.keys(preloaded));
    const came = await preloaded[whoAmI]({});
    expectEqual([came.successful, came.data.login], [true, 'octocat']);
    const direct = await (await composio.create(world.user, { toolkits: ['hackernews'], sessionPreset: 'direct_tools' })).tools();
    const slugs = Object.keys(direct);
    expect(slugs.includes('HACKERNEWS_GET_USER') && !slugs.some((slug) => slug.startsWith('COMPOSIO_')), slugs);
  });

  await world.step('a meta tool is executed through the session by name', async () => {
    const session = await composio.create(world.user, { toolkits: ['github'] });
    const body = { slug: 'COMPOSIO_GET_TOOL_SCHEMAS', arguments: { tool_slugs: [whoAmI] } };
    const came = await composio.getClient().toolRouter.session.executeMeta(session.sessionId, body);
    expectEqual([came.result_type, Object.keys(came.data.tool_schemas)], ['completed', [whoAmI]]);
  });
}

async function largeResults(world) {
  await world.step('large results go into a file where the session and the call say so', async () => {
    const session = await world.composio.create(world.user, { toolkits: ['github'], workbench: { autoOffloadThreshold: 40 } });
    const path = `${world.speaksV3Only ? '/api/v3' : '/api/v3.1'}/tool_router/session/${session.sessionId}`;
    const executed = async (door, body) => (await world.composio.getClient().post(`${path}/${door}`, { body })).data;
    const fetched = async ({ remote_file_info: file }) => (await fetch(file.download_url)).json();

    // No SDK has an argument for it.
    const call = { tool_slug: whoAmI, arguments: {} };
    expectEqual((await executed('execute', call)).login, 'octocat');
    const short = await executed('execute', { ...call, enable_auto_workbench_offload: true });
    expect(short.preview.full_characters > 40 && JSON.stringify(short.data).length < 80, short);
    expectEqual((await fetched(short)).login, 'octocat');
    const several = await executed('execute_meta', { slug: multiExecute, arguments: { tools: [call] } });
    expectEqual((await fetched(several)).results[0].response.data.login, 'octocat');
  });
}

async function mcp(world) {
  await world.step("the session's MCP endpoint lists and calls what the session has", async () => {
    const session = await world.composio.create(world.user, {
      toolkits: ['github'], ...(world.speaksV3Only ? {} : { mcp: true }),
    });
    const rpc = async (method, params) => {
      const answer = await fetch(session.mcp.url, {
        method: 'POST',
        headers: { ...session.mcp.headers, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      return (await answer.json()).result;
    };
    const { tools } = await rpc('tools/list', {});
    expect(tools.some((tool) => tool.name === 'COMPOSIO_SEARCH_TOOLS'), tools);
    const args = { tools: [{ tool_slug: whoAmI, arguments: {} }], sync_response_to_workbench: false };
    const called = await rpc('tools/call', { name: multiExecute, arguments: args });
    expectEqual([called.isError, JSON.stringify(called.structuredContent).includes('octocat')], [false, true]);
  });
}

async function removing(world) {
  const { composio } = world;
  const name = 'a session is removed, by itself or by its id';
  if (world.speaksV3Only) {
    world.notInThisVersion(name, 'the SDK has no call for it');
    return;
  }
  await world.step(name, async () => {
    for (const remove of [(session) => session.delete(), (session) => composio.sessions.delete(session.sessionId)]) {
      const session = await composio.create(world.user, { toolkits: ['github'] });
      expectEqual(await remove(session), { sessionId: session.sessionId, deleted: true });
      await expectError({ statuses: [404] }, () => composio.use(session.sessionId));
      await expectError({ statuses: [404] }, () => session.execute(whoAmI, {}));
    }
  });
}
