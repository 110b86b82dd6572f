// Tool-router sessions: what an agent may reach for one user, and calls through them.
import { expect, expectEqual, expectError } from './steps.mjs';
import { octocat } from './world.mjs';

const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';

export async function visit(world) {
  const { composio } = world;
  let session;

  await world.step('a session is made with its settings, and found again', async () => {
    session = await composio.create(world.user, {
      toolkits: ['github', 'hackernews'],
      tags: { disable: ['destructiveHint'] },
      manageConnections: { enable: true, callbackUrl: world.given.app_url },
      ...(world.speaksV3Only ? {} : { mcp: true }),
    });
    expect(session.sessionId.startsWith('trs_'), session.sessionId);
    expect(session.mcp.url.endsWith(`/tool_router/${session.sessionId}/mcp`), session.mcp);
    expectEqual(session.mcp.headers['x-api-key'], world.given.api_key);
    expectEqual((await composio.use(session.sessionId)).sessionId, session.sessionId);
  });

  await world.step('a setting that does not fit is named', async () => {
    const error = await expectError({ statuses: [400] }, () => composio.create(world.user, { toolkits: ['githubb'] }));
    expect(JSON.stringify(error.error ?? error.message).includes('Did you mean `github`?'), error.message);
  });

  await world.step("the agent gets the meta tools in its provider's format", async () => {
    const got = (await session.tools()).map((tool) => tool.function.name);
    for (const slug of ['COMPOSIO_SEARCH_TOOLS', 'COMPOSIO_MULTI_EXECUTE_TOOL', 'COMPOSIO_MANAGE_CONNECTIONS']) {
      expect(got.includes(slug), got);
    }
  });

  await world.step("the session's toolkits tell who is connected", async () => {
    const { items } = await session.toolkits();
    const shown = Object.fromEntries(items.map((item) => [item.slug, item]));
    expectEqual(Object.keys(shown).sort(), ['github', 'hackernews']);
    expectEqual(shown.github.connection.isActive, true);
    expectEqual(shown.hackernews.isNoAuth, true);
  });

  if (!session?.execute) {
    world.notInThisVersion('tools are executed through the session', 'its sessions only give tools');
  } else {
    await world.step('a tool is executed through the session', async () => {
      const result = await session.execute(whoAmI, {});
      expectEqual([result.error, result.data.login], [null, 'octocat']);
    });

    await world.step('a tool that the session forbids is refused by the rule', async () => {
      for (const [slug, rule] of [['GITHUB_DELETE_A_REPOSITORY', 'tags.disable'], ['SLACK_SEND_MESSAGE', 'toolkits.enable']]) {
        const error = await expectError({ statuses: [403] }, () => session.execute(slug, {}));
        expect(JSON.stringify([error.message, error.error]).includes(rule), error.message);
      }
    });

    await world.step('a search finds what the session lets through', async () => {
      const found = await session.search({ query: 'create an issue in a github repository' });
      const results = found.results[0];
      const slugs = results.primaryToolSlugs ?? results.primary_tool_slugs;
      expect(slugs.includes('GITHUB_CREATE_AN_ISSUE'), found);
    });

    const files = 'files of the session are kept by path';
    if (!world.speaksV3Only && !world.given.is_public) {
      world.notInThisVersion(files, 'it fetches from public addresses alone, and this server is on loopback');
    } else await world.step(files, async () => {
      const mount = session.files ?? session.experimental.files;
      const kept = await mount.upload(Buffer.from('by the session'), { remotePath: 'notes/a.txt', mimetype: 'text/plain' });
      expectEqual(kept.mountRelativePath, 'notes/a.txt');
      expectEqual(await (await mount.download('notes/a.txt')).text(), 'by the session');
      expectEqual((await mount.list()).items.map((item) => item.mountRelativePath ?? item.mount_relative_path), ['notes/a.txt']);
      await mount.delete('notes/a.txt');
    });

    await world.step("a request goes to the toolkit's own API", async () => {
      const answer = await session.proxyExecute({ toolkit: 'github', endpoint: '/user', method: 'GET' });
      expectEqual([answer.status, answer.data.login], [200, 'octocat']);
    });
  }

  await world.step("a newcomer connects by the session's link, and the session uses the account", async () => {
    const newcomers = await composio.create('session-newcomer', { toolkits: ['github'] });
    const request = await newcomers.authorize('github', { callbackUrl: world.given.app_url });
    const landed = await world.personConsents(request.redirectUrl, octocat);
    expect(landed.url.includes(`connected_account_id=${request.id}`), landed);
    expectEqual((await request.waitForConnection(10_000)).status, 'ACTIVE');
    const { items } = await newcomers.toolkits();
    expectEqual(items[0].connection.connectedAccount.id, request.id);
    await composio.connectedAccounts.delete(request.id);
  });
}
