"""The one sentence that every verdict carries (contract 4.23). Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.policy.amounts import COUNTED_DIGITS, COUNTED_PLACES
from governance.policy.binding import BoundRule, Room, Taken
from governance.policy.conditions import Condition
from governance.policy.constraints import ArgumentCondition, NoExtra, ShortFormCondition
from governance.policy.evaluation import ERROR, YES, Evaluation
from governance.policy.values import Action

_ROOM: Final = {
    Room.SPENT: "is used up",
    Room.UNKNOWN: "cannot be counted now",
    Room.TOO_LONG: f"counts amounts of at most {COUNTED_DIGITS} digits, {COUNTED_PLACES} of them after the point",
}
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def hide_reason(rule: BoundRule) -> str:
    """Never shown to the caller, who is told of no such item."""
    return _with_rule(rule.rule.reason or "the item is hidden", rule.id)


def deny_reason(rule: BoundRule, call: Evaluation) -> str:
    """What the rule says and which value made it take hold."""
    return _with_rule(_with_detail(rule.rule.reason or f"{_name(call)} is denied", rule, call), rule.id)


def escalate_reason(rule: BoundRule, call: Evaluation) -> str:
    """Why a person is asked."""
    return _with_rule(_with_detail(rule.rule.reason or f"{_name(call)} needs an approval", rule, call), rule.id)


def allow_reason(rule: BoundRule) -> str:
    """Why the call may pass."""
    words = "approved" if rule.action is Action.ESCALATE else "allowed"
    return _with_rule(rule.rule.reason or words, rule.id)


def limit_reason(rule: BoundRule, taken: Taken) -> str:
    """How much a limit gives, and that it is used up or cannot be counted."""
    assert rule.limit is not None
    limit = rule.limit.limit
    what = "calls" if limit.sum_argument is None else f"the sum of {limit.sum_argument}"
    size = f"{limit.maximum} {what}" if limit.sum_argument is None else f"{limit.maximum} for {what}"
    return _with_rule(f"the limit of {size} per {_duration(limit.per)} by {limit.by} {_ROOM[taken.room]}", rule.id)


def result_reason(text: str, rule: str) -> str:
    """Why a result is withheld or redacted."""
    return _with_rule(text, rule)


def default_reason(rules: Iterable[BoundRule], call: Evaluation, default: Action) -> str:
    """Why no rule decided: the allow rule that came nearest, where one failed on a single condition."""
    near = None
    for rule in rules:
        if rule.action is not Action.ALLOW:
            continue
        failing = [condition for condition in rule.conditions if condition.judge(call) is not YES]
        if _only_constraints(failing):
            return _with_rule(_first_told(failing).fails(call), rule.id)
        if len(failing) == 1 and near is None:
            near = (rule, failing[0])
    if near is not None:
        rule, condition = near
        return _with_rule(f"{_name(call)} is not allowed: {condition.fails(call)}", rule.id)
    words = {Action.ALLOW: "no rule speaks against", Action.ESCALATE: "no rule decides"}.get(default, "no rule allows")
    return f"{words} {_name(call)} (default)"


def _only_constraints(failing: list[Condition]) -> bool:
    return bool(failing) and all(isinstance(one, (NoExtra, ArgumentCondition, ShortFormCondition)) for one in failing)


def _first_told(failing: list[Condition]) -> Condition:
    """A value outside its bounds tells more than an undeclared name."""
    return next((one for one in failing if not isinstance(one, NoExtra)), failing[0])


def _with_detail(text: str, rule: BoundRule, call: Evaluation) -> str:
    for condition in rule.conditions:
        if isinstance(condition, (ArgumentCondition, ShortFormCondition)):
            return f"{text}: {condition.holds(call)}"
    for condition in rule.conditions:
        if condition.judge(call) is ERROR:
            return f"{text}: {condition.name} cannot be judged ({condition.saw(call)})"
    return text


def _name(call: Evaluation) -> str:
    name = call.item.name
    return f"{call.item.server}/{name if name.isprintable() else ascii(name)}"


def _with_rule(text: str, rule: str) -> str:
    return f"{text} (rule {rule})"


def _duration(seconds: int) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"
