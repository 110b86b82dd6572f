// Running tools: without an account, with each kind of credential, and wrongly.
import { errorBody, expect, expectEqual, expectError } from './steps.mjs';

const WHO_AM_I = 'GITHUB_GET_THE_AUTHENTICATED_USER';

export async function visit(world) {
  await withoutAccount(world);
  await withOauth(world);
  await withKeys(world);
  await byText(world);
  await once(world);
  await wrongly(world);
}

export function succeeded(result) {
  expect(result.successful === true && result.error === null, result);
  return result.data;
}

async function withoutAccount(world) {
  await world.step('a tool without auth runs', async () => {
    const data = succeeded(await world.run('HACKERNEWS_GET_USER', { username: 'pg' }));
    expect(JSON.stringify(data).includes('157316'), data);
    const [call, ...more] = await world.calls('hackernews', { path: '/hn/v1/users/pg' });
    expect(call && more.length === 0 && !('authorization' in call.headers), 'one call without credentials');
  });

  await world.step('a tool runs in a named version', async () => {
    const result = await world.composio.tools.execute('HACKERNEWS_GET_USER', {
      userId: world.user, arguments: { username: 'dang' }, version: world.hackernewsVersion,
    });
    expect(JSON.stringify(succeeded(result)).includes('88012'), result);
  });

  await world.step('versions pinned on the client are used', async () => {
    const pinned = world.sdk(world.given.api_key, { toolkitVersions: { hackernews: world.hackernewsVersion } });
    const call = { userId: world.user, arguments: { username: 'pg' } };
    expect(JSON.stringify(succeeded(await pinned.tools.execute('HACKERNEWS_GET_USER', call))).includes('157316'), 'karma');
  });
}

async function withOauth(world) {
  const refreshes = async () => (await world.calls('oauth', { grant: 'refresh_token', status: 200 })).length;

  await world.step("a tool runs with the user's own token", async () => {
    const result = await world.run(WHO_AM_I, {});
    expectEqual(succeeded(result).login, 'octocat', 'whose token');
    expect(result.logId, 'no logId');
    expectEqual((await world.calls('repositories', { path: '/api/user' })).at(-1).login, 'octocat', 'seen by the API');
  });

  await world.step("another user's call uses the other user's token", async () => {
    expectEqual(succeeded(await world.run(WHO_AM_I, {}, { userId: world.otherUser })).login, 'hubot');
  });

  await world.step('an account chosen by id is used', async () => {
    const options = { userId: 'journey-importer', connectedAccountId: world.importedAccount };
    expectEqual(succeeded(await world.run(WHO_AM_I, {}, options)).login, 'hubot');
  });

  await world.step('arguments land in the path, encoded, and 204 is an empty success', async () => {
    const slug = 'GITHUB_STAR_A_REPOSITORY_FOR_THE_AUTHENTICATED_USER';
    succeeded(await world.run(slug, { owner: 'tenon', repo: 'a b/../c' }));
    const paths = (await world.calls('repositories', { method: 'PUT', status: 204 })).map(({ path }) => path);
    expect(paths.length === 1 && paths[0].startsWith('/api/user/starred/tenon/a%20b%2F'), paths);
  });

  await world.step('arguments land in the body, and an alias runs the tool that it stands for', async () => {
    const args = { owner: 'tenon', repo: 'tenon', title: 'It works', body: 'At last.' };
    const { title, body, user } = succeeded(await world.run('GITHUB_CREATE_ISSUE', args));
    expectEqual([title, body, user.login], ['It works', 'At last.', 'octocat']);
  });

  await world.step('a token that died is renewed and the call repeated', async () => {
    const before = await refreshes();
    expect((await world.askOauthPeer('kill', { login: 'octocat' })).killed > 0, 'nothing to kill');
    expectEqual(succeeded(await world.run(WHO_AM_I, {})).login, 'octocat');
    expectEqual(await refreshes(), before + 1, 'refreshes');
  });

  await world.step('an upstream refusal is an unsuccessful result, not an exception', async () => {
    const result = await world.run('GITHUB_GET_A_REPOSITORY', { owner: 'tenon', repo: 'missing' });
    expect(result.successful === false && result.error.includes('Not Found'), result);
  });
}

