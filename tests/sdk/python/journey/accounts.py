"""Looking after connected accounts."""

from composio_client import NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import World


def visit(world: World) -> None:
    accounts = world.composio.connected_accounts

    with world.step("accounts are listed by user, toolkit, status and auth config"):
        mine = accounts.list(user_ids=[world.user], statuses=["ACTIVE"], limit=50).items
        own = {world.oauth_account, world.key_account, world.token_account, world.basic_account}
        expect_equal({item.id for item in mine}, own, "accounts of the user")
        by_toolkit = accounts.list(user_ids=[world.user], toolkit_slugs=["GITHUB"]).items
        expect_equal([item.id for item in by_toolkit], [world.oauth_account], "by toolkit")
        by_config = accounts.list(auth_config_ids=[world.key_config], user_ids=[world.user, "nobody"]).items
        expect_equal([item.id for item in by_config], [world.key_account], "by auth config")
        expect_equal(accounts.list(user_ids=["nobody"]).items, [], "of nobody")

    with world.step("accounts are paged by cursor"):
        first = accounts.list(user_ids=[world.user], limit=2, order_by="created_at")
        second = accounts.list(user_ids=[world.user], limit=2, order_by="created_at", cursor=first.next_cursor)
        expect_equal(len({item.id for item in first.items + second.items}), 4, "accounts on two pages")

    with world.step("an account is read back without its credentials"):
        got = accounts.get(world.key_account)
        expect_equal((got.id, got.status, got.toolkit.slug), (world.key_account, "ACTIVE", "acme"))
        expect_equal(got.auth_config.id, world.key_config)
        expect_equal(got.state.auth_scheme, "API_KEY")
        expect(world.acme["key"] not in str(got), "the key came back")

    with world.step("an account is disabled, cannot be used, and is enabled"):
        accounts.disable(world.key_account)
        expect_equal(accounts.get(world.key_account).status, "INACTIVE")
        before = len(world.calls("acme"))
        try:
            result = world.run("ACME_GET_ME", {}, connected_account_id=world.key_account)
            expect(result["successful"] is False, "a disabled account was used")
        except Exception as error:
            expect(400 <= getattr(error, "status_code", 0) < 500, error)
        expect_equal(len(world.calls("acme")), before, "calls to acme")
        accounts.enable(world.key_account)
        expect_equal(accounts.get(world.key_account).status, "ACTIVE")

    with world.step("an OAuth account is refreshed"):
        before = len(world.calls("oauth", grant="refresh_token", status=200))
        refreshed = accounts.refresh(world.oauth_account)
        expect_equal((refreshed.id, refreshed.status), (world.oauth_account, "ACTIVE"))
        expect(refreshed.redirect_url is None, "a refresh token was at hand, yet the person has to consent again")
        expect_equal(len(world.calls("oauth", grant="refresh_token", status=200)), before + 1, "refreshes")

    with world.step("an alias is given to an account"):
        accounts.update(world.oauth_account, alias="work")
        expect_equal(accounts.get(world.oauth_account).alias, "work")

    with world.step("an unknown account is a 404"):
        with expect_error(NotFoundError):
            accounts.get("ca_" + "x" * 12)
