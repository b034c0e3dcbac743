"""Makes the conditions of rules on items, and shares what two items have in common. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from governance.policy.binding import BoundRule
from governance.policy.conditions import (
    Condition,
    ContentCondition,
    Fixed,
    HistoryCondition,
    SessionCondition,
    TimeCondition,
    Unless,
    WhoCondition,
)
from governance.policy.constraints import ArgumentCondition, NoExtra, ShortFormCondition, declared_below
from governance.policy.evaluation import NO, YES
from governance.policy.schemas import Declared
from governance.policy.tree import Conditions, Rule
from governance.policy.values import Action, Item


class Binder:
    """Binds the rules of one policy. Rules on thousands of items cost little more memory than on one."""

    __slots__ = ("_conditions", "_rules")

    def __init__(self) -> None:
        self._conditions: dict[Hashable, Condition] = {}
        self._rules: dict[tuple[str, tuple[int, ...]], BoundRule] = {}

    def bind(self, rule: Rule, item: Item, declared: Declared) -> BoundRule:
        """The rule with its conditions as they are on this item."""
        conditions = tuple(self._bind(rule, item, declared))
        key = (rule.id, tuple(id(condition) for condition in conditions))
        known = self._rules.get(key)
        if known is None:
            known = self._rules[key] = BoundRule(rule, conditions)
        return known

    def _once(self, key: Hashable, make: Callable[[], Condition]) -> Condition:
        known = self._conditions.get(key)
        if known is None:
            known = self._conditions[key] = make()
        return known

    def _bind(self, rule: Rule, item: Item, declared: Declared) -> Iterator[Condition]:
        strict = rule.action is Action.ALLOW
        when = rule.when
        yield from self._plain(when, (rule.id, "when"))
        yield from self._arguments(when, (rule.id, "when"), declared, strict=strict)
        # After the constraints, which say no far more often.
        if strict and (when.constraints or when.short_forms) and not rule.extra_allowed:
            below = declared_below(when.constraints, declared)
            yield self._once(("extra", below), lambda: NoExtra(below))
        if rule.unless is not None:
            # An exception works the other way round: for a deny rule, every element must earn it.
            inner = tuple(self._unless(rule.unless, (rule.id, "unless"), item, declared, strict=not strict))
            yield self._once((rule.id, tuple(id(one) for one in inner)), lambda: Unless(inner))

    def _plain(self, when: Conditions, place: tuple[str, str]) -> Iterator[Condition]:
        tainted, content, time = when.tainted, when.content, when.time
        if tainted is not None:
            yield self._once((place, "session"), lambda: SessionCondition(tainted))
        if content is not None:
            yield self._once((place, "content"), lambda: ContentCondition(content))
        if time is not None:
            yield self._once((place, "time"), lambda: TimeCondition(time))
        for history in when.history:
            yield self._once((place, history), lambda history=history: HistoryCondition(history))  # type: ignore[misc]

    def _arguments(
        self, when: Conditions, place: tuple[str, str], declared: Declared, *, strict: bool
    ) -> Iterator[Condition]:
        for constraint in when.constraints:
            known = declared.declares(constraint.steps)
            key = (place, constraint.steps, known)
            yield self._conditions.get(key) or self._once(
                key,
                lambda one=constraint, known=known: ArgumentCondition(one, declared=known, strict=strict),  # type: ignore[misc]
            )
        for form in when.short_forms:
            key_of_form = (place, form.name)
            yield self._once(key_of_form, lambda form=form: ShortFormCondition(form, strict=strict))  # type: ignore[misc]

    def _unless(
        self, when: Conditions, place: tuple[str, str], item: Item, declared: Declared, *, strict: bool
    ) -> Iterator[Condition]:
        who = when.who
        if who is not None:
            yield self._once((place, "who"), lambda: WhoCondition(who))
        if when.categories:
            yield self._fixed("category", not when.categories.isdisjoint(item.category), sorted(item.category))
        if when.intents:
            yield self._fixed("intent", item.intent in when.intents, [str(item.intent)])
        yield from self._plain(when, place)
        yield from self._arguments(when, place, declared, strict=strict)

    def _fixed(self, name: str, met: bool, seen: list[str]) -> Condition:
        words = ", ".join(seen) or "none"
        return self._once((name, met, words), lambda: Fixed(name, YES if met else NO, words))
