"""Rules in plain words, and the arguments a rule looks at. Reads policy versions; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from governance.canonical.values import JSON, Number
from governance.models import Escalation, PolicyVersion
from governance.policy import language
from governance.policy.addresses import Steps
from governance.policy.tree import (
    DEFAULT_RULE,
    Check,
    Conditions,
    History,
    Limit,
    Policy,
    PolicyError,
    Rule,
    TimeWindow,
)
from governance.policy.values import Action, Approve, EscalateRule
from governance.views.policy_text import readable

VERBS: Final = {Action.ALLOW: "Allow", Action.DENY: "Deny", Action.ESCALATE: "Ask a person about", Action.HIDE: "Hide"}
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KIND_WORDS: Final = {
    "under": "is under",
    "domains": "has the domain",
    "schemes": "has the scheme",
    "ports": "has the port",
    "email_domains": "is an address at",
    "min": "is at least",
    "max": "is at most",
    "in": "is one of",
    "not_in": "is none of",
    "equals": "equals",
    "type": "is of type",
    "glob": "matches",
    "matches": "matches",
    "length": "has a length of",
    "items": "has a number of items of",
    "present": "is present:",
}


SHORT_FORM_WORDS: Final = {
    "allowedPaths": "every path is under",
    "allowedDomains": "every URL has the domain",
    "maxAmount": "every amount is at most",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """One rule that asked for a person: as stored with the call, and in the policy's words where it still exists."""

    rule: str
    reason: str
    asks: str
    words: str
    source: str


def read(text: str) -> Policy | None:
    """The policy that a stored text is, with the lines of its readable form; None when this language cannot read it."""
    try:
        return _parse(readable(text))
    except PolicyError:
        return None


def stated(escalation: Escalation) -> list[Stated]:
    """The rules of a held call, with the words and the lines of the policy that held it."""
    version, policy = _held_by(escalation)
    by_id = {rule.id: rule for rule in policy.rules} if policy else {}
    out = []
    for asked in escalation.escalate_rules():
        rule = by_id.get(asked.rule)
        known = rule if rule is not None and rule.digest == asked.digest else None
        words = in_words(known) if known else ("No other rule matched." if asked.rule == DEFAULT_RULE else "")
        source = _source(readable(version.text), known, policy) if known and version and policy else ""
        out.append(Stated(asked.rule, why(asked), _asked(asked.approve), words, source))
    return out


def why(asked: EscalateRule) -> str:
    """The reason of a rule without the rule's name, for places where the name stands beside it."""
    return asked.reason.removesuffix(f" (rule {asked.rule})")


def looked_at(escalation: Escalation) -> tuple[Steps, ...]:
    """The places of the arguments that the call's escalate rules judge."""
    _, policy = _held_by(escalation)
    wanted = {asked.rule for asked in escalation.escalate_rules()}
    rules = [rule for rule in policy.rules if rule.id in wanted] if policy else []
    return tuple(constraint.steps for rule in rules for constraint in rule.when.constraints)


def in_words(rule: Rule) -> str:
    """One sentence that says what the rule does and when."""
    parts = [f"{VERBS[rule.action]} {_subject(rule)}", *_conditions(rule.when)]
    if rule.unless is not None:
        parts.append(f"unless {' and '.join(_conditions(rule.unless))}")
    if rule.limit is not None:
        parts.append(_limit(rule.limit))
    if rule.action is Action.ESCALATE:
        parts.append(f"answered by {_asked(rule.approve)}")
    sentence = ", ".join(parts) + "."
    return f"On trial only: {sentence}" if rule.monitor else sentence


def default_in_words(policy: Policy) -> str:
    """What happens to a visible item that no rule names."""
    if policy.default is Action.ESCALATE:
        return f"Everything else asks a person: {_asked(policy.default_approve)}."
    return "Everything else is denied." if policy.default is Action.DENY else "Everything else is allowed."


@lru_cache(maxsize=16)
def _parse(text: str) -> Policy:
    return language.parse(text)


