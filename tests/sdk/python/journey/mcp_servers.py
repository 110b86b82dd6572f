"""MCP servers: chosen tools under a URL for MCP clients."""

import json
import urllib.request

from .steps import expect, expect_equal
from .world import World

WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"


def visit(world: World) -> None:
    mcp = world.composio.mcp

    with world.step("an MCP server is made, read and found in the list"):
        world.mcp_server = mcp.create("Journey server", toolkits=["github"], allowed_tools=[WHO_AM_I])
        shown = mcp.get(world.mcp_server.id)
        expect_equal((shown.name, shown.allowed_tools), ("Journey server", [WHO_AM_I]))
        listed = mcp.list(toolkits="github", name="journey")
        expect(any(item.id == shown.id for item in listed["items"]), listed)

    with world.step("a user's URL of it lists and calls its tools"):
        url = mcp.generate(world.user, world.mcp_server.id)["url"]
        listed = _rpc(world, url, "tools/list", {})
        expect_equal([tool["name"] for tool in listed["tools"]], [WHO_AM_I])
        called = _rpc(world, url, "tools/call", {"name": WHO_AM_I, "arguments": {}})
        expect_equal((called["isError"], called["structuredContent"]["data"]["login"]), (False, "octocat"))

    with world.step("an MCP server is renamed and deleted"):
        expect_equal(mcp.update(world.mcp_server.id, name="Other name").name, "Other name")
        expect_equal(mcp.delete(world.mcp_server.id)["deleted"], True)


def _rpc(world: World, url: str, method: str, params: dict) -> dict:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    headers = {"x-api-key": world.api_key, "content-type": "application/json", "accept": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
        return json.load(answer)["result"]
