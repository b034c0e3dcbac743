"""How items of many servers are named at one endpoint (contract section 2). Pure: no Django, no I/O.

A server's name holds no underscore and no colon, so the first `__` and the first `:` always end it.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

LONGEST: Final = 64
KEPT: Final = 55
BETWEEN: Final = "__"
SCHEME: Final = "gatehouse+"
_server = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII).fullmatch


def joined(server: str, name: str) -> str:
    """The name of a tool or prompt: `<server>__<name>`, cut and closed with a digest where it is over 64 characters."""
    full = server + BETWEEN + name
    if len(full) <= LONGEST:
        return full
    return f"{full[:KEPT]}_{sha256(full.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def fits(server: str, name: str) -> bool:
    """Whether a tool or prompt keeps its whole name."""
    return len(server) + len(BETWEEN) + len(name) <= LONGEST


def split(name: str) -> tuple[str, str] | None:
    """Server and the rest of a name; None for what no server's item can be called. A cut name gives a cut rest."""
    server, between, rest = name.partition(BETWEEN)
    return (server, rest) if between and rest and _server(server) else None


def joined_uri(server: str, uri: str) -> str:
    """The URI of a resource, or the template of many: `gatehouse+<server>:<uri>`."""
    return f"{SCHEME}{server}:{uri}"


def split_uri(uri: str) -> tuple[str, str] | None:
    """Server and its own URI; None for what no server's resource can be called."""
    server, colon, rest = uri.removeprefix(SCHEME).partition(":")
    return (server, rest) if uri.startswith(SCHEME) and colon and rest and _server(server) else None
