"""Who is let in, and who sees whose accounts."""

from composio_client import AuthenticationError, BadRequestError, NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import World, error_body


def visit(world: World) -> None:
    with world.step("a wrong API key is a 401 with the error object"):
        with expect_error(AuthenticationError) as caught:
            world.sdk("ak_" + "0" * 32).toolkits.list(limit=1)
        expect_equal(error_body(caught.error)["status"], 401)

    neighbour = world.sdk(world.other_project_api_key)

    with world.step("another project sees the toolkits but none of the accounts and auth configs"):
        expect("github" in {item.slug for item in neighbour.toolkits.list(limit=100).items}, "no toolkits")
        expect_equal(neighbour.connected_accounts.list().items, [], "accounts")
        expect_equal(neighbour.auth_configs.list().items, [], "auth configs")

    with world.step("another project cannot read, change or delete them by id"):
        accounts, configs = neighbour.connected_accounts, neighbour.auth_configs
        for attempt in (
            lambda: accounts.get(world.oauth_account),
            lambda: accounts.disable(world.oauth_account),
            lambda: accounts.refresh(world.oauth_account),
            lambda: accounts.delete(world.oauth_account),
            lambda: configs.get(world.oauth_config),
            lambda: configs.disable(world.oauth_config),
            lambda: configs.delete(world.oauth_config),
        ):
            with expect_error(NotFoundError):
                attempt()
        expect_equal(world.composio.connected_accounts.get(world.oauth_account).status, "ACTIVE")
        expect_equal(world.composio.auth_configs.get(world.oauth_config).status, "ENABLED")

    with world.step("another project cannot use them, not even in the user's name"):
        before = len(world.calls("repositories"))
        for options in ({"user_id": world.user}, {"user_id": world.user, "connected_account_id": world.oauth_account}):
            with expect_error(BadRequestError, NotFoundError):
                neighbour.tools.execute("GITHUB_GET_THE_AUTHENTICATED_USER", {},
                                        dangerously_skip_version_check=True, **options)
        with expect_error(BadRequestError, NotFoundError):
            neighbour.tools.proxy(endpoint="/user", method="GET", connected_account_id=world.oauth_account)
        expect_equal(len(world.calls("repositories")), before, "calls upstream")
