// Looking after connected accounts.
import { chainOf, expect, expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  const accounts = world.composio.connectedAccounts;
  const idsOf = async (query) => (await accounts.list(query)).items.map(({ id }) => id);

  await world.step('accounts are listed by user, toolkit, status and auth config', async () => {
    const mine = await idsOf({ userIds: [world.user], statuses: ['ACTIVE'], limit: 50 });
    const own = [world.oauthAccount, world.keyAccount, world.tokenAccount, world.basicAccount];
    expectEqual(mine.sort(), own.sort(), 'accounts of the user');
    expectEqual(await idsOf({ userIds: [world.user], toolkitSlugs: ['GITHUB'] }), [world.oauthAccount], 'by toolkit');
    const byConfig = await idsOf({ authConfigIds: [world.keyConfig], userIds: [world.user, 'nobody'] });
    expectEqual(byConfig, [world.keyAccount], 'by auth config');
    expectEqual(await idsOf({ userIds: ['nobody'] }), [], 'of nobody');
  });

  await world.step('accounts are paged by cursor', async () => {
    const query = { userIds: [world.user], limit: 2, orderBy: 'created_at' };
    const first = await accounts.list(query);
    const second = await accounts.list({ ...query, cursor: first.nextCursor });
    const ids = new Set([...first.items, ...second.items].map(({ id }) => id));
    expectEqual(ids.size, 4, 'accounts on two pages');
  });

  await world.step('an account is read back without its credentials', async () => {
    const got = await accounts.get(world.keyAccount);
    expectEqual([got.id, got.status, got.toolkit.slug], [world.keyAccount, 'ACTIVE', 'acme']);
    expectEqual([got.authConfig.id, got.state?.authScheme, got.isDisabled], [world.keyConfig, 'API_KEY', false]);
    expect(!JSON.stringify(got).includes(world.given.acme.key), 'the key came back');
  });

  await world.step('an account is disabled, cannot be used, and is enabled', async () => {
    await accounts.disable(world.keyAccount);
    expectEqual((await accounts.get(world.keyAccount)).status, 'INACTIVE');
    const before = (await world.calls('acme')).length;
    try {
      const result = await world.run('ACME_GET_ME', {}, { connectedAccountId: world.keyAccount });
      expectEqual(result.successful, false, 'successful');
    } catch (error) {
      expect(chainOf(error).some((link) => link.status >= 400 && link.status < 500)
        || error.name === 'ComposioConnectedAccountNotFoundError', error.message);
    }
    expectEqual((await world.calls('acme')).length, before, 'calls to acme');
    await accounts.enable(world.keyAccount);
    expectEqual((await accounts.get(world.keyAccount)).status, 'ACTIVE');
  });

  await world.step('an OAuth account is refreshed', async () => {
    const refreshes = async () => (await world.calls('oauth', { grant: 'refresh_token', status: 200 })).length;
    const before = await refreshes();
    const refreshed = await accounts.refresh(world.oauthAccount);
    expectEqual([refreshed.id, refreshed.status], [world.oauthAccount, 'ACTIVE']);
    expectEqual(refreshed.redirect_url, null, 'consent although a refresh token was at hand');
    expectEqual(await refreshes(), before + 1, 'refreshes');
  });

  world.notInThisVersion('an alias is given to an account', 'update() changes only whether it is enabled');

  await world.step('an unknown account is a 404, and waiting for one has a name', async () => {
    const unknown = `ca_${'x'.repeat(12)}`;
    await expectError({ statuses: [404] }, () => accounts.get(unknown));
    const name = 'ComposioConnectedAccountNotFoundError';
    await expectError({ name }, () => accounts.waitForConnection(unknown, 5_000));
  });
}
