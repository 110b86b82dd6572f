"""Connecting accounts: consent at a provider, the hosted page, and credentials that the app has already."""

from urllib.parse import parse_qs, urlsplit

from composio import exceptions
from composio.core.models.connected_accounts import auth_scheme

from .steps import expect, expect_equal, expect_error
from .world import HUBOT, OCTOCAT, World

OWN_PARAMETER = "from=the%20app"


def visit(world: World) -> None:
    _consent(world)
    _refused_consent(world)
    _managed(world)
    _credentials_at_hand(world)
    _hosted_page(world)


def _connect(world: World, user: str, config: str, person: dict, **options):
    request = world.composio.connected_accounts.initiate(
        user, config, callback_url=f"{world.app_url}?{OWN_PARAMETER}", **options
    )
    expect(request.id.startswith("ca_"), request.id)
    expect_equal(request.status, "INITIATED", "status before consent")
    landed = world.person_consents(request.redirect_url, person)
    return request, parse_qs(urlsplit(landed["url"]).query)


def _consent(world: World) -> None:
    with world.step("consent at the provider makes the account ACTIVE"):
        request, back = _connect(world, world.user, world.oauth_config, OCTOCAT)
        account = request.wait_for_connection(timeout=15)
        expect_equal((account.id, account.status), (request.id, "ACTIVE"))
        world.oauth_account = account.id

    with world.step("the app's page is told the outcome and keeps its own parameters"):
        expected = {"from": ["the app"], "status": ["success"], "connected_account_id": [world.oauth_account]}
        expect_equal({name: back.get(name) for name in expected}, expected)
        expect(not {"code", "state"} & set(back), f"the code went on to the app: {sorted(back)}")

    with world.step("another user connects the same toolkit"):
        request, _ = _connect(world, world.other_user, world.oauth_config, HUBOT)
        world.other_account = request.wait_for_connection(timeout=15).id

    with world.step("a second account of a user needs allow_multiple"):
        with expect_error(exceptions.ComposioMultipleConnectedAccountsError):
            world.composio.connected_accounts.initiate(world.user, world.oauth_config)


def _refused_consent(world: World) -> None:
    with world.step("a person who refuses leaves no ACTIVE account"):
        request = world.composio.connected_accounts.initiate("journey-refuser", world.oauth_config,
                                                             callback_url=world.app_url)
        landed = world.person_consents(request.redirect_url, OCTOCAT, decision="deny")
        expect_equal(parse_qs(urlsplit(landed["url"]).query).get("status"), ["failed"], "status on the way back")
        expect_equal(world.composio.connected_accounts.get(request.id).status, "FAILED")


def _managed(world: World) -> None:
    with world.step("the operator's OAuth app connects an account"):
        request, _ = _connect(world, "journey-managed", world.managed_config, HUBOT)
        expect_equal(request.wait_for_connection(timeout=15).status, "ACTIVE")
        expect(world.calls("oauth", client="the-operators-app", status=200), "the operator's app asked for no token")

    with world.step("toolkits.authorize finds an auth config and starts consent"):
        request = world.composio.toolkits.authorize(user_id="journey-authorize", toolkit="github")
        expect(request.id.startswith("ca_") and request.redirect_url.startswith("http"), request.__dict__)


def _credentials_at_hand(world: World) -> None:
    accounts = world.composio.connected_accounts

    with world.step("an API key that the app has makes an account ACTIVE at once"):
        state = auth_scheme.api_key({"generic_api_key": world.acme["key"]})
        request = accounts.initiate(world.user, world.key_config, config=state)
        expect_equal((request.status, request.redirect_url), ("ACTIVE", None))
        expect_equal(request.wait_for_connection(timeout=10).toolkit.slug, "acme")
        world.key_account = request.id

    with world.step("so does a bearer token"):
        state = auth_scheme.bearer_token({"token": world.acme["token"]})
        request = accounts.initiate(world.user, world.token_config, config=state)
        expect_equal(request.status, "ACTIVE")
        world.token_account = request.id

    with world.step("so do a name and a password"):
        state = auth_scheme.basic({"username": world.acme["username"], "password": world.acme["password"]})
        request = accounts.initiate(world.user, world.basic_config, config=state)
        expect_equal(request.status, "ACTIVE")
        world.basic_account = request.id

    with world.step("an access token from elsewhere is imported"):
        minted = world.ask_oauth_peer("mint", client=world.oauth_client["client_id"], login="hubot", scope="repo user")
        value = {"status": "ACTIVE", "access_token": minted["access_token"], "token_type": "Bearer"}
        config = {"auth_scheme": "OAUTH2", "val": value}
        request = accounts.initiate("journey-importer", world.oauth_config, config=config)
        expect_equal(request.status, "ACTIVE")
        world.imported_account = request.id


def _hosted_page(world: World) -> None:
    with world.step("a linked API key is asked for on the hosted page"):
        request = world.composio.connected_accounts.link("journey-linked", world.key_config,
                                                         callback_url=f"{world.app_url}?{OWN_PARAMETER}")
        expect(request.id.startswith("ca_"), request.id)
        answers = {"generic_api_key": world.acme["key"]}
        landed = world.person_visits(request.redirect_url, answers, until=world.app_url)
        expect(landed["url"].startswith(world.app_url), f"ended on {landed['url']}: {landed['text'][:300]}")
        back = parse_qs(urlsplit(landed["url"]).query)
        expect_equal((back.get("status"), back.get("from")), (["success"], ["the app"]))
        expect_equal(request.wait_for_connection(timeout=15).status, "ACTIVE")
        world.linked_account, world.used_link = request.id, request.redirect_url

    with world.step("a link works once"):
        again = world.person_visits(world.used_link, {"generic_api_key": "somebody-elses-key"})
        expect("<form" not in again["text"], f"the page asks again: {again['status']} {again['url']}")

    with world.step("a link for OAuth leads to the provider and back"):
        request = world.composio.connected_accounts.link("journey-linked", world.oauth_config,
                                                         callback_url=world.app_url)
        world.person_consents(request.redirect_url, OCTOCAT)
        expect_equal(request.wait_for_connection(timeout=15).status, "ACTIVE")

    step = "link refuses a second account without allow_multiple"
    if world.speaks_v3_only:
        world.not_in_this_version(step, "link() has no allow_multiple before 0.13")
    else:
        with world.step(step), expect_error(exceptions.ComposioMultipleConnectedAccountsError):
            world.composio.connected_accounts.link("journey-linked", world.oauth_config)
