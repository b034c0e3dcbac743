"""One `serve` per data folder: a lock that ends with its process, and says whose it is."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import IO


class AlreadyServing(Exception):
    """Another process serves this data folder; the message names its pid."""


def close_to_others(folder: Path) -> None:
    """Take from group and others what an earlier version let them: the folder, its database and its keys.

    Only of what this account owns; a folder that is shared on purpose (sticky, or right below /) stays as it is.
    """
    shared = folder.stat().st_mode & stat.S_ISVTX or len(folder.absolute().parts) <= 2
    wanted = [] if shared else [folder]
    for path in (*wanted, folder / "keys", *folder.glob("keys/*"), *folder.glob("gatehouse.sqlite3*")):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        plain = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
        if plain and found.st_uid == os.geteuid() and found.st_mode & 0o077:
            path.chmod(stat.S_IMODE(found.st_mode) & ~0o077)


class Singleton:
    """Holds `serve.lock` of a data folder while it lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        close_to_others(folder)
        self._file: IO[str] = (folder / "serve.lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            self._file.seek(0)
            pid = self._file.read().strip() or "unknown"
            self._file.close()
            raise AlreadyServing(
                f"process {pid} already serves {folder}; stop it, or give this one its own GATEHOUSE_DATA"
            ) from problem
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another process serve."""
        self._file.close()
