// Taking things down in the order in which people do.
import { expect, expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  const { connectedAccounts: accounts, authConfigs } = world.composio;

  await world.step('a deleted account is gone', async () => {
    await accounts.delete(world.linkedAccount);
    await expectError({ statuses: [404] }, () => accounts.get(world.linkedAccount));
    const left = (await accounts.list({ userIds: ['journey-linked'] })).items.map(({ id }) => id);
    expect(left.length > 0 && !left.includes(world.linkedAccount), left);
  });

  await world.step('deleted accounts can no longer be used', async () => {
    for (const id of [world.oauthAccount, world.keyAccount, world.tokenAccount, world.basicAccount]) await accounts.delete(id);
    expectEqual((await accounts.list({ userIds: [world.user] })).items, [], 'accounts that are left');
    await expectError({ name: 'ComposioConnectedAccountNotFoundError' },
      () => world.run('GITHUB_GET_THE_AUTHENTICATED_USER', {}));
  });

  await world.step('deleted auth configs are no longer listed', async () => {
    const doomed = [world.managedConfig, world.tokenConfig, world.basicConfig];
    for (const id of doomed) await authConfigs.delete(id);
    const left = (await authConfigs.list({ limit: 50 })).items.map(({ id }) => id);
    expect(!left.some((id) => doomed.includes(id)), left);
    expect(left.includes(world.oauthConfig), 'another one went as well');
  });
}
