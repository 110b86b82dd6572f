// An API that the project describes itself: imported, connected, executed, removed.
import { expectEqual } from './steps.mjs';

const description = (services) => ({
  openapi: '3.1.0',
  info: { title: 'Anvil notes', version: '1' },
  servers: [{ url: `${services}/acme` }],
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Acme-Key' } } },
  security: [{ key: [] }],
  paths: {
    '/notes': {
      post: {
        operationId: 'createNote',
        summary: 'Create a note',
        description: 'Keeps a note about an anvil in the works.',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { type: 'object', required: ['title'], properties: { title: { type: 'string' } } },
            },
          },
        },
        responses: { 201: { description: 'the note' } },
      },
    },
  },
});

export async function visit(world) {
  const { authConfigs, connectedAccounts, toolkits, tools } = world.composio;
  const client = world.composio.getClient();
  const path = `${world.speaksV3Only ? '/api/v3' : '/api/v3.1'}/toolkits`;
  const own = async () => (await toolkits.get({ managedBy: 'project' })).map(({ slug }) => slug);

  await world.step('a project imports an API by its description', async () => {
    const body = { document: description(world.given.services_url), slug: 'anvils' };
    const made = await client.post(`${path}/import`, { body });
    expectEqual([made.slug, made.tools_count, made.skipped], ['anvils', 1, []]);
    expectEqual(await own(), ['anvils']);
  });

  await world.step('an imported tool is found, connected to and executed like any other', async () => {
    const found = await tools.getRawComposioTools({ search: 'note about an anvil in the works', limit: 5 });
    expectEqual(found[0].slug, 'ANVILS_CREATE_A_NOTE');
    world.anvilsConfig = await authConfigs.create('anvils', { type: 'use_custom_auth', authScheme: 'API_KEY', credentials: {} });
    const key = world.core.AuthScheme.APIKey({ generic_api_key: world.given.acme.key });
    const account = await connectedAccounts.initiate(world.user, world.anvilsConfig.id, { config: key });
    expectEqual(account.status, 'ACTIVE');
    const result = await world.run('ANVILS_CREATE_A_NOTE', { title: 'heavy' });
    expectEqual([result.successful, result.data.title], [true, 'heavy']);
  });

  await world.step('an imported toolkit is removed when nobody connects to it any more', async () => {
    await authConfigs.delete(world.anvilsConfig.id);
    await client.delete(`${path}/anvils`);
    expectEqual(await own(), []);
  });
}
