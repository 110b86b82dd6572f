"""Pinned versions of a toolkit, and auth configs that let some tools through only."""

from composio import exceptions
from composio_client import NotFoundError, PermissionDeniedError

from .executing import succeeded
from .steps import expect, expect_equal, expect_error
from .world import World, error_body

OLD, NEW = "20261001_00", "20261115_00"
PAGES = "PRESS_LIST_PAGES"
EITHER_WAY = {"page": 2, "cursor": "c"}


def visit(world: World) -> None:
    _versions(world)
    _limits(world)


def _versions(world: World) -> None:
    def answered(sdk, **options) -> tuple:
        data = succeeded(sdk.tools.execute(PAGES, EITHER_WAY, user_id=world.user, **options))
        return data["path"], data["query"]

    before = ("/press/v1/pages", {"page": "2"})
    after = ("/press/v2/pages", {"cursor": "c"})
    pinned = world.sdk(world.api_key, toolkit_versions={"press": OLD})

    with world.step("a version named in the call is the one that runs"):
        expect_equal(answered(world.composio, version=OLD), before)
        expect_equal(answered(world.composio, version=NEW), after)

    with world.step("a version pinned on the client runs, and one in the call comes before it"):
        expect_equal(answered(pinned), before)
        expect_equal(answered(pinned, version=NEW), after)

    with world.step("without a pin the newest runs, and only if the app says that it may"):
        expect_equal(answered(world.composio, dangerously_skip_version_check=True), after)
        with expect_error(exceptions.ToolVersionRequiredError):
            world.composio.tools.execute(PAGES, {}, user_id=world.user)

    with world.step("tools are listed and looked up as the pinned version has them"):
        for sdk, version, argument in ((pinned, OLD, "page"), (world.composio, NEW, "cursor")):
            [listed] = sdk.tools.get_raw_composio_tools(toolkits=["press"])
            found = sdk.tools.get_raw_composio_tool_by_slug(PAGES)
            for tool in (listed, found):
                expect_equal((tool.version, list(tool.input_parameters["properties"])), (version, [argument]))
                expect_equal(tool.available_versions, [NEW, OLD])

    with world.step("a version that was never released is a 404 that names those that were"):
        with expect_error(NotFoundError) as caught:
            world.composio.tools.execute(PAGES, {}, user_id=world.user, version="20200101_00")
        expect(f"{NEW}, {OLD}" in error_body(caught.error)["suggested_fix"], caught.error)


def _limits(world: World) -> None:
    auth_configs = world.composio.auth_configs

    with world.step("an auth config lets only the tools that it names be executed"):
        config = auth_configs.create("acme", options={
            "type": "use_custom_auth", "name": "readers", "auth_scheme": "API_KEY", "credentials": {},
        })
        world.composio.connected_accounts.initiate("journey-reader", config.id, config={
            "auth_scheme": "API_KEY", "val": {"status": "ACTIVE", "generic_api_key": world.acme["key"]},
        })
        limit = {"tools_available_for_execution": ["ACME_GET_ME"]}
        auth_configs.update(config.id, options={"type": "custom", "credentials": {}, "tool_access_config": limit})
        shown = auth_configs.get(config.id).tool_access_config
        expect_equal(list(shown.tools_available_for_execution), ["ACME_GET_ME"])
        succeeded(world.run("ACME_GET_ME", {}, user_id="journey-reader"))
        before = len(world.calls("acme"))
        with expect_error(PermissionDeniedError) as caught:
            world.run("ACME_CREATE_NOTE", {"title": "no"}, user_id="journey-reader")
        told = error_body(caught.error)
        expect(config.id in told["message"] and "tools_available_for_execution" in told["message"], told)
        expect_equal(len(world.calls("acme")), before, "calls to acme")

    with world.step("tools are listed by what an auth config lets through"):
        listed = world.composio.client.tools.list(auth_config_ids=[config.id]).items
        expect_equal([tool.slug for tool in listed], ["ACME_GET_ME"])

    with world.step("a limit that is lifted is no limit any more"):
        nothing = {"tools_available_for_execution": []}
        auth_configs.update(config.id, options={"type": "custom", "credentials": {}, "tool_access_config": nothing})
        succeeded(world.run("ACME_CREATE_NOTE", {"title": "yes"}, user_id="journey-reader"))
