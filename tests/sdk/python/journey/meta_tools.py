"""The meta tools, as handlers of OpenAI's kind call them: found by slug, executed for a user without a session."""

from composio_client import APIStatusError

from .steps import expect, expect_equal, expect_error
from .world import World

SLUGS = [
    "COMPOSIO_SEARCH_TOOLS",
    "COMPOSIO_GET_TOOL_SCHEMAS",
    "COMPOSIO_MANAGE_CONNECTIONS",
    "COMPOSIO_WAIT_FOR_CONNECTIONS",
    "COMPOSIO_MULTI_EXECUTE_TOOL",
    "COMPOSIO_UPSERT_RECIPE",
    "COMPOSIO_GET_RECIPE",
    "COMPOSIO_REMOTE_WORKBENCH",
    "COMPOSIO_REMOTE_BASH_TOOL",
]
WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"
NEWCOMER = "meta-tools-newcomer"


def visit(world: World) -> None:
    _finding(world)
    _connecting(world)
    _executing(world)
    _recipes(world)


def succeeded(result: dict) -> dict:
    expect(result["successful"] is True and result["error"] is None, result)
    return result["data"]


def _finding(world: World) -> None:
    with world.step("the meta tools are got by slug"):
        got = world.composio.tools.get(world.user, tools=SLUGS)
        expect_equal({tool["function"]["name"] for tool in got}, set(SLUGS), "slugs")

    with world.step("a search tells tools, schemas, the plan and who is connected"):
        queries = [{"use_case": "create an issue on github"}, {"use_case": "send a slack message"}]
        arguments = {"queries": queries, "session": {"generate_id": True}}
        found = succeeded(world.run("COMPOSIO_SEARCH_TOOLS", arguments))
        expect_equal(found["results"][0]["primary_tool_slugs"][0], "GITHUB_CREATE_AN_ISSUE")
        schema = found["tool_schemas"]["GITHUB_CREATE_AN_ISSUE"]
        expect("title" in schema["input_schema"]["properties"], schema)
        expect(found["results"][0]["recommended_plan_steps"], found["results"][0])
        connected = {one["toolkit"]: one["has_active_connection"] for one in found["toolkit_connection_statuses"]}
        expect_equal((connected["github"], connected["slack"]), (True, False), "connected")
        world.workflow = found["session"]["id"]

    with world.step("schemas are given for slugs, and an unknown one is told with what is near"):
        arguments = {"tool_slugs": [WHO_AM_I, "GITHUB_CREATE_A_ISSUE"]}
        found = succeeded(world.run("COMPOSIO_GET_TOOL_SCHEMAS", arguments))
        expect_equal(found["not_found"], ["GITHUB_CREATE_A_ISSUE"])
        expect("GITHUB_CREATE_AN_ISSUE" in found["suggestions"]["GITHUB_CREATE_A_ISSUE"], found["suggestions"])


def _connecting(world: World) -> None:
    with world.step("connections are told, and a link is made for what is missing"):
        arguments = {"toolkits": ["github"], "session_id": world.workflow}
        own = succeeded(world.run("COMPOSIO_MANAGE_CONNECTIONS", arguments))
        expect_equal(own["results"]["github"]["status"], "active")
        nobody = succeeded(world.run("COMPOSIO_MANAGE_CONNECTIONS", arguments, user_id=NEWCOMER))
        expect_equal(nobody["results"]["github"]["status"], "initiated")
        expect(nobody["results"]["github"]["redirect_url"].startswith("http"), nobody)
        waiting = {"toolkits": ["github"], "timeout_seconds": 0}
        still = succeeded(world.run("COMPOSIO_WAIT_FOR_CONNECTIONS", waiting, user_id=NEWCOMER))
        expect_equal(still["results"]["github"]["status"], "INITIATED")


def _executing(world: World) -> None:
    with world.step("several tools run side by side, and a failure stops no other"):
        tools = [
            {"tool_slug": WHO_AM_I, "arguments": {}},
            {"tool_slug": "HACKERNEWS_GET_USER", "arguments": {}},
            {"tool_slug": "HACKERNEWS_GET_USER", "arguments": {"username": "pg"}},
        ]
        result = world.run("COMPOSIO_MULTI_EXECUTE_TOOL", {"tools": tools, "sync_response_to_workbench": False})
        expect_equal((result["successful"], result["error"]), (False, "1 out of 3 tools failed"))
        results = result["data"]["results"]
        expect_equal(results[0]["response"]["data"]["login"], "octocat")
        expect("username" in results[1]["error"], results[1])
        expect(results[2]["response"]["successful"] is True, results[2])

    with world.step("another user has nothing of it"):
        arguments = {"tools": [{"tool_slug": WHO_AM_I, "arguments": {}}], "sync_response_to_workbench": False}
        result = world.run("COMPOSIO_MULTI_EXECUTE_TOOL", arguments, user_id="meta-tools-nobody")
        expect(result["data"]["results"][0]["error"].startswith("No connected account found"), result)


def _recipes(world: World) -> None:
    with world.step("a recipe is saved, shown and executed by its slug"):
        steps = [{"id": "user", "tool_slug": "HACKERNEWS_GET_USER", "arguments": {"username": "{{params.who}}"}}]
        schema = {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]}
        recipe = {"name": "Who said it", "input_schema": schema, "steps": steps}
        saved = succeeded(world.run("COMPOSIO_UPSERT_RECIPE", recipe))
        shown = succeeded(world.run("COMPOSIO_GET_RECIPE", {"recipe_slug": saved["recipe_slug"]}))
        expect_equal(shown["steps"], steps)
        call = {"tool_slug": saved["recipe_slug"], "arguments": {"who": "pg"}}
        arguments = {"tools": [call], "sync_response_to_workbench": False}
        came = succeeded(world.run("COMPOSIO_MULTI_EXECUTE_TOOL", arguments))
        expect("157316" in str(came["results"][0]["response"]["data"]["steps"]["user"]), came)

    with world.step("what needs a sandbox says that it is not built"):
        with expect_error(APIStatusError) as caught:
            world.run("COMPOSIO_REMOTE_BASH_TOOL", {"command": "ls"})
        expect_equal(getattr(caught.error, "status_code", None), 501, "status")
