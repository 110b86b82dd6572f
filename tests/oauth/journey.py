"""What an application does with the official SDK to connect by each kind of OAuth client. Run with the SDK's Python:
`python journey.py briefing.json`."""

import json
import sys
import time
import traceback
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from composio import Composio

USER = "oauth-user"


class Journey:
    def __init__(self, briefing: dict):
        self.known = briefing
        self.composio = Composio(api_key=briefing["api_key"], base_url=briefing["server"], allow_tracking=False)
        self.failed = 0

    def step(self, name: str, act) -> None:
        try:
            act()
            print(f"ok    {name}", flush=True)
        except Exception:
            self.failed += 1
            print(f"FAIL  {name}\n{traceback.format_exc()}", flush=True)

    def calls(self, **wanted) -> list[dict]:
        with urllib.request.urlopen(f"{self.known['provider']}/__peer/calls", timeout=10) as response:
            calls = json.load(response)
        return [call for call in calls if all(call.get(name) == value for name, value in wanted.items())]

    def config(self, kit: str, options: dict) -> str:
        return self.composio.auth_configs.create(f"kit_{kit}", options).id

    def consents(self, url: str) -> None:
        """A browser with cookies that follows where it is sent; the provider consents for it."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        with browser.open(url, timeout=20) as response:
            assert response.status == 200, response.status

    def me(self, kit: str, account: str) -> dict:
        answer = self.composio.tools.execute(
            f"KIT_{kit.upper()}_GET_ME", {}, user_id=USER, connected_account_id=account,
            dangerously_skip_version_check=True,
        )
        assert answer["successful"], answer
        return answer["data"]

    def by_consent(self, kit: str, options: dict, client: str | None, in_header: bool) -> str:
        request = self.composio.connected_accounts.initiate(USER, self.config(kit, options))
        assert request.status == "INITIATED", request.status
        self.consents(request.redirect_url)
        assert request.wait_for_connection(timeout=15).status == "ACTIVE"
        client = client or self.me(kit, request.id)["client"]
        assert self.me(kit, request.id)["client"] == client
        # Twice, so that the second refresh is by the token that the first one brought.
        for _ in range(2):
            time.sleep(self.known["token_seconds"] + 1)
            self.me(kit, request.id)
        asked = self.calls(path="/token", client=client)
        grants = [(call["grant"], call["status"], call["inHeader"]) for call in asked]
        refresh = ("refresh_token", 200, in_header)
        assert grants == [("authorization_code", 200, in_header), refresh, refresh], grants
        assert asked[0]["verifier"], "no proof key"
        return request.id

    def gives_back(self, account: str, client: str, in_header: bool) -> None:
        """The older SDK has no call for it."""
        url = f"{self.known['server']}/api/v3.1/connected_accounts/{account}/revoke"
        request = urllib.request.Request(url, data=b"{}", method="POST", headers={
            "x-api-key": self.known["api_key"], "content-type": "application/json",
        })
        with urllib.request.urlopen(request, timeout=20) as response:
            assert response.status == 200, response.status
        asked = [(call["status"], call["inHeader"]) for call in self.calls(path="/token/revocation", client=client)]
        assert asked == [(200, in_header)] * 2, asked
        assert self.calls(path="grant revoked", client=client), "the provider still has the grant"
        # A status that SDKs of v3 do not know.
        shown = self.composio.connected_accounts.get(account).status
        assert shown in ("REVOKED", "EXPIRED"), shown

    def own(self, kit: str, method: str) -> None:
        client = self.known["clients"][kit]
        credentials = {"client_id": client["id"], "client_secret": client["secret"]}
        if not client["secret"]:
            del credentials["client_secret"]
        options = {"type": "use_custom_auth", "auth_scheme": "OAUTH2", "credentials": credentials}
        in_header = method == "client_secret_basic"
        account = self.by_consent(kit, options, client["id"], in_header)
        self.gives_back(account, client["id"], in_header)

    def registered(self) -> None:
        self.by_consent("registered", {"type": "use_composio_managed_auth"}, None, False)
        assert len(self.calls(path="/reg", status=201)) == 1
        resource = f"{self.known['provider']}/api"
        client = self.calls(path="/token", resource=resource)[0]["client"]
        assert len(self.calls(path="/token", client=client, resource=resource)) == 3

    def machine(self) -> None:
        config = self.config("machine", {"type": "use_custom_auth", "auth_scheme": "S2S_OAUTH2", "credentials": {}})
        client = self.known["clients"]["machine"]

        def begin(secret: str):
            val = {"status": "INITIALIZING", "client_id": client["id"], "client_secret": secret}
            state = {"auth_scheme": "S2S_OAUTH2", "val": val}
            return self.composio.connected_accounts.initiate(USER, config, config=state)

        try:
            begin("wrong")
            raise AssertionError("a wrong secret connected an account")
        except Exception as error:
            assert "invalid_client" in str(error), error
        request = begin(client["secret"])
        assert request.status == "ACTIVE", request.status
        assert self.me("machine", request.id)["client"] == client["id"]
        time.sleep(self.known["token_seconds"] + 1)
        self.me("machine", request.id)
        good = self.calls(path="/token", client=client["id"], status=200)
        assert [call["grant"] for call in good] == ["client_credentials"] * 2, good

    def run(self) -> int:
        self.step("OAUTH2, secret in the body", lambda: self.own("post", "client_secret_post"))
        self.step("OAUTH2, secret of special characters in the header", lambda: self.own("basic", "client_secret_basic"))
        self.step("OAUTH2, public client with a proof key", lambda: self.own("public", "none"))
        self.step("DCR_OAUTH, a client registered at the first connection", self.registered)
        self.step("S2S_OAUTH2, the client's own credentials", self.machine)
        return 1 if self.failed else 0


if __name__ == "__main__":
    sys.exit(Journey(json.loads(Path(sys.argv[1]).read_text())).run())
