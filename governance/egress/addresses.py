"""Which addresses and names lead somewhere this gateway may connect to. Pure: no Django, no I/O."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from governance.canonical.ip import Address, embedded_addresses, special_range

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


# Names under which clouds publish the same; whatever they resolve to here is not asked.
METADATA_NAMES: Final[frozenset[str]] = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.azure.internal",
        "metadata.azure.com",
        "metadata.tencentyun.com",
        "metadata.platformequinix.com",
        "metadata.packet.net",
        "api.metadata.cloud.ibm.com",
        "rancher-metadata",
    }
)

# Names that no public resolver answers: they lead into this machine or the network around it.
_INNER_SUFFIXES: Final = (".localhost", ".local", ".internal", ".home.arpa", ".localdomain", ".lan")


class Refused(ValueError):
    """A place this gateway does not connect to: why, as a clause, and what permits it, "" where nothing does."""

    def __init__(self, why: str, remedy: str = "") -> None:
        self.reason: Final = f"{why}; {remedy}" if remedy else why
        super().__init__(self.reason)
        self.why: Final = why
        self.remedy: Final = remedy


PERMIT_PRIVATE: Final = "set allow_private_address to permit it"


def judge_address(ip_literal: str, *, allow_private: bool) -> None:
    """Raises Refused unless a connection to this address is permitted.

    Metadata and unspecified addresses are refused always, also inside an IPv6 address; everything else that is not
    a plain public address only without `allow_private`. The literal is as `getpeername` gives it.
    """
    address = _read(ip_literal)
    for ends_at in (address, *embedded_addresses(address)):
        if ends_at in METADATA:
            raise Refused(f"{ip_literal} is a cloud metadata address, which is never reached")
        if _is_unspecified(ends_at):
            raise Refused(f"{ip_literal} is an unspecified address, which is never reached")
    name = special_range(address)
    if name is not None and not allow_private:
        raise Refused(f"{ip_literal} is a {name} address", PERMIT_PRIVATE)


def is_public(ip_literal: str) -> bool:
    """Whether the address is a plain one of the public Internet. Raises Refused for what is no address."""
    return special_range(_read(ip_literal)) is None


def judge_name(host: str, *, allow_private: bool) -> None:
    """Raises Refused for a host name that leads to metadata, or, without `allow_private`, to no public place.

    What any other name stands for is judged when it is resolved.
    """
    if host in METADATA_NAMES:
        raise Refused(f"the name {host} is where a cloud hands out credentials, which is never reached")
    if not allow_private and ("." not in host or host.endswith(_INNER_SUFFIXES)):
        raise Refused(f"the name {host} is one of this machine or of the network around it", PERMIT_PRIVATE)


def _read(ip_literal: str) -> Address:
    try:
        address = ip_address(ip_literal)
    except ValueError:
        raise Refused("what was to be judged is no address") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return IPv6Address(int(address))
    return address


def _is_unspecified(address: Address) -> bool:
    return address == _UNSPECIFIED_6 or (isinstance(address, IPv4Address) and address <= _THIS_NETWORK_END)
