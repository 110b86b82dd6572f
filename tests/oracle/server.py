"""The Tenon under test."""
import hashlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TENON = os.environ.get("TENON_BIN", str(ROOT / "target/debug/tenon"))
START_LIMIT_S = 120
USER = "oracle"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"{process.args[0]} did not listen within {START_LIMIT_S} s")


class Tenon:
    def __init__(self, folder, **settings):
        port = free_port()
        self.base, self.key = f"http://127.0.0.1:{port}", "ak_" + secrets.token_hex(16)
        environment = {
            "PATH": os.environ["PATH"],
            "TENON_LISTEN": f"127.0.0.1:{port}",
            "TENON_DATA_DIR": str(folder),
            "TENON_API_KEY": self.key,
            "TENON_ALLOW_CIDRS": "127.0.0.0/8",
            # Every refusal is to be seen, and none to stop the rest.
            "TENON_CIRCUIT_FAILURES": "0",
            "RUST_LOG": "warn",
            **settings,
        }
        self.process = subprocess.Popen([TENON], env=environment, stdout=subprocess.DEVNULL)
        wait_for_port(port, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"{self.base}/api/v3{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"x-api-key": self.key, "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def connect(self, toolkit, scheme, values):
        """An account of the toolkit for the one user there is."""
        credentials = {"client_id": "oracle", "client_secret": "oracle"} if scheme == "OAUTH2" else {}
        status, config = self.call("POST", "/auth_configs", {
            "toolkit": {"slug": toolkit},
            "auth_config": {"type": "use_custom_auth", "authScheme": scheme, "credentials": credentials},
        })
        if status != 201:
            sys.exit(f"no auth config for {toolkit}: {config}")
        status, account = self.call("POST", "/connected_accounts", {
            "auth_config": {"id": config["auth_config"]["id"]},
            "connection": {
                "user_id": USER, "state": {"authScheme": scheme, "val": {"status": "ACTIVE", **values}},
            },
        })
        if status != 201:
            sys.exit(f"no account of {toolkit}: {account}")

    def tools(self, toolkit):
        found, cursor = [], ""
        while cursor is not None:
            _, page = self.call("GET", f"/tools?toolkit_slug={toolkit}&toolkit_versions=latest&limit=1000{cursor}")
            found += page["items"]
            cursor = f"&cursor={page['next_cursor']}" if page.get("next_cursor") else None
        return found

    def execute(self, slug, values):
        return self.call("POST", f"/tools/execute/{slug}", {"user_id": USER, "version": "latest", "arguments": values})

    def upload(self, toolkit, slug, content=b"the oracle's file"):
        """A file for a tool, as SDKs bring them."""
        _, ticket = self.call("POST", "/files/upload/request", {
            "toolkit_slug": toolkit, "tool_slug": slug, "filename": "oracle.txt", "mimetype": "text/plain",
            "md5": hashlib.md5(content).hexdigest(),
        })
        if url := ticket.get("newPresignedUrl") or ticket.get("new_presigned_url"):
            put = urllib.request.Request(url, method="PUT", data=content, headers={"content-type": "text/plain"})
            urllib.request.urlopen(put, timeout=60).close()
        return {"name": "oracle.txt", "mimetype": "text/plain", "s3key": ticket["key"]}
