"""What a wrapped server is called: after its program, or after what a launcher is told to launch. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

LONGEST: Final = 40
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
RESERVED: Final = "gatehouse"
FALLBACK: Final = "server"
LAUNCHERS: Final = re.compile(
    r"python[0-9.]*|pypy[0-9.]*|node|nodejs|npx|npm|pnpm|yarn|bun|bunx|deno|uv|uvx|pipx|docker|podman|env|sh|bash|java|ruby|perl"
)
# Words of launchers that stand before the name of what is launched.
WORDS: Final = frozenset({"run", "exec", "x", "dlx", "tool", "start"})
ENDINGS: Final = re.compile(r"\.(py|js|mjs|cjs|ts|sh|exe|cmd|bat|jar|rb|pl)$")


class BadName(ValueError):
    """A name that no server can have; the text says what to write."""


def server_name(command: Sequence[str], wanted: str = "") -> str:
    """`wanted` where it is given, else a name made from the command. Raises BadName for a bad `wanted`."""
    if wanted:
        if not NAME.fullmatch(wanted) or wanted == RESERVED:
            raise BadName(
                f"--name {wanted!r} cannot be the name of a server; write lower-case letters, digits and -, a letter "
                f"first, at most {LONGEST}, and not {RESERVED}"
            )
        return wanted
    return _fit(_launched(command))


def _launched(command: Sequence[str]) -> str:
    program, *arguments = command
    name = _base(program)
    if not LAUNCHERS.fullmatch(name):
        return name
    for word in arguments:
        if not word.startswith("-") and word not in WORDS and "=" not in word:
            return _base(word)
    return name


def _base(word: str) -> str:
    """The last part of a path, a package or an image, without its ending or version."""
    last = PurePath(word.replace("\\", "/")).name
    last = last.partition("@")[0] or last
    return ENDINGS.sub("", last.lower()).partition(":")[0].partition("==")[0]


def _fit(text: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-").lstrip("0123456789-")[:LONGEST].rstrip("-")
    return plain if NAME.fullmatch(plain) and plain != RESERVED else FALLBACK
