// Connecting accounts: consent at a provider, the hosted page, and credentials that the app has already.
import { expect, expectEqual, expectError } from './steps.mjs';
import { hubot, octocat } from './world.mjs';

export async function visit(world) {
  await consent(world);
  await refusedConsent(world);
  await managed(world);
  await credentialsAtHand(world);
  await hostedPage(world);
}

function comingBack(world) {
  return { callbackUrl: `${world.given.app_url}?from=the%20app` };
}

async function connect(world, user, config, person) {
  const request = await world.composio.connectedAccounts.initiate(user, config, comingBack(world));
  expect(request.id.startsWith('ca_'), request.id);
  expectEqual(request.status, 'INITIATED', 'status before consent');
  const landed = await world.personConsents(request.redirectUrl, person);
  return { request, back: Object.fromEntries(new URL(landed.url).searchParams) };
}

async function consent(world) {
  let back;
  await world.step('consent at the provider makes the account ACTIVE', async () => {
    const connected = await connect(world, world.user, world.oauthConfig, octocat);
    back = connected.back;
    const account = await connected.request.waitForConnection(15_000);
    expectEqual([account.id, account.status], [connected.request.id, 'ACTIVE']);
    world.oauthAccount = account.id;
  });

  await world.step("the app's page is told the outcome and keeps its own parameters", async () => {
    const expected = { from: 'the app', status: 'success', connected_account_id: world.oauthAccount };
    for (const [name, value] of Object.entries(expected)) expectEqual(back[name], value, name);
    expect(!('code' in back) && !('state' in back), `the code went on to the app: ${Object.keys(back)}`);
  });

  await world.step('another user connects the same toolkit', async () => {
    const { request } = await connect(world, world.otherUser, world.oauthConfig, hubot);
    world.otherAccount = (await request.waitForConnection(15_000)).id;
  });

  await world.step('a second account of a user needs allowMultiple', async () => {
    await expectError({ name: 'ComposioMultipleConnectedAccountsError' },
      () => world.composio.connectedAccounts.initiate(world.user, world.oauthConfig));
  });
}

async function refusedConsent(world) {
  await world.step('waiting for a person who refuses ends at once', async () => {
    const { connectedAccounts } = world.composio;
    const options = { callbackUrl: world.given.app_url };
    const request = await connectedAccounts.initiate('journey-refuser', world.oauthConfig, options);
    const landed = await world.personConsents(request.redirectUrl, octocat, 'deny');
    expectEqual(new URL(landed.url).searchParams.get('status'), 'failed', 'status on the way back');
    await expectError({ name: 'ConnectionRequestFailedError' }, () => request.waitForConnection(15_000));
    expectEqual((await connectedAccounts.get(request.id)).status, 'FAILED');
  });
}

async function managed(world) {
  await world.step("the operator's OAuth app connects an account", async () => {
    const { request } = await connect(world, 'journey-managed', world.managedConfig, hubot);
    expectEqual((await request.waitForConnection(15_000)).status, 'ACTIVE');
    const exchanges = await world.calls('oauth', { client: 'the-operators-app', status: 200 });
    expect(exchanges.length > 0, "the operator's app asked for no token");
  });

  await world.step('toolkits.authorize finds an auth config and starts consent', async () => {
    const request = await world.composio.toolkits.authorize('journey-authorize', 'github');
    expect(request.id.startsWith('ca_') && request.redirectUrl.startsWith('http'), request);
  });
}

async function credentialsAtHand(world) {
  const { connectedAccounts } = world.composio;
  const { AuthScheme } = world.core;
  const { acme, oauth_client: client } = world.given;

  await world.step('an API key that the app has makes an account ACTIVE at once', async () => {
    const config = AuthScheme.APIKey({ generic_api_key: acme.key });
    const request = await connectedAccounts.initiate(world.user, world.keyConfig, { config });
    expectEqual([request.status, request.redirectUrl ?? null], ['ACTIVE', null]);
    expectEqual((await request.waitForConnection(10_000)).toolkit.slug, 'acme');
    world.keyAccount = request.id;
  });

  await world.step('so does a bearer token', async () => {
    const config = AuthScheme.BearerToken({ token: acme.token });
    const request = await connectedAccounts.initiate(world.user, world.tokenConfig, { config });
    expectEqual(request.status, 'ACTIVE');
    world.tokenAccount = request.id;
  });

  await world.step('so do a name and a password', async () => {
    const config = AuthScheme.Basic({ username: acme.username, password: acme.password });
    const request = await connectedAccounts.initiate(world.user, world.basicConfig, { config });
    expectEqual(request.status, 'ACTIVE');
    world.basicAccount = request.id;
  });

  await world.step('an access token from elsewhere is imported', async () => {
    const minted = await world.askOauthPeer('mint', { client: client.client_id, login: 'hubot', scope: 'repo user' });
    const config = AuthScheme.OAuth2({ access_token: minted.access_token, token_type: 'Bearer' });
    const request = await connectedAccounts.initiate('journey-importer', world.oauthConfig, { config });
    expectEqual(request.status, 'ACTIVE');
    world.importedAccount = request.id;
  });
}

async function hostedPage(world) {
  const { connectedAccounts } = world.composio;
  let request;

  await world.step('a linked API key is asked for on the hosted page', async () => {
    request = await connectedAccounts.link('journey-linked', world.keyConfig, comingBack(world));
    expect(request.id.startsWith('ca_'), request.id);
    const answers = { generic_api_key: world.given.acme.key };
    const landed = await world.visit({ url: request.redirectUrl, answers, until: world.given.app_url });
    expect(landed.url.startsWith(world.given.app_url), `ended on ${landed.url}: ${landed.text.slice(0, 300)}`);
    const back = new URL(landed.url).searchParams;
    expectEqual([back.get('status'), back.get('from')], ['success', 'the app']);
    expectEqual((await request.waitForConnection(15_000)).status, 'ACTIVE');
    world.linkedAccount = request.id;
  });

  await world.step('a link works once', async () => {
    const again = await world.visit({ url: request.redirectUrl, answers: { generic_api_key: 'somebody-elses-key' } });
    expect(!again.text.includes('<form'), `the page asks again: ${again.status} ${again.url}`);
  });

  await world.step('a link for OAuth leads to the provider and back', async () => {
    const options = { callbackUrl: world.given.app_url };
    const oauth = await connectedAccounts.link('journey-linked', world.oauthConfig, options);
    await world.personConsents(oauth.redirectUrl, octocat);
    expectEqual((await oauth.waitForConnection(15_000)).status, 'ACTIVE');
  });

  await world.step('link refuses a second account without allowMultiple', async () => {
    await expectError({ name: 'ComposioMultipleConnectedAccountsError' },
      () => connectedAccounts.link('journey-linked', world.oauthConfig));
  });
}
