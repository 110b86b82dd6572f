"""Where the server under test keeps its rows, and how to read all of them as bytes."""

import os
import secrets
import subprocess
from pathlib import Path
from urllib.parse import urlsplit


class Database:
    """SQLite, in the server's data folder: the default of the product."""

    name = "sqlite"

    def __enter__(self):
        return self

    def __exit__(self, *_exception) -> None:
        pass

    def settings(self) -> dict[str, str]:
        return {}

    def contents(self, data_folder: Path) -> bytes:
        """Every byte of every file, journals included."""
        return b"\n".join(file.read_bytes() for file in sorted(data_folder.rglob("*")) if file.is_file())


class Postgres(Database):
    """A database of its own in a running cluster."""

    name = "postgres"

    def __init__(self, cluster_url: str):
        self._cluster_url = cluster_url
        self._database = f"journey_{secrets.token_hex(6)}"
        self.url = urlsplit(cluster_url)._replace(path=f"/{self._database}").geturl()

    def __enter__(self):
        self._administer(f'CREATE DATABASE "{self._database}"')
        return self

    def __exit__(self, *_exception) -> None:
        self._administer(f'DROP DATABASE "{self._database}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", self._cluster_url, "--command", statement]
        subprocess.run(psql, check=True, timeout=60)

    def settings(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url}

    def contents(self, data_folder: Path) -> bytes:
        # As INSERTs, so that binary columns stand there in hexadecimal, which the sweep searches for too.
        command = ["pg_dump", "--data-only", "--inserts", self.url]
        dump = subprocess.run(command, check=True, timeout=60, capture_output=True, env=os.environ).stdout
        return dump + super().contents(data_folder)
