"""A session that changes: each setting by itself, by version, and the versions that were."""

from composio_client import ConflictError

from .session_settings import forbidden
from .steps import expect, expect_equal, expect_error
from .world import World

WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"


def visit(world: World) -> None:
    if world.speaks_v3_only:
        world.not_in_this_version("a session changes", "sessions of /api/v3 never change")
        return
    _rules(world)
    _accounts(world)
    _showing(world)
    _versions(world)


def _session(world: World):
    return world.composio.create(user_id=world.user, toolkits=["github", "acme", "hackernews"])


def _who(session):
    return session.execute(WHO_AM_I, arguments={})


def _rules(world: World) -> None:
    with world.step("a changed session lets other tools through, from the next call on"):
        session = _session(world)
        session.update(tools={"github": {"enable": ["GITHUB_CREATE_AN_ISSUE"]}})
        expect("tools.github.enable" in forbidden(lambda: _who(session)), "another rule")
        session.update(tools={"github": {"tags": {"disable": ["readOnlyHint"]}}})
        expect("tools.github.tags.disable" in forbidden(lambda: _who(session)), "another rule")
        session.update(tools={})
        expect_equal(_who(session).data["login"], "octocat")

    with world.step("a changed session lets other tags and toolkits through"):
        session = _session(world)
        session.update(tags={"disable": ["readOnlyHint"]})
        expect("tags.disable" in forbidden(lambda: _who(session)), "another rule")
        session.update(tags=None)
        expect_equal(_who(session).data["login"], "octocat")
        session.update(toolkits={"enable": ["hackernews"]})
        expect("toolkits.enable" in forbidden(lambda: _who(session)), "another rule")
        expect_equal([item.slug for item in session.toolkits().items], ["hackernews"])
        session.update(toolkits={"disable": ["hackernews"]})
        expect_equal(_who(session).data["login"], "octocat")


def _accounts(world: World) -> None:
    with world.step("a changed session works with other accounts and auth configs"):
        session = _session(world)

        def way() -> str:
            return session.execute("ACME_GET_ME", arguments={}).data["way"]

        for account, expected in ((world.token_account, "token"), (world.basic_account, "password")):
            session.update(connected_accounts={"acme": [account]})
            expect_equal(way(), expected)
        expect_equal(session.config.connected_accounts, {"acme": [world.basic_account]})
        session.update(connected_accounts=None, auth_configs={"acme": world.key_config})
        expect_equal((way(), session.config.auth_configs), ("key", {"acme": world.key_config}))


def _showing(world: World) -> None:
    with world.step("a changed session shows its agent other tools, and what is not named stays"):
        session = _session(world)
        session.update(
            preload={"tools": [WHO_AM_I]}, manage_connections={"enable": False}, sandbox={"enable": False},
            multi_account={"enable": True, "max_accounts_per_toolkit": 3},
        )
        got = {tool["function"]["name"] for tool in session.tools()}
        expect(WHO_AM_I in got and not got & {"COMPOSIO_MANAGE_CONNECTIONS", "COMPOSIO_REMOTE_BASH_TOOL"}, got)
        session.update(manage_connections={"enable": True, "callback_url": world.app_url})
        session.update(manage_connections={"callback_url": None})
        expect("COMPOSIO_MANAGE_CONNECTIONS" in {tool["function"]["name"] for tool in session.tools()}, "not shown")
        config = session.config
        expect_equal(config.preload.tools, [WHO_AM_I])
        expect_equal((config.multi_account.enable, config.multi_account.max_accounts_per_toolkit), (True, 3))
        expect_equal(config.workbench.enable, False)


def _versions(world: World) -> None:
    with world.step("a session changes by version, an old version is told, and all are in its history"):
        session = _session(world)
        session.update(toolkits={"enable": ["hackernews"]}, expected_config_version=1)
        expect_equal(session.config_version, 2)
        with expect_error(Exception) as caught:
            session.update(toolkits={"enable": ["github"]}, expected_config_version=1)
        expect(isinstance(caught.error, ConflictError) or "no longer at version 1" in str(caught.error), caught.error)
        history = session.list_config_history().items
        expect_equal([(item.version, item.is_current) for item in history], [(2, True), (1, False)])
        expect_equal([list(item.config.toolkits.enabled) for item in history], [["hackernews"], ["github", "acme", "hackernews"]])
        first = session.list_config_history(limit=1)
        rest = session.list_config_history(limit=1, cursor=first.next_cursor)
        expect_equal([item.version for item in rest.items], [1])
