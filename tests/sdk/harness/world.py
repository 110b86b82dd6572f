"""One journey's world: the OAuth server, the services, Tenon under test and the recorder in front of it."""

import json
import os
import shutil
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from . import own_network
from .credentials import Credentials
from .database import Database
from .processes import Process, clean_environment, free_port

SDK_TESTS = Path(__file__).resolve().parent.parent
REPOSITORY = SDK_TESTS.parent.parent
PEERS = SDK_TESTS / "peers"
LOOPBACK = "127.0.0.1"
CALLBACK_PATH = "/api/v3/toolkits/auth/callback"


def server_binary() -> Path:
    return Path(os.environ.get("TENON_BIN", REPOSITORY / "target" / "debug" / "tenon"))


class World:
    """Everything runs while the `with` block does; the folder outlives it only if asked to."""

    def __init__(self, name: str, database: Database, address: str = LOOPBACK):
        self.name = name
        self.database = database
        self.address = address
        self.credentials = Credentials()
        self.server: Process | None = None
        # Settings by which a program trusts the recorder.
        self.trust: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "World":
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"tenon-{self.name}-"))
            self.folder = Path(folder)
            self.home = self._make_folder("home")
            self.data = self._make_folder("data")
            self.record = self.folder / "record.jsonl"
            stack.enter_context(self.database)
            port = free_port()
            self.server_url = f"http://{self.address}:{port}"
            # Where the server says that it is: as behind a proxy, its links lead through the recorder too.
            self.sdk_base_url = f"{self._scheme()}://{self.address}:{free_port()}"
            self._start_peers(stack)
            self._start_server(stack, port)
            self._start_recorder(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception) -> None:
        self._stack.close()

    def _scheme(self) -> str:
        return "http" if self.address == LOOPBACK else "https"

    def _make_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _start(self, stack: ExitStack, name: str, command: list[str], **settings: str) -> Process:
        environment = clean_environment(self.home, **settings)
        process = Process(name, command, environment, self.folder / f"{name}.log")
        stack.callback(process.stop)
        return process

    def _start_peer(self, stack: ExitStack, script: str, **settings: str) -> str:
        command = ["node", str(PEERS / f"{script}.mjs")]
        return self._start(stack, script, command, **settings).wait_until_announced()

    def _start_peers(self, stack: ExitStack) -> None:
        # Provider and client have to know each other's address before either listens.
        self.oauth_url = self._start_peer(
            stack,
            "oidc-server",
            PORT=str(free_port()),
            REDIRECT_URI=self.sdk_base_url + CALLBACK_PATH,
            CLIENTS=json.dumps(self.credentials.oauth_clients()),
        )
        self.services_url = self._start_peer(
            stack,
            "services-server",
            PORT="0",
            ACME=json.dumps(self.credentials.acme()),
            MODEL_KEY=self.credentials.model_key,
        )

    def _write_toolkits(self) -> Path:
        """A copy where Ledger's addresses, some of which no setting moves, are the peer's."""
        toolkits = self.folder / "toolkits"
        shutil.copytree(SDK_TESTS / "toolkits", toolkits)
        manifest = toolkits / "ledger" / "toolkit.yaml"
        manifest.write_text(manifest.read_text().replace("https://ledger.test", f"{self.services_url}/ledger"))
        return toolkits

    def _start_server(self, stack: ExitStack, port: int) -> None:
        self.server = self._start(
            stack,
            "tenon",
            [str(server_binary()), "serve"],
            **self.database.settings(),
            TENON_LISTEN=f"{self.address}:{port}",
            TENON_PUBLIC_URL=self.sdk_base_url,
            TENON_DATA_DIR=str(self.data),
            TENON_MASTER_KEY=self.credentials.master_key,
            TENON_API_KEY=self.credentials.api_key,
            TENON_ORG_API_KEY=self.credentials.org_api_key,
            TENON_TOOLKITS_DIR=str(self._write_toolkits()),
            TENON_ALLOW_CIDRS="127.0.0.0/8",
            TENON_BASE_URL_GITHUB=f"{self.oauth_url}/api",
            TENON_AUTHORIZE_URL_GITHUB=f"{self.oauth_url}/auth",
            TENON_TOKEN_URL_GITHUB=f"{self.oauth_url}/token",
            TENON_OAUTH_CLIENT_ID_GITHUB=self.credentials.managed_client_id,
            TENON_OAUTH_CLIENT_SECRET_GITHUB=self.credentials.managed_client_secret,
            TENON_BASE_URL_HACKERNEWS=f"{self.services_url}/hn",
            TENON_BASE_URL_PRESS=f"{self.services_url}/press",
            TENON_BASE_URL_ACME=f"{self.services_url}/acme",
            TENON_LLM_URL=f"{self.services_url}/model/v1",
            TENON_LLM_MODEL="journey",
            TENON_LLM_API_KEY=self.credentials.model_key,
            # The sweep is worth most on a server that says all it can.
            RUST_LOG="trace",
            RUST_BACKTRACE="1",
        )
        self.server.wait_until_answering(f"{self.server_url}/ready")

    def _start_recorder(self, stack: ExitStack) -> None:
        self.record.touch()
        at = urlsplit(self.sdk_base_url)
        tls = {}
        if at.scheme == "https":
            certificate, key = own_network.make_certificate(self.folder)
            tls = {"CERTIFICATE": str(certificate), "KEY": str(key)}
            # By these names Node, OpenSSL and Python's requests are told whom to trust.
            names = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
            self.trust = dict.fromkeys(names, str(certificate))
        self._start_peer(
            stack, "recorder", HOST=at.hostname, PORT=str(at.port), TARGET=self.server_url, RECORD=str(self.record), **tls
        )

    def observed_secrets(self) -> dict[str, str]:
        """What the peers issued or saw, by value."""
        found = dict(self.credentials.known_only_to_the_harness())
        for peer in (self.oauth_url, self.services_url):
            with urllib.request.urlopen(f"{peer}/__peer/observations", timeout=10) as response:
                found.update({secret["value"]: secret["kind"] for secret in json.load(response)["secrets"]})
        return found

    def create_second_project(self) -> None:
        """As an operator would, with the organisation's key and not through the recorder, since the key is in it."""
        request = urllib.request.Request(
            f"{self.server_url}/api/v3/org/owner/project/new",
            method="POST",
            headers={"x-org-api-key": self.credentials.org_api_key, "content-type": "application/json"},
            data=json.dumps({"name": "the-neighbours", "should_create_api_key": True}).encode(),
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            created = json.load(response)
        if not created.get("api_key", "").startswith("ak_"):
            raise AssertionError(f"no API key in the answer: its fields are {sorted(created)}")
        self.credentials.other_project_api_key = created["api_key"]

    def briefing(self) -> dict:
        """What a journey has to know, as the JSON file that it reads."""
        known = self.credentials
        return {
            "base_url": self.sdk_base_url,
            "is_public": self.address != LOOPBACK,
            "api_key": known.api_key,
            "other_project_api_key": known.other_project_api_key,
            "oauth_url": self.oauth_url,
            "services_url": self.services_url,
            "app_url": f"{self.services_url}/app",
            "oauth_client": {"client_id": known.custom_client_id, "client_secret": known.custom_client_secret},
            "acme": known.acme(),
            "record": str(self.record),
            "person": str(PEERS / "person.mjs"),
            "people": str(PEERS / "people.mjs"),
        }
