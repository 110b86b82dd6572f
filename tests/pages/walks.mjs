// What a person meets on the hosted pages, walk by walk.
import assert from 'node:assert/strict';

const CONNECTED = /^Northwind Traders & Sons is connected/;
const northwind = 'Northwind Traders & Sons';
// Chromium says so of every page whose status is 4xx, which is what these pages answer.
const REFUSED = [/Failed to load resource: the server responded with a status of 4\d\d/];

async function consentAs(visitor, decision) {
  const { page } = visitor;
  await page.getByLabel('Login').fill('octocat');
  await page.getByLabel('Password').fill('tentacles-and-whiskers');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: decision, exact: true }).click();
}

async function focusIsOnTheSummary(page) {
  assert.equal(await page.evaluate(() => document.activeElement.className), 'summary', 'the focus is elsewhere');
}

async function githubLink(world, further) {
  const config = await world.authConfig('github', 'OAUTH2', {
    client_id: world.client.id, client_secret: world.client.secret, scopes: 'openid,repo,read:user,user:email,read:org,gist',
  });
  return world.link(config, further);
}

async function backInTheApp(visitor, expected) {
  await visitor.page.waitForURL(`${visitor.world.appUrl}?**`, { timeout: 10_000 });
  const back = Object.fromEntries(new URL(visitor.page.url()).searchParams);
  assert.deepEqual(back, expected);
}

const asksForGithub = {
  title: /^Connect GitHub to Harbour & Co. Assistant – Harbour & Co\. Assistant$/,
  heading: 'Connect GitHub to Harbour & Co. Assistant',
  status: 200,
};

