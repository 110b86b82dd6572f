// The schemes of fewer vendors: each with the SDK's helper where it has one, used at a peer that lets in nobody else.
import { expect, expectEqual, expectError } from './steps.mjs';

const bookkeeper = 'journey-bookkeeper';
// Who signs an assertion.
const issuers = { GOOGLE_SERVICE_ACCOUNT: 'robot@books.iam.test', SERVICE_ACCOUNT: '4711' };
const publicValues = ['username', 'application_id', 'installation_id', 'client_id'];

/** The state of a scheme for which the SDKs have no helper. */
function writtenOut(authScheme) {
  return (values) => ({ authScheme, val: { status: 'ACTIVE', ...values } });
}

export async function visit(world) {
  const { connectedAccounts } = world.composio;
  const { AuthScheme } = world.core;
  const credentials = await world.ledgersCredentials();
  const states = {
    GOOGLE_SERVICE_ACCOUNT: AuthScheme.GoogleServiceAccount,
    SERVICE_ACCOUNT: writtenOut('SERVICE_ACCOUNT'),
    S2S_OAUTH2: writtenOut('S2S_OAUTH2'),
    BASIC_WITH_JWT: AuthScheme.BasicWithJWT,
    BILLCOM_AUTH: AuthScheme.BillcomAuth,
    CALCOM_AUTH: AuthScheme.CalcomAuth,
    OAUTH1: AuthScheme.OAuth1,
  };

  for (const [scheme, makeState] of Object.entries(states)) {
    await world.step(`${scheme} connects, is used and is shown masked`, async () => {
      const { config, account } = credentials[scheme];
      const id = await createConfig(world, scheme, config);
      const request = await connectedAccounts.initiate(bookkeeper, id, { config: makeState(account) });
      expectEqual((await request.waitForConnection(15_000)).status, 'ACTIVE');
      await use(world, request.id, scheme);
      const secrets = Object.entries(account).filter(([name]) => !publicValues.includes(name)).map(([, value]) => value);
      await isMasked(world, request.id, id, scheme, secrets);
    });
  }

  for (const scheme of ['OAUTH1', 'DCR_OAUTH']) {
    await world.step(`${scheme} is consented to`, async () => {
      const config = await createConfig(world, scheme, credentials[scheme].config);
      const request = await connectedAccounts.initiate(bookkeeper, config, { callbackUrl: world.given.app_url });
      expectEqual(request.status, 'INITIATED');
      const landed = await world.visit({ url: request.redirectUrl, answers: {}, until: world.given.app_url });
      expectEqual(new URL(landed.url).searchParams.get('status'), 'success', landed.url);
      expectEqual((await request.waitForConnection(15_000)).status, 'ACTIVE');
      await use(world, request.id, scheme);
    });
  }

  await world.step('an assertion of another app connects nobody', async () => {
    const { config, account } = credentials.SERVICE_ACCOUNT;
    const id = await createConfig(world, 'SERVICE_ACCOUNT', config);
    const state = states.SERVICE_ACCOUNT({ ...account, application_id: '4712' });
    await expectError({ statuses: [400] }, () => connectedAccounts.initiate(bookkeeper, id, { config: state }));
    expectEqual((await connectedAccounts.list({ authConfigIds: [id] })).items, [], 'accounts');
  });
}

async function createConfig(world, scheme, credentials) {
  const created = await world.composio.authConfigs.create('ledger', {
    type: 'use_custom_auth', name: scheme, authScheme: scheme, credentials,
  });
  expectEqual([created.authScheme, created.isComposioManaged], [scheme, false]);
  return created.id;
}

async function use(world, connectedAccountId, scheme) {
  // Characters whose encoding OAuth 1 signs.
  const args = { note: 'ä & b + c' };
  const result = await world.run('LEDGER_GET_ME', args, { userId: bookkeeper, connectedAccountId });
  expectEqual([result.error, result.data.way, result.data.note], [null, scheme, args.note]);
  if (scheme in issuers) {
    expectEqual((await world.calls('assertions', { issuer: issuers[scheme] })).length, 1, 'assertions verified');
  }
}

async function isMasked(world, account, config, scheme, secrets) {
  const { connectedAccounts } = world.composio;
  const got = await connectedAccounts.get(account);
  expectEqual([got.state?.authScheme, got.state?.val.status], [scheme, 'ACTIVE']);
  const { items: [listed] } = await connectedAccounts.list({ authConfigIds: [config] });
  expectEqual([listed.id, listed.status], [account, 'ACTIVE']);
  const shown = JSON.stringify([got, listed]);
  const spellings = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  expect(secrets.length > 0 && !spellings.some((secret) => shown.includes(secret)), 'a credential came back');
}
