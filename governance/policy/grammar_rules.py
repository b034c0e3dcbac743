"""Reads one rule: its subject, conditions, action and what hangs on the action. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import Final

from governance.policy.digests import derived_id, rule_digest
from governance.policy.grammar_conditions import (
    read_content,
    read_history,
    read_limit,
    read_session,
    read_time,
    read_who,
)
from governance.policy.grammar_constraints import read_constraints, reads_as_extra
from governance.policy.nodes import Mapping, Node
from governance.policy.patterns import is_server_pattern, item_pattern
from governance.policy.reading import Reader, suggestion
from governance.policy.tree import DEFAULT_RULE, Conditions, Duty, ItemPattern, Rule, Subject
from governance.policy.values import Action, Approve, Intent, Kind

CONDITION_KEYS: Final = ("who", "category", "intent", "time", "constraints", "history", "content", "session")
RULE_KEYS: Final = frozenset(
    {"id", "tool", "prompt", "resource", "server", *CONDITION_KEYS, "extra", "unless", "limit"}
    | {"action", "approve", "obligations", "mode", "reason"}
)
HIDE_CONDITIONS: Final = frozenset({"who", "category", "intent"})
CONSOLE_ROLES: Final = frozenset(
    {"security-admin", "policy-author", "approver", "auditor", "server-owner", "developer"}
)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII).fullmatch
_RESERVED_ID: Final = re.compile(
    r"r-[0-9a-f]{12}|builtin-.*|intent-default-.*|stop-(?:[0-9]+|[0-9a-f]{8}-[0-9a-f-]{27})", re.ASCII
).fullmatch


class Mode(StrEnum):
    """Whether a rule decides or only records what it would have said."""

    ENFORCE = "enforce"
    MONITOR = "monitor"


class LogLevel(StrEnum):
    """How loudly a matching call is logged."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def read_rule(reader: Reader, node: Node) -> Rule | None:
    """One rule with id and digest, or None with at least one problem noted."""
    noted = len(reader.problems)
    fields = reader.fields(node, RULE_KEYS, "a rule")
    if not isinstance(node, Mapping):
        return None
    subject = _subject(reader, node, fields)
    action = _action(reader, node, fields)
    allows = action is Action.ALLOW
    conditions, extra = read_conditions(reader, fields, strict=allows)
    unless = _unless(reader, fields["unless"], strict=not allows) if "unless" in fields else None
    limit = read_limit(reader, fields["limit"]) if "limit" in fields else None
    if "extra" in fields:
        extra = reads_as_extra(reader, fields["extra"])
    approve = read_approve(reader, fields["approve"]) if "approve" in fields else Approve()
    duties = _obligations(reader, fields["obligations"]) if "obligations" in fields else ()
    mode = reader.choice(fields["mode"], Mode, "mode") if "mode" in fields else Mode.ENFORCE
    reason = reader.string(fields["reason"], "reason") if "reason" in fields else ""
    given_id = _id(reader, fields["id"]) if "id" in fields else ""
    if subject is None or action is None or len(reader.problems) > noted:
        return None
    rule = Rule(
        "", "", subject, action, conditions, unless, limit, approve, duties, extra,
        monitor=mode is Mode.MONITOR, reason=" ".join((reason or "").split()), position=node.at,
    )  # fmt: skip
    _check_action(reader, fields, rule)
    digest = rule_digest(rule)
    return replace(rule, id=given_id or derived_id(digest), digest=digest)


def _id(reader: Reader, node: Node) -> str:
    text = reader.string(node, "id") or ""
    if text and not _ID(text):
        reader.problem(node, f"the id {text!r} may only hold letters, digits and . _ - (up to 100)")
    elif text == DEFAULT_RULE or _RESERVED_ID(text):
        reader.problem(node, f"the id {text!r} is reserved; choose another")
    return text


def _subject(reader: Reader, node: Node, fields: dict[str, Node]) -> Subject | None:
    kinds = [kind for kind in Kind if kind.value in fields]
    servers = _servers(reader, fields["server"]) if "server" in fields else ()
    if len(kinds) > 1:
        reader.problem(fields[kinds[1].value], f"a rule has either {kinds[0]} or {kinds[1]}; write two rules")
        return None
    if not kinds:
        if "server" not in fields:
            reader.problem(node, 'a rule needs tool, prompt, resource or server; write tool: "*" for every tool')
        return Subject(None, servers=servers) if servers else None
    patterns: dict[ItemPattern, None] = {}
    for text, place in reader.strings(fields[kinds[0].value], str(kinds[0])):
        pattern = item_pattern(text)
        if not pattern.item:
            reader.problem(place, f"{text!r} names no item; write {text}* for every item of it")
        patterns[pattern] = None
    if not patterns:
        reader.problem(fields[kinds[0].value], f"{kinds[0]} names nothing and could never match")
        return None
    return Subject(kinds[0], tuple(patterns), servers)


def _servers(reader: Reader, node: Node) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for text, place in reader.strings(node, "server"):
        if not is_server_pattern(text):
            reader.problem(place, f"{text!r} is no server name; small letters, digits and -, or a glob")
        names[text] = None
    if not names:
        reader.problem(node, "server names nothing and could never match")
    return tuple(names)


def _action(reader: Reader, node: Node, fields: dict[str, Node]) -> Action | None:
    if "action" not in fields:
        reader.problem(node, "a rule needs an action: allow, deny, escalate or hide")
        return None
    return reader.choice(fields["action"], Action, "action")


