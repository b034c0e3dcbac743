"""Who this process is among the processes of its installation, and where the others reach it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """A process: a random id, the same for all its ledger epochs, and a URL without a slash at its end."""

    process: str
    address: str

    @classmethod
    def made(cls, address: str, randomness: Callable[[int], bytes]) -> Identity:
        """A new process at this address; an empty one means that nobody can reach it."""
        return cls(randomness(ID_BYTES).hex(), address)


def bound_address(host: str, port: int) -> str:
    """The URL of a socket bound to `host`, an IP address; one bound to every address is reached over loopback."""
    ip = ipaddress.ip_address(host)
    if ip.is_unspecified:
        ip = ipaddress.ip_address("127.0.0.1" if ip.version == 4 else "::1")
    return f"http://[{ip}]:{port}" if ip.version == 6 else f"http://{ip}:{port}"
