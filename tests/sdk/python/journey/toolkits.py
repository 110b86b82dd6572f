"""Looking at what can be connected."""

from composio_client import NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import World, error_body


def visit(world: World) -> None:
    toolkits = world.composio.toolkits

    with world.step("toolkits are listed with what a catalogue page shows"):
        listed = {item.slug: item for item in toolkits.list(limit=100).items}
        expect({"github", "hackernews", "acme"} <= set(listed), f"listed: {sorted(listed)[:20]}")
        expect(listed["github"].name and listed["github"].meta.tools_count >= 12, listed["github"])
        expect("OAUTH2" in listed["github"].auth_schemes, listed["github"].auth_schemes)
        expect("OAUTH2" in listed["github"].composio_managed_auth_schemes, "the operator's app makes it managed")
        expect(listed["hackernews"].no_auth, "hackernews needs no account")

    with world.step("toolkits are paged by cursor"):
        seen, cursor = [], None
        for _ in range(200):
            page = toolkits.list(limit=1, sort_by="alphabetically", **({"cursor": cursor} if cursor else {}))
            seen += [item.slug for item in page.items]
            cursor = page.next_cursor
            if not cursor:
                break
        expect_equal(len(seen), len(set(seen)), "toolkits without repetition")
        expect({"acme", "github", "hackernews"} <= set(seen), seen)

    with world.step("toolkits are found by who manages them"):
        managed = toolkits.list(managed_by="project", limit=50).items
        expect("github" not in {item.slug for item in managed}, "github comes with the product")

    with world.step("a toolkit tells which fields its auth configs need"):
        github = toolkits.get(slug="github")
        expect_equal(github.slug, "github", "slug")
        modes = {details.mode: details for details in github.auth_config_details}
        required = {field.name for field in modes["OAUTH2"].fields.auth_config_creation.required}
        expect({"client_id", "client_secret"} <= required, required)

    with world.step("a toolkit is found whatever the case of its slug"):
        expect_equal(toolkits.get(slug="GITHUB").slug, "github", "slug")

    with world.step("the fields to fill are given for an auth config and for an account"):
        creation = toolkits.get_auth_config_creation_fields(toolkit="github", auth_scheme="OAUTH2", required_only=True)
        expect({"client_id", "client_secret"} <= {field.name for field in creation}, creation)
        initiation = toolkits.get_connected_account_initiation_fields(toolkit="acme", auth_scheme="API_KEY")
        expect("generic_api_key" in {field.name for field in initiation}, initiation)

    with world.step("categories are listed"):
        categories = toolkits.list_categories()
        expect(all(category.id and category.name for category in categories), categories)
        expect(len(categories) > 0, "no categories")

    with world.step("an unknown toolkit is a 404 with the error object"):
        with expect_error(NotFoundError) as caught:
            toolkits.get(slug="no_such_toolkit")
        error = error_body(caught.error)
        expect(error["message"] and error["status"] == 404 and isinstance(error["code"], int), error)
