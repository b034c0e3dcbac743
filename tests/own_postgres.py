"""A private PostgreSQL that a test may freeze, kill and start again; never the machine's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench import cluster
from tests.running import free_port, postgres_answers
from tests.waiting import eventually

READY_WITHIN = 30.0


class OwnPostgres:
    """One cluster in `folder`; `url` is its `postgres` database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._programs, self._account = cluster._programs(), cluster._account()
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Create the cluster's files."""
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        data = str(self.folder / "data")
        made = [str(self._programs / "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8"]
        cluster._run(made, self.folder, self._account)

    def start(self) -> None:
        """Start it and wait until it answers."""
        served = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), "-h", "127.0.0.1"]
        served += ["-p", str(self.port), "-c", "unix_socket_directories=", "-c", "max_connections=60"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                served, cwd=self.folder, stdout=log, stderr=log, **cluster._as(self._account)
            )
        eventually(lambda: not postgres_answers(self.url), within=READY_WITHIN, what="the private PostgreSQL answers")

    def _pids(self) -> list[int]:
        """The postmaster and everything it started."""
        assert self._process is not None
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [self._process.pid, *map(int, listed.split())]

    def freeze(self) -> None:
        """SIGSTOP to all of it: connections stay open and say nothing."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to all of it, as a machine that loses power would."""
        assert self._process is not None
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.send_signal(signal.SIGINT)
            self._process.wait(15)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A started cluster; everything of it is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-postgres-", dir=cluster.DISK if cluster.DISK.is_dir() else None))
    made = OwnPostgres(folder)
    try:
        made.make()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
