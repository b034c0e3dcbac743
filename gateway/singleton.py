"""One `serve` per data folder: a lock that ends with its process, and says whose it is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO


class AlreadyServing(Exception):
    """Another process serves this data folder; the message names its pid."""


class Singleton:
    """Holds `serve.lock` of a data folder while it lives."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
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