export const walks = {
  async 'consent at the provider, and back to the app'(world, visitor) {
    const { url, account } = await githubLink(world, { callback_url: `${world.appUrl}?from=me` });
    await visitor.open(url);
    await visitor.sees('consent', {
      ...asksForGithub,
      texts: ['GitHub will ask you to allow', 'Read and change repositories, private ones too', 'repo', 'Know who you are', 'Read only'],
    });
    assert.equal(await world.status(account), 'INITIATED');
    await visitor.press('Continue to GitHub');
    await consentAs(visitor, 'Allow');
    await backInTheApp(visitor, { from: 'me', status: 'success', connected_account_id: account });
    assert.equal(await world.status(account), 'ACTIVE');
    await visitor.open(url);
    await visitor.sees('used-link', {
      title: /^GitHub is connected already/, heading: 'GitHub is connected already', status: 410,
    });
    await visitor.press('Go back to Harbour & Co. Assistant');
    await backInTheApp(visitor, { from: 'me', status: 'success', connected_account_id: account });
    await visitor.leave(REFUSED);
  },

  async 'consent without an app to go back to'(world, visitor) {
    const { url, account } = await githubLink(world);
    await visitor.open(url);
    await visitor.press('Continue to GitHub');
    await consentAs(visitor, 'Allow');
    await visitor.sees('connected', {
      title: /^GitHub is connected/, heading: 'GitHub is connected', status: 200, texts: ['close this window'],
    });
    assert.equal(await world.status(account), 'ACTIVE');
    await visitor.leave();
  },

  async 'a person who goes back from the provider can go there again'(world, visitor) {
    const { url, account } = await githubLink(world);
    await visitor.open(url);
    await visitor.press('Continue to GitHub');
    await visitor.page.getByLabel('Login').waitFor();
    await visitor.page.goBack();
    await visitor.page.getByRole('heading', { level: 1, name: asksForGithub.heading }).waitFor();
    await visitor.press('Continue to GitHub');
    await consentAs(visitor, 'Allow');
    await visitor.page.getByRole('heading', { name: 'GitHub is connected' }).waitFor();
    assert.equal(await world.status(account), 'ACTIVE');
    await visitor.leave();
  },

  async 'consent that is denied'(world, visitor) {
    const { url, account } = await githubLink(world);
    await visitor.open(url);
    await visitor.press('Continue to GitHub');
    await consentAs(visitor, 'Deny');
    await visitor.sees('denied', {
      title: /^GitHub was not connected/,
      heading: 'GitHub was not connected',
      status: 400,
      texts: ['You did not allow it', 'access_denied'],
    });
    assert.equal(await world.status(account), 'FAILED');
    await visitor.leave(REFUSED);
  },

  async 'consent that is denied, and back to the app'(world, visitor) {
    const { url, account } = await githubLink(world, { callback_url: world.appUrl });
    await visitor.open(url);
    await visitor.press('Continue to GitHub');
    await consentAs(visitor, 'Deny');
    await backInTheApp(visitor, { status: 'failed', connected_account_id: account });
    await visitor.leave();
  },

  async 'a provider that refuses the code'(world, visitor) {
    const config = await world.authConfig('github', 'OAUTH2', { client_id: world.client.id, client_secret: 'not-the-secret' });
    const { url, account } = await world.link(config);
    await visitor.open(url);
    await visitor.press('Continue to GitHub');
    await consentAs(visitor, 'Allow');
    await visitor.sees('failed', {
      title: /^GitHub could not be connected/,
      heading: 'GitHub could not be connected',
      status: 400,
      texts: ['Nothing was shared', 'invalid_client'],
    });
    assert.equal(await world.status(account), 'FAILED');
    await visitor.leave(REFUSED);
  },

  async 'an API key: wrong form, wrong key, right key'(world, visitor) {
    const { url, account } = await world.link(await world.authConfig('northwind', 'API_KEY'));
    const { page } = visitor;
    await visitor.open(url);
    const heading = `Connect ${northwind} to Harbour & Co. Assistant`;
    await visitor.sees('key', { title: /^Connect Northwind/, heading, status: 200, texts: ['It begins with acme_', 'For example'] });
    const key = page.getByLabel('API key', { exact: true });
    assert.equal(await key.getAttribute('type'), 'password');
    for (const logo of await page.locator('.logo img').all()) {
      if (visitor.look.script) assert.ok(await logo.evaluate((image) => image.naturalWidth > 0), 'a logo is not shown');
    }

    await key.fill('not a key');
    await visitor.press(`Connect ${northwind}`);
    await visitor.sees('key-wrong-form', {
      title: /^Error: Connect Northwind/, heading, status: 422, texts: ['Please check what you filled in'],
    });
    assert.ok(!(await page.content()).includes('not a key'), 'a secret is shown again');
    assert.equal(await key.getAttribute('aria-invalid'), 'true');
    await focusIsOnTheSummary(page);
    await page.getByRole('alert').getByRole('link').click();
    assert.ok(await key.evaluate((element) => element === document.activeElement), 'the summary leads to no field');

    await key.fill('acme_wrong');
    await visitor.press(`Connect ${northwind}`);
    await visitor.sees('key-refused', { title: /^Error: /, heading, status: 422, texts: ['did not accept what you entered'] });
    await focusIsOnTheSummary(page);
    assert.equal(await world.status(account), 'INITIATED');

    await key.fill(world.acme.key);
    await key.press('Enter');
    await visitor.sees('key-connected', { title: CONNECTED, heading: `${northwind} is connected`, status: 200 });
    assert.equal(await world.status(account), 'ACTIVE');
    await visitor.leave(REFUSED);
  },

  async 'a form with every kind of field, by the keyboard alone'(world, visitor) {
    const { url, account } = await world.link(await world.authConfig('northwind', 'BEARER_TOKEN'), { callback_url: world.appUrl });
    const { page } = visitor;
    await visitor.open(url);
    const heading = `Connect ${northwind} to Harbour & Co. Assistant`;
    await visitor.sees('fields', { title: /^Connect/, heading, status: 200, texts: ['https://', '.northwind.test', '(optional)'] });

    await visitor.tabTo(page.getByRole('textbox', { name: 'Address of your warehouse' }));
    await page.keyboard.type('No Such!');
    await page.keyboard.press('Enter');
    await visitor.sees('fields-wrong', {
      title: /^Error: /,
      heading,
      status: 422,
      texts: ['Access token is required.', 'Region is required.', 'Address of your warehouse does not have the form that is expected.'],
    });
    assert.equal(await page.getByRole('textbox', { name: 'Address of your warehouse' }).inputValue(), 'No Such!');

    await visitor.tabTo(page.getByLabel('Access token'));
    await page.keyboard.type(world.acme.token);
    await visitor.tabTo(page.getByRole('textbox', { name: 'Address of your warehouse' }), 1);
    await page.keyboard.press('Control+A');
    await page.keyboard.type('rotterdam');
    await visitor.tabTo(page.getByLabel('Region'), 1);
    await page.keyboard.type('Eu');
    await visitor.tabTo(page.getByLabel('Pallets at a time'), 1);
    await visitor.tabTo(page.getByLabel('Use the sandbox'), 1);
    await page.keyboard.press('Space');
    await visitor.tabTo(page.getByLabel('Private key'), 1);
    await page.keyboard.insertText('-----BEGIN KEY-----\nline two\n-----END KEY-----\n');
    await visitor.tabTo(page.getByRole('button', { name: `Connect ${northwind}` }), 1);
    await page.keyboard.press('Enter');
    await backInTheApp(visitor, { status: 'success', connected_account_id: account });
    await world.api('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false });
    const { data } = await world.api('GET', `/connected_accounts/${account}`);
    const given = { subdomain: data.subdomain, region: data.region, pallets: data.pallets, sandbox: data.sandbox, private_key: data.private_key };
    assert.deepEqual(given, {
      subdomain: 'rotterdam', region: 'Europe', pallets: 12, sandbox: true,
      private_key: '-----BEGIN KEY-----\nline two\n-----END KEY-----',
    });
    await visitor.leave(REFUSED);
  },

  async 'a person who cancels'(world, visitor) {
    const { url, account } = await world.link(await world.authConfig('northwind', 'API_KEY'));
    await visitor.open(url);
    await visitor.press('Cancel');
    await visitor.sees('cancelled', {
      title: /was not connected/, heading: `${northwind} was not connected`, status: 400,
    });
    assert.equal(await world.status(account), 'FAILED');
    await visitor.leave(REFUSED);
  },

  async 'a link that is over, and one that never was'(world, visitor) {
    const { url, account } = await world.link(await world.authConfig('northwind', 'API_KEY'), { callback_url: world.appUrl });
    world.letLinksExpire(account);
    await visitor.open(url);
    await visitor.sees('expired-link', { title: /^This link has expired/, heading: 'This link has expired', status: 410 });
    await visitor.press('Go back to Harbour & Co. Assistant');
    await backInTheApp(visitor, { status: 'failed', connected_account_id: account });
    await visitor.open(`${world.url}/link/ln_nothing`);
    await visitor.sees('unknown-link', { title: /not known/, heading: 'This link is not known here', status: 404 });
    await visitor.leave(REFUSED);
  },

  async 'an auth config that is switched off'(world, visitor) {
    const config = await world.authConfig('northwind', 'API_KEY');
    const { url } = await world.link(config);
    await world.api('PATCH', `/auth_configs/${config}/DISABLED`, {});
    await visitor.open(url);
    await visitor.sees('switched-off', {
      title: /cannot be connected/, heading: `${northwind} cannot be connected at the moment`, status: 410,
    });
    await visitor.leave(REFUSED);
  },

  async 'a browser that keeps no cookies is told so'(world, visitor) {
    const { url, account } = await world.link(await world.authConfig('northwind', 'API_KEY'));
    await visitor.open(url);
    await visitor.context.clearCookies();
    await visitor.press(`Connect ${northwind}`);
    await visitor.sees('no-cookies', {
      title: /^Error: /, heading: `Connect ${northwind} to Harbour & Co. Assistant`, status: 403, texts: ['Allow cookies'],
    });
    assert.equal(await world.status(account), 'INITIATED');
    await visitor.leave(REFUSED);
  },

  async 'one of several sites, by the keyboard alone, and another one later'(world, visitor) {
    const config = await world.authConfig('northwind', 'OAUTH2', {
      client_id: world.client.id, client_secret: world.client.secret, scopes: 'openid,repo',
    });
    const { url, account } = await world.link(config);
    const { page } = visitor;
    const heading = `Which ${northwind} warehouse?`;
    const warehouse = page.getByLabel('Warehouse', { exact: true });
    const button = page.getByRole('button', { name: 'Use this warehouse', exact: true });
    await visitor.open(url);
    await visitor.press(`Continue to ${northwind}`);
    await consentAs(visitor, 'Allow');
    await visitor.sees('choose', {
      title: /^Which Northwind Traders & Sons warehouse\?/, heading, status: 200,
      texts: ['you have more than one warehouse there', 'Choose the one it is meant for.'],
    });
    assert.equal(await world.status(account), 'INITIATED');
    await visitor.tabTo(button);
    await page.keyboard.press('Enter');
    await visitor.sees('choose-nothing', { title: /^Error: Which Northwind/, heading, status: 422, texts: ['Warehouse is required.'] });
    await focusIsOnTheSummary(page);
    await visitor.tabTo(warehouse);
    await page.keyboard.type('Ro');
    await visitor.tabTo(button, 1);
    await page.keyboard.press('Enter');
    await visitor.sees('chosen', { title: CONNECTED, heading: `${northwind} is connected`, status: 200 });
    await world.api('PATCH', '/org/project/config', { mask_secret_keys_in_connected_account: false });
    const chosen = async () => (await world.api('GET', `/connected_accounts/${account}`)).data.warehouse_id;
    assert.equal(await chosen(), 'rtm');

    const again = await world.api('POST', `/connected_accounts/${account}/refresh`, { reconnect: true });
    await visitor.open(again.redirect_url);
    await visitor.sees('choose-another', {
      title: /^Which Northwind Traders & Sons warehouse\?/, heading, status: 200, texts: ['for Rotterdam · https://rotterdam.northwind.test', 'choose another warehouse'],
    });
    assert.equal(await warehouse.inputValue(), 'Rotterdam · https://rotterdam.northwind.test');
    assert.equal(await world.status(account), 'ACTIVE');
    await warehouse.selectOption({ index: 2 });
    await visitor.press('Use this warehouse');
    await visitor.sees('moved', { title: CONNECTED, heading: `${northwind} is connected`, status: 200 });
    assert.equal(await chosen(), 'ham-2');
    await visitor.leave(REFUSED);
  },

  async 'an MCP client is allowed one session'(world, visitor) {
    const user = 'ada <b>@example.com, whose name is as long as names get in some directories: cn=Ada,ou=Analytical Engines';
    const { redirectUri, ask } = await world.mcpClient('Harbour <Editor>');
    const session = await world.api('POST', '/tool_router/session', { user_id: user });
    const heading = 'Allow Harbour <Editor>?';
    await visitor.open(ask(session.mcp.url));
    await visitor.sees('mcp-grant', {
      title: /^Allow Harbour <Editor>/, heading, status: 200,
      texts: [`session ${session.session_id} For user ${user} In project default The answer goes to 127.0.0.1`],
    });
    const key = visitor.page.getByLabel('Project API key');
    await key.fill('ak_wrong');
    await visitor.press('Allow');
    await visitor.sees('mcp-grant-refused', {
      title: /^Error: Allow/, heading, status: 400, texts: ['This did not work yet', 'The API key is not valid.'],
    });
    assert.equal(await key.inputValue(), '', 'a secret is shown again');
    await focusIsOnTheSummary(visitor.page);
    await key.fill(world.apiKey);
    await visitor.press('Allow');
    await visitor.page.waitForURL(`${redirectUri}?**`, { timeout: 10_000 });
    const back = new URL(visitor.page.url()).searchParams;
    assert.deepEqual([back.get('state'), back.get('iss')], ['s-1', world.url]);
    assert.match(back.get('code'), /^mcpc_/);
    await visitor.leave(REFUSED);
  },

  async 'an MCP client is not allowed'(world, visitor) {
    const { redirectUri, ask } = await world.mcpClient('Editor');
    const session = await world.api('POST', '/tool_router/session', { user_id: 'ada' });
    await visitor.open(ask(session.mcp.url));
    await visitor.tabTo(visitor.page.getByRole('button', { name: 'Cancel' }));
    await visitor.page.keyboard.press('Enter');
    await visitor.page.waitForURL(`${redirectUri}?**`, { timeout: 10_000 });
    assert.equal(new URL(visitor.page.url()).searchParams.get('error'), 'access_denied');
    await visitor.leave();
  },
};
