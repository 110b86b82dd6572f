// What the agent does: search, connect, execute. `call(slug, args)` gives a meta tool's result.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const whoAmI = 'GITHUB_GET_THE_AUTHENTICATED_USER';
const create = 'GITHUB_CREATE_AN_ISSUE';

/** Prints how a turn went, and ends at the first that went wrong. */
export function told(what, condition, seen) {
  if (condition) {
    console.log(`ok ${what}`);
    return;
  }
  console.log(`FAIL ${what}: ${JSON.stringify(seen).slice(0, 1500)}`);
  process.exit(1);
}

export async function play(call, appUrl) {
  const done = async (what, slug, args) => {
    const result = await call(slug, args);
    told(what, result.error === null, result);
    return result.data;
  };
  const queries = [{ use_case: 'create an issue in a github repository' }, { use_case: 'get my github profile' }];
  const found = await done('the agent searches', 'COMPOSIO_SEARCH_TOOLS', { queries, session: { generate_id: true } });
  const slugs = found.results.flatMap((result) => result.primary_tool_slugs);
  told('it finds the tools', slugs.includes(create) && slugs.includes(whoAmI), slugs);
  const statuses = found.toolkit_connection_statuses.map((one) => [one.toolkit, one.has_active_connection]);
  told('it learns that the user is not connected', JSON.stringify(statuses) === '[["github",false]]', statuses);

  const asked = { toolkits: ['github'], session_id: found.session.id };
  const link = (await done('it asks for a link', 'COMPOSIO_MANAGE_CONNECTIONS', asked)).results.github;
  const consent = path.join(import.meta.dirname, 'consent.mjs');
  const landed = execFileSync('node', [consent, link.redirect_url, appUrl], { encoding: 'utf8', timeout: 60_000 });
  told('the user consents in Chromium', landed.includes('status=success'), landed);
  const now = (await done('the agent looks again', 'COMPOSIO_MANAGE_CONNECTIONS', asked)).results.github;
  told('the user is connected', now.status === 'active', now);

  const tools = [
    { tool_slug: whoAmI, arguments: {} },
    { tool_slug: create, arguments: { owner: 'tenon', repo: 'tenon', title: 'Found by an agent' } },
    { tool_slug: 'HACKERNEWS_GET_USER', arguments: { username: 'pg' } },
  ];
  const { data } = await call('COMPOSIO_MULTI_EXECUTE_TOOL', { tools, sync_response_to_workbench: false, session_id: found.session.id });
  const [me, issue, outside] = data.results;
  told("tools of the session run with the user's account", me.response.data.login === 'octocat', me);
  told('and do what was asked', issue.response.data.title === 'Found by an agent', issue);
  told('a tool outside the session does not run', JSON.stringify(outside.error).includes('toolkits.enable'), outside);
}
