"""Names, addresses and closed sets of the file, read with every problem noted. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from governance.policy.nodes import Node
from governance.policy.reading import Reader, suggestion

CONSOLE_ROLES: Final = ("security-admin", "policy-author", "approver", "auditor", "server-owner", "developer")
SCOPES: Final = ("read", "request", "decide", "stop", "administer")
RESERVED_SERVER: Final = "gatehouse"

Check: TypeAlias = "Callable[[Node | None, Reader, str], str]"

_SERVER: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII).fullmatch
_AGENT: Final = re.compile(r"[a-z][a-z0-9._-]{0,79}", re.ASCII).fullmatch
_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII).fullmatch
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}",
    re.ASCII,
).fullmatch


def text(node: Node | None, reader: Reader, what: str) -> str:
    """A text without control characters; "" where it is absent or wrong."""
    if node is None:
        return ""
    value = reader.string(node, what) or ""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        reader.problem(node, f"{what} holds a control character; remove it")
        return ""
    return value


def server_name(node: Node | None, reader: Reader, what: str) -> str:
    """A server's name, checked."""
    name = text(node, reader, what)
    if name == RESERVED_SERVER:
        assert node is not None
        reader.problem(node, f"{what}: the name `gatehouse` is reserved for the gateway's own tools; choose another")
        return ""
    return _named(
        name,
        node,
        reader,
        _SERVER,
        f"{what}: {name!r} is no server name; use up to 40 lower-case letters, digits and dashes, a letter first",
    )


def agent_name(node: Node | None, reader: Reader, what: str) -> str:
    """An agent's name, checked."""
    name = text(node, reader, what)
    return _named(
        name,
        node,
        reader,
        _AGENT,
        f"{what}: {name!r} is no agent name; use up to 80 of a-z, 0-9, dot, dash and underscore, a letter first",
    )


def slug(node: Node | None, reader: Reader, what: str) -> str:
    """The name of a team, a role or a secret, checked."""
    name = text(node, reader, what)
    return _named(
        name, node, reader, _SLUG, f"{what}: {name!r} is no name; use up to 80 letters, digits, dashes and underscores"
    )


def email(node: Node | None, reader: Reader, what: str) -> str:
    """An e-mail address in lower case, checked."""
    name = text(node, reader, what)
    return _named(name, node, reader, _EMAIL, f"{what}: {name!r} is no e-mail address").lower()


def _named(name: str, node: Node | None, reader: Reader, fits: Callable[[str], object], message: str) -> str:
    if not name or fits(name):
        return name
    assert node is not None
    reader.problem(node, message)
    return ""


def several(node: Node | None, reader: Reader, what: str, check: Check = text) -> tuple[str, ...]:
    """A list of distinct words, each checked by `check`; () where it is absent."""
    if node is None:
        return ()
    found: dict[str, None] = {}
    for item in reader.items(node, what):
        word = check(item, reader, what)
        if word in found:
            reader.problem(item, f"{what} names {word!r} twice")
        if word:
            found[word] = None
    return tuple(found)


def member(node: Node | None, reader: Reader, what: str, known: Collection[str]) -> str:
    """One word of a closed set."""
    word = text(node, reader, what)
    if word and word not in known:
        assert node is not None
        reader.problem(node, f"{what} cannot be {word!r}{suggestion(word, known)}")
        return ""
    return word


def members(node: Node | None, reader: Reader, what: str, known: Collection[str]) -> tuple[str, ...]:
    """A list of words of a closed set."""
    return several(node, reader, what, lambda item, reader, what: member(item, reader, what, known))
