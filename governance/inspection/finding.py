"""What inspection reports: where a secret stands and what it is, never the secret. Pure: no Django, no I/O."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from governance.canonical.values import JSON

FINGERPRINT_LENGTH: Final = 32

Step: TypeAlias = "str | int"


class Severity(StrEnum):
    """How bad a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Hit:
    """One secret in one text: code points `start` to `end`, end exclusive. `fingerprint` is keyed."""

    rule: str
    cls: str
    severity: Severity
    start: int
    end: int
    fingerprint: str

    def record(self) -> dict[str, JSON]:
        """The hit as `gatehouse inspect` shows it for a text."""
        return {
            "class": self.cls,
            "rule": self.rule,
            "severity": self.severity.value,
            "value_fingerprint": self.fingerprint,
            "start": self.start,
            "end": self.end,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One secret in a JSON value. `path` is a JSON Pointer in which names that hold secrets are redacted themselves.

    `in_key` says that the secret stands in the last name of the path; a number is a finding as a whole, from 0 to 0.
    `steps` is the exact place, for redaction only: it is not for recording.
    """

    rule: str
    cls: str
    severity: Severity
    start: int
    end: int
    fingerprint: str
    path: str
    in_key: bool = False
    steps: tuple[Step, ...] = field(default=(), repr=False)

    def record(self) -> dict[str, JSON]:
        """The finding as the ledger, the console and `gatehouse inspect` show it."""
        record: dict[str, JSON] = {
            "class": self.cls,
            "rule": self.rule,
            "severity": self.severity.value,
            "path": self.path,
            "value_fingerprint": self.fingerprint,
        }
        if self.end > self.start:
            record |= {"start": self.start, "end": self.end}
        return record


class TooManyFindings(Exception):
    """More findings than are worked through; the caller refuses the whole value."""


def value_fingerprint(value: str, key: bytes) -> str:
    """A keyed digest (HMAC-SHA256, 32 hex digits) that tells equal secrets from others without holding them."""
    digest = hmac.digest(key, b"f1:" + value.encode("utf-8", "surrogatepass"), "sha256")
    return digest.hex()[:FINGERPRINT_LENGTH]


def pointer(names: tuple[Step, ...]) -> str:
    """The JSON Pointer (RFC 6901) of `names`; empty for the whole value."""
    return "".join(f"/{str(name).replace('~', '~0').replace('/', '~1')}" for name in names)
