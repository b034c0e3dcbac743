"""Digests of files on disk, one or many, within bounds; nothing is run. No Django."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

MAX_FILES: Final = 20_000
MAX_BYTES: Final = 512 * 1024 * 1024
PIECE: Final = 1024 * 1024
TEXT_LENGTH: Final = 200


class Unread(Exception):
    """Something on disk cannot be taken in; the text is a clause for a person."""


@dataclass(slots=True)
class Budget:
    """How much one look may still read."""

    files: int = MAX_FILES
    size: int = MAX_BYTES

    def take(self, path: Path) -> None:
        """Pay for a file. Raises Unread, OSError."""
        self.files -= 1
        self.size -= path.stat().st_size
        if self.files < 0 or self.size < 0:
            raise Unread(f"it has more than {MAX_FILES} files or {MAX_BYTES // 1024 // 1024} MiB")


def file_digest(path: Path, budget: Budget) -> str:
    """SHA-256 of a regular file in hexadecimal. Raises Unread, OSError."""
    if not path.is_file():
        raise Unread(f"{path.name} is no regular file")
    budget.take(path)
    read = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            read.update(piece)
    return read.hexdigest()


def digest_of_lines(lines: Iterable[str]) -> str:
    """SHA-256 in hexadecimal over lines, sorted, each with a line end."""
    return sha256("".join(f"{line}\n" for line in sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def small_text(path: Path, most: int = 1024 * 1024) -> str:
    """The text of a small file, "" where there is none that can be read."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError:
        return ""
    return data.decode("utf-8", "replace") if len(data) <= most else ""


def short(text: object) -> str:
    """A name or version as a package writes it, as one text of bounded length."""
    return text[:TEXT_LENGTH] if isinstance(text, str) else ""
