"""What an imported server is called: a name that fits our grammar, told apart from the others. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import Final

LONGEST: Final = 40
RESERVED: Final = "gatehouse"
FALLBACK: Final = "server"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_PLAIN: Final = re.compile(r"[^a-z0-9]+", re.ASCII)
# Last parts of registry names that say nothing; the part before them does.
_EMPTY_WORDS: Final = frozenset({"mcp", "server", "mcp-server", "server-mcp"})


def suggested(*wanted: str) -> str:
    """The first of these texts that gives a name, made to fit `[a-z][a-z0-9-]{0,39}`; a plain word where none does."""
    for text in wanted:
        plain = _PLAIN.sub("-", text.lower()).strip("-").lstrip("0123456789-")[:LONGEST].rstrip("-")
        if _NAME.fullmatch(plain) and plain != RESERVED:
            return plain
    return FALLBACK


def from_registry_name(name: str) -> str:
    """A name from the `io.github.person/weather` of the official registry."""
    space, _, last = name.rpartition("/")
    owner = space.rpartition(".")[2]
    return suggested(owner, last) if suggested(last) in _EMPTY_WORDS else suggested(last, owner)


def told_apart(names: Iterable[str], taken: Container[str] = ()) -> list[str]:
    """The names in their order, each after the first of its kind with a number: `git`, `git-2`, `git-3`."""
    wanted = list(names)
    given: set[str] = set()
    result: list[str] = []
    for name in wanted:
        chosen, number = name, 1
        while chosen in given or chosen in taken or (number > 1 and chosen in wanted):
            number += 1
            end = f"-{number}"
            chosen = name[: LONGEST - len(end)].rstrip("-") + end
        given.add(chosen)
        result.append(chosen)
    return result
