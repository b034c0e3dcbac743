"""Rules whose conditions are ready to be asked, and what they need to know first. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from governance.canonical.numbers import decimal_of
from governance.canonical.values import NotCanonical
from governance.policy.addresses import Missing, WrongShape
from governance.policy.amounts import exact_sum, fits, is_counted
from governance.policy.conditions import (
    Condition,
    HistoryCondition,
    SessionCondition,
    Unless,
    WhoCondition,
    who_matches,
)
from governance.policy.constraints import ArgumentCondition, NoExtra, ShortFormCondition
from governance.policy.evaluation import ERROR, NO, YES, Evaluation, Outcome, fold
from governance.policy.patterns import glob_test
from governance.policy.tree import Limit, Rule
from governance.policy.values import Action, By, Caller, HistoryQuery, Item, LimitQuery, Needs


class Room(StrEnum):
    """What a limit says of one more call."""

    FREE = "free"
    SPENT = "spent"
    ERROR = "error"  # The amount is missing, negative, no number, or could be mistaken for another.
    UNKNOWN = "unknown"  # Nobody looked up what is used already.
    TOO_LONG = "too long"  # The amount has more digits than are counted; rounding it would give some of it away.


@dataclass(frozen=True, slots=True)
class Taken:
    """The judgement of a limit on one call, and the amount that the call would take."""

    room: Room
    amount: Decimal = Decimal(1)


class BoundLimit:
    """A limit with its query (contract 4.15)."""

    __slots__ = ("limit", "query")

    def __init__(self, rule: Rule, limit: Limit) -> None:
        self.limit: Final = limit
        self.query: Final = LimitQuery(rule.id, limit.by, limit.per, limit.maximum, limit.sum_argument)

    def judge(self, call: Evaluation) -> Taken:
        """Whether the call still fits."""
        amount = Decimal(1) if self.limit.sum_argument is None else self._sum(call)
        if amount is None:
            return Taken(Room.ERROR)
        used = call.facts.limits.get(self.query)
        if used is None:
            return Taken(Room.UNKNOWN, amount)
        if not fits(used, amount, self.limit.maximum):
            return Taken(Room.SPENT, amount)
        return Taken(Room.FREE if is_counted(amount) else Room.TOO_LONG, amount)

    def _sum(self, call: Evaluation) -> Decimal | None:
        steps = self.limit.sum_steps
        if call.collides(steps):
            return None
        amounts = []
        for value in call.found(steps)[1]:
            if isinstance(value, (Missing, WrongShape)):
                return None
            try:
                amounts.append(decimal_of(value))
            except NotCanonical:
                return None
        return exact_sum(amounts) if all(amount >= 0 for amount in amounts) else None


_NOBODY: Final = Caller("")


class BoundRule:
    """One rule on one item."""

    __slots__ = ("_ahead", "_by_caller", "action", "conditions", "id", "judges", "limit", "on_result", "rule", "who")

    def __init__(self, rule: Rule, conditions: tuple[Condition, ...]) -> None:
        self.rule: Final = rule
        self.id: Final = rule.id
        self.action: Final = rule.action
        self.on_result: Final = rule.on_result
        self.who: Final = rule.when.who
        self.conditions: Final = conditions
        self.judges: Final = tuple(condition.judge for condition in self.conditions)
        self.limit: Final = BoundLimit(rule, rule.limit) if rule.limit is not None else None
        self._by_caller = any(isinstance(condition, WhoCondition) for condition in self.every_condition())
        self._ahead = None if self._by_caller else self._look_ahead(_NOBODY)

    def holds_for(self, caller: Caller) -> bool:
        """Whether the caller is in the rule's scope."""
        return self.who is None or who_matches(self.who, caller)

    def judge(self, call: Evaluation) -> Outcome:
        """AND of the conditions; a limit is not one of them."""
        outcome = YES
        for judge in self.judges:
            said = judge(call)
            if said is NO:
                return NO
            if said is ERROR:
                outcome = ERROR
        return outcome

    def matches(self, call: Evaluation) -> bool:
        """Whether the rule takes hold: an error counts as yes, for allow as no (contract 4.6)."""
        outcome = self.judge(call)
        return outcome is YES or (outcome is ERROR and self.action is not Action.ALLOW)

    def ahead(self, caller: Caller) -> Outcome | None:
        """Whether the rule is sure to match or not to, before arguments and facts are known."""
        return self._look_ahead(caller) if self._by_caller else self._ahead

    def _look_ahead(self, caller: Caller) -> Outcome | None:
        known = [condition.ahead(caller) for condition in self.conditions]
        if NO in known:
            return NO
        return YES if all(outcome is YES for outcome in known) else None

    @property
    def constrained(self) -> bool:
        """Whether any condition is about arguments."""
        return any(self.about_arguments(condition) for condition in self.conditions)

    def about_arguments(self, condition: Condition) -> bool:
        """Whether a condition, or one inside `unless`, looks at arguments."""
        inner = condition.conditions if isinstance(condition, Unless) else (condition,)
        return any(isinstance(one, (NoExtra, ArgumentCondition, ShortFormCondition)) for one in inner)

    def every_condition(self) -> Iterator[Condition]:
        """Its conditions, those inside `unless` too."""
        for condition in self.conditions:
            yield condition
            if isinstance(condition, Unless):
                yield from condition.conditions


def constrained_names(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    """The top-level arguments that any of the rules constrains or sums, by the form in which they could be mixed up."""
    out: dict[str, frozenset[str]] = {}
    for rule in rules:
        looked_at = [one.steps for when in (rule.when, rule.unless) if when is not None for one in when.constraints]
        if rule.limit is not None and rule.limit.sum_steps:
            looked_at.append(rule.limit.sum_steps)
        for steps in looked_at:
            name = str(steps[0])
            out[fold(name)] = out.get(fold(name), frozenset()) | {name}
    return out


def covers(rule: Rule, item: Item) -> bool:
    """Whether an item is in a rule's scope: subject, category and intent."""
    subject, when = rule.subject, rule.when
    if subject.servers and not _any_glob(subject.servers, item.server):
        return False
    if when.categories and when.categories.isdisjoint(item.category):
        return False
    if when.intents and item.intent not in when.intents:
        return False
    if subject.kind is None:
        return True
    return subject.kind is item.kind and any(
        (pattern.server is None or _matches(pattern.server, item.server)) and _matches(pattern.item, item.name)
        for pattern in subject.patterns
    )


def _any_glob(patterns: Iterable[str], text: str) -> bool:
    return any(_matches(pattern, text) for pattern in patterns)


def _matches(pattern: str, text: str) -> bool:
    try:
        return glob_test(pattern)(text)
    except UnicodeEncodeError:
        return False


def needs_of(rules: Iterable[BoundRule]) -> Needs:
    """What these rules ask for; those in monitor mode touch no limit."""
    history: dict[HistoryQuery, None] = {}
    limits: dict[LimitQuery, None] = {}
    session = False
    for rule in rules:
        if rule.limit is not None and not rule.rule.monitor:
            limits[rule.limit.query] = None
        for condition in rule.every_condition():
            if isinstance(condition, HistoryCondition):
                history[condition.query] = None
        session = session or _asks_session(rule)
    return Needs(tuple(history), tuple(limits), session)


def _asks_session(rule: BoundRule) -> bool:
    if rule.limit is not None and rule.limit.limit.by is By.SESSION:
        return True
    for condition in rule.every_condition():
        if isinstance(condition, SessionCondition):
            return True
        if isinstance(condition, HistoryCondition) and (condition.query.in_session or condition.query.by is By.SESSION):
            return True
    return False
