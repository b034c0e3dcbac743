"""Sockets are off but for loopback: an audit hook that refuses every other address (architecture 3.6)."""

from __future__ import annotations

import ipaddress
import os
from typing import Any
from urllib.parse import urlsplit


class SocketsAreOff(RuntimeError):
    """A test tried to reach something beyond this machine."""


def refuse_strangers(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a connection or datagram to any address but loopback and Unix sockets."""
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not address or not isinstance(address[0], str):
        return
    host = address[0]
    try:
        loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        loopback = host in ("", "localhost")
    if not loopback and host not in _allowed_hosts():
        raise SocketsAreOff(f"{event} to {host}: tests reach loopback only")


def _allowed_hosts() -> set[str]:
    urls = (os.environ.get("REDIS_URL", ""), os.environ.get("TEST_REDIS_URL", ""))
    return {urlsplit(url).hostname or "" for url in urls if url} - {""}
