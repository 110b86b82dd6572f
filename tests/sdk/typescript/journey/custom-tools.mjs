// Tools that run in the app, declared to a session so that its agent finds and calls them beside the server's.
import { expect, expectEqual } from './steps.mjs';

const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';
const multiExecute = 'COMPOSIO_MULTI_EXECUTE_TOOL';

/** An agent's tools by slug, each a function that executes it. */
export function agentProvider({ BaseAgenticProvider }) {
  class AgentProvider extends BaseAgenticProvider {
    name = 'journey';

    wrapTool(tool, executeTool) {
      return async (args) => {
        const came = await executeTool(tool.slug, args);
        return typeof came === 'string' ? JSON.parse(came) : came;
      };
    }

    wrapTools(tools, executeTool) {
      return Object.fromEntries(tools.map((tool) => [tool.slug, this.wrapTool(tool, executeTool)]));
    }
  }
  return new AgentProvider();
}

export async function visit(world) {
  const composio = world.sdk(world.given.api_key, { provider: agentProvider(world.core) });
  const own = ownTools(world);
  let session;

  async function done(slug, args) {
    const result = await session.execute(slug, args);
    expectEqual(result.error, null);
    return result.data;
  }

  await world.step('custom tools are declared to a session and get their slugs', async () => {
    session = await composio.create(world.user, { toolkits: ['github'], experimental: own });
    const slugs = session.customTools().map((tool) => tool.slug).sort();
    expectEqual(slugs, ['LOCAL_DESK_WHISPER_SOFTLY', 'LOCAL_GITHUB_TELL_OWNER', 'LOCAL_SHOUT_LOUDLY']);
    const [desk] = session.customToolkits();
    expectEqual(desk.tools.map((tool) => tool.slug), ['LOCAL_DESK_WHISPER_SOFTLY']);
  });

  await world.step('a custom tool runs in the app, by either slug', async () => {
    for (const slug of ['SHOUT_LOUDLY', 'LOCAL_SHOUT_LOUDLY']) {
      expectEqual(await done(slug, { sentence: 'hey' }), { said: 'HEY' });
    }
  });

  await world.step("a custom tool reaches its toolkit, the session's tools and its siblings", async () => {
    const told = await done('LOCAL_GITHUB_TELL_OWNER', { sentence: 'mine' });
    expectEqual(told, { byProxy: 'octocat', byTool: 'octocat', sibling: 'MINE', user: world.user });
  });

  await world.step('a search finds custom tools', async () => {
    const found = await session.search({ query: 'shout a sentence loudly' });
    expect(primary(found).includes('LOCAL_SHOUT_LOUDLY'), found.results[0]);
  });

  await world.step("an agent calls custom tools and the server's in one call", async () => {
    const calls = [['LOCAL_SHOUT_LOUDLY', { sentence: 'a' }], [whoAmI, {}], ['LOCAL_DESK_WHISPER_SOFTLY', { sentence: 'B' }]];
    const tools = calls.map(([slug, args]) => ({ tool_slug: slug, arguments: args }));
    const came = await (await session.tools())[multiExecute]({ tools, sync_response_to_workbench: false });
    expect(came.successful, came);
    const data = Object.fromEntries(came.data.results.map((one) => [one.tool_slug, one.response.data]));
    expectEqual([data[calls[0][0]], data[whoAmI].login, data[calls[2][0]]], [{ said: 'A' }, 'octocat', { said: 'b' }]);
  });

  if (world.speaksV3Only) {
    world.notInThisVersion('custom tools are preloaded, and bound again', 'its use() takes no custom tools');
    return;
  }

  await world.step("a preloaded custom tool is among the agent's own", async () => {
    const tools = await session.tools();
    expectEqual((await tools.LOCAL_SHOUT_LOUDLY({ sentence: 'direct' })).data, { said: 'DIRECT' });
    expect(!('LOCAL_GITHUB_TELL_OWNER' in tools), Object.keys(tools));
  });

  await world.step('custom tools are bound to a session that is found again', async () => {
    session = await composio.use(session.sessionId, own);
    expectEqual(await done('SHOUT_LOUDLY', { sentence: 'again' }), { said: 'AGAIN' });
    const found = await session.search({ query: 'whisper a sentence softly' });
    expect(primary(found).includes('LOCAL_DESK_WHISPER_SOFTLY'), found.results[0]);
    expectEqual((await composio.use(session.sessionId)).customTools(), []);
  });
}

function primary({ results: [first] }) {
  return first.primaryToolSlugs ?? first.primary_tool_slugs;
}

function ownTools({ core, speaksV3Only }) {
  const { experimental_createTool: createTool, experimental_createToolkit: createToolkit, z } = core;
  const inputParams = z.object({ sentence: z.string().describe('What to say.') });
  const shout = createTool('SHOUT_LOUDLY', {
    name: 'Shout loudly', description: 'Shouts a sentence loudly.', inputParams,
    execute: async ({ sentence }) => ({ said: sentence.toUpperCase() }),
    ...(speaksV3Only ? {} : { preload: true }),
  });
  const tell = createTool('TELL_OWNER', {
    name: 'Tell owner', description: 'Tells whose GitHub account the session works with.', extendsToolkit: 'github', inputParams,
    execute: async ({ sentence }, ctx) => ({
      byProxy: (await ctx.proxyExecute({ toolkit: 'github', endpoint: '/user', method: 'GET' })).data.login,
      byTool: (await ctx.execute(whoAmI, {})).data.login,
      sibling: (await ctx.execute('SHOUT_LOUDLY', { sentence })).data.said,
      user: ctx.userId,
    }),
  });
  const whisper = createTool('WHISPER_SOFTLY', {
    name: 'Whisper softly', description: 'Whispers a sentence softly.', inputParams,
    execute: async ({ sentence }) => ({ said: sentence.toLowerCase() }),
  });
  const desk = createToolkit('DESK', { name: 'Desk', description: "What lies on the app's desk.", tools: [whisper] });
  return { customTools: [shout, tell], customToolkits: [desk] };
}
