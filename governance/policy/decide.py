"""Decides one call, or what becomes of its result, and says why (contract 4.5 to 4.23). Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from governance.canonical.values import JSON
from governance.policy.binding import BoundRule, Room, Taken
from governance.policy.compiled import CallerRules, ItemRules
from governance.policy.conditions import findings_met
from governance.policy.evaluation import ERROR, NO, YES, Evaluation, Outcome
from governance.policy.sentences import (
    allow_reason,
    default_reason,
    deny_reason,
    escalate_reason,
    hide_reason,
    limit_reason,
    result_reason,
)
from governance.policy.values import (
    Action,
    Caller,
    EscalateRule,
    Facts,
    Obligation,
    Reservation,
    Status,
    Verdict,
    Would,
)

SECRETS_RULE: Final = "builtin-secrets"
SCHEMA_RULE: Final = "builtin-schema"
SECRET_CLASSES: Final = frozenset({"private_key", "vendor_key"})


class Matched(msgspec.Struct):
    """The enforced rules that took hold, each list by id."""

    hides: list[BoundRule] = []
    denies: list[BoundRule] = []
    spent: list[tuple[BoundRule, Taken]] = []
    open: list[BoundRule] = []
    answered: list[BoundRule] = []
    allows: list[BoundRule] = []
    reserve: list[Reservation] = []

    def every(self, builtins: Iterable[str] = ()) -> tuple[str, ...]:
        """The ids of all of them, sorted."""
        groups = (self.hides, self.denies, self.open, self.answered, self.allows)
        ids = [rule.id for group in groups for rule in group]
        ids += [rule.id for rule, _ in self.spent]
        ids += builtins
        return tuple(sorted(ids)) if len(ids) > 1 else tuple(ids)


def decide(rules: ItemRules, caller: Caller, arguments: dict[str, JSON], facts: Facts) -> Verdict:
    """The verdict on one call of a visible item. The same inputs always give the same verdict."""
    mine = rules.for_caller(caller)
    call = Evaluation(rules.ground, caller, arguments, facts)
    matched = match(mine, call)
    would = tuple(Would(rule.id, rule.action) for rule in mine.monitored if rule.matches(call))
    builtins = builtin_denials(rules, call)
    if matched.hides:
        return _hidden(matched, builtins, would)
    if builtins or matched.denies or matched.spent:
        return _denied(call, matched, builtins, would)
    if matched.open:
        return _escalated(call, matched, would)
    if matched.allows or matched.answered:
        return _allowed(call, matched, would)
    return _default(rules, mine, call, would)


def match(mine: CallerRules, call: Evaluation) -> Matched:
    """Sorts the enforced rules that take hold by what they ask for."""
    out = Matched()
    for rule in mine.enforced:
        outcome = YES
        for judge in rule.judges:  # BoundRule.judge, written out: this loop is where a decision spends its time.
            said = judge(call)
            if said is NO:
                break
            if said is ERROR:
                outcome = ERROR
        else:
            _sort_in(rule, outcome, call, out)
    return out


def _sort_in(rule: BoundRule, outcome: Outcome, call: Evaluation, out: Matched) -> None:
    """Puts a rule whose conditions did not say no where it belongs."""
    action = rule.action
    if action is Action.ALLOW:
        if outcome is YES:
            _take(rule, call, out, out.allows)
    elif action is Action.DENY:
        out.denies.append(rule)
    elif action is Action.ESCALATE:
        answered = (rule.id, rule.rule.digest) in call.facts.approved
        _take(rule, call, out, out.answered if answered else out.open)
    else:
        out.hides.append(rule)


def _take(rule: BoundRule, call: Evaluation, out: Matched, into: list[BoundRule]) -> None:
    """Puts a rule where it belongs after its limit was asked: a limit that is spent makes it deny."""
    if rule.limit is None:
        into.append(rule)
        return
    taken = rule.limit.judge(call)
    if taken.room is Room.FREE:
        into.append(rule)
        out.reserve.append(Reservation(rule.limit.query, taken.amount))
    elif taken.room is not Room.ERROR:
        out.spent.append((rule, taken))
    elif rule.action is Action.ESCALATE:
        into.append(rule)


def builtin_denials(rules: ItemRules, call: Evaluation) -> list[tuple[str, str]]:
    """The denials that no rule asks for and none can lift, as (id, reason)."""
    out: list[tuple[str, str]] = []
    if rules.schema_check is not None:
        problem = rules.schema_check.problem(call.arguments)
        if problem is not None:
            out.append((SCHEMA_RULE, f"{problem} (rule {SCHEMA_RULE})"))
    for finding in call.facts.findings:
        if finding.side == "arguments" and finding.cls in SECRET_CLASSES:
            what = finding.cls.replace("_", " ")
            out.append((SECRETS_RULE, f"the arguments hold a {what}, which never leaves (rule {SECRETS_RULE})"))
            break
    return out


def _hidden(matched: Matched, builtins: list[tuple[str, str]], would: tuple[Would, ...]) -> Verdict:
    first = matched.hides[0]
    return Verdict(
        Action.HIDE, Status.HIDDEN, first.id, matched.every(dict(builtins)), hide_reason(first),
        would=would, obligations=_obligations(matched.hides),
    )  # fmt: skip


def _denied(call: Evaluation, matched: Matched, builtins: list[tuple[str, str]], would: tuple[Would, ...]) -> Verdict:
    reasons = dict(builtins)
    spent = {rule.id: (rule, taken) for rule, taken in matched.spent}
    denies = {rule.id: rule for rule in matched.denies}
    first = min((*reasons, *spent, *denies))
    if first in denies:
        reason = deny_reason(denies[first], call)
    elif first in spent:
        reason = limit_reason(*spent[first])
    else:
        reason = reasons[first]
    only_spent = not denies and not builtins and all(taken.room is Room.SPENT for _, taken in matched.spent)
    return Verdict(
        Action.DENY, Status.LIMITED if only_spent else Status.DENIED, first, matched.every(reasons), reason,
        would=would, obligations=_obligations(matched.denies),
        retry_after_ms=_retry_after(matched.spent) if only_spent else None,
    )  # fmt: skip


def _retry_after(spent: list[tuple[BoundRule, Taken]]) -> int | None:
    """When there is surely room again; None where the call alone is more than the limit."""
    longest = 0
    for rule, taken in spent:
        assert rule.limit is not None
        if taken.amount > rule.limit.limit.maximum:
            return None
        longest = max(longest, rule.limit.limit.per)
    return longest * 1000


def _escalated(call: Evaluation, matched: Matched, would: tuple[Would, ...]) -> Verdict:
    asked = tuple(
        EscalateRule(rule.id, rule.rule.digest, rule.rule.approve, escalate_reason(rule, call)) for rule in matched.open
    )
    return Verdict(
        Action.ESCALATE, Status.WAITING, asked[0].rule, matched.every(), asked[0].reason, asked,
        would=would, obligations=_obligations(matched.open),
    )  # fmt: skip


def _allowed(call: Evaluation, matched: Matched, would: tuple[Would, ...]) -> Verdict:
    """An escalate rule that an approval answered stands beside the allow rules: it lets the call pass."""
    passing = matched.allows
    if matched.answered:
        passing = sorted([*matched.allows, *matched.answered], key=lambda rule: rule.id)
    return Verdict(
        Action.ALLOW, Status.ALLOWED, passing[0].id, matched.every(), allow_reason(passing[0]),
        reserve=tuple(matched.reserve), would=would, obligations=_obligations(passing),
    )  # fmt: skip


def _default(rules: ItemRules, mine: CallerRules, call: Evaluation, would: tuple[Would, ...]) -> Verdict:
    action, rule = rules.default, rules.default_rule
    reason = default_reason(mine.enforced, call, action)
    names = (rule.id,)
    if action is Action.ESCALATE and (rule.id, rule.digest) not in call.facts.approved:
        asked = (EscalateRule(rule.id, rule.digest, rule.approve, reason),)
        return Verdict(action, Status.WAITING, rule.id, names, reason, asked, would=would)
    if action is Action.DENY:
        return Verdict(action, Status.DENIED, rule.id, names, reason, would=would)
    return Verdict(Action.ALLOW, Status.ALLOWED, rule.id, names, reason, would=would)


def _obligations(rules: Iterable[BoundRule]) -> tuple[Obligation, ...]:
    return tuple(Obligation(rule.id, duty.kind, duty.value) for rule in rules for duty in rule.rule.obligations)


def decide_result(rules: ItemRules, caller: Caller, facts: Facts, arguments: dict[str, JSON] | None = None) -> Verdict:
    """What becomes of a result: DENY withholds it, REDACT passes it without what `obligations` of kind redact name.

    Each redact obligation holds one class of finding. `rule` is empty where nothing was said and the result passes
    as it is. A rule on results that constrains arguments needs `arguments`, else its constraints are errors.
    """
    mine = rules.for_caller(caller)
    call = Evaluation(rules.ground, caller, {} if arguments is None else arguments, facts)
    blind = arguments is None
    matched = [rule for rule in mine.results if _result_matches(rule, call, blind)]
    would = tuple(Would(rule.id, rule.action) for rule in mine.monitored_results if _result_matches(rule, call, blind))
    secret = sorted({one.cls for one in facts.findings if one.side == "result" and one.cls in SECRET_CLASSES})
    names = sorted([rule.id for rule in matched] + ([SECRETS_RULE] if secret else []))
    denies = [rule for rule in matched if rule.action is Action.DENY]
    if denies:
        reason = result_reason(denies[0].rule.reason or "the result is withheld", denies[0].id)
        return Verdict(
            Action.DENY, Status.DENIED, denies[0].id, tuple(names), reason,
            would=would, obligations=_obligations(denies),
        )  # fmt: skip
    redacts = [rule for rule in matched if rule.action is Action.REDACT]
    if redacts or secret:
        return _redacted(call, redacts, secret, tuple(names), would)
    allows = [rule for rule in matched if rule.action is Action.ALLOW]
    first = allows[0].id if allows else ""
    reason = result_reason(allows[0].rule.reason or "the result passes", first) if allows else "the result passes"
    return Verdict(
        Action.ALLOW, Status.ALLOWED, first, tuple(names), reason, would=would, obligations=_obligations(allows)
    )


def _redacted(
    call: Evaluation, redacts: list[BoundRule], secret: list[str], names: tuple[str, ...], would: tuple[Would, ...]
) -> Verdict:
    duties = [Obligation(SECRETS_RULE, "redact", cls) for cls in secret]
    for rule in redacts:
        classes = sorted({finding.cls for finding in findings_met(rule.conditions, call)})
        duties += [Obligation(rule.id, "redact", cls) for cls in classes]
    first = min([rule.id for rule in redacts] + ([SECRETS_RULE] if secret else []))
    spoken = next((rule.rule.reason for rule in redacts if rule.id == first), "")
    reason = result_reason(spoken or "parts of the result are redacted", first)
    return Verdict(
        Action.REDACT, Status.ALLOWED, first, names, reason,
        would=would, obligations=(*duties, *_obligations(redacts)),
    )  # fmt: skip


def _result_matches(rule: BoundRule, call: Evaluation, blind: bool) -> bool:
    if not (blind and rule.constrained):
        return rule.matches(call)
    known = [condition.judge(call) for condition in rule.conditions if not rule.about_arguments(condition)]
    return NO not in known and rule.action is not Action.ALLOW
