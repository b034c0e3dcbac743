"""A second policy evaluator, written from contract section 4 alone: slow, plain, no logic shared with the product.

Pure: no Django, no I/O. Of the product it imports the value types only. Numbers in comments are those of section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from governance.policy.values import Action, By, Caller, Facts, HistoryQuery, Item, LimitQuery, Status
from tests.properties.policy_oracle_arguments import Call, constraint, fits_schema, listed, reach, steps, undeclared
from tests.properties.policy_oracle_values import (
    ERROR,
    YES,
    both,
    glob,
    negated,
    number,
    said,
)

SCHEMA, SECRETS = "builtin-schema", "builtin-secrets"  # The ids under which 8 and 17 deny without a rule.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEVERITIES = ("low", "medium", "high", "critical")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
INTENT_DEFAULTS = {"read": "allow", "write": "allow", "destructive": "escalate", "exfiltrative": "escalate"}


@dataclass(frozen=True)
class Ruling:
    """What the oracle says. `would` names the monitor rules that matched."""

    action: Action
    status: Status
    rule: str
    rules: tuple[str, ...]
    escalations: tuple[str, ...]
    would: tuple[str, ...]


def decide(
    policy: dict[str, Any],
    item: Item,
    caller: Caller,
    arguments: dict[str, Any],
    facts: Facts,
    digests: Mapping[str, str],
) -> Ruling:
    """Decide one call. `digests` gives each escalate rule's digest, which is all the oracle cannot know by itself."""
    call = Call(item, caller, arguments, facts)
    matching, would = enforced([rule for rule in all_rules(policy, item) if not on_results(rule)], call)
    found: dict[str, list[str]] = {"hide": [], "deny": [], "limited": [], "escalate": [], "allow": []}
    for rule in matching:
        if "limit" in rule and (refusal := limit_refuses(rule, call)):  # 15
            found[refusal].append(rule["id"])
        elif rule["action"] == "escalate" and (rule["id"], digests.get(rule["id"])) in facts.approved:  # 14
            found["allow"].append(rule["id"])
        else:
            found[rule["action"]].append(rule["id"])
    if not fits_schema(call):  # 8: all arguments must satisfy the approved schema
        found["deny"].append(SCHEMA)
    if finds_secrets("arguments", facts):  # 17
        found["deny"].append(SECRETS)
    if not any(found.values()):
        found[default_action(policy, call, digests)].append("default")
    return answer(found, would)


def decide_result(policy: dict[str, Any], call: Call) -> Ruling:
    """17: what the rules on results say of what inspection found in one. 5: deny, then redact, then allow."""
    matching, would = enforced([rule for rule in policy["rules"] if on_results(rule)], call)
    found: dict[str, list[str]] = {"deny": [], "redact": [], "allow": []}
    for rule in matching:
        found[rule["action"]].append(rule["id"])
    if finds_secrets("result", call.facts):
        found["redact"].append(SECRETS)
    action = next((action for action in ("deny", "redact") if found[action]), "allow")
    status = Status.DENIED if action == "deny" else Status.ALLOWED
    everything = ordered(sum(found.values(), []))
    return Ruling(Action(action), status, min(found[action], default=""), everything, (), would)


def on_results(rule: dict[str, Any]) -> bool:
    return bool(rule.get("content", {}).get("in") == "result")


def finds_secrets(side: str, facts: Facts) -> bool:
    return any(finding.side == side and finding.cls in ("private_key", "vendor_key") for finding in facts.findings)