def read_conditions(reader: Reader, fields: dict[str, Node], *, strict: bool) -> tuple[Conditions, bool]:
    """The conditions among the fields of a rule or of `unless`, and whether `extra: allow` stood in constraints.

    `strict`: a yes leads towards allowing the call.
    """
    constraints, forms, extra = (
        read_constraints(reader, fields["constraints"], strict=strict) if "constraints" in fields else ((), (), False)
    )
    categories = reader.strings(fields["category"], "category") if "category" in fields else []
    conditions = Conditions(
        who=read_who(reader, fields["who"]) if "who" in fields else None,
        categories=frozenset(text for text, _ in categories),
        intents=_intents(reader, fields["intent"]) if "intent" in fields else frozenset(),
        time=read_time(reader, fields["time"]) if "time" in fields else None,
        constraints=constraints,
        short_forms=forms,
        history=read_history(reader, fields["history"]) if "history" in fields else (),
        content=read_content(reader, fields["content"]) if "content" in fields else None,
        tainted=read_session(reader, fields["session"]) if "session" in fields else None,
    )
    return conditions, extra


def _intents(reader: Reader, node: Node) -> frozenset[Intent]:
    known = [intent.value for intent in Intent]
    out: set[Intent] = set()
    for text, place in reader.strings(node, "intent"):
        if text in known:
            out.add(Intent(text))
        else:
            reader.problem(place, f"{text!r} is no intent{suggestion(text, known)}")
    return frozenset(out)


def _unless(reader: Reader, node: Node, *, strict: bool) -> Conditions | None:
    fields = reader.fields(node, CONDITION_KEYS, "unless")
    conditions, _ = read_conditions(reader, fields, strict=strict)
    if isinstance(node, Mapping) and conditions == Conditions():
        reader.problem(node, f"unless needs a condition: {', '.join(CONDITION_KEYS)}")
    elif conditions == Conditions(who=conditions.who) and not _says_something(conditions):
        reader.problem(node, "unless holds for everybody, so the rule could never match")
    return conditions


def _says_something(conditions: Conditions) -> bool:
    who = conditions.who
    return who is None or bool(who.roles or who.teams or who.people or who.agents)


def read_approve(reader: Reader, node: Node) -> Approve:
    """`approve: {from: [team:x, person:y, role:z], required: 1, within: 5m}`; a bare name is a team."""
    fields = reader.fields(node, {"from", "required", "within"}, "approve")
    named: dict[str, set[str]] = {"team": set(), "person": set(), "role": set()}
    for text, place in reader.strings(fields["from"], "approve from") if "from" in fields else []:
        sort, colon, name = text.partition(":")
        sort, name = (sort, name) if colon else ("team", text)
        if sort not in named or not name:
            reader.problem(place, f"{text!r} is no approver; write team:NAME, person:EMAIL or role:ROLE")
        elif sort == "role" and name not in CONSOLE_ROLES:
            reader.problem(place, f"{name!r} is no console role{suggestion(name, CONSOLE_ROLES)}")
        else:
            named[sort].add(name)
    required = reader.whole(fields["required"], "required", 1) if "required" in fields else 1
    within = reader.seconds(fields["within"], "within") if "within" in fields else Approve().within
    return Approve(
        tuple(sorted(named["team"])),
        tuple(sorted(named["person"])),
        tuple(sorted(named["role"])),
        required or 1,
        within or 1,
    )


def _obligations(reader: Reader, node: Node) -> tuple[Duty, ...]:
    fields = reader.fields(node, {"notify", "log", "redact"}, "obligations")
    duties: set[Duty] = set()
    for kind, value in fields.items():
        if kind == "log":
            level = reader.choice(value, LogLevel, "log level")
            duties.update([Duty(kind, str(level))] if level else [])
        else:
            duties.update(Duty(kind, text) for text, _ in reader.strings(value, kind))
    return tuple(sorted(duties, key=lambda duty: (duty.kind, duty.value)))


def _check_action(reader: Reader, fields: dict[str, Node], rule: Rule) -> None:
    """What may not stand together."""
    action = rule.action
    if "approve" in fields and action is not Action.ESCALATE:
        reader.problem(fields["approve"], f"approve belongs to action: escalate, not to {action}")
    if rule.limit is not None and action not in (Action.ALLOW, Action.ESCALATE):
        reader.problem(fields["limit"], f"limit belongs to action: allow or escalate, not to {action}")
    if rule.extra_allowed and (action is not Action.ALLOW or not (rule.when.constraints or rule.when.short_forms)):
        place = fields.get("extra", fields["action"])
        reader.problem(place, "extra: allow belongs to an allow rule with constraints")
    if action is Action.HIDE:
        _check_hide(reader, fields, rule)
    if rule.on_result:
        if action not in (Action.ALLOW, Action.DENY, Action.REDACT):
            reader.problem(fields["action"], "a rule on results can allow, redact or deny")
        if rule.limit is not None:
            reader.problem(fields["limit"], "a rule on results can have no limit")
    elif action is Action.REDACT:
        reader.problem(fields["action"], "redact belongs to a rule with content: {in: result}")
    side = rule.when.content.side if rule.when.content else "arguments"
    if rule.unless is not None and rule.unless.content is not None and rule.unless.content.side != side:
        reader.problem(fields["unless"], f"unless looks at the {rule.unless.content.side}, the rule at the {side}")


def _check_hide(reader: Reader, fields: dict[str, Node], rule: Rule) -> None:
    for key in CONDITION_KEYS:
        if key in fields and key not in HIDE_CONDITIONS:
            reader.problem(fields[key], f"hide cannot depend on {key}; it takes the item, who, category and intent")
    inner = rule.unless
    if inner is not None and inner != Conditions(inner.who, inner.categories, inner.intents):
        reader.problem(fields["unless"], "unless of a hide rule takes who, category and intent alone")
