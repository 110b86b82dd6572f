// Pinned versions of a toolkit, and auth configs that let some tools through only.
import { succeeded } from './executing.mjs';
import { errorBody, expect, expectEqual, expectError } from './steps.mjs';

const [OLD, NEW] = ['20261001_00', '20261115_00'];
const PAGES = 'PRESS_LIST_PAGES';

export async function visit(world) {
  await versions(world);
  await limits(world);
}

async function versions(world) {
  const answered = async (sdk, options = {}) => {
    const call = { userId: world.user, arguments: { page: 2, cursor: 'c' }, ...options };
    const { path, query } = succeeded(await sdk.tools.execute(PAGES, call));
    return [path, query];
  };
  const before = ['/press/v1/pages', { page: '2' }];
  const after = ['/press/v2/pages', { cursor: 'c' }];
  const pinned = world.sdk(world.given.api_key, { toolkitVersions: { press: OLD } });

  await world.step('a version named in the call is the one that runs', async () => {
    expectEqual(await answered(world.composio, { version: OLD }), before);
    expectEqual(await answered(world.composio, { version: NEW }), after);
  });

  await world.step('a version pinned on the client runs, and one in the call comes before it', async () => {
    expectEqual(await answered(pinned), before);
    expectEqual(await answered(pinned, { version: NEW }), after);
  });

  await world.step('without a pin the newest runs, and only if the app says that it may', async () => {
    expectEqual(await answered(world.composio, { dangerouslySkipVersionCheck: true }), after);
    const { name } = new world.core.ComposioToolVersionRequiredError();
    const error = await expectError({ name }, () => answered(world.composio));
    expect(error instanceof world.core.ComposioToolVersionRequiredError, error);
  });

  await world.step('tools are listed and looked up as the pinned version has them', async () => {
    for (const [sdk, version, argument] of [[pinned, OLD, 'page'], [world.composio, NEW, 'cursor']]) {
      const [listed] = await sdk.tools.getRawComposioTools({ toolkits: ['press'] });
      const found = await sdk.tools.getRawComposioToolBySlug(PAGES);
      for (const tool of [listed, found]) {
        expectEqual([tool.version, Object.keys(tool.inputParameters.properties)], [version, [argument]]);
        expectEqual(tool.availableVersions, [NEW, OLD]);
      }
    }
  });

  await world.step('a version that was never released is a 404 that names those that were', async () => {
    const error = await expectError({ statuses: [404] }, () => answered(world.composio, { version: '20200101_00' }));
    expect(errorBody(error).suggested_fix.includes(`${NEW}, ${OLD}`), error);
  });
}

async function limits(world) {
  const { authConfigs } = world.composio;
  const run = (slug, args) => world.run(slug, args, { userId: 'journey-reader' });
  const limitTo = (id, tools) => authConfigs.update(id, {
    type: 'custom', credentials: {}, toolAccessConfig: { toolsAvailableForExecution: tools },
  });
  let config;

  await world.step('an auth config lets only the tools that it names be executed', async () => {
    config = await authConfigs.create('acme', {
      type: 'use_custom_auth', name: 'readers', authScheme: 'API_KEY', credentials: {},
    });
    await world.composio.connectedAccounts.initiate('journey-reader', config.id, {
      config: { authScheme: 'API_KEY', val: { status: 'ACTIVE', generic_api_key: world.given.acme.key } },
    });
    await limitTo(config.id, ['ACME_GET_ME']);
    const shown = (await authConfigs.get(config.id)).toolAccessConfig;
    expectEqual(shown.toolsAvailableForExecution, ['ACME_GET_ME']);
    succeeded(await run('ACME_GET_ME', {}));
    const before = (await world.calls('acme')).length;
    const told = errorBody(await expectError({ statuses: [403] }, () => run('ACME_CREATE_NOTE', { title: 'no' })));
    expect(told.message.includes(config.id) && told.message.includes('tools_available_for_execution'), told);
    expectEqual((await world.calls('acme')).length, before, 'calls to acme');
  });

  await world.step('tools are listed by what an auth config lets through', async () => {
    const listed = await world.composio.tools.getRawComposioTools({ authConfigIds: [config.id] });
    expectEqual(listed.map((tool) => tool.slug), ['ACME_GET_ME']);
  });

  await world.step('a limit that is lifted is no limit any more', async () => {
    await limitTo(config.id, []);
    succeeded(await run('ACME_CREATE_NOTE', { title: 'yes' }));
  });
}
