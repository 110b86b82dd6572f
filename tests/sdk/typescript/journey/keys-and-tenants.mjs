// Who is let in, and who sees whose accounts.
import { errorBody, expect, expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  await world.step('a wrong API key is a 401 with the error object', async () => {
    const stranger = world.sdk(`ak_${'0'.repeat(32)}`);
    const error = await expectError({ statuses: [401] }, () => stranger.toolkits.get({ limit: 1 }));
    expectEqual(errorBody(error).status, 401);
  });

  const neighbour = world.sdk(world.given.other_project_api_key);

  await world.step('another project sees the toolkits but none of the accounts and auth configs', async () => {
    const toolkits = await neighbour.toolkits.get({ limit: 100 });
    expect(toolkits.some(({ slug }) => slug === 'github'), 'no toolkits');
    expectEqual((await neighbour.connectedAccounts.list({})).items, [], 'accounts');
    expectEqual((await neighbour.authConfigs.list({})).items, [], 'auth configs');
  });

  await world.step('another project cannot read, change or delete them by id', async () => {
    const { connectedAccounts: accounts, authConfigs: configs } = neighbour;
    const attempts = [
      () => accounts.get(world.oauthAccount),
      () => accounts.disable(world.oauthAccount),
      () => accounts.refresh(world.oauthAccount),
      () => accounts.delete(world.oauthAccount),
      () => configs.get(world.oauthConfig),
      () => configs.disable(world.oauthConfig),
      () => configs.delete(world.oauthConfig),
    ];
    for (const attempt of attempts) await expectError({ statuses: [404] }, attempt);
    expectEqual((await world.composio.connectedAccounts.get(world.oauthAccount)).status, 'ACTIVE');
    expectEqual((await world.composio.authConfigs.get(world.oauthConfig)).status, 'ENABLED');
  });

  await world.step("another project cannot use them, not even in the user's name", async () => {
    const before = (await world.calls('repositories')).length;
    for (const chosen of [{}, { connectedAccountId: world.oauthAccount }]) {
      await expectError({ name: 'ComposioConnectedAccountNotFoundError' },
        () => neighbour.tools.execute('GITHUB_GET_THE_AUTHENTICATED_USER', {
          userId: world.user, arguments: {}, dangerouslySkipVersionCheck: true, ...chosen,
        }));
    }
    await expectError({ statuses: [400, 404] }, () => neighbour.tools.proxyExecute({
      endpoint: '/user', method: 'GET', connectedAccountId: world.oauthAccount,
    }));
    expectEqual((await world.calls('repositories')).length, before, 'calls upstream');
  });
}
