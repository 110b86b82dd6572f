"""Taking things down in the order in which people do."""

from composio_client import APIStatusError, NotFoundError

from .steps import expect, expect_error
from .world import World


def visit(world: World) -> None:
    with world.step("a deleted account is gone"):
        accounts = world.composio.connected_accounts
        accounts.delete(world.linked_account)
        with expect_error(NotFoundError):
            accounts.get(world.linked_account)
        left = {item.id for item in accounts.list(user_ids=["journey-linked"]).items}
        expect(left and world.linked_account not in left, left)

    with world.step("deleted accounts can no longer be used"):
        for account in (world.oauth_account, world.key_account, world.token_account, world.basic_account):
            accounts.delete(account)
        expect(accounts.list(user_ids=[world.user]).items == [], "accounts are left")
        with expect_error(APIStatusError):
            world.run("GITHUB_GET_THE_AUTHENTICATED_USER", {})

    with world.step("deleted auth configs are no longer listed"):
        for config in (world.managed_config, world.token_config, world.basic_config):
            world.composio.auth_configs.delete(config)
        left = {item.id for item in world.composio.auth_configs.list(limit=50).items}
        expect(left.isdisjoint({world.managed_config, world.token_config, world.basic_config}), left)
        expect(world.oauth_config in left, "another one went as well")
