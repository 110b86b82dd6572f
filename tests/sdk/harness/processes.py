"""Child processes of a journey: started, waited for until they answer, and stopped by their own handle."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 15


def free_port() -> int:
    """A port that nobody listens on now; whoever asked binds it at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child whose output goes to a file."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path):
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def wait_until_announced(self) -> str:
        """Returns the address behind `READY` in the output."""

        def announced() -> str | None:
            for line in self.output().splitlines():
                if line.startswith("READY "):
                    return line.removeprefix("READY ")
            return None

        return self._wait_for(announced)

    def wait_until_answering(self, url: str) -> None:
        """Waits for a 200 from `url`."""

        def answering() -> bool:
            try:
                with urllib.request.urlopen(url, timeout=2) as response:
                    return response.status == 200
            except (urllib.error.URLError, OSError):
                return False

        self._wait_for(answering)

    def _wait_for(self, condition):
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            if result := condition():
                return result
            if self._child.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self._child.returncode}:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} is not ready after {STARTS_WITHIN_S} s:\n{self.last_lines()}")
            time.sleep(0.05)

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def last_lines(self, count: int = 25) -> str:
        return "\n".join(self.output().splitlines()[-count:])

    def stop(self) -> int | None:
        """Asks it to end and returns its exit status, or None if it had to be killed."""
        if self._child.poll() is None:
            self._child.terminate()
        try:
            return self._child.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            return None

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        self._child.kill()
        self._child.wait()


def clean_environment(home: Path, **settings: str) -> dict[str, str]:
    """Only what a program needs to run: nothing of the person's own keys, proxies or SDK settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), **settings}
