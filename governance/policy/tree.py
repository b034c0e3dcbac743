"""A policy as written and understood: the tree that `language.parse` builds. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from governance.canonical.values import JSON
from governance.policy.values import Action, Approve, By, Intent, Kind

DEFAULT_RULE: Final = "default"
HISTORY_KEPT: Final = 90 * 86_400
"""Seconds that the record of forwarded calls reaches back (contract 4.16)."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where something stands in the text, both counted from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a policy, and what to do about it."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


class PolicyError(ValueError):
    """A policy that cannot be used. `problems` holds all that is wrong with it, in the order of the text."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: Final = problems

    def __reduce__(self) -> tuple[type[PolicyError], tuple[tuple[Problem, ...]]]:
        return PolicyError, (self.problems,)


@dataclass(frozen=True, slots=True)
class ItemPattern:
    """`server/item`, or an item on every server where `server` is None (contract 4.2)."""

    server: str | None
    item: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Which items a rule is about: a kind with patterns, or `kind` None for every item of `servers`."""

    kind: Kind | None
    patterns: tuple[ItemPattern, ...] = ()
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """Keys are joined by AND, values of one key by OR; an empty key says nothing (contract 4.12)."""

    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Days are 0 (Monday) to 6; spans are `[start, end)` in minutes of the day, `end` below `start` passes midnight."""

    zone: str
    days: frozenset[int]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One constraint kind with its value, normalised: `under` has canonical folders, `any_of` has tuples of Check."""

    kind: str
    value: JSON = None
    alternatives: tuple[tuple[Check, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Constraint:
    """What one argument must meet. `steps` is the parsed address, see `addresses`; `argument` is how it was written."""

    argument: str
    steps: tuple[str | int, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ShortForm:
    """`allowedPaths`, `allowedDomains` or `maxAmount` with its value (contract 4.11)."""

    name: str
    value: JSON


@dataclass(frozen=True, slots=True)
class History:
    """A question to the record of forwarded calls: matches when its count is above `more_than`.

    For `first_use` (`pattern` None) it matches when the count is zero and `wanted` is True, or above zero and not.
    """

    pattern: str | None
    within: int
    by: By
    in_session: bool
    more_than: int = 0
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `maximum` calls, or a sum of `sum_argument`, in any `per` seconds (contract 4.15)."""

    by: By
    per: int
    maximum: Decimal
    sum_argument: str | None = None
    sum_steps: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """Any finding on `side`, of one of `classes` (empty = any), at least as severe as `severity`."""

    side: str
    classes: frozenset[str]
    severity: str | None


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything that must hold; also the body of `unless`."""

    who: Who | None = None
    categories: frozenset[str] = frozenset()
    intents: frozenset[Intent] = frozenset()
    time: TimeWindow | None = None
    constraints: tuple[Constraint, ...] = ()
    short_forms: tuple[ShortForm, ...] = ()
    history: tuple[History, ...] = ()
    content: Content | None = None
    tainted: bool | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """One obligation as written: `kind` is notify, log or redact."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `digest` covers everything but id, reason and mode, and `id` is derived from it when not given."""

    id: str
    digest: str
    subject: Subject
    action: Action
    when: Conditions = field(default_factory=Conditions)
    unless: Conditions | None = None
    limit: Limit | None = None
    approve: Approve = field(default_factory=Approve)
    obligations: tuple[Duty, ...] = ()
    extra_allowed: bool = False
    monitor: bool = False
    reason: str = ""
    position: Position = field(default_factory=Position, compare=False)

    @property
    def on_result(self) -> bool:
        """Whether the rule is judged on the way back, not before the call (contract 4.17)."""
        return self.when.content is not None and self.when.content.side == "result"


@dataclass(frozen=True, slots=True)
class Given:
    """The facts that a policy test assumes: counts stand for every query of their sort."""

    at: str | None = None
    tainted: bool = False
    calls_before: int = 0
    used: Decimal = Decimal(0)
    findings: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One line of the `tests:` block: a call, who makes it, and the action it must get."""

    server: str
    kind: Kind
    item: str
    arguments: Mapping[str, JSON]
    expect: Action
    rule: str | None = None
    agent: str = "policy-test"
    person: str | None = None
    teams: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    given: Given = field(default_factory=Given)
    position: Position = field(default_factory=Position, compare=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. Rules keep the order of the text, which decides nothing."""

    version: str
    default: Action
    default_approve: Approve
    acknowledge_default_allow: bool
    intent_defaults: bool
    rules: tuple[Rule, ...]
    tests: tuple[PolicyTest, ...]
