"""The schemes of fewer vendors: each with the SDK's helper where it has one, used at a peer that lets in nobody else."""

from composio.core.models.connected_accounts import auth_scheme
from composio_client import BadRequestError

from .executing import succeeded
from .steps import expect, expect_equal, expect_error
from .world import World

BOOKKEEPER = "journey-bookkeeper"


def _written_out(scheme: str):
    """The state of a scheme for which the SDKs have no helper."""
    return lambda values: {"auth_scheme": scheme, "val": {"status": "ACTIVE", **values}}


STATES = {
    "GOOGLE_SERVICE_ACCOUNT": auth_scheme.google_service_account,
    "SERVICE_ACCOUNT": _written_out("SERVICE_ACCOUNT"),
    "S2S_OAUTH2": _written_out("S2S_OAUTH2"),
    "BASIC_WITH_JWT": auth_scheme.basic_with_jwt,
    "BILLCOM_AUTH": auth_scheme.billcom_auth,
    "CALCOM_AUTH": auth_scheme.calcom_auth,
    "OAUTH1": auth_scheme.oauth1,
}
# Who signs an assertion.
ISSUERS = {"GOOGLE_SERVICE_ACCOUNT": "robot@books.iam.test", "SERVICE_ACCOUNT": "4711"}
PUBLIC = {"username", "application_id", "installation_id", "client_id"}


def visit(world: World) -> None:
    credentials = world.ledgers_credentials()
    for scheme, make_state in STATES.items():
        with world.step(f"{scheme} connects, is used and is shown masked"):
            given = credentials[scheme]
            config = _create_config(world, scheme, given["config"])
            request = world.composio.connected_accounts.initiate(BOOKKEEPER, config, config=make_state(given["account"]))
            expect_equal(request.wait_for_connection(timeout=15).status, "ACTIVE")
            _use(world, request.id, scheme)
            secrets = [value for name, value in given["account"].items() if name not in PUBLIC]
            _is_masked(world, request.id, config, scheme, secrets)

    for scheme in ("OAUTH1", "DCR_OAUTH"):
        with world.step(f"{scheme} is consented to"):
            config = _create_config(world, scheme, credentials[scheme]["config"])
            request = world.composio.connected_accounts.initiate(BOOKKEEPER, config, callback_url=world.app_url)
            expect_equal(request.status, "INITIATED")
            landed = world.person_visits(request.redirect_url, {}, until=world.app_url)
            expect("status=success" in landed["url"], landed["url"])
            expect_equal(request.wait_for_connection(timeout=15).status, "ACTIVE")
            _use(world, request.id, scheme)

    with world.step("an assertion of another app connects nobody"):
        given = credentials["SERVICE_ACCOUNT"]
        wrong = {**given["account"], "application_id": "4712"}
        config = _create_config(world, "SERVICE_ACCOUNT", given["config"])
        _is_refused(world, config, STATES["SERVICE_ACCOUNT"](wrong))


def _create_config(world: World, scheme: str, credentials: dict) -> str:
    options = {"type": "use_custom_auth", "name": scheme, "auth_scheme": scheme, "credentials": credentials}
    created = world.composio.auth_configs.create("ledger", options=options)
    expect_equal((created.auth_scheme, created.is_composio_managed), (scheme, False))
    return created.id


def _use(world: World, account: str, scheme: str) -> None:
    # Characters whose encoding OAuth 1 signs.
    arguments = {"note": "ä & b + c"}
    data = succeeded(world.run("LEDGER_GET_ME", arguments, user_id=BOOKKEEPER, connected_account_id=account))
    expect_equal((data["way"], data["note"]), (scheme, arguments["note"]))
    if issuer := ISSUERS.get(scheme):
        expect_equal(len(world.calls("assertions", issuer=issuer)), 1, "assertions verified")


def _is_masked(world: World, account: str, config: str, scheme: str, secrets: list[str]) -> None:
    accounts = world.composio.connected_accounts
    got = accounts.get(account)
    expect_equal((got.state.auth_scheme, got.state.val.status), (scheme, "ACTIVE"))
    [listed] = accounts.list(auth_config_ids=[config]).items
    expect_equal((listed.id, listed.status), (account, "ACTIVE"))
    shown = f"{got!r} {listed!r}"
    expect(secrets and not any(secret in shown for secret in secrets), "a credential came back")


def _is_refused(world: World, config: str, state: dict) -> None:
    accounts = world.composio.connected_accounts
    with expect_error(BadRequestError):
        accounts.initiate(BOOKKEEPER, config, config=state)
    expect_equal(accounts.list(auth_config_ids=[config]).items, [], "accounts")
