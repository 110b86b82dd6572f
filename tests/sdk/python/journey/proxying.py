"""Calling a vendor's API directly, with an account's credentials."""

from composio_client import BadRequestError

from .steps import expect_equal, expect_error
from .world import World


def visit(world: World) -> None:
    proxy = world.composio.tools.proxy

    with world.step("the proxy calls a path with the account's token, parameters and headers"):
        answer = proxy(endpoint="/user", method="GET", connected_account_id=world.oauth_account, parameters=[
            {"name": "per_page", "value": "1", "type": "query"},
            {"name": "x-request-note", "value": "from the journey", "type": "header"},
        ])
        expect_equal((int(answer.status), answer.data["login"]), (200, "octocat"))
        call = world.calls("repositories", path="/api/user")[-1]
        expect_equal((call["query"], call["headers"]["x-request-note"]), ({"per_page": "1"}, "from the journey"))

    with world.step("the proxy sends a body"):
        body = {"title": "By proxy"}
        answer = proxy(endpoint="/repos/tenon/tenon/issues", method="POST", body=body,
                       connected_account_id=world.oauth_account)
        expect_equal((int(answer.status), answer.data["title"]), (201, "By proxy"))

    with world.step("the proxy hands on an upstream error as it is"):
        answer = proxy(endpoint="/repos/tenon/missing", method="GET", connected_account_id=world.oauth_account)
        expect_equal(int(answer.status), 404)

    with world.step("the proxy takes a token to no foreign host"):
        before = len(world.calls("hackernews"))
        # The same machine under a name that is not the toolkit's; the peer that serves Hacker News is there.
        foreign = world.services_url.replace("127.0.0.1", "localhost") + "/hn/v1/users/pg"
        with expect_error(BadRequestError):
            proxy(endpoint=foreign, method="GET", connected_account_id=world.oauth_account)
        expect_equal(len(world.calls("hackernews")), before, "calls to the foreign host")
