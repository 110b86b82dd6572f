"""Tools to an app's own measure: its own credentials, modifiers, custom tools, a model's calls, and the log of it all."""

import json
import time
from types import SimpleNamespace

from composio import after_execute, before_execute, schema_modifier
from pydantic import BaseModel, Field

from .executing import succeeded
from .steps import expect, expect_equal
from .world import World


def visit(world: World) -> None:
    _own_credentials(world)
    _modifiers(world)
    _for_a_model(world)
    _custom_tools(world)
    _log(world)


def _own_credentials(world: World) -> None:
    def parameter(name: str, value: str) -> dict:
        return {"in": "header", "name": name, "value": value}

    with world.step("custom_auth_params stand in for an account"):
        own = {"parameters": [parameter("x-acme-key", world.acme["key"])]}
        result = world.run("ACME_GET_ME", {}, user_id="journey-stranger", custom_auth_params=own)
        expect_equal(succeeded(result)["way"], "key")

    for spelling in ("base_url", "baseURL"):
        with world.step(f"custom_auth_params lead to another place by {spelling}"):
            own = {spelling: f"{world.services_url}/acme", "parameters": [parameter("x-acme-key", world.acme["key"])]}
            before = len(world.calls("acme", path="/acme/me"))
            result = world.run("ACME_GET_ME", {}, user_id="journey-stranger", custom_auth_params=own)
            expect_equal(succeeded(result)["way"], "key")
            expect_equal(len(world.calls("acme", path="/acme/me")), before + 1, "calls to acme")

    given = (
        ("API_KEY", {"generic_api_key": world.acme["key"]}, "key"),
        ("BEARER_TOKEN", {"token": world.acme["token"]}, "token"),
        ("BASIC", {"username": world.acme["username"], "password": world.acme["password"]}, "password"),
    )
    for scheme, values, way in given:
        with world.step(f"custom_connection_data of {scheme} stand in for an account"):
            own = {"authScheme": scheme, "toolkitSlug": "acme", "val": values}
            result = world.run("ACME_GET_ME", {}, user_id="journey-stranger", custom_connection_data=own)
            expect_equal(succeeded(result)["way"], way)


def _modifiers(world: World) -> None:
    with world.step("modifiers change what goes and what comes"):
        @before_execute(tools=["ACME_CREATE_NOTE"])
        def name_it(tool, toolkit, params):
            expect_equal((tool, toolkit), ("ACME_CREATE_NOTE", "acme"))
            params["arguments"]["title"] = "named by a modifier"
            return params

        @after_execute(tools=["ACME_CREATE_NOTE"])
        def keep_title(tool, toolkit, response):
            return {**response, "data": {"title": response["data"]["title"], "kept": True}}

        options = {"connected_account_id": world.key_account, "modifiers": [name_it, keep_title]}
        result = world.run("ACME_CREATE_NOTE", {"title": "x"}, **options)
        expect_equal(succeeded(result), {"title": "named by a modifier", "kept": True})

    with world.step("a schema modifier changes what a model sees"):
        @schema_modifier(tools=["ACME_CREATE_NOTE"])
        def shorten(tool, toolkit, schema):
            schema.description = "Writes."
            return schema

        [tool] = world.composio.tools.get(world.user, tools=["ACME_CREATE_NOTE"], modifiers=[shorten])
        expect_equal(tool["function"]["description"], "Writes.")


def _for_a_model(world: World) -> None:
    with world.step("what a model calls is executed by the provider"):
        [tool] = world.composio.tools.get(world.user, tools=["HACKERNEWS_GET_USER"])
        function = SimpleNamespace(name=tool["function"]["name"], arguments=json.dumps({"username": "pg"}))
        call = SimpleNamespace(id="call_1", type="function", function=function)
        results = world.composio.provider.execute_tool_call(user_id=world.user, tool_call=call)
        expect("157316" in str(succeeded(results)), results)


class Note(BaseModel):
    """What a custom tool takes."""

    title: str = Field(..., description="What it is about.")


def _custom_tools(world: World) -> None:
    name = "a custom tool calls its toolkit with the user's account"
    if not hasattr(world.composio.tools, "custom_tool"):
        world.not_in_this_version(name, "custom tools belong to sessions")
        return

    with world.step("a custom tool runs in the app"):
        @world.composio.tools.custom_tool
        def shout(request: Note) -> dict:
            """Says it loudly."""
            return {"said": request.title.upper()}

        result = world.composio.tools.execute("SHOUT", {"title": "hey"}, user_id=world.user)
        expect_equal(succeeded(result), {"said": "HEY"})

    with world.step(name):
        @world.composio.tools.custom_tool(toolkit="github")
        def who(request: Note, execute_request, auth_credentials) -> dict:
            """Tells whose account it is."""
            expect(auth_credentials, "no credentials")
            answer = execute_request(
                endpoint="/user", method="GET", connected_account_id=world.oauth_account,
                parameters=[{"name": "x-request-note", "value": request.title, "type": "header"}],
            )
            return {"status": answer.status, "login": answer.data["login"]}

        result = world.composio.tools.execute("GITHUB_WHO", {"title": "by hand"}, user_id=world.user)
        expect_equal(succeeded(result), {"status": 200, "login": "octocat"})
        seen = world.calls("repositories", path="/api/user")[-1]
        expect_equal(seen["headers"].get("x-request-note"), "by hand")


def _log(world: World) -> None:
    with world.step("an execution is found in the log by search and by its id"):
        filters = [{"field": "toolkit_slug", "operator": "==", "value": "press"}]
        succeeded(world.run("PRESS_LIST_PAGES", {}, user_id="journey-logged"))
        [log, *_] = _when_written(lambda: _post(world, "/logs/tool_execution", {"limit": 50, "filters": filters})["logs"])
        entry = _get(world, f"/logs/tool_execution/{log['id']}")
        expect("PRESS_LIST_PAGES" in json.dumps(entry), entry)
        if hasattr(world.composio, "logs"):
            expect_equal(world.composio.logs.get(log["id"]).id, log["id"])
            logs = world.composio.logs.search(limit=50, filters=filters).logs
            expect(log["id"] in {found.id for found in logs}, logs)


def _when_written(read):
    """Records are written in batches, a moment after the call."""
    for _ in range(50):
        found = read()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("no record was written")


def _get(world: World, path: str) -> dict:
    return world.composio.client.get(world.prefix + path, cast_to=object)


def _post(world: World, path: str, body: dict) -> dict:
    return world.composio.client.post(world.prefix + path, cast_to=object, body=body)
