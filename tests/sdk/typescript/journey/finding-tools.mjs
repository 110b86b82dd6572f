// Finding tools and handing them to a model.
import { expect, expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  const { tools } = world.composio;
  const namesOf = (list) => list.map((tool) => tool.function.name);

  await world.step('tools of a toolkit come in the shape that OpenAI takes', async () => {
    const got = await tools.get(world.user, { toolkits: ['github'], limit: 200 });
    expect(namesOf(got).includes('GITHUB_GET_THE_AUTHENTICATED_USER'), namesOf(got));
    const { parameters } = got.find((tool) => tool.function.name === 'GITHUB_GET_A_REPOSITORY').function;
    expect(parameters.required.includes('owner') && parameters.required.includes('repo'), parameters);
  });

  await world.step('tools are limited in number, and the important ones come unasked', async () => {
    expectEqual((await tools.get(world.user, { toolkits: ['github'], limit: 3 })).length, 3, 'tools');
    const important = await tools.get(world.user, { toolkits: ['github'] });
    expect(important.length > 0, 'no tool is important');
  });

  await world.step('a tool is found by slug, and an alias leads to it', async () => {
    const [tool] = await tools.get(world.user, { tools: ['HACKERNEWS_GET_USER'] });
    expectEqual(tool.function.name, 'HACKERNEWS_GET_USER');
    expect('username' in tool.function.parameters.properties, tool);
    expectEqual((await tools.getRawComposioToolBySlug('GITHUB_CREATE_ISSUE')).toolkit.slug, 'github');
  });

  await world.step('tools are found by what they do', async () => {
    const found = namesOf(await tools.get(world.user, { search: 'star a repository', limit: 5 }));
    expect(found.includes('GITHUB_STAR_A_REPOSITORY_FOR_THE_AUTHENTICATED_USER'), found);
  });

  await world.step('a tool carries its schemas, toolkit and version', async () => {
    const tool = await tools.getRawComposioToolBySlug('HACKERNEWS_GET_USER');
    expectEqual([tool.slug, tool.toolkit.slug], ['HACKERNEWS_GET_USER', 'hackernews']);
    expectEqual([tool.inputParameters.type, tool.outputParameters.type], ['object', 'object']);
    expect(tool.version && tool.version !== 'latest', tool.version);
    world.hackernewsVersion = tool.version;
  });

  await world.step('every tool passes the SDK\'s own validation', async () => {
    for (const { slug, meta } of await world.composio.toolkits.get({ limit: 1000 })) {
      const got = await tools.get(world.user, { toolkits: [slug], limit: 1000 });
      expectEqual(got.length, meta.toolsCount, `tools of ${slug}`);
    }
  });

  await world.step('all slugs are listed at once', async () => {
    const slugs = await tools.getToolsEnum();
    expect(slugs.includes('GITHUB_GET_A_REPOSITORY') && slugs.includes('ACME_GET_ME'), slugs);
  });

  await world.step("an operator's own toolkit has its tools beside the others", async () => {
    const names = namesOf(await tools.get(world.user, { toolkits: ['acme'], limit: 50 }));
    expectEqual(names.sort(), ['ACME_CREATE_NOTE', 'ACME_FETCH_FILE', 'ACME_GET_ME', 'ACME_KEEP_FILE'], 'tools');
  });

  await world.step("an unknown tool is the SDK's own error", async () => {
    await expectError({ name: 'ComposioToolNotFoundError' },
      () => tools.getRawComposioToolBySlug('GITHUB_NO_SUCH_TOOL'));
  });
}
