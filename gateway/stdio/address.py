"""The endpoint that a bridge talks to: its URL in parts, refused where a token must not travel. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """A URL that cannot be used; the text says why and what to write."""


@dataclass(frozen=True, slots=True)
class Address:
    """An endpoint. `host` has no brackets, `target` is path and query as they stand in a request line."""

    secure: bool
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """`host[:port]`, as a Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = _DEFAULT_PORTS["https" if self.secure else "http"]
        return host if self.port == default else f"{host}:{self.port}"

    def __str__(self) -> str:
        path = self.target.partition("?")[0]
        return f"{'https' if self.secure else 'http'}://{self.authority}{path}"


def read_address(url: str, *, allow_http: bool) -> Address:
    """The parts of an endpoint's URL. Raises BadAddress; plain http is for loopback unless `allow_http`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:
        raise BadAddress(f"--url {url!r} is not a URL") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise BadAddress(f"--url {url!r} is not an address of an endpoint; write https://HOST/mcp/SERVER")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("--url must not hold a name or password; the token belongs into GATEHOUSE_TOKEN")
    if parts.fragment or not _PRINTABLE.fullmatch(url):
        raise BadAddress("--url must be printable ASCII without a fragment; encode the rest with percent signs")
    if parts.scheme == "http" and not (allow_http or _is_loopback(host)):
        raise BadAddress(
            f"--url is plain http to {host}, which would show the token on the way; use https, or --allow-http"
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme == "https", host, port or _DEFAULT_PORTS[parts.scheme], target)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
