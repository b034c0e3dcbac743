"""The full trace of a decision: every rule in scope, every condition, what it saw. Pure: no Django, no I/O."""

from __future__ import annotations

from governance.canonical.values import JSON
from governance.policy.binding import BoundRule, Room
from governance.policy.compiled import ItemRules
from governance.policy.decide import builtin_denials, match
from governance.policy.evaluation import Evaluation
from governance.policy.values import Action, Caller, ConditionTrace, Facts, RuleTrace

_ROOM_OUTCOMES = {
    Room.FREE: "yes",
    Room.SPENT: "no",
    Room.ERROR: "error",
    Room.UNKNOWN: "error",
    Room.TOO_LONG: "error",
}


def explain(rules: ItemRules, caller: Caller, arguments: dict[str, JSON], facts: Facts) -> tuple[RuleTrace, ...]:
    """Every rule whose scope holds the call, by id; those that `matched` and enforce are `decide`'s `rules`.

    The denials that no rule asks for appear where they took hold, the default where nothing else did. A limit
    appears as a condition: yes while there is room, no when it is spent and the rule denies.
    """
    mine = rules.for_caller(caller)
    call = Evaluation(rules.ground, caller, arguments, facts)
    enforced = match(mine, call)
    taken = set(enforced.every())
    traces = [_trace(rule, call, rule.id in taken) for rule in mine.enforced]
    traces += [_trace(rule, call, rule.matches(call)) for rule in mine.monitored]
    builtins = builtin_denials(rules, call)
    traces += [RuleTrace(name, Action.DENY, True, (ConditionTrace(name, "yes", said),)) for name, said in builtins]
    if not taken and not builtins:
        traces.append(RuleTrace(rules.default_rule.id, rules.default, True, ()))
    return tuple(sorted(traces, key=lambda trace: trace.rule))


def _trace(rule: BoundRule, call: Evaluation, matched: bool) -> RuleTrace:
    conditions = [ConditionTrace(one.name, str(one.judge(call)), one.saw(call)) for one in rule.conditions]
    if rule.limit is not None and not rule.rule.monitor:
        query = rule.limit.query
        used = call.facts.limits.get(query)
        saw = f"{'nothing looked up' if used is None else f'{used} used'} of {query.maximum}"
        conditions.append(ConditionTrace("limit", _ROOM_OUTCOMES[rule.limit.judge(call).room], saw))
    return RuleTrace(rule.id, rule.action, matched, tuple(conditions))
