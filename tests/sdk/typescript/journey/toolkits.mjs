// Looking at what can be connected.
import { errorBody, expect, expectEqual, expectError } from './steps.mjs';

export async function visit(world) {
  const { toolkits } = world.composio;

  await world.step('toolkits are listed with what a catalogue page shows', async () => {
    const listed = new Map((await toolkits.get({ limit: 100 })).map((item) => [item.slug, item]));
    for (const slug of ['github', 'hackernews', 'acme']) expect(listed.has(slug), `no ${slug} in ${[...listed.keys()]}`);
    const github = listed.get('github');
    expect(github.name && github.meta.toolsCount >= 12 && github.meta.createdAt, github);
    expect(github.authSchemes.includes('OAUTH2'), github.authSchemes);
    expect(github.composioManagedAuthSchemes.includes('OAUTH2'), "the operator's app makes it managed");
    expectEqual(listed.get('hackernews').noAuth, true, 'noAuth');
  });

  await world.step('toolkits are sorted, and found by who manages them', async () => {
    const slugs = (await toolkits.get({ sortBy: 'alphabetically', limit: 100 })).map(({ slug }) => slug);
    expect(slugs.indexOf('acme') < slugs.indexOf('github') && slugs.includes('acme'), slugs);
    const managed = (await toolkits.get({ managedBy: 'project', limit: 50 })).map(({ slug }) => slug);
    expect(!managed.includes('github'), 'github comes with the product');
  });

  await world.step('a toolkit tells which fields its auth configs need', async () => {
    const github = await toolkits.get('github');
    const oauth = github.authConfigDetails.find(({ mode }) => mode === 'OAUTH2');
    const required = oauth.fields.authConfigCreation.required.map(({ name }) => name);
    expect(required.includes('client_id') && required.includes('client_secret'), required);
  });

  await world.step('a toolkit is found whatever the case of its slug', async () => {
    expectEqual((await toolkits.get('GITHUB')).slug, 'github');
  });

  await world.step('the fields to fill are given for an auth config and for an account', async () => {
    const creation = await toolkits.getAuthConfigCreationFields('github', 'OAUTH2', { requiredOnly: true });
    expect(creation.some(({ name }) => name === 'client_secret'), creation);
    const initiation = await toolkits.getConnectedAccountInitiationFields('acme', 'API_KEY');
    expect(initiation.some(({ name }) => name === 'generic_api_key'), initiation);
  });

  await world.step('categories are listed', async () => {
    const { items } = await toolkits.listCategories();
    expect(items.length > 0 && items.every((category) => category.name), items);
  });

  await world.step("an unknown toolkit is the SDK's own error, made from a 404", async () => {
    // 0.8.1 compares with the error class of another package, so it never recognises the 404.
    const name = world.speaksV3Only ? 'ComposioToolkitFetchError' : 'ComposioToolkitNotFoundError';
    const error = errorBody(await expectError({ name }, () => toolkits.get('no_such_toolkit')));
    expect(error.message && error.status === 404 && Number.isInteger(error.code), error);
  });
}
