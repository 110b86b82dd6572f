"""An API that the project describes itself: imported, connected, executed, removed."""

from composio.core.models.connected_accounts import auth_scheme

from .steps import expect_equal
from .world import World


def description(world: World) -> dict:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Anvil notes", "version": "1"},
        "servers": [{"url": f"{world.services_url}/acme"}],
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Acme-Key"}}},
        "security": [{"key": []}],
        "paths": {"/notes": {"post": {
            "operationId": "createNote",
            "summary": "Create a note",
            "description": "Keeps a note about an anvil in the works.",
            "requestBody": {"required": True, "content": {"application/json": {"schema": {
                "type": "object", "required": ["title"], "properties": {"title": {"type": "string"}},
            }}}},
            "responses": {"201": {"description": "the note"}},
        }}},
    }


def visit(world: World) -> None:
    composio = world.composio
    path = f"{world.prefix}/toolkits"

    with world.step("a project imports an API by its description"):
        made = composio.client.post(
            f"{path}/import", cast_to=object, body={"document": description(world), "slug": "anvils"}
        )
        expect_equal((made["slug"], made["tools_count"], made["skipped"]), ("anvils", 1, []))
        own = composio.toolkits.list(managed_by="project").items
        expect_equal([(item.slug, item.meta.tools_count) for item in own], [("anvils", 1)])

    with world.step("an imported tool is found, connected to and executed like any other"):
        found = composio.tools.get_raw_composio_tools(search="note about an anvil in the works", limit=5)
        expect_equal(found[0].slug, "ANVILS_CREATE_A_NOTE")
        world.anvils_config = composio.auth_configs.create(
            "anvils", options={"type": "use_custom_auth", "auth_scheme": "API_KEY", "credentials": {}}
        )
        key = auth_scheme.api_key({"generic_api_key": world.acme["key"]})
        account = composio.connected_accounts.initiate(world.user, world.anvils_config.id, config=key)
        expect_equal(account.status, "ACTIVE")
        result = world.run("ANVILS_CREATE_A_NOTE", {"title": "heavy"})
        expect_equal((result["successful"], result["data"]["title"]), (True, "heavy"))

    with world.step("an imported toolkit is removed when nobody connects to it any more"):
        composio.auth_configs.delete(world.anvils_config.id)
        composio.client.delete(f"{path}/anvils", cast_to=object)
        expect_equal(composio.toolkits.list(managed_by="project").items, [])