def enforced(rules: list[dict[str, Any]], call: Call) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The matching rules, without those in monitor mode, whose ids stand beside (18)."""
    matching = [rule for rule in rules if rule_matches(rule, call)]
    watching = [rule for rule in matching if rule.get("mode") == "monitor"]
    return [rule for rule in matching if rule not in watching], ordered(rule["id"] for rule in watching)


def answer(found: dict[str, list[str]], would: tuple[str, ...]) -> Ruling:
    """5: hide, then deny (a spent limit denies), then escalate, then allow. 19: `rule` is the smallest id of those."""
    if found["hide"]:
        action, status, rules = Action.HIDE, Status.HIDDEN, found["hide"]
    elif found["deny"] or found["limited"]:
        status = Status.DENIED if found["deny"] else Status.LIMITED
        action, rules = Action.DENY, found["deny"] + found["limited"]
    elif found["escalate"]:
        action, status, rules = Action.ESCALATE, Status.WAITING, found["escalate"]
    else:
        action, status, rules = Action.ALLOW, Status.ALLOWED, found["allow"]
    escalations = ordered(rules) if action is Action.ESCALATE else ()
    return Ruling(action, status, min(rules), ordered(sum(found.values(), [])), escalations, would)


def default_action(policy: dict[str, Any], call: Call, digests: Mapping[str, str]) -> str:
    default = policy["default"]["action"] if isinstance(policy["default"], dict) else policy["default"]
    if default == "escalate" and ("default", digests.get("default")) in call.facts.approved:
        return "allow"
    return str(default)


def all_rules(policy: dict[str, Any], item: Item) -> list[dict[str, Any]]:
    """The written rules, and the one that `intent_defaults` adds for an item of this intent (20)."""
    rules = list(policy["rules"])
    if policy.get("intent_defaults"):
        action = INTENT_DEFAULTS.get(item.intent.value, "escalate")
        rules.append({"id": f"intent-default-{item.intent.value}", "server": "*", "action": action})
    return rules


def ordered(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids))


# --- one rule ---


def rule_matches(rule: dict[str, Any], call: Call) -> bool:
    """6: an error counts as yes for deny, hide and escalate, and as no for allow."""
    allow = rule["action"] == "allow"
    if not names_item(rule, call.item):
        return False
    answers = conditions(rule, call, every=allow)
    if "unless" in rule:
        answers.append(negated(both(conditions(rule["unless"], call, every=not allow))))
    if "sum" in rule.get("limit", {}) and rule.get("mode") != "monitor":  # 18
        answers.append(ERROR if summed(rule, call) is None else YES)
    if allow:
        answers.append(said(not undeclared(rule, call)))  # 8
    verdict = both(answers)
    return verdict == YES or (verdict == ERROR and not allow)


def conditions(part: dict[str, Any], call: Call, every: bool) -> list[str]:
    """Every condition that a rule and an `unless` have in common."""
    answers = [said(who_matches(part.get("who", {}), call.caller))]
    if "category" in part:
        answers.append(said(any(name in call.item.category for name in listed(part["category"]))))
    if "intent" in part:
        answers.append(said(call.item.intent.value in listed(part["intent"])))
    if "time" in part:
        answers.append(said(time_matches(part["time"], call.facts.at)))
    for name, kinds in part.get("constraints", {}).items():
        answers.append(constraint(name, kinds, call, every))
    if "history" in part:
        answers.append(history(part["history"], call.facts))
    if "content" in part:
        answers.append(said(content_matches(part["content"], call.facts)))
    if "session" in part:
        answers.append(said(("tainted" in call.facts.marks) == part["session"]["tainted"]))
    return answers


def names_item(rule: dict[str, Any], item: Item) -> bool:
    """1, 2: one of tool, prompt, resource; or only server, which is every item of it."""
    kinds = [kind for kind in ("tool", "prompt", "resource") if kind in rule]
    if any(item.kind != kind or not any(pattern_names(one, item) for one in listed(rule[kind])) for kind in kinds):
        return False
    return "server" not in rule or any(glob(pattern, item.server) for pattern in listed(rule["server"]))


def pattern_names(pattern: str, item: Item) -> bool:
    left, slash, right = pattern.partition("/")
    if slash and re.fullmatch(r"[a-z0-9*?-]+", left):
        return glob(left, item.server) and glob(right, item.name)
    return glob(pattern, item.name)


def who_matches(who: dict[str, Any], caller: Caller) -> bool:
    """12: keys AND, values OR, an empty list is not given."""
    people = {caller.person} - {None}
    held = {"roles": caller.roles, "teams": caller.teams, "people": people, "agents": {caller.agent}}
    return all(not wanted or bool(set(wanted) & held[key]) for key, wanted in who.items())


def time_matches(time: dict[str, Any], at: datetime) -> bool:
    """16: a time zone, days and spans of hours; any span will do."""
    local = at.astimezone(ZoneInfo(time["zone"]) if "zone" in time else UTC)
    return any(
        span_matches(span, time.get("days", "mon-sun"), local) for span in listed(time.get("hours", "00:00-24:00"))
    )


def span_matches(span: str, days: Any, local: datetime) -> bool:
    """16: [start, end) in minutes; a span past midnight belongs to the day it starts on."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
    minute, today, yesterday = local.hour * 60 + local.minute, local.weekday(), (local.weekday() - 1) % 7
    if start < end:
        return start <= minute < end and today in wanted_days(days)
    return (minute >= start and today in wanted_days(days)) or (minute < end and yesterday in wanted_days(days))


