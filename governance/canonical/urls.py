"""URLs with exactly one meaning, and host patterns over their labels. Pure: no Django, no I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

import idna

from governance.canonical.characters import unseen
from governance.canonical.ip import address_of, special_range
from governance.canonical.values import NotCanonical

MAX_LENGTH: Final = 65_536
MAX_HOST_LENGTH: Final = 253
DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}

_PARTS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:\#(?P<fragment>.*))?",
    re.ASCII | re.DOTALL,
).fullmatch
_HOST_PORT: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>[1-9][0-9]{0,4}))?", re.ASCII).fullmatch
_ASCII_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII).fullmatch
_MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in parts. `host` is lower-case ASCII without brackets; an address is in its shortest usual spelling.

    `port` is the scheme's own where none is written, None for an unknown scheme. `path` is as written, `/` if empty.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    is_address: bool
    query: str | None = None
    fragment: str | None = None

    @property
    def is_global(self) -> bool:
        """False for an address outside the public Internet and for `localhost`; other names say nothing here."""
        if self.is_address:
            address = address_of(self.host)
            return address is not None and special_range(address) is None
        return self.host != "localhost" and not self.host.endswith(".localhost")


def canonical_url(value: str) -> Url:
    """The parts of the absolute URL `value`, host in ASCII by IDNA 2008.

    Raises NotCanonical for whatever two URL parsers could read differently: user information, white space, control
    characters, backslashes, full-width forms, percent signs in the host, empty labels, a trailing dot, odd ports.
    """
    if len(value) > MAX_LENGTH:
        raise NotCanonical(f"a URL of more than {MAX_LENGTH} characters")
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        _refuse_characters(value)
    match = _PARTS(value)
    if match is None:
        raise NotCanonical("not an absolute URL with a host")
    scheme, authority, path, query, fragment = match.groups()
    if "@" in authority:
        raise NotCanonical("user information in front of the host")
    if not path and "@" in (query or "") + (fragment or ""):
        raise NotCanonical("an @ that some programs take for the end of user information")
    host, port, is_address = _host_and_port(authority)
    scheme = scheme.lower()
    return Url(scheme, host, port or DEFAULT_PORTS.get(scheme), path or "/", is_address, query, fragment)


def canonical_host(host: str) -> tuple[str, bool]:
    """The host as lower-case ASCII and whether it is an address. IPv6 in brackets. Raises NotCanonical."""
    if not host:
        raise NotCanonical("no host")
    if host[0] == "[":
        address = address_of(host[1:-1]) if ":" in host and host[-1] == "]" else None
        if address is None:
            raise NotCanonical("brackets around something that is no IPv6 address")
        return address.compressed, True
    if "%" in host:
        raise NotCanonical("a percent sign in the host")
    host = host.lower() if host.isascii() else _ascii_host(host)
    if host.endswith("."):
        raise NotCanonical("a trailing dot or an empty label in the host")
    address = address_of(host) if ":" not in host else None
    if address is not None:
        return address.compressed, True
    if len(host) > MAX_HOST_LENGTH:
        raise NotCanonical("a host name that is too long")
    for label in host.split("."):
        _check_label(label)
    return host, False


def domain_matches(host: str, pattern: str) -> bool:
    """Whether the canonical `host` is `pattern`, or for `*.x` lies strictly below x. Patterns are canonical too."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern) and not _is_address(host)
    return host == pattern


def canonical_domain(pattern: str) -> str:
    """A host pattern of a rule, `example.com`, `*.example.com` or an address, in the form `domain_matches` compares.

    Raises NotCanonical.
    """
    below = pattern.startswith("*.")
    name = pattern[2:] if below else pattern
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    host, is_address = canonical_host(name)
    if below and is_address:
        raise NotCanonical("an address has no sub-domains")
    return f"*.{host}" if below else host


def _refuse_characters(value: str) -> None:
    if "\\" in value:
        raise NotCanonical("a backslash")
    if (char := unseen(value)) is not None:
        raise NotCanonical(f"the control or format character U+{ord(char):04X}")
    if any(char.isspace() for char in value):
        raise NotCanonical("white space")


def _host_and_port(authority: str) -> tuple[str, int | None, bool]:
    match = _HOST_PORT(authority)
    if match is None:
        raise NotCanonical("a host or port that cannot be read")
    host, is_address = canonical_host(match["host"])
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > _MAX_PORT:
        raise NotCanonical("a port beyond 65535")
    return host, port, is_address


def _ascii_host(host: str) -> str:
    if len(host) > MAX_HOST_LENGTH:
        raise NotCanonical("a host name that is too long")
    stands_in = any(char > "\x7f" and unicodedata.normalize("NFKC", char).isascii() for char in host)
    host = unicodedata.normalize("NFC", host)
    if stands_in or unicodedata.normalize("NFKC", host) != host or "\u3002" in host:
        raise NotCanonical("full-width or other stand-in characters in the host")
    try:
        return idna.encode(host.lower(), strict=True).decode("ascii")
    except idna.IDNAError:
        raise NotCanonical("a host name that IDNA 2008 does not allow") from None


def _check_label(label: str) -> None:
    if not label:
        raise NotCanonical("an empty label in the host")
    if not _ASCII_LABEL(label):
        raise NotCanonical("a host label with characters that no host name has")
    if label.startswith("xn--"):
        try:
            idna.ulabel(label)
        except idna.IDNAError:
            raise NotCanonical("a host label that IDNA 2008 does not allow") from None


def _is_address(host: str) -> bool:
    return ":" in host or (host[-1:].isdigit() and isinstance(address_of(host), IPv4Address))
