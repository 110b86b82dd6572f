"""An OAuth provider as strict as they come, and the API behind it.

A refresh token is good once. Who shows it again kills the whole grant, and with it every token that came of it.
How the token endpoint treats a grant is set grant by grant, while it runs.
"""

import json
import secrets
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID = "chaos-client"
CLIENT_SECRET = secrets.token_hex(16)
ACCESS_TOKEN_LIVES_S = 3600


@dataclass
class Grant:
    """What a person allowed once, and the tokens that came of it."""

    refresh_token: str = ""
    used: set = field(default_factory=set)
    access_tokens: dict = field(default_factory=dict)
    is_alive: bool = True
    #: before it is looked at | after the tokens were replaced
    delay_s: float = 0
    hangs_after_s: float = 0
    is_out: bool = False
    #: A request whose client went away is dropped before anything is replaced.
    drops_orphans: bool = False
    requests: int = 0
    at_once: int = 0
    most_at_once: int = 0


class Provider:
    """Runs in threads of this process for as long as the `with` block."""

    def __init__(self):
        self._lock = threading.Lock()
        self._grants: list[Grant] = []
        self._codes: set[str] = set()
        provider = self

        class Handler(_Handler):
            owner = provider

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, request, client_address):
                """A server under test that is killed leaves broken connections; that is the point."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Provider":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception) -> None:
        self._server.shutdown()
        self._server.server_close()

    def grant(self, access_token_lives_s: float = ACCESS_TOKEN_LIVES_S) -> tuple[Grant, dict]:
        """A new grant and its first tokens."""
        grant = Grant()
        with self._lock:
            self._grants.append(grant)
            return grant, self._tokens(grant, access_token_lives_s)

    def _tokens(self, grant: Grant, lives_s: float) -> dict:
        if grant.refresh_token:
            grant.used.add(grant.refresh_token)
        grant.refresh_token = f"rt-{secrets.token_hex(16)}"
        access_token = f"at-{secrets.token_hex(16)}"
        grant.access_tokens[access_token] = time.monotonic() + lives_s
        return {
            "access_token": access_token,
            "refresh_token": grant.refresh_token,
            "token_type": "Bearer",
            "expires_in": int(lives_s),
        }

    def authorize(self, query: dict) -> str:
        code = secrets.token_hex(16)
        with self._lock:
            self._codes.add(code)
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict, client_is_there) -> tuple[int, dict]:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            with self._lock:
                if form.get("code") not in self._codes:
                    return 400, {"error": "invalid_grant"}
                self._codes.remove(form["code"])
            return 200, self.grant()[1]
        token = form.get("refresh_token")
        with self._lock:
            grant = next((one for one in self._grants if token == one.refresh_token or token in one.used), None)
            if grant is None:
                return 400, {"error": "invalid_grant"}
            grant.requests += 1
            grant.at_once += 1
            grant.most_at_once = max(grant.most_at_once, grant.at_once)
        try:
            return self._refresh(grant, token, client_is_there)
        finally:
            with self._lock:
                grant.at_once -= 1

    def _refresh(self, grant: Grant, token: str, client_is_there) -> tuple[int, dict]:
        time.sleep(grant.delay_s)
        if grant.is_out:
            return 500, {"error": "out of order"}
        if grant.drops_orphans and not client_is_there():
            return 500, {"error": "nobody waits for this"}
        with self._lock:
            if token != grant.refresh_token:
                grant.is_alive = False
            if not grant.is_alive:
                return 400, {"error": "invalid_grant", "error_description": "the grant is revoked"}
            tokens = self._tokens(grant, ACCESS_TOKEN_LIVES_S)
        time.sleep(grant.hangs_after_s)
        return 200, tokens

    def lets_in(self, token: str) -> bool:
        with self._lock:
            ends = [grant.access_tokens[token] for grant in self._grants if grant.is_alive and token in grant.access_tokens]
        return any(end > time.monotonic() for end in ends)


class _Handler(BaseHTTPRequestHandler):
    owner: Provider
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/authorize":
            self.send_response(302)
            self.send_header("location", self.owner.authorize({name: values[0] for name, values in query.items()}))
            self.send_header("content-length", "0")
            self.end_headers()
            return
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if self.owner.lets_in(token):
            self._answer(200, {"login": "somebody"})
        else:
            self._answer(401, {"message": "Bad credentials"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(*self.owner.token(form, self._client_is_there))

    def _client_is_there(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return True
        try:
            return self.connection.recv(1, socket.MSG_PEEK) != b""
        except OSError:
            return False

    def _answer(self, status: int, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
