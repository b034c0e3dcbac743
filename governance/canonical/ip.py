"""Internet addresses in every spelling, and which of them are not the public Internet. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

from governance.canonical.values import NotCanonical

Address: TypeAlias = IPv4Address | IPv6Address

_DOTTED: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", re.ASCII).fullmatch
_ENDS_IN_NUMBER: Final = re.compile(r"(?:\A|.*\.)(?:0[xX][0-9A-Fa-f]*|[0-9]+)", re.ASCII | re.DOTALL).fullmatch
_HEX: Final = re.compile(r"0[xX][0-9A-Fa-f]*", re.ASCII).fullmatch
_OCTAL: Final = re.compile(r"0[0-7]+", re.ASCII).fullmatch
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]*", re.ASCII).fullmatch
_MAX_PART_LENGTH: Final = 40
_MAX_PARTS: Final = 4

# IANA special-purpose registries. Own tables, because those of `ipaddress` differ between Python releases.
_SPECIAL_4: Final = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared (carrier-grade NAT)"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignment"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_SPECIAL_6: Final = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard"),
        ("100:0:0:1::/64", "dummy"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "protocol assignment"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local (private)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local (private)"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")
_EMBEDDING_LOW: Final = tuple(
    IPv6Network(network) for network in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96")
)
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_ISATAP: Final = (0x00005EFE, 0x02005EFE)
_LOOPBACK_6: Final = 1
_MASK: Final = 0xFFFFFFFF


def address_of(host: str) -> Address | None:
    """The address that `host` is in any spelling: dotted, decimal, octal, hex or short IPv4, bracketless IPv6.

    None when it is a name. Raises NotCanonical for a number that is no address, as `256.1.1.1`, `08.1.1.1`.
    An IPv4-mapped IPv6 address is given back as the IPv4 address that a connection to it reaches.
    """
    if ":" in host:
        return _ipv6(host)
    if _ENDS_IN_NUMBER(host):
        return _ipv4(host)
    return None


def special_range(address: Address) -> str | None:
    """The name of the range that keeps `address` from being a plain public one, or None."""
    if isinstance(address, IPv4Address):
        return next((name for network, name in _SPECIAL_4 if address in network), None)
    name = next((name for network, name in _SPECIAL_6 if address in network), None)
    if name is None and address not in _GLOBAL_6:
        return "reserved"
    return name or ("ISATAP" if _isatap(address) else None)


def embedded_addresses(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that traffic to `address` may end at: mapped, translated, NAT64, 6to4, Teredo, ISATAP."""
    if isinstance(address, IPv4Address):
        return ()
    number = int(address)
    if number == _LOOPBACK_6:
        return ()
    if address in _LOCAL_NAT64:
        # RFC 6052: a prefix of 48 bits carries the address around bits 64 to 71, one of 96 bits at the end. Nothing
        # says which it is; a reading in 0.0.0.0/8 is the padding of the other one.
        readings = ((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF, number & _MASK)
        return tuple(map(IPv4Address, [reading for reading in readings if reading >> 24] or readings))
    if any(address in network for network in _EMBEDDING_LOW) or _isatap(address):
        return (IPv4Address(number & _MASK),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(number >> 80 & _MASK),)
    if address in _TEREDO:
        return (IPv4Address(number >> 64 & _MASK), IPv4Address(number & _MASK ^ _MASK))
    return ()


def _isatap(address: IPv6Address) -> bool:
    return int(address) >> 32 & _MASK in _ISATAP


def _ipv6(host: str) -> Address:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise NotCanonical("colons that make no IPv6 address") from None
    if address.scope_id is not None:
        raise NotCanonical("an IPv6 address with a zone")
    return address.ipv4_mapped or address


def _ipv4(host: str) -> IPv4Address:
    parts = host.split(".")
    if len(parts) > _MAX_PARTS:
        raise NotCanonical("a number that is no IPv4 address")
    *leading, last = [_part(part) for part in parts]
    if any(part > 0xFF for part in leading) or last >= 256 ** (5 - len(parts)):
        raise NotCanonical("a number that is no IPv4 address")
    number = last
    for position, part in enumerate(leading):
        number += part << 8 * (3 - position)
    return IPv4Address(number)


def _part(text: str) -> int:
    if len(text) <= _MAX_PART_LENGTH:
        if _DECIMAL(text):
            return int(text)
        if _HEX(text):
            return int(text[2:] or "0", 16)
        if _OCTAL(text):
            return int(text, 8)
    raise NotCanonical("a number that is no IPv4 address")
