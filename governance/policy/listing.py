"""What can be said of an item before a call: whether it is listed, and what a decision will need. Pure: no I/O."""

from __future__ import annotations

from governance.policy.binding import BoundRule, asks_session
from governance.policy.compiled import ItemRules
from governance.policy.conditions import HistoryCondition
from governance.policy.evaluation import NO, YES
from governance.policy.values import Action, Caller, HistoryQuery, LimitQuery, Needs


def could_run(rules: ItemRules, caller: Caller) -> bool:
    """Whether some arguments could be allowed or escalated (contract 4.4).

    Constraints, time, history, limits, content and session count as open. A hidden item is never listed, and one
    that a deny rule holds for whatever the arguments and facts is not.
    """
    open_to_someone = rules.default in (Action.ALLOW, Action.ESCALATE)
    for rule in rules.for_caller(caller).enforced:
        ahead = rule.ahead(caller)
        if rule.action in (Action.HIDE, Action.DENY):
            if ahead is YES:
                return False
        elif ahead is not NO:
            open_to_someone = True
    return open_to_someone


def needs(rules: ItemRules, caller: Caller) -> Needs:
    """What must be looked up before `decide` and `decide_result` can judge a call of this caller.

    Rules in monitor mode touch no limit, so only their history and session are asked for.
    """
    mine = rules.for_caller(caller)
    history: dict[HistoryQuery, None] = {}
    limits: dict[LimitQuery, None] = {}
    session = False
    every: tuple[BoundRule, ...] = mine.enforced + mine.monitored + mine.results + mine.monitored_results
    for rule in every:
        if rule.limit is not None and not rule.rule.monitor:
            limits[rule.limit.query] = None
        for condition in rule.every_condition():
            if isinstance(condition, HistoryCondition):
                history[condition.query] = None
        session = session or asks_session(rule)
    return Needs(tuple(history), tuple(limits), session)
