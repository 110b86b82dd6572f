"""Running tools: without an account, with each kind of credential, and wrongly."""

from composio_client import BadRequestError, ConflictError, NotFoundError

from .steps import expect, expect_equal, expect_error
from .world import World, error_body

WHO_AM_I = "GITHUB_GET_THE_AUTHENTICATED_USER"


def visit(world: World) -> None:
    _without_account(world)
    _with_oauth(world)
    _with_keys(world)
    _by_text(world)
    _once(world)
    _wrongly(world)


def succeeded(result: dict) -> dict:
    expect(result["successful"] is True and result["error"] is None, result)
    return result["data"]


def _without_account(world: World) -> None:
    with world.step("a tool without auth runs"):
        data = succeeded(world.run("HACKERNEWS_GET_USER", {"username": "pg"}))
        expect("pg" in str(data) and "157316" in str(data), data)
        [call] = world.calls("hackernews", path="/hn/v1/users/pg")
        expect("authorization" not in call["headers"], "a credential went to a public API")

    with world.step("a tool runs in a named version"):
        arguments = {"username": "dang"}
        result = world.composio.tools.execute(
            "HACKERNEWS_GET_USER", arguments, user_id=world.user, version=world.hackernews_version
        )
        expect("88012" in str(succeeded(result)), result)

    with world.step("versions pinned on the client are used"):
        pinned = world.sdk(world.api_key, toolkit_versions={"hackernews": world.hackernews_version})
        result = pinned.tools.execute("HACKERNEWS_GET_USER", {"username": "pg"}, user_id=world.user)
        expect("157316" in str(succeeded(result)), result)


def _with_oauth(world: World) -> None:
    with world.step("a tool runs with the user's own token"):
        data = succeeded(world.run(WHO_AM_I, {}))
        expect_equal(data["login"], "octocat", "whose token")
        expect_equal(world.calls("repositories", path="/api/user")[-1]["login"], "octocat", "seen by the API")

    with world.step("another user's call uses the other user's token"):
        expect_equal(succeeded(world.run(WHO_AM_I, {}, user_id=world.other_user))["login"], "hubot")

    with world.step("an account chosen by id is used"):
        result = world.run(WHO_AM_I, {}, user_id="journey-importer", connected_account_id=world.imported_account)
        expect_equal(succeeded(result)["login"], "hubot")

    with world.step("arguments land in the path, encoded, and 204 is an empty success"):
        succeeded(world.run("GITHUB_STAR_A_REPOSITORY_FOR_THE_AUTHENTICATED_USER",
                            {"owner": "tenon", "repo": "a b/../c"}))
        paths = [call["path"] for call in world.calls("repositories", method="PUT", status=204)]
        expect(len(paths) == 1 and paths[0].startswith("/api/user/starred/tenon/a%20b%2F"), paths)

    with world.step("arguments land in the body, and an alias runs the tool that it stands for"):
        arguments = {"owner": "tenon", "repo": "tenon", "title": "It works", "body": "At last."}
        data = succeeded(world.run("GITHUB_CREATE_ISSUE", arguments))
        expect_equal((data["title"], data["body"], data["user"]["login"]), ("It works", "At last.", "octocat"))

    with world.step("a token that died is renewed and the call repeated"):
        refreshes = len(world.calls("oauth", grant="refresh_token", status=200))
        expect(world.ask_oauth_peer("kill", login="octocat")["killed"] > 0, "nothing to kill")
        expect_equal(succeeded(world.run(WHO_AM_I, {}))["login"], "octocat")
        expect_equal(len(world.calls("oauth", grant="refresh_token", status=200)), refreshes + 1, "refreshes")

    with world.step("an upstream refusal is an unsuccessful result, not an exception"):
        result = world.run("GITHUB_GET_A_REPOSITORY", {"owner": "tenon", "repo": "missing"})
        expect(result["successful"] is False and "Not Found" in result["error"], result)


def _with_keys(world: World) -> None:
    for account, way in (("key_account", "key"), ("token_account", "token"), ("basic_account", "password")):
        with world.step(f"Acme is opened by its {way}"):
            account_id = getattr(world, account)
            expect_equal(succeeded(world.run("ACME_GET_ME", {}, connected_account_id=account_id))["way"], way)

    with world.step("an account from the hosted page is used"):
        data = succeeded(world.run("ACME_CREATE_NOTE", {"title": "Anvil", "text": "heavy"}, user_id="journey-linked"))
        expect_equal((data["title"], data["text"]), ("Anvil", "heavy"))


def _by_text(world: World) -> None:
    with world.step("words become arguments by the operator's language model"):
        data = succeeded(world.run("ACME_CREATE_NOTE", {}, text="Birdseed: free", user_id="journey-linked"))
        expect_equal((data["title"], data["text"]), ("Birdseed", "free"))

    with world.step("arguments are made of words without running the tool"):
        before = len(world.calls("acme"))
        made = world.composio.client.tools.get_input("ACME_CREATE_NOTE", text="Tunnel: painted on")
        expect_equal(made.arguments, {"title": "Tunnel", "text": "painted on"})
        expect_equal(len(world.calls("acme")), before, "calls to acme")

    with world.step("words that do not do are a refusal with the model's question"):
        with expect_error(BadRequestError) as caught:
            world.run("ACME_CREATE_NOTE", {}, text="help", user_id="journey-linked")
        expect("What is the note about?" in str(error_body(caught.error)), error_body(caught.error))


def _once(world: World) -> None:
    def create(title: str):
        return world.composio.client.tools.execute(
            "ACME_CREATE_NOTE", arguments={"title": title}, user_id="journey-linked", version="latest",
            extra_headers={"idempotency-key": "journey-anvil"},
        )

    with world.step("a call with an idempotency key is made once and answered twice"):
        before = len(world.calls("acme", path="/acme/notes"))
        first, again = create("Anvil, once"), create("Anvil, once")
        expect(first.successful, first)
        expect_equal((again.data, again.log_id), (first.data, first.log_id))
        expect_equal(len(world.calls("acme", path="/acme/notes")), before + 1, "notes")

    with world.step("the same key with another call is a conflict"), expect_error(ConflictError):
        create("Another anvil")


def _wrongly(world: World) -> None:
    with world.step("wrong arguments are refused by name and never reach the vendor"):
        before = len(world.calls("acme"))
        for arguments in ({"text": "no title"}, {"title": {"not": "a string"}}):
            with expect_error(BadRequestError) as caught:
                world.run("ACME_CREATE_NOTE", arguments)
            error = error_body(caught.error)
            expect("title" in str(error), error)
        expect_equal(len(world.calls("acme")), before, "calls to acme")

    with world.step("a user without an account is told so by code 1803"):
        with expect_error(BadRequestError, NotFoundError) as caught:
            world.run(WHO_AM_I, {}, user_id="journey-stranger")
        expect_equal(error_body(caught.error)["code"], 1803)

    with world.step("an account of another user is not used"):
        with expect_error(BadRequestError, NotFoundError):
            world.run(WHO_AM_I, {}, user_id=world.user, connected_account_id=world.other_account)
