"""Refreshes tokens while servers are killed and providers are slow or out, and counts what comes of it.

A provider that rotates refresh tokens ends a grant as soon as one is used twice. So whoever sends two requests
where one was due, or forgets a token that it was given, loses an account here.
"""

import base64
import http.client
import json
import os
import secrets
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPOSITORY / "tests" / "sdk"))

from harness.database import Database  # noqa: E402
from harness.processes import Process, clean_environment, free_port  # noqa: E402
from harness.world import server_binary  # noqa: E402

from provider import CLIENT_ID, CLIENT_SECRET, Grant, Provider  # noqa: E402

CALLS = 40
#: What the server allows itself; a call that waits for a dead server's lease must not take longer.
LEASE_S = 45
REFRESH_MAY_TAKE_S = 5
TOOLKIT = """manifest: 1
slug: chaos
name: Chaos
description: Rotates its tokens.
created_at: 2026-01-01T00:00:00Z
updated_at: 2026-01-01T00:00:00Z
versions: ["20260101_00"]
base_url: PROVIDER
auth:
  - scheme: OAUTH2
    authorize_url: PROVIDER/authorize
    token_url: PROVIDER/token
    pkce: none
    scopes: { default: [all] }
    apply: [{ in: header, name: Authorization, value: "Bearer {access_token}" }]
"""
TOOLS = """tools:
  - slug: CHAOS_GET_ME
    name: Get me
    description: Tells who it is.
    request: { method: GET, path: /me }
"""


@dataclass
class Reply:
    """What came of a request, and after how long."""

    status: int
    body: dict
    took_s: float
    location: str | None = None

    @property
    def is_success(self) -> bool:
        return self.body.get("successful") is True


class Server:
    """One process of the server under test."""

    def __init__(self, process: Process, port: int, key: str):
        self.process, self._port, self._key = process, port, key
        process.wait_until_answering(f"http://127.0.0.1:{port}/ready")

    def ask(self, method: str, path: str, body: dict | None = None) -> Reply:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {"x-api-key": self._key, "content-type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        took_s = time.monotonic() - began
        return Reply(answer.status, json.loads(text) if is_json else {}, took_s, answer.headers.get("location"))

    def api(self, method: str, path: str, body: dict | None = None) -> dict:
        reply = self.ask(method, f"/api/v3/{path}", body)
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.body}")
        return reply.body

    def execute(self, user: str) -> Reply:
        body = {"user_id": user, "version": "latest", "arguments": {}}
        return self.ask("POST", "/api/v3/tools/execute/CHAOS_GET_ME", body)


class Stage:
    """A provider, a database and the servers on it."""

    def __init__(self, database: Database):
        self._database = database
        self._stack = ExitStack()
        self._started = 0
        self.servers: list[Server] = []

    def __enter__(self) -> "Stage":
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenon-chaos-")))
            self.provider = stack.enter_context(Provider())
            stack.enter_context(self._database)
            stack.callback(lambda: [server.process.stop() for server in self.servers])
            self._key, self._master_key = f"ak_{secrets.token_hex(16)}", base64.b64encode(os.urandom(32)).decode()
            kit = self.folder / "toolkits" / "chaos"
            (kit / "tools").mkdir(parents=True)
            (kit / "toolkit.yaml").write_text(TOOLKIT.replace("PROVIDER", self.provider.url))
            (kit / "tools" / "all.yaml").write_text(TOOLS)
            for _ in range(self.count):
                self.start_server(renews_ahead=False)
            self._config = self.any.api("POST", "auth_configs", {
                "toolkit": {"slug": "chaos"},
                "auth_config": {
                    "type": "use_custom_auth", "authScheme": "OAUTH2",
                    "credentials": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
                },
            })["auth_config"]["id"]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception) -> None:
        self._stack.close()

    @property
    def count(self) -> int:
        """SQLite is for one process."""
        return 1 if self._database.name == "sqlite" else 2

    @property
    def any(self) -> Server:
        return self.servers[-1]

    def start_server(self, renews_ahead: bool, **settings: str) -> Server:
        self._started += 1
        port, name = free_port(), f"server-{self._started}"
        environment = clean_environment(
            self.folder, TENON_LISTEN=f"127.0.0.1:{port}", TENON_DATA_DIR=str(self.folder / "data"),
            TENON_API_KEY=self._key, TENON_MASTER_KEY=self._master_key, TENON_ALLOW_CIDRS="127.0.0.0/8",
            TENON_TOOLKITS_DIR=str(self.folder / "toolkits"), TENON_REFRESH_AHEAD=str(renews_ahead).lower(),
            **self._database.settings(), **settings,
        )
        process = Process(name, [str(server_binary()), "serve"], environment, self.folder / f"{name}.log")
        server = Server(process, port, self._key)
        self.servers.append(server)
        return server

    def account(self, user: str) -> tuple[str, Grant]:
        """An account whose token ends in a second, and the grant behind it."""
        grant, tokens = self.provider.grant(access_token_lives_s=1)
        made = self.any.api("POST", "connected_accounts", {
            "auth_config": {"id": self._config},
            "connection": {
                "user_id": user,
                "state": {"authScheme": "OAUTH2", "val": {"status": "ACTIVE", **tokens}},
            },
        })
        return made["id"], grant

    def shown(self, account: str) -> dict:
        return self.any.api("GET", f"connected_accounts/{account}")


