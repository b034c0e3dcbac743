"""The data folder of one wrapper: clients start one process per window from the same entry, and each needs its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.settings import env
from gateway.singleton import AlreadyServing, Singleton

MOST: Final = 9
NAMED: Final = "wrapped-server"


class NoFolder(Exception):
    """No data folder is free, or it cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A data folder that is this process's own; `made` are the folders that did not exist before, innermost first.

    `busy` says who has the first choice, "" where this is it.
    """

    folder: Path
    lock: Singleton
    made: tuple[Path, ...]
    busy: str

    def discard(self) -> None:
        """Take away what was made for a server that never served; a folder that was there before stays."""
        if self.folder in self.made:
            shutil.rmtree(self.folder, ignore_errors=True)
            for parent in self.made[1:]:
                with suppress(OSError):
                    parent.rmdir()


def kept_between_runs() -> Path:
    """Where the user's programs keep what can be made again (XDG base directories): this one's part of it."""
    chosen = Path(env.read("XDG_CACHE_HOME"))
    return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "gatehouse"


def claim(folder: Path, server: str, *, alone: bool) -> Claimed:
    """The first of `folder`, `folder-2`, … that nobody serves and that holds no other server's evidence.

    With `alone`, `folder` or none, whatever it holds. Raises NoFolder.
    """
    busy = ""
    for candidate in [folder] if alone else _candidates(folder, server):
        made = tuple(each for each in (candidate, *candidate.parents) if not each.exists())
        try:
            lock = Singleton(candidate)
            if not alone:
                (candidate / NAMED).write_text(server, encoding="utf-8")
        except AlreadyServing as problem:
            busy = busy or str(problem)
            continue
        except OSError as problem:
            raise NoFolder(f"{candidate} cannot be used: {problem.strerror}; set GATEHOUSE_DATA") from None
        return Claimed(candidate, lock, made, busy)
    several = "" if alone else f" (and so on up to {folder.name}-{MOST})"
    raise NoFolder(f"{busy or f'{folder} holds another server'}{several}. Another entry takes another --name or --data")


def _candidates(folder: Path, server: str) -> Iterator[Path]:
    """The folders that may be this server's: the further one of a server may be the first of another that is called so.

    One that says no name is taken as the first alone, since somebody chose it.
    """
    for number in range(1, MOST + 1):
        each = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        named = _named(each)
        if named == server or (not named and (number == 1 or not each.exists())):
            yield each


def _named(folder: Path) -> str:
    try:
        return (folder / NAMED).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
