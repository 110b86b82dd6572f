// The meta tools, as handlers of OpenAI's kind call them: found by slug, executed for a user without a session.
import { expect, expectEqual, expectError } from './steps.mjs';

const slugs = [
  'COMPOSIO_SEARCH_TOOLS', 'COMPOSIO_GET_TOOL_SCHEMAS', 'COMPOSIO_MANAGE_CONNECTIONS', 'COMPOSIO_WAIT_FOR_CONNECTIONS',
  'COMPOSIO_MULTI_EXECUTE_TOOL', 'COMPOSIO_UPSERT_RECIPE', 'COMPOSIO_GET_RECIPE', 'COMPOSIO_REMOTE_WORKBENCH',
  'COMPOSIO_REMOTE_BASH_TOOL',
];
const mostTokens = 2500;

export async function visit(world) {
  const { tools } = world.composio;
  const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';

  async function succeeded(slug, args, options) {
    const result = await world.run(slug, args, options);
    expect(result.successful === true && result.error === null, result);
    return result.data;
  }

  await world.step('the meta tools are got by slug', async () => {
    const got = await tools.get(world.user, { tools: slugs });
    expectEqual(got.map((tool) => tool.function.name).sort(), [...slugs].sort());
  });

  if (world.core.getEncoding) {
    await world.step(`all meta tools together have fewer than ${mostTokens} tokens`, async () => {
      const raw = await tools.getRawComposioTools({ tools: slugs });
      const encodings = ['o200k_base', 'cl100k_base'].map((name) => world.core.getEncoding(name));
      const asModels = raw.map((tool) => ({ name: tool.slug, description: tool.description, parameters: tool.inputParameters }));
      const whole = raw.map((tool, at) => ({ ...asModels[at], output: tool.outputParameters }));
      const most = (shown) => Math.max(...encodings.map((one) => one.encode(JSON.stringify(shown)).length));
      console.log(`# meta tools: ${most(asModels)} tokens as models get them, ${most(whole)} with the schemas of results`);
      expect(most(whole) < mostTokens, `${most(whole)} tokens`);
    });
  }

  await world.step('a search tells tools, schemas, the plan and who is connected', async () => {
    const queries = [{ use_case: 'create an issue on github' }, { use_case: 'send a slack message' }];
    const found = await succeeded('COMPOSIO_SEARCH_TOOLS', { queries, session: { generate_id: true } });
    expectEqual(found.results[0].primary_tool_slugs[0], 'GITHUB_CREATE_AN_ISSUE');
    expect(found.tool_schemas.GITHUB_CREATE_AN_ISSUE.input_schema.properties.title, found.tool_schemas);
    expect(found.results[0].recommended_plan_steps.length > 0, found.results[0]);
    const connected = Object.fromEntries(
      found.toolkit_connection_statuses.map((one) => [one.toolkit, one.has_active_connection]),
    );
    expectEqual([connected.github, connected.slack], [true, false], 'connected');
    world.workflow = found.session.id;
  });

  await world.step('schemas are given for slugs, and an unknown one is told with what is near', async () => {
    const found = await succeeded('COMPOSIO_GET_TOOL_SCHEMAS', { tool_slugs: [whoAmI, 'GITHUB_CREATE_A_ISSUE'] });
    expectEqual(found.not_found, ['GITHUB_CREATE_A_ISSUE']);
    expect(found.suggestions.GITHUB_CREATE_A_ISSUE.includes('GITHUB_CREATE_AN_ISSUE'), found.suggestions);
  });

  await world.step('connections are told, and a link is made for what is missing', async () => {
    const args = { toolkits: ['github'], session_id: world.workflow };
    const own = await succeeded('COMPOSIO_MANAGE_CONNECTIONS', args);
    expectEqual(own.results.github.status, 'active');
    const nobody = await succeeded('COMPOSIO_MANAGE_CONNECTIONS', args, { userId: 'meta-tools-newcomer' });
    expectEqual(nobody.results.github.status, 'initiated');
    expect(nobody.results.github.redirect_url.startsWith('http'), nobody);
    const waiting = { toolkits: ['github'], timeout_seconds: 0 };
    const still = await succeeded('COMPOSIO_WAIT_FOR_CONNECTIONS', waiting, { userId: 'meta-tools-newcomer' });
    expectEqual(still.results.github.status, 'INITIATED');
  });

  await world.step('several tools run side by side, and a failure stops no other', async () => {
    const args = {
      tools: [
        { tool_slug: whoAmI, arguments: {} },
        { tool_slug: 'HACKERNEWS_GET_USER', arguments: {} },
        { tool_slug: 'HACKERNEWS_GET_USER', arguments: { username: 'pg' } },
      ],
      sync_response_to_workbench: false,
    };
    const result = await world.run('COMPOSIO_MULTI_EXECUTE_TOOL', args);
    expectEqual([result.successful, result.error], [false, '1 out of 3 tools failed']);
    const { results } = result.data;
    expectEqual(results[0].response.data.login, 'octocat');
    expect(results[1].error.includes('username'), results[1]);
    expectEqual(results[2].response.successful, true);
  });

  await world.step('another user has nothing of it', async () => {
    const args = { tools: [{ tool_slug: whoAmI, arguments: {} }], sync_response_to_workbench: false };
    const result = await world.run('COMPOSIO_MULTI_EXECUTE_TOOL', args, { userId: 'meta-tools-nobody' });
    expect(result.data.results[0].error.startsWith('No connected account found'), result.data);
  });

  await world.step('a recipe is saved, shown and executed by its slug', async () => {
    const recipe = {
      name: 'Who said it',
      input_schema: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] },
      steps: [{ id: 'user', tool_slug: 'HACKERNEWS_GET_USER', arguments: { username: '{{params.who}}' } }],
    };
    const saved = await succeeded('COMPOSIO_UPSERT_RECIPE', recipe);
    const shown = await succeeded('COMPOSIO_GET_RECIPE', { recipe_slug: saved.recipe_slug });
    expectEqual(shown.steps, recipe.steps);
    const call = { tool_slug: saved.recipe_slug, arguments: { who: 'pg' } };
    const came = await succeeded('COMPOSIO_MULTI_EXECUTE_TOOL', { tools: [call], sync_response_to_workbench: false });
    expect(JSON.stringify(came.results[0].response.data.steps.user).includes('157316'), came);
  });

  await world.step('what needs a sandbox says that it is not built', async () => {
    await expectError({ statuses: [501] }, () => world.run('COMPOSIO_REMOTE_BASH_TOOL', { command: 'ls' }));
  });
}
