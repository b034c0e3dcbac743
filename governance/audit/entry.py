"""The form of one ledger entry (contract section 7). Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias, cast

from governance.canonical.strict_json import MAX_LEDGER_INTEGER
from governance.canonical.values import JSON, Number

VERSION: Final = 1
AT_PATTERN: Final = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | bool | None"
"""What an entry is made of: no fractions, and integers beyond 2^53 are strings."""


class EntryKind(StrEnum):
    """What an entry records. `call.refused`, `call.held` and `call.outcome` close a request."""

    CALL_INTENT = "call.intent"
    CALL_OUTCOME = "call.outcome"
    CALL_REFUSED = "call.refused"
    CALL_HELD = "call.held"
    CALL_DECIDED = "call.decided"
    CHANGE_SERVER = "change.server"
    CHANGE_MANIFEST = "change.manifest"
    CHANGE_REQUEST = "change.request"
    CHANGE_POLICY = "change.policy"
    CHANGE_TOKEN = "change.token"  # noqa: S105  A kind of entry.
    CHANGE_GRANT = "change.grant"
    CHANGE_SWITCH = "change.switch"
    CHANGE_PERSON = "change.person"
    CHANGE_TEAM = "change.team"
    CHANGE_ROLE = "change.role"
    CHANGE_AGENT = "change.agent"
    CHANGE_SECRET = "change.secret"  # noqa: S105  A kind of entry.
    CHANGE_SIGN_IN = "change.sign_in"
    GAP = "gap"
    SEAL = "seal"


class CallStatus(StrEnum):
    """How a call ended. Only a call that was forwarded can be ok, error, unknown, timeout or withheld."""

    OK = "ok"
    ERROR = "error"
    UNKNOWN = "unknown"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    WITHHELD = "withheld"
    NOT_SENT = "not_sent"
    DENIED = "denied"
    LIMITED = "limited"
    STOPPED = "stopped"
    UNAVAILABLE = "unavailable"
    WAITING = "waiting"
    EXPIRED = "expired"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acted. `token` is the token's public id, never the token; None where it does not apply."""

    person: str | None = None
    agent: str | None = None
    token: str | None = None
    session: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What was acted on, by name, so that the entry outlives it. `digest` is of the approved item."""

    server: str | None
    kind: str
    name: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Arguments:
    """`digest` is SHA-256(salt, arguments as forwarded) in hex; `redacted` is what may be shown."""

    digest: str
    redacted: JSON


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and every input of it, so that it can be computed again. `policy` is a digest."""

    verdict: str
    rule: str
    rules: tuple[str, ...]
    reason: str
    policy: str
    intent: str
    findings: tuple[Mapping[str, JSON], ...] = ()
    facts: Mapping[str, JSON] | None = None
    would: tuple[Mapping[str, JSON], ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """The escalation that a call was held for or that lets it pass. `act` is approve, deny, expire or cancel."""

    escalation: str
    act: str | None = None
    by: tuple[str, ...] = ()
    at: datetime | None = None
    reason: str = ""
    scope: str | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the call ended after `ms` whole milliseconds. `result_digest` is of the bytes that left to the agent."""

    status: CallStatus
    ms: int
    result_digest: str | None = None
    findings: tuple[Mapping[str, JSON], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a `change.*` entry changed: an act (`approved`, `revoked`), and names or values before and after."""

    what: str
    before: JSON = None
    after: JSON = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Several like events in one entry: a gap of the ledger, or refused requests of one address in 10 s."""

    what: str
    count: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as its recorder knows it. The chain adds `stream`, `seq` and `prev` when it is appended.

    `call` is the record id of one request; every call entry that belongs to the request carries it.
    """

    at: datetime
    kind: EntryKind
    principal: Principal
    target: Target | None = None
    call: str | None = None
    arguments: Arguments | None = None
    decision: Decision | None = None
    approval: Approval | None = None
    outcome: Outcome | None = None
    change: Change | None = None
    counted: Counted | None = None


def body_of(entry: Entry) -> dict[str, Plain]:
    """The nested plain dict that `chain.link` takes. Parts that are None are left out.

    Raises ValueError for a time without zone and for text that has no UTF-8 form.
    """
    body: dict[str, Plain] = {
        "v": VERSION,
        "at": stamp(entry.at),
        "kind": entry.kind.value,
        "principal": _principal(entry.principal),
    }
    if entry.call is not None:
        body["call"] = entry.call
    if entry.target is not None:
        target = entry.target
        body["target"] = {
            "server": target.server,
            "kind": target.kind,
            "name": plain(target.name),
            "digest": target.digest,
        }
    if entry.arguments is not None:
        body["arguments"] = {"digest": entry.arguments.digest, "redacted": plain(entry.arguments.redacted)}
    if entry.decision is not None:
        body["decision"] = _decision(entry.decision)
    if entry.approval is not None:
        body["approval"] = _approval(entry.approval)
    if entry.outcome is not None:
        body["outcome"] = _outcome(entry.outcome)
    if entry.change is not None:
        change = entry.change
        body["change"] = {
            "what": change.what,
            "before": plain(change.before),
            "after": plain(change.after),
            "reason": plain(change.reason),
        }
    if entry.counted is not None:
        body["counted"] = _counted(entry.counted)
    return body


def stamp(at: datetime) -> str:
    """`at` as an entry writes it: UTC, six digits of a second, `Z`. Raises ValueError for a time without zone."""
    if at.tzinfo is UTC:
        return at.isoformat(timespec="microseconds")[:-6] + "Z"
    if at.tzinfo is None:
        raise ValueError("ledger entry: `at` has no time zone; pass an aware datetime")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def plain(value: JSON) -> Plain:
    """`value` without what a canonical entry cannot hold: other numbers become their literal as a string.

    A lone surrogate, which has no UTF-8 form, is written out as `\\udXXX` text so that the entry is never lost.
    """
    return cast("Plain", value) if _is_plain(value) else _made_plain(value)


def _is_plain(value: JSON) -> bool:
    """Whether nothing in it has to change. Most arguments are so, and looking costs less than copying."""
    waiting: list[Any] = [[value]]
    for part in waiting:  # It grows while it is gone through.
        whole = type(part) is dict
        if whole and not "".join(part).isascii():
            return False
        for item in part.values() if whole else part:
            kind = type(item)
            if kind is str:
                if not item.isascii():
                    return False
            elif kind is dict or kind is list:
                waiting.append(item)
            elif kind is int:
                if not -MAX_LEDGER_INTEGER <= item <= MAX_LEDGER_INTEGER:
                    return False
            elif item is not None and kind is not bool:
                return False
    return True


def _made_plain(value: JSON | float) -> Plain:
    if isinstance(value, str):
        return _encodable(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -MAX_LEDGER_INTEGER <= value <= MAX_LEDGER_INTEGER else str(value)
    if isinstance(value, Number):
        return value.literal
    if isinstance(value, float):  # As a JSON column gives fractions back.
        return repr(value)
    if isinstance(value, Mapping):
        return {_encodable(name): _made_plain(item) for name, item in value.items()}
    return [_made_plain(item) for item in value]


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _principal(principal: Principal) -> dict[str, Plain]:
    return {
        "person": principal.person,
        "agent": principal.agent,
        "token": principal.token,
        "session": principal.session,
        "address": principal.address,
    }


def _decision(decision: Decision) -> dict[str, Plain]:
    return {
        "verdict": decision.verdict,
        "rule": decision.rule,
        "rules": list(decision.rules),
        "reason": plain(decision.reason),
        "policy": decision.policy,
        "intent": decision.intent,
        "findings": [plain(dict(finding)) for finding in decision.findings],
        "facts": plain(dict(decision.facts)) if decision.facts else {},
        "would": [plain(dict(rule)) for rule in decision.would],
    }


def _approval(approval: Approval) -> dict[str, Plain]:
    return {
        "escalation": approval.escalation,
        "act": approval.act,
        "by": list(approval.by),
        "at": None if approval.at is None else stamp(approval.at),
        "reason": plain(approval.reason),
        "scope": approval.scope,
        "rules": list(approval.rules),
    }


def _outcome(outcome: Outcome) -> dict[str, Plain]:
    return {
        "status": outcome.status.value,
        "ms": outcome.ms,
        "result_digest": outcome.result_digest,
        "findings": [plain(dict(finding)) for finding in outcome.findings],
    }


def _counted(counted: Counted) -> dict[str, Plain]:
    return {
        "what": counted.what,
        "count": counted.count,
        "since": stamp(counted.since),
        "until": stamp(counted.until),
    }
