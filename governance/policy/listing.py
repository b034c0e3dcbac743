"""What can be said of an item before a call: whether it is listed, and what a decision will need. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterator

from governance.policy.compiled import ItemRules
from governance.policy.evaluation import NO, YES
from governance.policy.tree import Check, Conditions
from governance.policy.values import Action, Caller, Needs


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
    return rules.for_caller(caller).needs


def watched_folders(rules: ItemRules) -> frozenset[str]:
    """The folders of every `under` on an item. Where the gateway sees the disk, `Facts.real_paths` should hold theirs.

    A folder that is missing there is taken for its own real path.
    """
    return frozenset(
        folder
        for bound in rules.bound
        for when in (bound.rule.when, bound.rule.unless)
        if when is not None
        for folder in _folders(when)
    )


def _folders(when: Conditions) -> Iterator[str]:
    for form in when.short_forms:
        if form.name == "allowedPaths" and isinstance(form.value, list):
            yield from (folder for folder in form.value if isinstance(folder, str))
    for constraint in when.constraints:
        yield from _checked_folders(constraint.checks)


def _checked_folders(checks: tuple[Check, ...]) -> Iterator[str]:
    for check in checks:
        if check.kind == "under" and isinstance(check.value, list):
            yield from (folder for folder in check.value if isinstance(folder, str))
        for alternative in check.alternatives:
            yield from _checked_folders(alternative)
