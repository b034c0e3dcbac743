"""How commands fail: one line on stderr and the exit code of contract section 1, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.management.base import CommandError
from django.db import Error as DatabaseFault

REFUSED: Final = 1
USAGE: Final = 2


class Failed(CommandError):
    """Ends a command with one line; `code` is 1 for refused or a failed check, 2 for wrong usage."""

    def __init__(self, line: str, code: int = REFUSED) -> None:
        super().__init__(" ".join(line.split()), returncode=code)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn a database that does not answer, or was not migrated, into one line."""
    try:
        yield
    except DatabaseFault as error:
        first = (str(error).splitlines() or [""])[0]
        raise Failed(f"the database refused: {first}; check DATABASE_URL and run manage.py migrate") from error
