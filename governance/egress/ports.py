"""Which ports of a server may be connected to. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WEB: Final = frozenset({80, 443})
FIRST_FREE: Final = 1024
HIGHEST: Final = 65_535
USUAL_WORD: Final = "default"

# What listens there speaks another protocol, or is a control plane that obeys whoever reaches it; no MCP server does.
SERVICES: Final[Mapping[int, str]] = {
    1080: "SOCKS",
    1099: "Java RMI",
    1433: "SQL Server",
    1434: "SQL Server",
    1521: "Oracle",
    1719: "H.323",
    1720: "H.323",
    1723: "PPTP",
    1883: "MQTT",
    2049: "NFS",
    2181: "ZooKeeper",
    **dict.fromkeys((2375, 2376, 2377), "Docker"),
    **dict.fromkeys((2379, 2380), "etcd"),
    3128: "a web proxy",
    3260: "iSCSI",
    3306: "MySQL",
    3389: "remote desktop",
    3659: "Apple SASL",
    4045: "NFS locking",
    4190: "ManageSieve",
    4369: "Erlang's port mapper",
    **dict.fromkeys((5060, 5061), "SIP"),
    5432: "PostgreSQL",
    **dict.fromkeys((5671, 5672), "AMQP"),
    **dict.fromkeys(range(5900, 5904), "VNC"),
    5984: "CouchDB",
    **dict.fromkeys((5985, 5986), "Windows remote management"),
    **dict.fromkeys(range(6000, 6064), "X11"),
    **dict.fromkeys((6379, 6380, 26379), "Redis"),
    6443: "Kubernetes",
    6566: "SANE",
    **dict.fromkeys((*range(6660, 6670), 6697), "IRC"),
    8500: "Consul",
    9042: "Cassandra",
    9092: "Kafka",
    **dict.fromkeys((9200, 9300), "Elasticsearch"),
    10080: "Amanda",
    **dict.fromkeys((10250, 10255, 10256), "a Kubernetes node"),
    11211: "memcached",
    **dict.fromkeys((27017, 27018, 27019), "MongoDB"),
}


@dataclass(frozen=True, slots=True)
class Ports:
    """A closed set of ports: the usual rule, ranges an operator named, or both.

    Usual are 80, 443 and every port from 1024 that is not one of SERVICES.
    """

    usual: bool = True
    ranges: tuple[tuple[int, int], ...] = ()

    def refusal(self, port: int) -> str:
        """Why a port is not connected to, as a clause; "" where it may be."""
        if any(first <= port <= last for first, last in self.ranges):
            return ""
        if not self.usual:
            return f"port {port} is not among those of GATEHOUSE_EGRESS_PORTS"
        if port in WEB:
            return ""
        if port < FIRST_FREE:
            return f"port {port} is one of the system's services and not the web's 80 or 443"
        service = SERVICES.get(port)
        return "" if service is None else f"port {port} is that of {service}, which is no MCP server"


USUAL: Final = Ports()
ANY: Final = Ports(usual=False, ranges=((1, HIGHEST),))
"""Judges no port: for a text whose place in the operator's settings is not known yet."""


def read_ports(text: str) -> Ports:
    """The ports that a text such as `443, 8443, 3000-3999` names; `default` in it stands for the usual rule.

    An empty text is the usual rule alone. Raises ValueError with a sentence.
    """
    words = [word.strip() for word in text.split(",")]
    if words == [""]:
        return USUAL
    return Ports(usual=USUAL_WORD in words, ranges=tuple(_range(word) for word in words if word != USUAL_WORD))


def _range(word: str) -> tuple[int, int]:
    first, dash, last = word.partition("-")
    ends = (first, last if dash else first)
    if not all(end.isascii() and end.isdigit() and len(end) <= len(str(HIGHEST)) for end in ends):
        raise ValueError(f"{word!r} is no port and no range of ports; write for example 443,8443,3000-3999")
    low, high = int(ends[0]), int(ends[1])
    if not 1 <= low <= high <= HIGHEST:
        raise ValueError(f"{word!r} does not lie between 1 and {HIGHEST}, the smaller number first")
    return low, high
