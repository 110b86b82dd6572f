"""Drives one SDK through its journey and then looks at what is left."""

import json
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .database import Database
from .processes import clean_environment
from .results import Results
from .sweep import find_secrets, read_responses
from .world import LOOPBACK, SDK_TESTS, World

ENDS_WITHIN_S = 300
LAST_WORDS = "# the journey is over"


@dataclass(frozen=True)
class Sdk:
    """An official SDK in one version, as a person has it installed."""

    language: str
    version: str
    # Whether it fetches files from public addresses alone.
    is_wary: bool = False

    @property
    def name(self) -> str:
        return f"{self.language}-{self.version}"

    def command(self, briefing: Path) -> list[str]:
        if self.language == "python":
            python = SDK_TESTS / ".work" / self.name / "bin" / "python"
            return [str(python), "-m", "journey", str(briefing)]
        folder = SDK_TESTS / "typescript" / self.version
        return ["node", str(SDK_TESTS / "typescript" / "journey.mjs"), str(folder), str(briefing)]


# The last versions that speak /api/v3, and newer ones that speak /api/v3.1.
SDKS = [
    Sdk("python", "0.12.0"), Sdk("python", "0.29.0", is_wary=True),
    Sdk("typescript", "0.8.1"), Sdk("typescript", "0.19.0", is_wary=True),
]


def run_journey(sdk: Sdk, database: Database, results: Results, address: str = LOOPBACK) -> None:
    results.begin(f"{sdk.name} on {database.name}")
    began = time.monotonic()
    try:
        with World(sdk.name, database, address) as world:
            _create_second_project(world, results)
            _drive(sdk, world, results)
            _look_for_secrets(world, results)
    except Exception as error:  # a world that does not come up is a failure like any other
        results.fail("the server and its peers run", f"{type(error).__name__}: {error}")
    print(f"# {time.monotonic() - began:.1f} s", flush=True)


def _create_second_project(world: World, results: Results) -> None:
    step = "a second project is created with the organisation's key"
    try:
        world.create_second_project()
        results.ok(step)
    except Exception as error:
        results.fail(step, error)


def _drive(sdk: Sdk, world: World, results: Results) -> None:
    briefing = world.folder / "briefing.json"
    briefing.write_text(json.dumps(world.briefing()))
    environment = clean_environment(
        world.home,
        COMPOSIO_CACHE_DIR=str(world.home / "cache"),
        # Belt and braces beside the SDKs' own options: nothing may leave the machine.
        TELEMETRY_DISABLED="true",
        PYTHONPATH=str(SDK_TESTS / "python"),
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONUNBUFFERED="1",
        **world.trust,
    )
    finished = False
    errors = world.folder / "journey-errors.log"
    with errors.open("w+") as error_output, subprocess.Popen(
        sdk.command(briefing), env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=error_output, text=True,
    ) as child:
        alarm = threading.Timer(ENDS_WITHIN_S, child.kill)
        alarm.start()
        for line in child.stdout:
            if line.strip() == LAST_WORDS:
                finished = True
            elif line.startswith(("ok ", "FAIL ", "n/a ", "#")):
                results.accept_line(line.rstrip("\n"))
        alarm.cancel()
    if not finished:
        last = "\n".join(errors.read_text().splitlines()[-15:])
        results.fail("the journey reaches its end", f"exit status {child.returncode}\n{last}")


def _look_for_secrets(world: World, results: Results) -> None:
    secrets = world.observed_secrets()
    status = world.server.stop()
    if status == 0:
        results.ok("the server ends in good order when asked to")
    else:
        results.fail("the server ends in good order when asked to", f"exit status {status}\n{world.server.last_lines()}")

    # What surely is in each place, so that an empty search cannot look like a clean one.
    places = {
        "the server's log": (world.server.log.read_bytes(), b"/tools/execute/GITHUB_GET_THE_AUTHENTICATED_USER"),
        "the database": (world.database.contents(world.data), b"journey-user"),
        "what the SDK was told": (read_responses(world.record), b"journey-user"),
    }
    for place, (content, landmark) in places.items():
        step = f"no secret is in {place}"
        if landmark not in content:
            results.fail(step, f"the search is blind: {landmark.decode()} is not there either")
        elif found := find_secrets(content, secrets):
            results.fail(step, f"{len(found)} found: " + "; ".join(found[:5]))
        else:
            results.ok(f"{step} ({len(secrets)} secrets, {len(content)} bytes)")
