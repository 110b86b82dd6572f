"""Every GitHub tool, run through the real server, against a mock made of GitHub's own description.

Each tool is called with its required arguments and with all of them; the mock refuses a request
that the description does not allow. Then each argument is broken in turn, and nothing may arrive.

    python3 tests/oracle/github.py            TENON_BIN: the server [target/debug/tenon]
"""
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import arguments
from counting_proxy import CountingProxy
from description import prepare

HERE = Path(__file__).resolve().parent
TENON = os.environ.get("TENON_BIN", str(HERE.parent.parent / "target/debug/tenon"))
DESCRIPTION = HERE / "node_modules/@octokit/openapi/generated/api.github.com.json"
PRISM = HERE / "node_modules/.bin/prism"
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
    """The server under test, and one connected account for GitHub."""

    def __init__(self, folder, github_port):
        port = free_port()
        self.base, self.key = f"http://127.0.0.1:{port}", "ak_" + secrets.token_hex(16)
        environment = {
            "PATH": os.environ["PATH"],
            "TENON_LISTEN": f"127.0.0.1:{port}",
            "TENON_DATA_DIR": folder,
            "TENON_API_KEY": self.key,
            "TENON_ALLOW_CIDRS": "127.0.0.0/8",
            "TENON_BASE_URL_GITHUB": f"http://127.0.0.1:{github_port}",
            "RUST_LOG": "warn",
        }
        self.process = subprocess.Popen([TENON], env=environment, stdout=subprocess.DEVNULL)
        wait_for_port(port, self.process)
        _, config = self.call("POST", "/auth_configs", {
            "toolkit": {"slug": "github"},
            "auth_config": {"type": "use_custom_auth", "authScheme": "BEARER_TOKEN", "credentials": {}},
        })
        state = {"authScheme": "BEARER_TOKEN", "val": {"status": "ACTIVE", "token": "ghp_oracle"}}
        status, account = self.call("POST", "/connected_accounts", {
            "auth_config": {"id": config["auth_config"]["id"]},
            "connection": {"user_id": USER, "state": state},
        })
        if status != 201:
            sys.exit(f"cannot connect the account: {account}")

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

    def execute(self, slug, values):
        return self.call("POST", f"/tools/execute/{slug}",
                         {"user_id": USER, "version": "latest", "arguments": values})


def check_accepted(tenon, tool, kind, values, proxy):
    before = len(proxy.requests)
    status, result = tenon.execute(tool["slug"], values)
    if status == 200 and result["successful"] and len(proxy.requests) == before + 1:
        return None
    sent = proxy.requests[before:] or "nothing"
    return f"{tool['slug']} ({kind}): HTTP {status}, sent {sent}, got {json.dumps(result)[:600]}"


def check_refused(tenon, tool, proxy):
    for name, values in arguments.forbidden(tool["input_parameters"]):
        before = len(proxy.requests)
        status, result = tenon.execute(tool["slug"], values)
        if status != 400 or len(proxy.requests) != before:
            yield f"{tool['slug']}: a bad `{name}` gave HTTP {status} and {proxy.requests[before:]}: {result}"


def run(folder):
    document = Path(folder) / "github.json"
    prepare(DESCRIPTION, document)
    prism_port = free_port()
    prism = subprocess.Popen(
        [PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(prism_port), str(document)],
        stdout=subprocess.DEVNULL,
    )
    tenon = None
    try:
        wait_for_port(prism_port, prism)
        proxy = CountingProxy(prism_port)
        tenon = Tenon(folder, proxy.port)
        _, page = tenon.call("GET", "/tools?toolkit_slug=github&limit=1000")
        passed, failures = 0, []
        for tool in page["items"]:
            schema = tool["input_parameters"]
            for kind, make in (("minimal", arguments.minimal), ("maximal", arguments.maximal)):
                failure = check_accepted(tenon, tool, kind, make(tool["slug"], schema), proxy)
                passed += failure is None
                failures += [failure] if failure else []
            refused = list(check_refused(tenon, tool, proxy))
            passed += not refused
            failures += refused
        print(f"{len(page['items'])} GitHub tools against GitHub's own description")
        return passed, failures
    finally:
        for process in (tenon and tenon.process, prism):
            if process:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        good, bad = run(scratch)
    for line in bad:
        print("FAIL", line)
    print(f"{good} passed, {len(bad)} failed")
    sys.exit(1 if bad or not good else 0)
