"""Databases for tests and programs: copies of one migrated template, on SQLite or PostgreSQL, gone afterwards.

The ledger's triggers refuse Django's flush, so whatever commits gets a copy of its own. Usable without pytest.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
LOCAL_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379"
MIGRATES_WITHIN = 120
OF_THE_RUN = "GATEHOUSE_TEST_FOLDER"  # Set while pytest runs: the folder that all of its processes share.


@dataclass(frozen=True, slots=True)
class Copy:
    """One database: the URL that DATABASE_URL takes, and what Django calls its NAME."""

    url: str
    name: str


class Databases:
    """Makes copies of a migrated database. `server` is a PostgreSQL URL to create databases with, or "" for SQLite.

    Several processes may share one `folder`: the template in it is made once, and `close` drops what all of them made.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.prefix = _prefix(folder)
        shared = server in ("", server_of_this_run())
        self._made_in = Path(shared and os.environ.get(OF_THE_RUN) or folder)  # Tables are made once for a test run.

    @property
    def vendor(self) -> str:
        """`sqlite` or `postgresql`, as Django names them."""
        return "postgresql" if self.server else "sqlite"

    def copy(self) -> Copy:
        """A fresh migrated database."""
        template = self.template()
        name = f"{self.prefix}_{secrets.token_hex(4)}"
        if not self.server:
            path = self.folder / f"{name}.sqlite3"
            shutil.copyfile(template.name, path)
            return self._sqlite(path)
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template.name))
        )
        return self._postgres(name)

    def drop(self, copy: Copy) -> None:
        """Remove a copy, whoever is still connected."""
        if self.server:
            self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy.name)))
            return
        for name in (copy.name, f"{copy.name}-wal", f"{copy.name}-shm"):
            Path(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Drop every database that came from this folder, the template too."""
        if not self.server:
            for path in self.folder.glob(f"{self.prefix}*.sqlite3*"):
                path.unlink(missing_ok=True)
            return
        with psycopg.connect(self.server, autocommit=True, connect_timeout=5) as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.prefix])
            for (name,) in rows.fetchall():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self) -> Copy:
        """The migrated database that copies are made of; the first who asks makes it, others wait."""
        made = self._made_in / f"{self.vendor}.migrated"
        if self.server:
            template = self._postgres(f"{_prefix(self._made_in)}_template")
        else:
            template = self._sqlite(self._made_in / f"{_prefix(self._made_in)}_template.sqlite3")
        if made.exists():
            return template
        with (self._made_in / f"{self.vendor}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                if self.server:
                    self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template.name)))
                migrate(template.url, self._made_in)
                made.touch()
        return template

    def _sqlite(self, path: Path) -> Copy:
        return Copy(f"sqlite://{path}", str(path))

    def _postgres(self, name: str) -> Copy:
        return Copy(urlsplit(self.server)._replace(path=f"/{name}").geturl(), name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)


def _prefix(folder: Path) -> str:
    """What names of databases from this folder begin with: of its whole path, since several runs may use a server."""
    return f"gatehouse_test_{sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"


def migrate(url: str, data: Path) -> None:
    """Migrate the database at `url` with the project's own command."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": url,
        "GATEHOUSE_DATA": str(data),
        "GATEHOUSE_MODE": "test",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0", "--no-input"]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=MIGRATES_WITHIN, check=False
    )
    if done.returncode:
        raise RuntimeError(f"manage.py migrate failed on {url}:\n{done.stdout}{done.stderr}")


def server_of_this_run() -> str:
    """The PostgreSQL server that this run tests on (DATABASE_URL, TEST_DATABASE_URL), or "" for SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith(("postgres:", "postgresql:")):
        return ""
    return os.environ.get("TEST_DATABASE_URL") or urlsplit(url)._replace(path="/postgres").geturl()


@contextmanager
def databases(server: str, folder: Path) -> Iterator[Databases]:
    """Databases for a program: everything it made is dropped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Databases(server, folder)
    try:
        yield made
    finally:
        made.close()
