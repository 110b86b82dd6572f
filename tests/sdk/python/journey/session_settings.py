"""What a session's settings do: which tools, accounts and auth configs it works with, and how it shows them."""

import json
import urllib.request

from composio_client import APIStatusError, NotFoundError

from .custom_tools import AgentProvider
from .steps import expect, expect_equal, expect_error
from .world import World, error_body

WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"
MULTI_EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"


def visit(world: World) -> None:
    _limits(world)
    _accounts(world)
    _toolkits(world)
    _an_agents_tools(world)
    _large_results(world)
    _mcp(world)
    if world.speaks_v3_only:
        world.not_in_this_version("a session is removed", "the SDK has no call for it")
    else:
        _removing(world)


def forbidden(call) -> str:
    """The message of a refusal by the session's rules."""
    with expect_error(APIStatusError) as caught:
        call()
    expect_equal(caught.error.status_code, 403, "status")
    return error_body(caught.error)["message"]


def _limits(world: World) -> None:
    composio = world.composio

    with world.step("a session lets through the tools that it names, and those with the tags it asks for"):
        tools = {"github": {"enable": [WHO_AM_I]}, "hackernews": {"tags": ["readOnlyHint"]}, "acme": ["ACME_GET_ME"]}
        session = composio.create(user_id=world.user, toolkits=["github", "hackernews", "acme"], tools=tools)
        expect_equal(session.execute(WHO_AM_I, arguments={}).data["login"], "octocat")
        expect_equal(session.execute("HACKERNEWS_GET_USER", arguments={"username": "pg"}).error, None)
        said = forbidden(lambda: session.execute("GITHUB_CREATE_AN_ISSUE", arguments={}))
        expect("tools.github.enable" in said, said)
        said = forbidden(lambda: session.execute("ACME_CREATE_NOTE", arguments={"title": "no"}))
        expect("tools.acme.enable" in said, said)

    with world.step("a session without some toolkits has all others"):
        session = composio.create(user_id=world.user, toolkits={"disable": ["github"]})
        expect("toolkits.disable" in forbidden(lambda: session.execute(WHO_AM_I, arguments={})), "another rule")
        expect_equal(session.execute("HACKERNEWS_GET_USER", arguments={"username": "pg"}).error, None)


def _accounts(world: World) -> None:
    composio = world.composio

    with world.step("a session works with the account that it is given, or the newest of an auth config"):
        given = {"connected_accounts": {"acme": world.token_account}}
        session = composio.create(user_id=world.user, toolkits=["acme"], **given)
        expect_equal(session.execute("ACME_GET_ME", arguments={}).data["way"], "token")
        by_config = composio.create(user_id=world.user, toolkits=["acme"], auth_configs={"acme": world.key_config})
        expect_equal(by_config.execute("ACME_GET_ME", arguments={}).data["way"], "key")

    with world.step("with several accounts a call says which"):
        several = {"enable": True, "require_explicit_selection": True}
        session = composio.create(user_id=world.user, toolkits=["acme"], multi_account=several)
        with expect_error(APIStatusError) as caught:
            session.execute("ACME_GET_ME", arguments={})
        expect("say which" in error_body(caught.error)["message"], caught.error)
        if world.speaks_v3_only:
            call = {"tool_slug": "ACME_GET_ME", "arguments": {}, "account": world.basic_account}
            path = f"{world.prefix}/tool_router/session/{session.session_id}/execute"
            came = composio.client.post(path, cast_to=object, body=call)
            expect_equal(came["data"]["way"], "password")
        else:
            came = session.execute("ACME_GET_ME", arguments={}, account=world.basic_account)
            expect_equal(came.data["way"], "password")

    with world.step("a link of the session gives its account an alias"):
        session = composio.create(user_id="session-alias", toolkits=["github"])
        request = session.authorize("github", alias="spare")
        expect_equal(composio.connected_accounts.get(request.id).alias, "spare")
        composio.connected_accounts.delete(request.id)


def _toolkits(world: World) -> None:
    with world.step("a session's toolkits are filtered, searched and paged"):
        session = world.composio.create(user_id=world.user, toolkits=["github", "hackernews", "acme", "ledger"])

        def shown(**options) -> set[str]:
            return {item.slug for item in session.toolkits(**options).items}

        expect_equal(shown(toolkits=["acme", "ledger"]), {"acme", "ledger"})
        expect_equal(shown(is_connected=True, toolkits=["github", "ledger"]), {"github"})
        expect_equal(shown(search="hacker"), {"hackernews"})
        first = session.toolkits(limit=3)
        second = session.toolkits(limit=3, next_cursor=first.next_cursor)
        expect_equal((len(first.items), len(second.items), first.total_pages), (3, 1, 2))
        expect_equal(second.next_cursor, None)


