"""The journey's side of the world: the SDK, the peers, and what passed between SDK and server."""

import json
import subprocess
import urllib.request
from importlib.metadata import version
from pathlib import Path

from composio import Composio

from .steps import Steps, expect

OCTOCAT = {"login": "octocat", "password": "tentacles-and-whiskers"}
HUBOT = {"login": "hubot", "password": "beep-boop-beep"}


class World(Steps):
    """Handed from area to area; what one makes, another uses."""

    # Two users of the app, who hold accounts at the same provider. The second one's stay when the journey ends.
    user = "journey-user"
    other_user = "journey-user-two"

    def __init__(self, briefing: Path):
        super().__init__()
        for name, value in json.loads(briefing.read_text()).items():
            setattr(self, name, value)
        self.sdk_version = version("composio")
        # The era is told by which API prefix the SDK calls.
        self.speaks_v3_only = tuple(map(int, self.sdk_version.split(".")[:2])) < (0, 13)
        self.prefix = "/api/v3" if self.speaks_v3_only else "/api/v3.1"
        self.composio = self.sdk(self.api_key)

    def __getattr__(self, name: str):
        raise AttributeError(f"an earlier step should have provided '{name}'")

    def sdk(self, api_key: str, **options) -> Composio:
        return Composio(api_key=api_key, base_url=self.base_url, allow_tracking=False, **options)

    def person_visits(self, url: str, answers: dict, until: str | None = None) -> dict:
        """Sends a person with a browser; returns where they ended."""
        task = json.dumps({"url": url, "answers": answers, "until": until})
        done = subprocess.run(["node", self.person, task], check=False, capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, f"the person gave up: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)

    def person_consents(self, url: str, person: dict, decision: str = "allow") -> dict:
        return self.person_visits(url, {**person, "decision": decision}, until=self.app_url)

    def calls(self, peer: str, **wanted) -> list[dict]:
        """The calls that arrived at a peer and look like `wanted`."""
        base = self.services_url if peer in ("acme", "hackernews", "ledger", "assertions", "model") else self.oauth_url
        with urllib.request.urlopen(f"{base}/__peer/observations", timeout=10) as response:
            calls = [call for call in json.load(response)["calls"] if call["peer"] == peer]
        return [call for call in calls if all(call.get(name) == value for name, value in wanted.items())]

    def ledgers_credentials(self) -> dict[str, dict]:
        """What a customer of Ledger holds, by scheme; tokens among it are new each time."""
        with urllib.request.urlopen(f"{self.services_url}/__peer/ledger", timeout=10) as response:
            return json.load(response)

    def ask_oauth_peer(self, door: str, **body: str) -> dict:
        request = urllib.request.Request(
            f"{self.oauth_url}/__peer/{door}", data=json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def run(self, slug: str, arguments: dict, **options) -> dict:
        """Executes the newest version of a tool."""
        options.setdefault("user_id", self.user)
        return self.composio.tools.execute(slug, arguments, dangerously_skip_version_check=True, **options)


def error_body(error: Exception) -> dict:
    """The error object that came over the wire."""
    body = getattr(error, "body", None)
    expect(isinstance(body, dict) and isinstance(body.get("error"), dict), f"no error object in {body!r}")
    return body["error"]
