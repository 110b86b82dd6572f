// A session that changes: each setting by itself, by version, and the versions that were.
import { refusedBy } from './session-settings.mjs';
import { expect, expectEqual, expectError } from './steps.mjs';

const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';

export async function visit(world) {
  if (world.speaksV3Only) {
    world.notInThisVersion('a session changes', 'sessions of /api/v3 never change');
    return;
  }
  await rules(world);
  await accounts(world);
  await showing(world);
  await versions(world);
}

function created(world) {
  return world.composio.create(world.user, { toolkits: ['github', 'acme', 'hackernews'] });
}

async function login(session) {
  return (await session.execute(whoAmI, {})).data.login;
}

/** What `update()` cannot say: a setting that is taken away, or the version that is to be changed. */
function patch(world, session, body) {
  return world.composio.getClient().toolRouter.session.patch(session.sessionId, body);
}

async function rules(world) {
  await world.step('a changed session lets other tools through, from the next call on', async () => {
    const session = await created(world);
    await session.update({ tools: { github: { enable: ['GITHUB_CREATE_AN_ISSUE'] } } });
    await refusedBy('tools.github.enable', () => login(session));
    await session.update({ tools: { github: { tags: { disable: ['readOnlyHint'] } } } });
    await refusedBy('tools.github.tags.disable', () => login(session));
    await session.update({ tools: {} });
    expectEqual(await login(session), 'octocat');
  });

  await world.step('a changed session lets other tags and toolkits through', async () => {
    const session = await created(world);
    await session.update({ tags: { disable: ['readOnlyHint'] } });
    await refusedBy('tags.disable', () => login(session));
    await patch(world, session, { tags: null });
    expectEqual(await login(session), 'octocat');
    await session.update({ toolkits: { enable: ['hackernews'] } });
    await refusedBy('toolkits.enable', () => login(session));
    expectEqual((await session.toolkits()).items.map((item) => item.slug), ['hackernews']);
    await session.update({ toolkits: { disable: ['hackernews'] } });
    expectEqual(await login(session), 'octocat');
  });
}

async function accounts(world) {
  await world.step('a changed session works with other accounts and auth configs', async () => {
    const session = await created(world);
    const way = async () => (await session.execute('ACME_GET_ME', {})).data.way;
    for (const [account, expected] of [[world.tokenAccount, 'token'], [world.basicAccount, 'password']]) {
      await session.update({ connectedAccounts: { acme: [account] } });
      expectEqual(await way(), expected);
    }
    expectEqual(session.config.connected_accounts, { acme: [world.basicAccount] });
    const { authConfig } = await world.composio.connectedAccounts.get(world.keyAccount);
    await session.update({ connectedAccounts: {}, authConfigs: { acme: authConfig.id } });
    expectEqual([await way(), session.config.auth_configs], ['key', { acme: authConfig.id }]);
  });
}

async function showing(world) {
  const names = async (session) => (await session.tools()).map((tool) => tool.function.name);

  await world.step('a changed session shows its agent other tools, and what is not named stays', async () => {
    const session = await created(world);
    await session.update({
      preload: { tools: [whoAmI] }, manageConnections: { enable: false }, sandbox: { enable: false },
      multiAccount: { enable: true, maxAccountsPerToolkit: 3 },
    });
    const got = await names(session);
    const hidden = ['COMPOSIO_MANAGE_CONNECTIONS', 'COMPOSIO_REMOTE_BASH_TOOL'];
    expect(got.includes(whoAmI) && !got.some((name) => hidden.includes(name)), got);
    await session.update({ manageConnections: { enable: true, callbackUrl: world.given.app_url } });
    expect((await names(session)).includes('COMPOSIO_MANAGE_CONNECTIONS'), 'not shown');
    const { preload, multi_account: several, workbench, manage_connections: connections } = session.config;
    expectEqual([preload.tools, workbench.enable], [[whoAmI], false]);
    expectEqual([several.enable, several.max_accounts_per_toolkit], [true, 3]);
    expectEqual(connections.callback_url, world.given.app_url);
  });
}

async function versions(world) {
  await world.step('a session changes by version, an old version is told, and all are in its history', async () => {
    const session = await created(world);
    await session.update({ toolkits: { enable: ['hackernews'] } });
    expectEqual(session.configVersion, 2);
    const late = { toolkits: { enable: ['github'] }, expected_config_version: 1 };
    await expectError({ statuses: [409] }, () => patch(world, session, late));
    const { toolRouter } = world.composio.getClient();
    const { items } = await toolRouter.session.configHistory(session.sessionId);
    expectEqual(items.map((item) => [item.version, item.is_current]), [[2, true], [1, false]]);
    expectEqual(items.map((item) => item.config.toolkits.enabled), [['hackernews'], ['github', 'acme', 'hackernews']]);
    const first = await toolRouter.session.configHistory(session.sessionId, { limit: 1 });
    const rest = await toolRouter.session.configHistory(session.sessionId, { limit: 1, cursor: first.next_cursor });
    expectEqual(rest.items.map((item) => item.version), [1]);
  });
}