def wanted_days(days: Any) -> set[int]:
    wanted: set[int] = set()
    for part in ",".join(listed(days)).split(","):
        first, _, last = part.partition("-")
        day = DAYS.index(first)
        wanted.add(day)
        while last and DAYS[day] != last:
            day = (day + 1) % 7
            wanted.add(day)
    return wanted


def history(asked: dict[str, Any], facts: Facts) -> str:
    by = By(asked.get("by", "agent"))
    if "first_use" in asked:
        count = facts.history.get(HistoryQuery(None, 90 * 86400, by))
        return ERROR if count is None else said((count == 0) == asked["first_use"])
    if "after" in asked:
        counts = [
            n
            for query, n in facts.history.items()
            if (query.pattern, query.by) == (asked["after"], by) and query.in_session
        ]
        return said(counts[0] > 0) if counts else ERROR
    count = facts.history.get(HistoryQuery(asked["calls"], seconds(asked["within"]), by))
    return ERROR if count is None else said(count > asked["more_than"])


def seconds(duration: str) -> int:
    return int(duration[:-1]) * SECONDS[duration[-1]]


def content_matches(wanted: dict[str, Any], facts: Facts) -> bool:
    return any(
        finding.side == wanted["in"]
        and ("class" not in wanted or finding.cls in listed(wanted["class"]))
        and SEVERITIES.index(finding.severity) >= SEVERITIES.index(wanted.get("severity", "low"))
        for finding in facts.findings
    )


# --- limits (15) ---


def summed(rule: dict[str, Any], call: Call) -> Fraction | None:
    """What a `sum` limit takes; None when missing, negative or not a number."""
    amounts = [number(slot) for slot in reach(call.arguments, steps(rule["limit"]["sum"]))]
    if any(amount is None or amount < 0 for amount in amounts):
        return None
    return sum((Fraction(amount) for amount in amounts if amount is not None), Fraction(0))


def limit_refuses(rule: dict[str, Any], call: Call) -> str | None:
    """`limited` when this call would go past the limit, `deny` when what it takes or what is used is not countable."""
    limit = rule["limit"]
    maximum = Decimal(limit["max"] if "sum" in limit else limit["calls"])
    query = LimitQuery(rule["id"], By(limit.get("by", "agent")), seconds(limit["per"]), maximum, limit.get("sum"))
    takes = summed(rule, call) if "sum" in limit else Fraction(1)
    if takes is None:  # Then the rule matches by this error, and there is nothing to take.
        return None
    if query not in call.facts.limits:
        return "deny"
    if Fraction(call.facts.limits[query]) + takes > Fraction(maximum):
        return "limited"
    return None if is_counted(takes) else "deny"


def is_counted(amount: Fraction) -> bool:
    """Counters hold 15 digits, at most 12 of them after the point."""
    smallest = amount * 10**12
    return smallest.denominator == 1 and len(str(smallest.numerator).rstrip("0")) <= 15