class Table:
    """What was tried, what came of it, and whether that is as it must be."""

    def __init__(self, title: str):
        self._title, self._rows, self.failures = title, [], 0

    def add(self, tried: str, came: str, is_right: bool) -> None:
        self.failures += not is_right
        self._rows.append(("ok" if is_right else "WRONG", tried, came))

    def show(self, took_s: float) -> None:
        widths = [max(len(row[column]) for row in self._rows) for column in range(2)]
        print(f"\n{self._title} ({took_s:.0f} s)")
        for row in self._rows:
            print(f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")


def calls_at_once(stage: Stage, table: Table, latency_s: float) -> None:
    """Many calls over all servers want the same expired token."""
    user = f"slow-{latency_s}"
    account, grant = stage.account(user)
    grant.delay_s = latency_s
    time.sleep(1.1)
    with ThreadPoolExecutor(CALLS) as pool:
        calls = [pool.submit(stage.servers[number % stage.count].execute, user) for number in range(CALLS)]
        replies = [call.result() for call in calls]
    good = sum(reply.is_success for reply in replies)
    slowest = max(reply.took_s for reply in replies)
    came = f"{grant.requests} token request(s), {good} of {CALLS} calls succeeded, the slowest in {slowest:.1f} s"
    is_right = grant.requests == 1 and good == CALLS and stage.shown(account)["status"] == "ACTIVE"
    table.add(f"{CALLS} calls at once, provider answers after {latency_s} s", came, is_right)


class Outage:
    """A provider that answers 500 from the beginning of the test to its end."""

    USERS = 5

    def __init__(self, stage: Stage):
        self._stage = stage
        self._accounts = [(f"out-{number}", *stage.account(f"out-{number}")) for number in range(self.USERS)]
        for _, _, grant in self._accounts:
            grant.is_out = True
        self._is_over = threading.Event()
        self._calls = 0
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._began = time.monotonic()
        self._thread.start()

    def _call(self) -> None:
        while not self._is_over.wait(0.5):
            for user, _, _ in self._accounts:
                for server in list(self._stage.servers):
                    try:
                        server.execute(user)
                    except (OSError, http.client.HTTPException):
                        continue  # This one was killed.
                    self._calls += 1

    def close(self, table: Table) -> None:
        self._is_over.set()
        self._thread.join()
        lasted = time.monotonic() - self._began
        statuses = {self._stage.shown(account)["status"] for _, account, _ in self._accounts}
        most = max(grant.requests for _, _, grant in self._accounts)
        # After a failure a call asks again after half a minute, the worker after 5 s, 30 s, 2 min.
        bound = 4 + lasted / 25
        came = f"all {'/'.join(sorted(statuses))}; {self._calls} calls made at most {most} token requests an account"
        is_right = statuses == {"ACTIVE"} and most <= bound
        table.add(f"provider answers 500 for {lasted:.0f} s", came, is_right)
        works = 0
        for user, account, grant in self._accounts:
            grant.is_out = False
            self._stage.any.api("POST", f"connected_accounts/{account}/refresh", {})
            works += self._stage.any.execute(user).is_success
        table.add("… and comes back", f"{works} of {self.USERS} accounts work", works == self.USERS)


class Kill:
    """A server that is killed while it waits for the provider, for two accounts at once."""

    def __init__(self, stage: Stage):
        self._stage = stage
        self._before, self._after = stage.account("before"), stage.account("after")
        before, after = self._before[1], self._after[1]
        before.delay_s, before.drops_orphans = 3, True
        after.hangs_after_s = 3
        time.sleep(1.1)
        victim = stage.servers[0]
        with ThreadPoolExecutor(2) as pool:
            lost = [pool.submit(victim.execute, user) for user in ("before", "after")]
            while not (before.requests and after.requests):
                time.sleep(0.02)
            time.sleep(0.3)
            victim.process.kill()
            for call in lost:
                if call.exception() is None:
                    raise RuntimeError(f"the killed server answered {call.result()}")
        before.delay_s = after.hangs_after_s = 0
        stage.servers.remove(victim)
        # The worker of its successor goes for the same tokens as the calls.
        stage.start_server(renews_ahead=True)
        self._pool = ThreadPoolExecutor(2)
        self._calls = [self._pool.submit(stage.servers[0].execute, user) for user in ("before", "after")]

    def close(self, table: Table) -> None:
        before, after = (call.result() for call in self._calls)
        self._pool.shutdown()
        in_time = max(before.took_s, after.took_s) <= LEASE_S + REFRESH_MAY_TAKE_S
        status = self._stage.shown(self._before[0])["status"]
        came = f"{status}, the next call {'succeeded' if before.is_success else 'failed'} after {before.took_s:.1f} s"
        table.add("kill -9 before the provider rotated", came, before.is_success and status == "ACTIVE" and in_time)

        shown = self._stage.shown(self._after[0])
        says = shown.get("status_reason") or ""
        is_honest = shown["status"] == "EXPIRED" and "interrupted" in says and "connect again" in says
        came = f"{shown['status']} after {after.took_s:.1f} s: {says}"
        table.add("kill -9 after the provider rotated", came, is_honest and not after.is_success and in_time)
        self._reconnect(table)

    def _reconnect(self, table: Table) -> None:
        server = self._stage.any
        url = server.api("POST", f"connected_accounts/{self._after[0]}/refresh", {})["redirect_url"]
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        connection.request("GET", f"{parts.path}?{parts.query}")
        back = urlsplit(connection.getresponse().headers["location"])
        server.ask("GET", f"{back.path}?{back.query}")
        works = server.execute("after").is_success
        table.add("… and the user connects again", "works" if works else "does not work", works)


def stop_in_time(stage: Stage, table: Table) -> None:
    """A server that is asked to stop finishes the refresh under way."""
    account, grant = stage.account("stop")
    grant.delay_s = 2
    time.sleep(1.1)
    victim = stage.servers[0]
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(victim.execute, "stop")
        while not grant.requests:
            time.sleep(0.02)
        victim.process.stop()
        answered = call.exception() is None and call.result().is_success
    grant.delay_s = 0
    stage.servers.remove(victim)
    stage.start_server(renews_ahead=True)
    works = stage.any.execute("stop").is_success
    came = f"the call {'succeeded' if answered else 'was cut off'}, the account {'works' if works else 'is lost'}, "
    came += f"{grant.requests} token request(s)"
    is_right = works and grant.requests == 1 and stage.shown(account)["status"] == "ACTIVE"
    table.add("SIGTERM while the provider thinks", came, is_right)


def run(database: Database) -> int:
    """The whole test on one engine; the number of things that were not as they must be."""
    began = time.monotonic()
    with Stage(database) as stage:
        processes = "two server processes" if stage.count == 2 else "one server process"
        table = Table(f"Refresh under chaos: {database.name}, {processes}")
        try:
            outage = Outage(stage)
            calls_at_once(stage, table, 0.3)
            kill = Kill(stage)
            calls_at_once(stage, table, 12)
            kill.close(table)
            stop_in_time(stage, table)
            outage.close(table)
        except BaseException:
            for server in stage.servers:
                print(f"---- {server.process.name}\n{server.process.last_lines()}", file=sys.stderr)
            raise
        table.show(time.monotonic() - began)
        return table.failures
