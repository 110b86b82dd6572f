"""Tools that run in the app, declared to a session so that its agent finds and calls them beside the server's."""

from composio.core.provider import AgenticProvider
from pydantic import BaseModel, Field

from .steps import expect, expect_equal
from .world import World

WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"
MULTI_EXECUTE = "COMPOSIO_MULTI_EXECUTE_TOOL"


class Said(BaseModel):
    """What the custom tools take."""

    sentence: str = Field(..., description="What to say.")


class AgentProvider(AgenticProvider, name="journey"):
    """An agent's tools by slug, each a function that executes it."""

    def wrap_tools(self, tools, execute_tool):
        return {tool.slug: lambda arguments, slug=tool.slug: execute_tool(slug, arguments) for tool in tools}


def visit(world: World) -> None:
    composio = world.sdk(world.api_key, provider=AgentProvider())
    own = _tools(composio, preload={} if world.speaks_v3_only else {"preload": True})

    with world.step("custom tools are declared to a session and get their slugs"):
        world.custom_session = composio.create(user_id=world.user, toolkits=["github"], experimental=own)
        slugs = {tool.slug for tool in world.custom_session.custom_tools()}
        expect_equal(slugs, {"LOCAL_SHOUT_LOUDLY", "LOCAL_GITHUB_TELL_OWNER", "LOCAL_DESK_WHISPER_SOFTLY"})
        [desk] = world.custom_session.custom_toolkits()
        expect_equal([tool.slug for tool in desk.tools], ["LOCAL_DESK_WHISPER_SOFTLY"])

    with world.step("a custom tool runs in the app, by either slug"):
        for slug in ("SHOUT_LOUDLY", "LOCAL_SHOUT_LOUDLY"):
            expect_equal(_done(world.custom_session.execute(slug, arguments={"sentence": "hey"})), {"said": "HEY"})

    with world.step("a custom tool reaches its toolkit, the session's tools and its siblings"):
        told = _done(world.custom_session.execute("LOCAL_GITHUB_TELL_OWNER", arguments={"sentence": "mine"}))
        expect_equal(told, {"by_proxy": "octocat", "by_tool": "octocat", "sibling": "MINE", "user": world.user})

    with world.step("a search finds custom tools"):
        found = world.custom_session.search(query="shout a sentence loudly")
        expect("LOCAL_SHOUT_LOUDLY" in found.results[0].primary_tool_slugs, found.results[0])

    with world.step("an agent calls custom tools and the server's in one call"):
        calls = [("LOCAL_SHOUT_LOUDLY", {"sentence": "a"}), (WHO_AM_I, {}), ("LOCAL_DESK_WHISPER_SOFTLY", {"sentence": "B"})]
        tools = [{"tool_slug": slug, "arguments": arguments} for slug, arguments in calls]
        came = world.custom_session.tools()[MULTI_EXECUTE]({"tools": tools, "sync_response_to_workbench": False})
        expect(came["successful"], came)
        # In the order of the call since 0.13; before that, what the server executed comes first.
        data = {one["tool_slug"]: one["response"]["data"] for one in came["data"]["results"]}
        expect_equal((data[calls[0][0]], data[WHO_AM_I]["login"], data[calls[2][0]]), ({"said": "A"}, "octocat", {"said": "b"}))

    if world.speaks_v3_only:
        world.not_in_this_version("custom tools are preloaded, and bound again", "its use() takes no custom tools")
        return

    with world.step("a preloaded custom tool is among the agent's own"):
        tools = world.custom_session.tools()
        expect_equal(tools["LOCAL_SHOUT_LOUDLY"]({"sentence": "direct"})["data"], {"said": "DIRECT"})
        expect("LOCAL_GITHUB_TELL_OWNER" not in tools, list(tools))

    with world.step("custom tools are bound to a session that is found again"):
        again = composio.use(world.custom_session.session_id, **own)
        expect_equal(_done(again.execute("SHOUT_LOUDLY", arguments={"sentence": "again"})), {"said": "AGAIN"})
        found = again.search(query="whisper a sentence softly")
        expect("LOCAL_DESK_WHISPER_SOFTLY" in found.results[0].primary_tool_slugs, found.results[0])
        without = composio.use(world.custom_session.session_id)
        expect_equal(without.custom_tools(), [])


def _tools(composio, preload: dict) -> dict:
    @composio.experimental.tool(**preload)
    def shout_loudly(input: Said, ctx):
        """Shouts a sentence loudly."""
        return {"said": input.sentence.upper()}

    @composio.experimental.tool(extends_toolkit="github")
    def tell_owner(input: Said, ctx):
        """Tells whose GitHub account the session works with."""
        answer = ctx.proxy_execute(toolkit="github", endpoint="/user", method="GET")
        return {
            "by_proxy": (answer["data"] if isinstance(answer, dict) else answer.data)["login"],
            "by_tool": ctx.execute(WHO_AM_I, {}).data["login"],
            "sibling": ctx.execute("SHOUT_LOUDLY", {"sentence": input.sentence}).data["said"],
            "user": ctx.user_id,
        }

    desk = composio.experimental.Toolkit(slug="DESK", name="Desk", description="What lies on the app's desk.")

    @desk.tool()
    def whisper_softly(input: Said, ctx):
        """Whispers a sentence softly."""
        return {"said": input.sentence.lower()}

    return {"custom_tools": [shout_loudly, tell_owner], "custom_toolkits": [desk]}


def _done(result) -> dict:
    expect(result.error is None, result)
    return result.data
