"""Which addresses this gateway may connect to: literal or connected peer in, verdict out. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from governance.canonical.ip import Address, embedded_addresses, special_range
from governance.canonical.urls import Url, canonical_url
from governance.canonical.values import NotCanonical

_THIS_NETWORK_END: Final = IPv4Address("0.255.255.255")
_UNSPECIFIED_6: Final = IPv6Address("::")

# Addresses where clouds hand out credentials to whoever asks from the machine itself.
METADATA: Final[frozenset[Address]] = frozenset(
    ip_address(literal)
    for literal in (
        "169.254.169.254",  # AWS, Google, Azure, Oracle, OpenStack, DigitalOcean and others
        "169.254.170.2",  # AWS ECS task credentials
        "169.254.170.23",  # AWS EKS pod identity
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure host agent, on a public address
        "192.0.0.192",  # Oracle, older
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS pod identity
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
        "fe80::a9fe:a9fe",  # OpenStack
        "fd00:c1::a9fe:a9fe",  # Oracle
    )
)


class Refused(ValueError):
    """A place this gateway does not connect to. `reason` is one sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason


def judge_address(ip_literal: str, *, allow_private: bool) -> None:
    """Raises Refused unless a connection to this address is permitted.

    Metadata and unspecified addresses are refused always, also inside an IPv6 address; everything else that is not
    a plain public address only without `allow_private`. The literal is as `getpeername` gives it.
    """
    try:
        address = ip_address(ip_literal)
    except ValueError:
        raise Refused("what was to be judged is no address") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        address = IPv6Address(int(address))
    for ends_at in (address, *embedded_addresses(address)):
        if ends_at in METADATA:
            raise Refused(f"{ip_literal} is a cloud metadata address, which is never reached")
        if _is_unspecified(ends_at):
            raise Refused(f"{ip_literal} is an unspecified address, which is never reached")
    name = special_range(address)
    if name is not None and not allow_private:
        raise Refused(f"{ip_literal} is a {name} address; set allow_private_address to permit it")


def judge_url(url: str, *, allow_private: bool, schemes: Collection[str] = ("http", "https")) -> Url:
    """The parts of a URL this gateway may open. Names are judged again by `judge_address` once they are resolved.

    Plain http needs `allow_private`. Raises Refused, also for what no two parsers read alike.
    """
    try:
        parts = canonical_url(url)
    except NotCanonical as error:
        raise Refused(f"the URL cannot be used: {error.reason}") from None
    if parts.scheme not in schemes:
        raise Refused(f"the scheme {parts.scheme} is not one of {', '.join(sorted(schemes))}")
    if parts.fragment is not None:
        raise Refused("the URL has a fragment")
    if parts.scheme == "http" and not allow_private:
        raise Refused("plain http is only for private addresses; use https or set allow_private_address")
    if parts.is_address:
        judge_address(parts.host, allow_private=allow_private)
    elif not allow_private and not parts.is_global:
        raise Refused(f"{parts.host} is this machine; set allow_private_address to permit it")
    return parts


def _is_unspecified(address: Address) -> bool:
    return address == _UNSPECIFIED_6 or (isinstance(address, IPv4Address) and address <= _THIS_NETWORK_END)
