// Saying how the app's users will prove who they are.
import { expect, expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  const { authConfigs } = world.composio;
  const oauthCredentials = { ...world.given.oauth_client, scopes: 'repo,user' };

  await world.step("an auth config is created for the customer's own OAuth app", async () => {
    const created = await authConfigs.create('github', {
      type: 'use_custom_auth', name: 'our own app', authScheme: 'OAUTH2', credentials: oauthCredentials,
    });
    expect(created.id.startsWith('ac_'), created);
    expectEqual([created.authScheme, created.isComposioManaged, created.toolkit], ['OAUTH2', false, 'github']);
    world.oauthConfig = created.id;
  });

  for (const [name, scheme] of [['keyConfig', 'API_KEY'], ['tokenConfig', 'BEARER_TOKEN'], ['basicConfig', 'BASIC']]) {
    await world.step(`an auth config is created for ${scheme}`, async () => {
      const created = await authConfigs.create('acme', {
        type: 'use_custom_auth', name: `acme ${scheme}`, authScheme: scheme, credentials: {},
      });
      expectEqual([created.authScheme, created.isComposioManaged], [scheme, false]);
      world[name] = created.id;
    });
  }

  await world.step("an auth config is created for the operator's OAuth app", async () => {
    const created = await authConfigs.create('github', { type: 'use_composio_managed_auth' });
    expectEqual([created.authScheme, created.isComposioManaged], ['OAUTH2', true]);
    world.managedConfig = created.id;
  });

  await world.step('auth configs are listed by toolkit and by who manages them', async () => {
    const listed = (await authConfigs.list({ toolkit: 'github' })).items.map(({ id }) => id);
    expect(listed.includes(world.oauthConfig) && listed.includes(world.managedConfig), listed);
    expect(!listed.includes(world.keyConfig), 'an auth config of another toolkit');
    const managed = (await authConfigs.list({ isComposioManaged: true })).items.map(({ id }) => id);
    expect(managed.includes(world.managedConfig) && !managed.includes(world.oauthConfig), managed);
  });

  await world.step('an auth config is read back without its secret', async () => {
    const got = await authConfigs.get(world.oauthConfig);
    expectEqual([got.id, got.status, got.toolkit.slug, got.name], [world.oauthConfig, 'ENABLED', 'github', 'our own app']);
    expect(!JSON.stringify(got).includes(world.given.oauth_client.client_secret), 'the client secret came back');
  });

  await world.step('an auth config is updated', async () => {
    const wrong = { client_id: 'mistyped', client_secret: 'mistyped-as-well' };
    await authConfigs.update(world.oauthConfig, { type: 'custom', credentials: wrong });
    expectEqual((await authConfigs.get(world.oauthConfig)).credentials.client_id, 'mistyped');
    await authConfigs.update(world.oauthConfig, { type: 'custom', credentials: oauthCredentials });
  });

  await world.step('an auth config is disabled and enabled', async () => {
    await authConfigs.disable(world.oauthConfig);
    expectEqual((await authConfigs.get(world.oauthConfig)).status, 'DISABLED');
    await authConfigs.enable(world.oauthConfig);
    expectEqual((await authConfigs.get(world.oauthConfig)).status, 'ENABLED');
  });

  await world.step('a deleted auth config is gone', async () => {
    const { id } = await authConfigs.create('acme', {
      type: 'use_custom_auth', name: 'doomed', authScheme: 'API_KEY', credentials: {},
    });
    await authConfigs.delete(id);
    expect(!(await authConfigs.list({ toolkit: 'acme' })).items.some((item) => item.id === id), 'still listed');
    await expectError({ statuses: [404] }, () => authConfigs.get(id));
  });
}
