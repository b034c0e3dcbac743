"""The header of a relayed request: who is addressed, when, for which client, and the proof. Pure: no Django, no I/O.

`v1.<target process>.<unix seconds>.<client address>.<HMAC-SHA256, hexadecimal>`. The proof covers the request too, so
that a header cannot be carried over to another one. It authenticates the gateway, never the agent.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

HEADER: Final = b"x-gatehouse-peer"
VERSION: Final = "v1"
PURPOSE: Final = b"gatehouse relayed request v1"
# A client address holds dots and colons itself, so the fields around it are what limits it.
FORM: Final = re.compile(r"v1\.([0-9a-f]{1,32})\.([0-9]{1,12})\.([0-9A-Za-z:.%_-]{1,64})\.([0-9a-f]{64})")
CLIENT: Final = re.compile(r"[0-9A-Za-z:.%_-]{1,64}")
UNKNOWN_CLIENT: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """What of an HTTP request the proof covers. `target` is path and query as they stand in the request line."""

    method: str
    target: bytes
    authorization: tuple[bytes, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What a relayed request says of itself: the process it is for, when it left (unix seconds), for whom."""

    process: str
    seconds: int
    client: str


class NotSigned(ValueError):
    """A header that no process of this installation made for this request."""


def sign(key: bytes, claim: Claim, request: Request) -> bytes:
    """The value of the header."""
    said = f"{VERSION}.{claim.process}.{claim.seconds}.{claim.client}"
    return f"{said}.{_proof(key, claim, request)}".encode("ascii")


def read(key: bytes, header: bytes, request: Request) -> Claim:
    """The claim of a header that was made with `key` for exactly this request. Raises NotSigned."""
    found = FORM.fullmatch(header.decode("latin-1"))
    if found is None:
        raise NotSigned("the header has another form")
    process, seconds, client, proof = found.groups()
    claim = Claim(process, int(seconds), client)
    if seconds != str(claim.seconds) or not hmac.compare_digest(proof, _proof(key, claim, request)):
        raise NotSigned("the signature is not that of this request")
    return claim


def client_named(address: str | None) -> str:
    """A client address as the header can carry it."""
    return address if address and CLIENT.fullmatch(address) else UNKNOWN_CLIENT


def _proof(key: bytes, claim: Claim, request: Request) -> str:
    carried = sha256(_joined([sha256(_joined(request.authorization)).digest(), request.body])).digest()
    said = [request.method.encode("latin-1"), request.target, claim.process.encode(), str(claim.seconds).encode()]
    return hmac.new(key, _joined([PURPOSE, *said, claim.client.encode(), carried]), sha256).hexdigest()


def _joined(parts: Iterable[bytes]) -> bytes:
    """The parts, each after its length, so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
