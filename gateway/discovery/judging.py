"""Whether a server in a client's configuration is reached through Gatehouse. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from registry.imports.draft import Draft, Transport
from registry.imports.packages import NPX_VALUES, UVX_VALUES, program_of

PORTS: Final = {"http": 80, "https": 443}
_LAUNCHERS: Final = frozenset({"uv", "uvx", "pipx", "npx", "bunx", "pnpx", "npm", "pnpm", "yarn", "bun", "cmd"})
# Words with which a launcher leads up to the program that it runs, and options of it that have a value.
_LEADING: Final = frozenset({"run", "tool", "exec", "x", "dlx", "/c", "npx", "uv", "uvx", "bunx", "pnpx"})
_WITH_VALUE: Final = NPX_VALUES | UVX_VALUES | {"--from", "--spec", "--package", "--extra", "--group"}
_BRIDGE: Final = "mcp-remote"


class BadGateway(ValueError):
    """The address of the gateway is none; the text says what to write."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where Gatehouse is: scheme, host, port and the path that its addresses begin with."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def at(cls, url: str) -> Gateway:
        """The gateway at this address. Raises BadGateway."""
        found = _place(url)
        if found is None:
            raise BadGateway(
                "--gateway must be an http or https address with a host, like https://gatehouse.example.com"
            )
        return found

    def has(self, url: str) -> bool:
        """Whether an address is one of the gateway's."""
        place = _place(url)
        if place is None or (place.scheme, place.host, place.port) != (self.scheme, self.host, self.port):
            return False
        return place.path == self.path or place.path.startswith(f"{self.path}/")


def bypasses(draft: Draft, gateway: Gateway) -> bool:
    """Whether what this entry says leads past the gateway.

    Through it are: its own addresses, `gatehouse stdio` and `mcp-remote` towards them, and `gatehouse wrap`, which
    is a gateway by itself. A program is known by its name: this is an inventory, no proof against a forged name.
    """
    if draft.transport is not Transport.STDIO:
        return not gateway.has(draft.url)
    program, rest = _program(draft.command)
    if program == "gatehouse":
        return rest[:1] != ["wrap"] and not (rest[:1] == ["stdio"] and gateway.has(_option(rest, "--url")))
    if program == _BRIDGE:
        return not gateway.has(next((word for word in rest if "://" in word), ""))
    return True


def _program(command: Sequence[str]) -> tuple[str, list[str]]:
    """The program that a command comes to behind its launcher, without a version, and the words after it."""
    at = 0
    if program_of(command) in _LAUNCHERS:
        at = 1
        while at < len(command) and (command[at].startswith("-") or command[at].lower() in _LEADING):
            at += 2 if command[at] in _WITH_VALUE else 1
    return _plain(command[at]) if at < len(command) else "", [*command[at + 1 :]]


def _plain(word: str) -> str:
    return program_of([word]).partition("@")[0].partition("==")[0]


def _option(words: list[str], name: str) -> str:
    for number, word in enumerate(words):
        if word == name:
            return words[number + 1] if number + 1 < len(words) else ""
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _place(url: str) -> Gateway | None:
    """The parts of an address that tell gateways apart; None where it is no plain address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not host or "%" in parts.path or "\\" in url:
        return None
    steps = parts.path.split("/")
    if "." in steps or ".." in steps:
        return None
    return Gateway(parts.scheme, _one_name(host), port or PORTS[parts.scheme], parts.path.rstrip("/"))


def _one_name(host: str) -> str:
    """This machine has several names for itself."""
    try:
        return "localhost" if ip_address(host).is_loopback else host
    except ValueError:
        return host