async function withKeys(world) {
  for (const [account, way] of [['keyAccount', 'key'], ['tokenAccount', 'token'], ['basicAccount', 'password']]) {
    await world.step(`Acme is opened by its ${way}`, async () => {
      const result = await world.run('ACME_GET_ME', {}, { connectedAccountId: world[account] });
      expectEqual(succeeded(result).way, way);
    });
  }

  await world.step('an account from the hosted page is used', async () => {
    const args = { title: 'Anvil', text: 'heavy' };
    const data = succeeded(await world.run('ACME_CREATE_NOTE', args, { userId: 'journey-linked' }));
    expectEqual([data.title, data.text], ['Anvil', 'heavy']);
  });
}

async function byText(world) {
  await world.step("words become arguments by the operator's language model", async () => {
    const options = { userId: 'journey-linked', text: 'Birdseed: free' };
    const data = succeeded(await world.run('ACME_CREATE_NOTE', {}, options));
    expectEqual([data.title, data.text], ['Birdseed', 'free']);
  });

  await world.step('arguments are made of words without running the tool', async () => {
    const before = (await world.calls('acme')).length;
    const made = await world.composio.tools.getInput('ACME_CREATE_NOTE', { text: 'Tunnel: painted on' });
    expectEqual(made.arguments, { title: 'Tunnel', text: 'painted on' });
    expectEqual((await world.calls('acme')).length, before, 'calls to acme');
  });

  await world.step("words that do not do are a refusal with the model's question", async () => {
    const options = { userId: 'journey-linked', text: 'help' };
    const error = await expectError({ statuses: [400] }, () => world.run('ACME_CREATE_NOTE', {}, options));
    expect(JSON.stringify(errorBody(error)).includes('What is the note about?'), errorBody(error));
  });
}

async function once(world) {
  const notes = async () => (await world.calls('acme', { path: '/acme/notes' })).length;
  const create = (title) => world.composio.getClient().tools.execute(
    'ACME_CREATE_NOTE',
    { arguments: { title }, user_id: 'journey-linked', version: 'latest' },
    { headers: { 'idempotency-key': 'journey-anvil' } },
  );

  await world.step('a call with an idempotency key is made once and answered twice', async () => {
    const before = await notes();
    const [first, again] = [await create('Anvil, once'), await create('Anvil, once')];
    expect(first.successful, first);
    expectEqual([again.data, again.log_id], [first.data, first.log_id]);
    expectEqual(await notes(), before + 1, 'notes');
  });

  await world.step('the same key with another call is a conflict', async () => {
    await expectError({ statuses: [409] }, () => create('Another anvil'));
  });
}

async function wrongly(world) {
  await world.step('wrong arguments are refused by name and never reach the vendor', async () => {
    const before = (await world.calls('acme')).length;
    for (const args of [{ text: 'no title' }, { title: { not: 'a string' } }]) {
      const error = await expectError({ name: 'ComposioToolExecutionError' }, () => world.run('ACME_CREATE_NOTE', args));
      const told = errorBody(error);
      expectEqual(told.status, 400, 'status');
      expect(JSON.stringify(told).includes('title'), told);
    }
    expectEqual((await world.calls('acme')).length, before, 'calls to acme');
  });

  await world.step("a user without an account is told so by the SDK's own error", async () => {
    await expectError({ name: 'ComposioConnectedAccountNotFoundError' },
      () => world.run(WHO_AM_I, {}, { userId: 'journey-stranger' }));
  });

  await world.step('an account of another user is not used', async () => {
    const before = (await world.calls('repositories')).length;
    await expectError({ name: 'ComposioConnectedAccountNotFoundError' },
      () => world.run(WHO_AM_I, {}, { connectedAccountId: world.otherAccount }));
    expectEqual((await world.calls('repositories')).length, before, 'calls upstream');
  });
}
