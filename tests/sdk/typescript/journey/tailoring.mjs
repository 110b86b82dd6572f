// Tools to an app's own measure: its own credentials, modifiers, custom tools, a model's calls, and the log of it all.
import { succeeded } from './executing.mjs';
import { expect, expectEqual } from './steps.mjs';

export async function visit(world) {
  await ownCredentials(world);
  await modifiers(world);
  await forAModel(world);
  await customTools(world);
  await log(world);
}

async function ownCredentials(world) {
  const { acme, services_url: services } = world.given;
  const run = (own) => world.run('ACME_GET_ME', {}, { userId: 'journey-stranger', ...own });
  const parameters = [{ in: 'header', name: 'x-acme-key', value: acme.key }];

  await world.step('customAuthParams stand in for an account', async () => {
    expectEqual(succeeded(await run({ customAuthParams: { parameters } })).way, 'key');
  });

  await world.step('customAuthParams lead to another place by baseURL', async () => {
    const before = (await world.calls('acme', { path: '/acme/me' })).length;
    expectEqual(succeeded(await run({ customAuthParams: { parameters, baseURL: `${services}/acme` } })).way, 'key');
    expectEqual((await world.calls('acme', { path: '/acme/me' })).length, before + 1, 'calls to acme');
  });

  const given = [
    ['API_KEY', { generic_api_key: acme.key }, 'key'],
    ['BEARER_TOKEN', { token: acme.token }, 'token'],
    ['BASIC', { username: acme.username, password: acme.password }, 'password'],
  ];
  for (const [authScheme, val, way] of given) {
    await world.step(`customConnectionData of ${authScheme} stand in for an account`, async () => {
      const own = { customConnectionData: { authScheme, toolkitSlug: 'acme', val } };
      expectEqual(succeeded(await run(own)).way, way);
    });
  }
}

async function modifiers(world) {
  await world.step('modifiers change what goes and what comes', async () => {
    const call = {
      userId: world.user, connectedAccountId: world.keyAccount, arguments: { title: 'x' }, dangerouslySkipVersionCheck: true,
    };
    const result = await world.composio.tools.execute('ACME_CREATE_NOTE', call, {
      beforeExecute: ({ toolSlug, toolkitSlug, params }) => {
        expectEqual([toolSlug, toolkitSlug], ['ACME_CREATE_NOTE', 'acme']);
        return { ...params, arguments: { title: 'named by a modifier' } };
      },
      afterExecute: ({ result: { data, ...rest } }) => ({ ...rest, data: { title: data.title, kept: true } }),
    });
    expectEqual(succeeded(result), { title: 'named by a modifier', kept: true });
  });

  await world.step('a schema modifier changes what a model sees', async () => {
    const modifySchema = ({ schema }) => ({ ...schema, description: 'Writes.' });
    const [tool] = await world.composio.tools.get(world.user, { tools: ['ACME_CREATE_NOTE'] }, { modifySchema });
    expectEqual(tool.function.description, 'Writes.');
  });
}

async function forAModel(world) {
  await world.step('what a model calls is executed by the provider', async () => {
    const [tool] = await world.composio.tools.get(world.user, { tools: ['HACKERNEWS_GET_USER'] });
    const call = { id: 'call_1', type: 'function', function: { name: tool.function.name, arguments: '{"username":"pg"}' } };
    const answer = await world.composio.provider.executeToolCall(world.user, call);
    expect(succeeded(JSON.parse(answer)).karma === 157316 || answer.includes('157316'), answer);
  });
}

async function customTools(world) {
  const name = "a custom tool calls its toolkit with the user's account";
  if (typeof world.composio.tools.createCustomTool !== 'function') {
    return world.notInThisVersion(name, 'custom tools belong to sessions');
  }
  const { z } = world.core;
  const run = (slug, args) => world.composio.tools.execute(slug, { userId: world.user, arguments: args });

  await world.step('a custom tool runs in the app', async () => {
    await world.composio.tools.createCustomTool({
      name: 'Shout', slug: 'SHOUT', description: 'Says it loudly.',
      inputParams: z.object({ title: z.string() }),
      execute: async ({ title }) => ({ data: { said: title.toUpperCase() }, error: null, successful: true }),
    });
    expectEqual(succeeded(await run('SHOUT', { title: 'hey' })), { said: 'HEY' });
  });

  await world.step(name, async () => {
    await world.composio.tools.createCustomTool({
      name: 'Who', slug: 'WHO', description: 'Tells whose account it is.', toolkitSlug: 'github',
      inputParams: z.object({ title: z.string() }),
      execute: async ({ title }, connection, executeToolRequest) => {
        expect(connection, 'no connection');
        const answer = await executeToolRequest({
          endpoint: '/user', method: 'GET', parameters: [{ in: 'header', name: 'x-request-note', value: title }],
        });
        return { data: { login: answer.data.login }, error: null, successful: true };
      },
    });
    expectEqual(succeeded(await run('WHO', { title: 'by hand' })), { login: 'octocat' });
    const seen = (await world.calls('repositories', { path: '/api/user' })).at(-1);
    expectEqual(seen.headers['x-request-note'], 'by hand');
  });
}

async function log(world) {
  await world.step('an execution is found in the log by its id and by search', async () => {
    const result = await world.run('PRESS_LIST_PAGES', {}, { userId: 'journey-logged' });
    succeeded(result);
    const prefix = world.speaksV3Only ? '/api/v3' : '/api/v3.1';
    const client = world.composio.getClient();
    const entry = await whenWritten(() => client.get(`${prefix}/logs/tool_execution/${result.logId}`));
    expect(JSON.stringify(entry).includes('PRESS_LIST_PAGES'), entry);
    const filters = [{ field: 'toolkit_slug', operator: '==', value: 'press' }];
    const { logs } = await client.post(`${prefix}/logs/tool_execution`, { body: { limit: 50, filters } });
    expect(logs.some(({ id }) => id === result.logId), logs);
  });
}

/** Records are written in batches, a moment after the call. */
async function whenWritten(read) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (error.status !== 404) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  }
  return read();
}
