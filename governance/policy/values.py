"""The values that go into a decision and come out of it. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from governance.canonical.values import JSON


class Action(StrEnum):
    """What a rule, or the whole policy, says of a call."""

    ALLOW = "allow"
    DENY = "deny"
    ESCALATE = "escalate"
    HIDE = "hide"
    REDACT = "redact"  # Rules on results alone (contract 4.17).


class Intent(StrEnum):
    """The worst an item can do (contract section 1)."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"
    EXFILTRATIVE = "exfiltrative"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What an item is; a rule's `tool:`, `prompt:` or `resource:` names one of these."""

    TOOL = "tool"
    PROMPT = "prompt"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Item:
    """One approved item of one server, as rules see it. `schema` is the approved inputSchema of a tool, else None."""

    server: str
    kind: Kind
    name: str
    intent: Intent = Intent.UNKNOWN
    category: frozenset[str] = frozenset()
    schema: Mapping[str, JSON] | None = None
    cwd: str | None = None  # Working folder of a local stdio server; relative paths are judged joined to it.
    local_disk: bool = False  # The gateway sees the disk that the server sees.


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `person` is the owner's e-mail, None for an agent owned by a team."""

    agent: str
    person: str | None = None
    teams: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


class By(StrEnum):
    """Whose calls a limit or a history condition counts together."""

    AGENT = "agent"
    PERSON = "person"
    TEAM = "team"
    TOOL = "tool"
    SERVER = "server"
    SESSION = "session"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """A question to the record of forwarded calls. The answer is a count of calls.

    first_use: `pattern` is None; earlier calls by `by` to this very item within 90 days.
    calls: `pattern` and `within` seconds. after: `pattern`, `in_session` True.
    """

    pattern: str | None
    within: int
    by: By
    in_session: bool = False


@dataclass(frozen=True, slots=True)
class LimitQuery:
    """One rolling window: what rule `rule` counts, by whom, over `per` seconds. `sum_path` None counts calls."""

    rule: str
    by: By
    per: int
    maximum: Decimal
    sum_path: str | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be looked up before this call can be decided."""

    history: tuple[HistoryQuery, ...] = ()
    limits: tuple[LimitQuery, ...] = ()
    session: bool = False


@dataclass(frozen=True, slots=True)
class ContentFinding:
    """What inspection saw. `side` is `arguments` or `result`; `severity` is low, medium, high or critical."""

    side: str
    cls: str
    severity: str
    rule: str


class Facts(msgspec.Struct, frozen=True):
    """Every input of a decision beside call, policy and manifest; recorded with it (contract section 7).

    `at` is aware. `history` answers each HistoryQuery with a count; `limits` holds the amount already used per
    LimitQuery. `approved` holds (rule id, rule digest) of the escalate rules that an approval answers.
    `symlinks` maps a looked-at path to its real path where the gateway sees the disk. A query that is missing from
    `history` or `limits` is an error, never a zero.
    """

    at: datetime
    history: Mapping[HistoryQuery, int] = {}
    limits: Mapping[LimitQuery, Decimal] = {}
    marks: frozenset[str] = frozenset()
    findings: tuple[ContentFinding, ...] = ()
    approved: frozenset[tuple[str, str]] = frozenset()
    real_paths: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Approve:
    """Who may answer an escalation, how many of them, and for how long it waits (contract section 4.13)."""

    teams: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()  # Console roles. All three empty: console role approver.
    required: int = 1
    within: int = 600  # Seconds.


@dataclass(frozen=True, slots=True)
class EscalateRule:
    """An escalate rule that matched and that no approval has answered yet."""

    rule: str
    digest: str
    approve: Approve
    reason: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """An amount to take from a limit before the intent is written."""

    limit: LimitQuery
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Would:
    """A rule in monitor mode that matched, and what it would have said."""

    rule: str
    action: Action


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a matching rule asks for beside its action: `kind` is notify, log or redact."""

    rule: str
    kind: str
    value: str


class Status(StrEnum):
    """Why a call that is not forwarded ended; the policy itself knows these."""

    ALLOWED = "allowed"
    DENIED = "denied"
    LIMITED = "limited"
    WAITING = "waiting"
    HIDDEN = "hidden"


class Verdict(msgspec.Struct, frozen=True):
    """The decision on one call. `rule` is the smallest id among the rules of the final action (contract 4.19).

    `status` is HIDDEN for hide (answered exactly as an unknown item), LIMITED where a spent limit denied.
    `reason` is one sentence for a person, naming rule and value.
    """

    action: Action
    status: Status
    rule: str
    rules: tuple[str, ...]
    reason: str
    escalations: tuple[EscalateRule, ...] = ()
    reserve: tuple[Reservation, ...] = ()
    would: tuple[Would, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """One condition of one rule: `outcome` is yes, no or error; `saw` says what it looked at."""

    condition: str
    outcome: str
    saw: str


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule whose scope matched the call, with every condition it has and whether the rule matched."""

    rule: str
    action: Action
    matched: bool
    conditions: tuple[ConditionTrace, ...]


OPEN: Final = None
"""Stands for arguments that are not known yet: deciding whether to list an item."""
