"""Our OAuth 1 against oauthlib's server side: three steps to a token, and signed calls of every kind.

    tests/sdk/.work/python-oauthlib/bin/python tests/oauth1/run.py     TENON_BIN: another binary
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("TENON_BIN", str(HERE.parent.parent / "target" / "debug" / "tenon"))
KEY = "ak_" + "0123456789abcdef" * 2
KIT = """manifest: 1
slug: {slug}
name: Chirp
description: A service behind oauthlib.
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-01-01T00:00:00Z
versions: ["20260101_00"]
base_url: {base}/api
auth:
  - scheme: OAUTH1
    request_url: {base}/request_token
    authorize_url: {base}/authorize
    token_url: {base}/access_token
    signature: {signature}
"""
SIGNATURES = {"chirp_sha1": "HMAC-SHA1", "chirp_sha256": "HMAC-SHA256", "chirp_plain": "PLAINTEXT"}
CALLS = {
    "a query with odd characters": {"method": "GET", "endpoint": "/x?q=a%20b%2Bc%26d&e=%27%21%2A%28%29~&f=&g=2&g=1&%C3%BC=%E2%98%83"},
    "parameters beside the endpoint": {"method": "GET", "endpoint": "/x", "parameters": [
        {"name": "q", "value": "50% & ü + 'more'", "type": "query"}]},
    "a path with odd characters": {"method": "GET", "endpoint": "/a%20b/c%2Fd;e=f,g"},
    "a form": {"method": "POST", "endpoint": "/x?z=1", "body": "status=Hello+Ladies%20%26%20Gentlemen%2c%21&a=0", "parameters": [
        {"name": "content-type", "value": "application/x-www-form-urlencoded", "type": "header"}]},
    "JSON": {"method": "POST", "endpoint": "/x?y=2", "body": {"text": "a=b&c=d", "n": [1, 2]}},
    "PUT": {"method": "PUT", "endpoint": "/x/1", "body": {"text": "ü"}},
    "DELETE": {"method": "DELETE", "endpoint": "/x/1"},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_): return None


opener = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))


def http(url: str, body: object = None, headers: dict | None = None, method: str | None = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        answer = opener.open(request, timeout=20)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return answer.status, dict(answer.headers), answer.read().decode()


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            return http(url) and None
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


def check(what: str, condition: object, told: object) -> None:
    print(("ok " if condition else "FAIL ") + what + ("" if condition else f": {told}"), flush=True)
    if not condition:
        raise SystemExit(1)


def journey(tenon: str, provider: str, slug: str) -> None:
    def api(path: str, body: object) -> dict:
        headers = {"x-api-key": KEY, "content-type": "application/json"}
        return json.loads(http(f"{tenon}/api/v3{path}", body, headers)[2])

    made = api("/auth_configs", {"toolkit": {"slug": slug}, "auth_config": {
        "type": "use_custom_auth", "authScheme": "OAUTH1",
        "credentials": {"consumer_key": "consumer one", "consumer_secret": "s&cret+%of one"}}})
    config = made["auth_config"]["id"]
    begun = api("/connected_accounts", {"auth_config": {"id": config}, "connection": {"user_id": "ada"}})
    check(f"{slug}: a request token is given", "connectionData" in begun, begun)
    val = begun["connectionData"]["val"]
    consented = http(val["redirectUrl"])
    check(f"{slug}: the provider sends the browser back", consented[0] == 302, consented)
    status, _, page = http(consented[1]["Location"])
    check(f"{slug}: the verifier is taken for a token", status == 200, page[:300])
    for what, call in CALLS.items():
        answer = api("/tools/execute/proxy", {"connected_account_id": begun["id"], **call})
        check(f"{slug}: {what} is signed right", answer.get("data", {}).get("valid"), answer)
    # The provider shows the header it let in; nobody can use it again.
    url = f"{provider}/api{call['endpoint']}"
    again = http(url, headers={"Authorization": answer["data"]["authorization"]}, method="DELETE")
    check(f"{slug}: a request that is sent again is refused", again[0] == 401, again)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        provider, tenon = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        for slug, signature in SIGNATURES.items():
            kit = Path(folder) / "toolkits" / slug
            kit.mkdir(parents=True)
            (kit / "toolkit.yaml").write_text(KIT.format(slug=slug, base=provider, signature=signature))
        environment = {
            "PATH": os.environ["PATH"], "TENON_LISTEN": tenon.removeprefix("http://"), "TENON_PUBLIC_URL": tenon,
            "TENON_DATA_DIR": folder, "TENON_API_KEY": KEY, "TENON_TOOLKITS_DIR": f"{folder}/toolkits",
            "TENON_ALLOW_CIDRS": "127.0.0.0/8",
        }
        log = (Path(folder) / "log").open("w")
        started = [
            subprocess.Popen([sys.executable, str(HERE / "provider.py"), provider.rsplit(":", 1)[1]]),
            subprocess.Popen([BINARY, "serve"], env=environment, stdout=log, stderr=log),
        ]
        try:
            wait_for(provider + "/api/")
            wait_for(tenon + "/ready")
            for slug in SIGNATURES:
                journey(tenon, provider, slug)
        finally:
            for process in started:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
