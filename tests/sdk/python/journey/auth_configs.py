"""Saying how the app's users will prove who they are."""

from composio_client import NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import World


def visit(world: World) -> None:
    auth_configs = world.composio.auth_configs

    with world.step("an auth config is created for the customer's own OAuth app"):
        created = auth_configs.create("github", options={
            "type": "use_custom_auth",
            "name": "our own app",
            "auth_scheme": "OAUTH2",
            "credentials": {**world.oauth_client, "scopes": ["repo", "user"]},
        })
        expect(created.id.startswith("ac_"), created)
        expect_equal((created.auth_scheme, created.is_composio_managed), ("OAUTH2", False))
        world.oauth_config = created.id

    for attribute, scheme in (("key_config", "API_KEY"), ("token_config", "BEARER_TOKEN"), ("basic_config", "BASIC")):
        with world.step(f"an auth config is created for {scheme}"):
            options = {"type": "use_custom_auth", "name": f"acme {scheme}", "auth_scheme": scheme, "credentials": {}}
            created = auth_configs.create("acme", options=options)
            expect_equal((created.auth_scheme, created.is_composio_managed), (scheme, False))
            setattr(world, attribute, created.id)

    with world.step("an auth config is created for the operator's OAuth app"):
        created = auth_configs.create("github", options={"type": "use_composio_managed_auth"})
        expect_equal((created.auth_scheme, created.is_composio_managed), ("OAUTH2", True))
        world.managed_config = created.id

    with world.step("auth configs are listed by toolkit and by who manages them"):
        listed = {item.id for item in auth_configs.list(toolkit_slug="github").items}
        expect({world.oauth_config, world.managed_config} <= listed, listed)
        expect(world.key_config not in listed, "an auth config of another toolkit")
        managed = {item.id for item in auth_configs.list(is_composio_managed=True).items}
        expect(world.managed_config in managed and world.oauth_config not in managed, managed)

    with world.step("an auth config is read back without its secret"):
        got = auth_configs.get(world.oauth_config)
        expect_equal((got.id, got.status, got.toolkit.slug), (world.oauth_config, "ENABLED", "github"))
        expect_equal(got.name, "our own app")
        expect(world.oauth_client["client_secret"] not in str(got), "the client secret came back")

    with world.step("an auth config is updated"):
        wrong = {"client_id": "mistyped", "client_secret": "mistyped-as-well"}
        auth_configs.update(world.oauth_config, options={"type": "custom", "credentials": wrong})
        expect_equal(auth_configs.get(world.oauth_config).credentials["client_id"], "mistyped")
        right = {**world.oauth_client, "scopes": ["repo", "user"]}
        auth_configs.update(world.oauth_config, options={"type": "custom", "credentials": right})

    with world.step("an auth config is disabled and enabled"):
        auth_configs.disable(world.oauth_config)
        expect_equal(auth_configs.get(world.oauth_config).status, "DISABLED")
        auth_configs.enable(world.oauth_config)
        expect_equal(auth_configs.get(world.oauth_config).status, "ENABLED")

    with world.step("a deleted auth config is gone"):
        doomed = auth_configs.create("acme", options={
            "type": "use_custom_auth", "name": "doomed", "auth_scheme": "API_KEY", "credentials": {},
        })
        auth_configs.delete(doomed.id)
        expect(doomed.id not in {item.id for item in auth_configs.list(toolkit_slug="acme").items}, "still listed")
        with expect_error(NotFoundError):
            auth_configs.get(doomed.id)
