// Calling a vendor's API directly, with an account's credentials.
import { expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  const proxy = (endpoint, method = 'GET', more = {}) => world.composio.tools.proxyExecute({
    endpoint, method, connectedAccountId: world.oauthAccount, ...more,
  });

  await world.step("the proxy calls a path with the account's token, parameters and headers", async () => {
    const answer = await proxy('/user', 'GET', {
      parameters: [
        { in: 'query', name: 'per_page', value: 1 },
        { in: 'header', name: 'x-request-note', value: 'from the journey' },
      ],
    });
    expectEqual([answer.status, answer.data.login], [200, 'octocat']);
    const call = (await world.calls('repositories', { path: '/api/user' })).at(-1);
    expectEqual([call.query, call.headers['x-request-note']], [{ per_page: '1' }, 'from the journey']);
  });

  await world.step('the proxy sends a body', async () => {
    const answer = await proxy('/repos/tenon/tenon/issues', 'POST', { body: { title: 'By proxy' } });
    expectEqual([answer.status, answer.data.title], [201, 'By proxy']);
  });

  await world.step('the proxy hands on an upstream error as it is', async () => {
    expectEqual((await proxy('/repos/tenon/missing')).status, 404);
  });

  await world.step('the proxy takes a token to no foreign host', async () => {
    const before = (await world.calls('hackernews')).length;
    // The same machine under a name that is not the toolkit's; the peer that serves Hacker News is there.
    const foreign = `${world.given.services_url.replace('127.0.0.1', 'localhost')}/hn/v1/users/pg`;
    await expectError({ statuses: [400] }, () => proxy(foreign));
    expectEqual((await world.calls('hackernews')).length, before, 'calls to the foreign host');
  });
}
