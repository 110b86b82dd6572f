"""Tool-router sessions: what an agent may reach for one user, and calls through them."""

from composio_client import APIStatusError, NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import OCTOCAT, World, error_body

WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"
NEWCOMER = "session-newcomer"


def visit(world: World) -> None:
    _configuring(world)
    _calling(world)
    _connecting(world)
    _leaving(world)


def _configuring(world: World) -> None:
    composio = world.composio

    with world.step("a session is made with its settings, and found again"):
        world.session = composio.create(
            user_id=world.user,
            toolkits=["github", "hackernews"],
            tags={"disable": ["destructiveHint"]},
            manage_connections={"enable": True, "callback_url": world.app_url},
            **({} if world.speaks_v3_only else {"mcp": True}),
        )
        expect(world.session.session_id.startswith("trs_"), world.session.session_id)
        mcp = world.session.mcp
        expect(mcp.url.endswith(f"/tool_router/{world.session.session_id}/mcp"), mcp.url)
        expect_equal(mcp.headers["x-api-key"], world.api_key)
        expect_equal(composio.use(world.session.session_id).session_id, world.session.session_id)

    with world.step("a setting that does not fit is named"):
        with expect_error(APIStatusError) as caught:
            composio.create(user_id=world.user, toolkits=["githubb"])
        expect("Did you mean `github`?" in str(error_body(caught.error)["errors"]), caught.error)

    with world.step("the agent gets the meta tools in its provider's format"):
        got = {tool["function"]["name"] for tool in world.session.tools()}
        expect({"COMPOSIO_SEARCH_TOOLS", "COMPOSIO_MULTI_EXECUTE_TOOL", "COMPOSIO_MANAGE_CONNECTIONS"} <= got, got)

    with world.step("the session's toolkits tell who is connected"):
        shown = {item.slug: item for item in world.session.toolkits().items}
        expect_equal(set(shown), {"github", "hackernews"})
        expect(shown["github"].connection.is_active, shown["github"])
        expect(shown["hackernews"].connection is None, shown["hackernews"])


def _calling(world: World) -> None:
    session = world.session
    if not hasattr(session, "execute"):
        world.not_in_this_version("tools are executed through the session", "its sessions only give tools")
        return

    with world.step("a tool is executed through the session"):
        result = session.execute(WHO_AM_I, arguments={})
        expect_equal((result.error, result.data["login"]), (None, "octocat"))

    with world.step("a tool that the session forbids is refused by the rule"):
        with expect_error(APIStatusError) as caught:
            session.execute("GITHUB_DELETE_A_REPOSITORY", arguments={"owner": "a", "repo": "b"})
        expect("tags.disable" in error_body(caught.error)["message"], caught.error)
        with expect_error(APIStatusError) as caught:
            session.execute("SLACK_SEND_MESSAGE", arguments={})
        expect("toolkits.enable" in error_body(caught.error)["message"], caught.error)

    with world.step("a search finds what the session lets through"):
        found = session.search(query="create an issue in a github repository")
        expect(found.success and "GITHUB_CREATE_AN_ISSUE" in found.results[0].primary_tool_slugs, found)
        expect_equal([one.toolkit for one in found.toolkit_connection_statuses], ["github"])

    _files(world)

    with world.step("a request goes to the toolkit's own API"):
        answer = session.proxy_execute(toolkit="github", endpoint="/user", method="GET")
        status, data = (answer[key] if isinstance(answer, dict) else getattr(answer, key) for key in ("status", "data"))
        expect_equal((int(status), data["login"]), (200, "octocat"))


def _files(world: World) -> None:
    name = "files of the session are kept by path"
    if not (world.speaks_v3_only or world.is_public):
        world.not_in_this_version(name, "it fetches from public addresses alone, and this server is on loopback")
        return
    with world.step(name):
        files = getattr(world.session, "files", None) or world.session.experimental.files
        kept = files.upload(b"by the session", remote_path="notes/a.txt", mimetype="text/plain")
        expect_equal((kept.mount_relative_path, kept.buffer()), ("notes/a.txt", b"by the session"))
        expect_equal([item.mount_relative_path for item in files.list().items], ["notes/a.txt"])
        expect_equal(files.download("notes/a.txt").text(), "by the session")
        files.delete("notes/a.txt")
        expect_equal(files.list().items, [])


def _connecting(world: World) -> None:
    with world.step("a newcomer connects by the session's link, and the session uses the account"):
        session = world.composio.create(user_id=NEWCOMER, toolkits=["github"])
        expect(not session.toolkits().items[0].connection.is_active, "connected before")
        request = session.authorize("github", callback_url=world.app_url)
        landed = world.person_consents(request.redirect_url, OCTOCAT)
        expect(f"connected_account_id={request.id}" in landed["url"], landed)
        expect_equal(request.wait_for_connection(timeout=10).status, "ACTIVE")
        expect_equal(session.toolkits().items[0].connection.connected_account.id, request.id)
        world.composio.connected_accounts.delete(request.id)


def _leaving(world: World) -> None:
    with world.step("another project's session is unknown, and a removed one is gone"):
        path = f"{world.prefix}/tool_router/session/{world.session.session_id}"
        gone = world.composio.client.delete(path, cast_to=object)
        expect_equal((gone["session_id"], gone["deleted"]), (world.session.session_id, True))
        with expect_error(NotFoundError):
            world.composio.use(world.session.session_id)
