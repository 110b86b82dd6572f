"""Finding tools and handing them to a model."""

from composio import exceptions
from composio_client import NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import World


def visit(world: World) -> None:
    tools = world.composio.tools

    with world.step("tools of a toolkit come in the shape that OpenAI takes"):
        got = tools.get(world.user, toolkits=["github"], limit=200)
        functions = {tool["function"]["name"]: tool["function"] for tool in got}
        expect("GITHUB_GET_THE_AUTHENTICATED_USER" in functions, sorted(functions))
        parameters = functions["GITHUB_GET_A_REPOSITORY"]["parameters"]
        expect({"owner", "repo"} <= set(parameters["required"]), parameters)

    with world.step("tools are limited in number"):
        expect_equal(len(tools.get(world.user, toolkits=["github"], limit=3)), 3, "tools")

    with world.step("a tool is found by slug, and an alias leads to it"):
        [tool] = tools.get(world.user, tools=["HACKERNEWS_GET_USER"])
        expect_equal(tool["function"]["name"], "HACKERNEWS_GET_USER")
        expect("username" in tool["function"]["parameters"]["properties"], tool)
        expect_equal(tools.get_raw_composio_tool_by_slug("GITHUB_CREATE_ISSUE").toolkit.slug, "github")

    with world.step("tools are found by what they do"):
        found = [tool["function"]["name"] for tool in tools.get(world.user, search="star a repository", limit=5)]
        expect("GITHUB_STAR_A_REPOSITORY_FOR_THE_AUTHENTICATED_USER" in found, found)

    with world.step("a tool carries its schemas, toolkit and version"):
        tool = tools.get_raw_composio_tool_by_slug("HACKERNEWS_GET_USER")
        expect_equal((tool.slug, tool.toolkit.slug), ("HACKERNEWS_GET_USER", "hackernews"))
        expect_equal(tool.input_parameters["type"], "object")
        expect("properties" in tool.output_parameters, tool.output_parameters)
        expect(tool.version and tool.version != "latest", tool.version)
        world.hackernews_version = tool.version

    with world.step("every tool passes the SDK's own validation"):
        for toolkit in world.composio.toolkits.list(limit=1000).items:
            got = tools.get(world.user, toolkits=[toolkit.slug], limit=1000)
            expect_equal(len(got), toolkit.meta.tools_count, f"tools of {toolkit.slug}")

    with world.step("an operator's own toolkit has its tools beside the others"):
        names = {tool["function"]["name"] for tool in tools.get(world.user, toolkits=["acme"])}
        expect_equal(names, {"ACME_GET_ME", "ACME_CREATE_NOTE", "ACME_KEEP_FILE", "ACME_FETCH_FILE"}, "tools")

    with world.step("an unknown tool is the SDK's own error"):
        # 0.29 turns the 404 into an error of its own.
        with expect_error(NotFoundError if world.speaks_v3_only else exceptions.ToolNotFoundError):
            tools.get_raw_composio_tool_by_slug("GITHUB_NO_SUCH_TOOL")
