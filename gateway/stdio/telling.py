"""Lines for a person on standard error, where a program's standard output is its protocol. Pure but for that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

CHARACTERS: Final = 2000


def teller(program: str) -> Callable[[str], None]:
    """Says one line at a time under the program's name; nothing in it moves a terminal's cursor."""

    def tell(text: str) -> None:
        plain = "".join(char if char.isprintable() else " " for char in text[:CHARACTERS])
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{program}: {plain}\n")
            sys.stderr.flush()

    return tell
