"""Where an HTTP upstream is, and whether it may be reached: judged as written, as resolved, as connected. No Django."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from governance.canonical.urls import Url
from governance.egress.addresses import Refused
from governance.egress.door import Door
from governance.egress.ports import USUAL, Ports
from registry.transports.base import AddressRefused, Unreachable

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """An upstream URL in parts. `host` is lower-case ASCII, without the brackets of an IPv6 literal."""

    secure: bool
    host: str
    port: int
    target: str
    door: Door

    @property
    def authority(self) -> str:
        """`host[:port]` as a Host header and messages say it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = DEFAULT_PORTS["https" if self.secure else "http"]
        return host if self.port == default else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{'https' if self.secure else 'http'}://{self.authority}"


def read_address(url: str, *, allow_private: bool, ports: Ports = USUAL) -> HttpAddress:
    """The parts of an upstream's URL. Raises AddressRefused for one that must not, or cannot plainly, be reached."""
    door = Door(allow_private=allow_private, ports=ports)
    try:
        parts = door.url(url)
    except Refused as refusal:
        raise AddressRefused(refusal.reason) from None
    target = target_of(parts)
    if target is None:
        raise AddressRefused("the path of a server URL holds printable ASCII alone; encode the rest with percent signs")
    return HttpAddress(
        secure=parts.scheme == "https",
        host=parts.host,
        port=parts.port or DEFAULT_PORTS[parts.scheme],
        target=target,
        door=door,
    )


def target_of(parts: Url) -> str | None:
    """Path and query as a request line has them; None where they hold what it cannot."""
    target = parts.path if parts.query is None else f"{parts.path}?{parts.query}"
    return target if all(0x21 <= ord(char) <= 0x7E for char in target) else None


def require_allowed(ip: str, address: HttpAddress) -> None:
    """Raise AddressRefused unless `ip`, a literal that `address` stands for or that is connected, may be reached."""
    try:
        address.door.address(ip, plain=not address.secure)
    except Refused as refusal:
        raise AddressRefused(refusal.reason) from None


async def resolve(address: HttpAddress, loop: asyncio.AbstractEventLoop) -> list[str]:
    """The IP literals behind `address`, each of them judged; one that is refused refuses all. Raises Unreachable."""
    try:
        found = [str(ipaddress.ip_address(address.host))]
    except ValueError:
        try:
            info = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except OSError as wrong:
            raise Unreachable(f"the name {address.host} cannot be resolved ({wrong.strerror})") from None
        found = list(dict.fromkeys(str(entry[4][0]) for entry in info))
    for ip in found:
        require_allowed(ip, address)
    return found
