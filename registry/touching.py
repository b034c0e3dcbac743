"""Which rules touch an item, and what a change of the item does to what they look at. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from governance.canonical.values import JSON
from governance.policy.addresses import Steps
from governance.policy.compiled import CompiledPolicy
from governance.policy.schemas import Declared
from governance.policy.short_forms import SORT_OF, declares_any
from governance.policy.tree import Conditions, Constraint, Rule
from governance.policy.values import Action, Item

MAX_SENTENCES: Final = 20
"""Sentences on one rule at most; a manifest may declare any number of arguments."""

_VERBS: Final = {
    Action.ALLOW: "allows",
    Action.DENY: "denies",
    Action.ESCALATE: "asks a person about",
    Action.HIDE: "hides it for",
    Action.REDACT: "redacts results of",
}
_SORT_WORDS: Final = {"allowedPaths": "a path", "allowedDomains": "a URL", "maxAmount": "an amount"}
_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Touch:
    """A rule that covers an item as it was, as it is, or both. `changes` says what its change does to the rule."""

    rule: Rule
    before: bool
    after: bool
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """Every rule that touches an item, by id, and the new arguments that none of those that cover it looks at."""

    rules: tuple[Touch, ...]
    unseen_arguments: tuple[str, ...] = ()


def touched(compiled: CompiledPolicy, before: Item | None, after: Item | None) -> Touched:
    """The rules on an item that was approved as `before` and is offered as `after`; None where there is no such form.

    With both alike, or one of them None, nothing is said of changes.
    """
    was, now = _covering(compiled, before), _covering(compiled, after)
    both = before is not None and after is not None and before != after
    rules = tuple(
        Touch(rule, name in was, name in now, _changes(rule, before, after, name in was, name in now) if both else ())
        for name, rule in sorted({**was, **now}.items())
    )
    return Touched(rules, _unseen(list(now.values()), before, after) if both else ())


def _covering(compiled: CompiledPolicy, item: Item | None) -> dict[str, Rule]:
    return {bound.id: bound.rule for bound in compiled.for_item(item).bound} if item is not None else {}


def _changes(rule: Rule, before: Item | None, after: Item | None, was: bool, now: bool) -> tuple[str, ...]:
    assert before is not None and after is not None
    if was != now:
        verb = "covers it no longer" if was else "did not cover it before"
        return (f"The rule {verb}: it is {after.intent} now, and was {before.intent}.",)
    old, new = Declared(before.schema), Declared(after.schema)
    return tuple(_on_arguments(rule, old, new))[:MAX_SENTENCES]


def _on_arguments(rule: Rule, old: Declared, new: Declared) -> Iterator[str]:
    for conditions, excepts in ((rule.when, False), (rule.unless, True)):
        if conditions is not None:
            yield from _on_conditions(rule, conditions, old, new, excepts=excepts)
    limit = rule.limit
    if limit is not None and limit.sum_argument and _lost(limit.sum_steps, old, new):
        yield f"Its limit adds up the argument {limit.sum_argument}, which is not declared any more."


def _on_conditions(rule: Rule, when: Conditions, old: Declared, new: Declared, *, excepts: bool) -> Iterator[str]:
    part = "exception" if excepts else "condition"
    for constraint in when.constraints:
        name = constraint.argument
        if _lost(constraint.steps, old, new):
            follows = _so(rule, constraint, excepts)
            yield f"Its {part} on {name} has nothing to look at: {name} is not declared any more{follows}."
        elif _gained(constraint.steps, old, new):
            yield f"Its {part} on {name} has something to look at now: {name} was not declared before."
        elif (types := _types(old, constraint.steps)) != (others := _types(new, constraint.steps)):
            yield f"Its {part} looks at {name}, which is {_said(others)} now and was {_said(types)}."
    for form in when.short_forms:
        had, has = (declares_any(declared, SORT_OF[form.name]) for declared in (old, new))
        if had and not has:
            yield f"Its {part} {form.name} finds no argument any more that is {_SORT_WORDS[form.name]}."
        elif has and not had:
            yield f"Its {part} {form.name} finds an argument now that is {_SORT_WORDS[form.name]}."


def _so(rule: Rule, constraint: Constraint, excepts: bool) -> str:
    """What follows for calls; nothing is said where the condition could be met without the argument (contract 4.7)."""
    if any(check.kind in ("present", "any_of") for check in constraint.checks):
        return ""
    if excepts:
        return ", so the exception holds for calls alone that send it all the same"
    if rule.action is Action.ALLOW and not rule.extra_allowed:
        return ", so the rule allows no call of it any more"
    return f", so the rule {_VERBS[rule.action]} calls alone that send it all the same"


def _lost(steps: Steps, old: Declared, new: Declared) -> bool:
    return old.declares(steps) and not new.declares(steps)


def _gained(steps: Steps, old: Declared, new: Declared) -> bool:
    return new.declares(steps) and not old.declares(steps)


def _types(declared: Declared, steps: Steps) -> frozenset[str]:
    """The types that a schema names for an address; empty where it names none."""
    nodes: list[Mapping[str, JSON]] = declared.roots()
    for step in steps:
        nodes = declared.below(nodes, step)
    found: set[str] = set()
    for node in nodes:
        named = node.get("type")
        words = named if isinstance(named, list) else [named]
        found.update(word for word in words if isinstance(word, str) and word in _TYPES)
    return frozenset(found)


def _said(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "of no named type"


def _unseen(rules: list[Rule], before: Item | None, after: Item | None) -> tuple[str, ...]:
    """New arguments of the first level that the rules do not name; a short form may find them all the same."""
    assert before is not None and after is not None
    new = Declared(after.schema).top - Declared(before.schema).top
    return tuple(sorted(new.difference(*(_looked_at(rule) for rule in rules))))


def _looked_at(rule: Rule) -> set[str]:
    conditions = [when for when in (rule.when, rule.unless) if when is not None]
    found = {str(one.steps[0]) for when in conditions for one in when.constraints}
    if rule.limit is not None and rule.limit.sum_steps:
        found.add(str(rule.limit.sum_steps[0]))
    return found