def _held_by(escalation: Escalation) -> tuple[PolicyVersion | None, Policy | None]:
    # Two callers on one page ask for the same row; it rides along on the escalation.
    if not hasattr(escalation, "policy_version"):
        found = PolicyVersion.objects.filter(digest=escalation.policy).first()
        escalation.policy_version = found  # type: ignore[attr-defined]
    kept: PolicyVersion | None = escalation.policy_version  # type: ignore[attr-defined]
    return kept, read(kept.text) if kept else None


def _source(text: str, rule: Rule, policy: Policy) -> str:
    """The lines of the rule as they were written."""
    lines = text.splitlines()
    start = rule.position.line - 1
    later = [other.position.line - 1 for other in policy.rules if other.position.line > rule.position.line]
    end = min(later, default=len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or not lines[end - 1][:1].isspace()):
        end -= 1
    return "\n".join(lines[start:end])


def _subject(rule: Rule) -> str:
    subject = rule.subject
    if subject.kind is None:
        return f"everything of {_either(subject.servers)}"
    names = [f"{each.server or 'any server'}/{each.item}" for each in subject.patterns]
    on = f" on {_either(subject.servers)}" if subject.servers else ""
    return f"the {subject.kind.value} {_either(names)}{on}"


def _conditions(when: Conditions) -> list[str]:
    parts: list[str] = []
    if when.who is not None:
        for label in ("roles", "teams", "people", "agents"):
            if names := getattr(when.who, label):
                parts.append(f"for {label} {_either(sorted(names))}")
    if when.categories:
        parts.append(f"in category {_either(sorted(when.categories))}")
    if when.intents:
        parts.append(f"meant to be {_either(sorted(intent.value for intent in when.intents))}")
    if when.time is not None:
        parts.append(_time(when.time))
    for constraint in when.constraints:
        parts.append(f"when {constraint.argument} {' and '.join(_check(check) for check in constraint.checks)}")
    parts += [f"when {SHORT_FORM_WORDS[form.name]} {_value(form.value)}" for form in when.short_forms]
    parts += [_history(question) for question in when.history]
    if when.content is not None:
        what = _either(sorted(when.content.classes)) if when.content.classes else "any finding"
        parts.append(f"with {what} in the {when.content.side}")
    if when.tainted is not None:
        parts.append(f"in a session that has {'' if when.tainted else 'not '}read untrusted content")
    return parts


def _check(check: Check) -> str:
    if check.alternatives:
        return " or ".join(" and ".join(_check(one) for one in group) for group in check.alternatives)
    return f"{KIND_WORDS.get(check.kind, check.kind)} {_value(check.value)}"


def _value(value: JSON) -> str:
    if isinstance(value, list):
        return _either([_value(each) for each in value])
    if isinstance(value, dict):
        return " and ".join(f"{key} {_value(each)}" for key, each in value.items())
    if isinstance(value, Number):
        return value.literal
    if value is None or isinstance(value, bool):
        return {None: "null", True: "yes", False: "no"}[value]
    return str(value)


def _time(window: TimeWindow) -> str:
    days = " ".join(DAYS[day] for day in sorted(window.days)) or "every day"
    spans = " and ".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in window.spans) or "all day"
    return f"on {days}, {spans} ({window.zone})"


def _history(question: History) -> str:
    if question.pattern is None:
        return f"{'for the first use' if question.wanted else 'after the first use'} by {question.by.value}"
    if question.in_session:
        return f"after {question.pattern} in the same session"
    return f"after more than {question.more_than} calls of {question.pattern} in {_span(question.within)}"


def _limit(limit: Limit) -> str:
    what = f"a sum of {limit.sum_argument} of {limit.maximum}" if limit.sum_argument else f"{limit.maximum} calls"
    return f"at most {what} per {_span(limit.per)} by {limit.by.value}"


def _asked(approve: Approve) -> str:
    asked = [*(f"team {team}" for team in approve.teams), *approve.people, *(f"role {role}" for role in approve.roles)]
    who = _either(asked) if asked else "role approver"
    count = f"{approve.required} people of " if approve.required > 1 else ""
    return f"{count}{who} within {_span(approve.within)}"


def _span(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)