def _an_agents_tools(world: World) -> None:
    composio = world.sdk(world.api_key, provider=AgentProvider())

    with world.step("an agent's tools execute through its session"):
        tools = composio.create(user_id=world.user, toolkits=["github"], manage_connections=False).tools()
        expect("COMPOSIO_MANAGE_CONNECTIONS" not in tools, list(tools))
        found = tools["COMPOSIO_SEARCH_TOOLS"]({"queries": [{"use_case": "who am i on github"}]})
        expect(found["successful"] and found["data"]["results"], found)
        calls = [{"tool_slug": WHO_AM_I, "arguments": {}}, {"tool_slug": "HACKERNEWS_GET_USER", "arguments": {}}]
        came = tools[MULTI_EXECUTE]({"tools": calls, "sync_response_to_workbench": False})
        own, foreign = came["data"]["results"]
        expect_equal(own["response"]["data"]["login"], "octocat")
        expect("toolkits.enable" in foreign["error"], foreign)

    if world.speaks_v3_only:
        world.not_in_this_version("tools are preloaded, and meta tools left out", "its sessions have the meta tools alone")
        return

    with world.step("tools are preloaded beside the meta tools, or stand in for them"):
        preloaded = composio.create(user_id=world.user, toolkits=["github"], preload={"tools": [WHO_AM_I]}).tools()
        expect({WHO_AM_I, "COMPOSIO_SEARCH_TOOLS"} <= set(preloaded), list(preloaded))
        came = preloaded[WHO_AM_I]({})
        expect_equal((came["successful"], came["data"]["login"]), (True, "octocat"))
        direct = composio.create(user_id=world.user, toolkits=["hackernews"], session_preset="direct_tools").tools()
        expect("HACKERNEWS_GET_USER" in direct and not any(slug.startswith("COMPOSIO_") for slug in direct), list(direct))

    with world.step("a meta tool is executed through the session by name"):
        session = composio.create(user_id=world.user, toolkits=["github"])
        came = session.execute_meta("COMPOSIO_GET_TOOL_SCHEMAS", arguments={"tool_slugs": [WHO_AM_I]})
        expect_equal((came.result_type, list(came.data["tool_schemas"])), ("completed", [WHO_AM_I]))


def _large_results(world: World) -> None:
    with world.step("large results go into a file where the session and the call say so"):
        session = world.composio.create(user_id=world.user, toolkits=["github"], workbench={"auto_offload_threshold": 40})
        path = f"{world.prefix}/tool_router/session/{session.session_id}"

        def executed(door: str, **call) -> dict:
            return world.composio.client.post(f"{path}/{door}", cast_to=object, body=call)["data"]

        # No SDK has an argument for it.
        call = {"tool_slug": WHO_AM_I, "arguments": {}}
        expect_equal(executed("execute", **call)["login"], "octocat")
        short = executed("execute", **call, enable_auto_workbench_offload=True)
        expect(short["preview"]["full_characters"] > 40 and len(json.dumps(short["data"])) < 80, short)
        expect_equal(_fetched(short)["login"], "octocat")
        several = executed("execute_meta", slug=MULTI_EXECUTE, arguments={"tools": [call]})
        expect_equal(_fetched(several)["results"][0]["response"]["data"]["login"], "octocat")


def _fetched(told: dict) -> dict:
    with urllib.request.urlopen(told["remote_file_info"]["download_url"], timeout=20) as answer:
        return json.load(answer)


def _mcp(world: World) -> None:
    with world.step("the session's MCP endpoint lists and calls what the session has"):
        session = world.composio.create(
            user_id=world.user, toolkits=["github"], **({} if world.speaks_v3_only else {"mcp": True})
        )
        listed = _rpc(session.mcp, "tools/list", {})
        expect("COMPOSIO_SEARCH_TOOLS" in {tool["name"] for tool in listed["tools"]}, listed)
        calls = {"tools": [{"tool_slug": WHO_AM_I, "arguments": {}}], "sync_response_to_workbench": False}
        called = _rpc(session.mcp, "tools/call", {"name": MULTI_EXECUTE, "arguments": calls})
        expect_equal((called["isError"], "octocat" in json.dumps(called["structuredContent"])), (False, True))


def _rpc(mcp, method: str, params: dict) -> dict:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    headers = {**mcp.headers, "content-type": "application/json", "accept": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(mcp.url, body, headers), timeout=20) as answer:
        return json.load(answer)["result"]


def _removing(world: World) -> None:
    with world.step("a session is removed, by itself or by its id"):
        for remove in (lambda session: session.delete(), lambda session: world.composio.sessions.delete(session.session_id)):
            session = world.composio.create(user_id=world.user, toolkits=["github"])
            expect(remove(session)["deleted"] is True, "not deleted")
            with expect_error(NotFoundError):
                world.composio.use(session.session_id)
            with expect_error(NotFoundError):
                session.execute(WHO_AM_I, arguments={})
