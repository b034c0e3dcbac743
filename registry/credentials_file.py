"""The file of `apply --credentials-out`: it holds what one run issued, and what it held before is kept beside it."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

NOBODY: Mapping[str, Any] = {"agents": {}, "people": {}}


class CredentialsFile:
    """A file of mode 0600 that appears under its name only after the transaction has committed."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._waiting: Path | None = None
        self._made: list[Path] = []
        self._said = ""

    def put(self, credentials: Mapping[str, Any]) -> None:
        """Write beside the final name and reach the disk. Raises OSError, which undoes the transaction.

        A file that is there is left as it is when nothing was issued, and copied to the next free number otherwise.
        """
        before = self._before()
        issued = sum(map(len, credentials.values()))
        if not issued and before is not None:
            self._said = f"nothing was issued; {self._path} left as it is"
            return
        kept = None
        if before is not None and _holds_something(before):
            kept = self._keep(before)
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        self._waiting = Path(name)
        self._made.append(self._waiting)
        _write(handle, (json.dumps(credentials, indent=2) + "\n").encode())
        self._said = f"{issued} token{'s' if issued > 1 else ''} written to {self._path}"
        if not issued:
            self._said = f"nothing was issued; {self._path} says so"
        elif kept is not None:
            self._said += f"; what it held before is now in {kept}"

    def finish(self) -> str:
        """Give the file its name; what became of it, in words. Raises OSError naming where the tokens are instead."""
        waiting = self._waiting
        self._made.clear()
        if waiting is not None:
            try:
                waiting.replace(self._path)
            except OSError as error:
                said = f"{error.strerror}; everything was applied, and the tokens that were issued are in this file"
                raise OSError(error.errno, said, str(waiting)) from None
        return self._said

    def forget(self) -> None:
        """Remove what was written for a transaction that did not commit."""
        for made in self._made:
            made.unlink(missing_ok=True)

    def _before(self) -> bytes | None:
        """What the file holds; None where there is none."""
        if self._path.exists() and not self._path.is_file():
            raise OSError(errno.EINVAL, "not a file; name one that can be written anew", str(self._path))
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _keep(self, before: bytes) -> Path:
        for number in count(1):
            kept = Path(f"{self._path}.{number}")
            try:
                handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            self._made.append(kept)
            _write(handle, before)
            return kept
        raise AssertionError("there is always a next number")


def _holds_something(before: bytes) -> bool:
    try:
        return bool(json.loads(before) != NOBODY)
    except ValueError:
        return bool(before.strip())


def _write(handle: int, content: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
