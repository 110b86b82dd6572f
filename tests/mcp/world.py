"""A server with toolkits for MCP clients, a service behind them, and what the clients are told of them."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
BINARY = os.environ.get("TENON_BIN", str(REPOSITORY / "target" / "debug" / "tenon"))
KEY = "ak_" + "0123456789abcdef" * 2
KIT = """manifest: 1
slug: {slug}
name: Test
description: Tools for MCP clients to try.
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-01-01T00:00:00Z
versions: ["20260101_00"]
base_url: {base}
auth: [{auth}]
"""
# Named as the conformance suite asks for them.
TEST_TOOLS = """tools:
- slug: TEST_SIMPLE_TEXT
  name: Simple text
  description: Answers with a text.
  tags: [readOnlyHint]
  response: { data: '{text: "This is a simple text response for testing."}' }
- slug: TEST_ERROR_HANDLING
  name: Error
  description: Fails.
  request: { method: GET, path: /fails }
- slug: TEST_ADD
  name: Add
  description: Adds two numbers.
  args:
    - { arg: a, type: integer, required: true, description: One. }
    - { arg: b, type: integer, required: true, description: The other. }
  response: { data: '{sum: (.args.a + .args.b)}' }
- slug: TEST_WAIT
  name: Wait
  description: Answers after a moment.
  request: { method: GET, path: /wait }
- slug: TEST_SLOW
  name: Slow
  description: Never answers.
  request: { method: GET, path: /slow }
"""
KEYED_TOOLS = """tools:
- slug: KEYED_WHO
  name: Who
  description: Tells whose key came along.
  request: { method: GET, path: /who }
"""
KEYED_AUTH = """
  { scheme: API_KEY, fields: { connection: [{ name: generic_api_key, display_name: Key, required: true, secret: true }] },
    apply: [{ in: header, name: X-Key, value: '{generic_api_key}' }] }"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service(BaseHTTPRequestHandler):
    """What the tools call: answers, fails, says who asks, or stays silent until the caller is gone."""

    protocol_version = "HTTP/1.1"
    slow = threading.Event()
    cut_off = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/slow":
            type(self).slow.set()
            self.connection.settimeout(30)
            try:
                if self.connection.recv(1) == b"":
                    type(self).cut_off.set()
            except OSError:
                pass
            self.close_connection = True
            return
        if self.path == "/wait":
            time.sleep(0.3)
        fails = self.path == "/fails"
        told = {"message": "This tool fails on purpose."} if fails else {"who": (self.headers.get("X-Key") or "").removeprefix("key-of-")}
        body = json.dumps(told).encode()
        self.send_response(400 if fails else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


class World:
    """Everything runs while the `with` block does."""

    def __enter__(self) -> "World":
        self._folder = tempfile.TemporaryDirectory(prefix="tenon-mcp-")
        self.folder = Path(self._folder.name)
        self.service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        self.service.daemon_threads = True
        threading.Thread(target=self.service.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{self.service.server_port}"
        self._kit("test", base, " { scheme: NO_AUTH } ", TEST_TOOLS)
        self._kit("keyed", base, KEYED_AUTH, KEYED_TOOLS)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._start()
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()
        self.service.shutdown()
        self._folder.cleanup()

    def _kit(self, slug: str, base: str, auth: str, tools: str) -> None:
        kit = self.folder / "toolkits" / slug
        (kit / "tools").mkdir(parents=True)
        (kit / "toolkit.yaml").write_text(KIT.format(slug=slug, base=base, auth=auth))
        (kit / "tools" / "all.yaml").write_text(tools)

    def _start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"], "TENON_LISTEN": self.url.removeprefix("http://"), "TENON_PUBLIC_URL": self.url,
            "TENON_DATA_DIR": str(self.folder), "TENON_API_KEY": KEY,
            "TENON_TOOLKITS_DIR": str(self.folder / "toolkits"), "TENON_ALLOW_CIDRS": "127.0.0.0/8",
        }
        log = (self.folder / "log").open("w")
        self.process = subprocess.Popen([BINARY, "serve"], env=environment, stdout=log, stderr=log)
        for _ in range(300):
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "log").read_text())
            try:
                urllib.request.urlopen(self.url + "/ready", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not start")

    def api(self, path: str, body: object, method: str = "POST") -> dict:
        """Calls the API with the project's key."""
        headers = {"x-api-key": KEY, "content-type": "application/json"}
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v3{path}", data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{path}: {refused.read().decode()}") from refused

    def require_key(self, require: bool) -> None:
        self.api("/org/project/config", {"require_mcp_api_key": require}, "PATCH")

    def server(self, name: str, **what) -> dict:
        return self.api("/mcp/servers/custom", {"name": name, **what})

    def user_url(self, server: dict, user: str) -> str:
        return self.api("/mcp/servers/generate", {"mcp_server_id": server["id"], "user_ids": [user]})["user_ids_url"][0]

    def connect(self, user: str, key: str) -> str:
        """An account of the keyed toolkit; its auth config's id."""
        made = self.api("/auth_configs", {"toolkit": {"slug": "keyed"}, "auth_config": {
            "type": "use_custom_auth", "authScheme": "API_KEY", "credentials": {}}})
        config = made["auth_config"]["id"]
        self.api("/connected_accounts", {"auth_config": {"id": config}, "connection": {
            "user_id": user, "state": {"authScheme": "API_KEY", "val": {"status": "ACTIVE", "generic_api_key": key}}}})
        return config
