"""Short ways to ask a policy written in a test."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from governance.canonical.strict_json import parse as parse_json
from governance.policy.compiled import CompiledPolicy, ItemRules, compile_policy
from governance.policy.decide import decide
from governance.policy.explain import explain
from governance.policy.language import parse
from governance.policy.listing import needs
from governance.policy.tree import PolicyError
from governance.policy.values import Action, Caller, ContentFinding, Facts, Intent, Item, Kind, Verdict

VECTORS = Path(__file__).parents[2] / "vectors" / "policy"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # A Friday.
DEV = Caller("dev-claude", "dev@example.com", frozenset({"platform"}), frozenset({"developer"}))


BROAD = "- {tool: '*', action: allow}"
OPEN = "default: allow\nacknowledge_default_allow: true"


def arguments(text: str) -> dict[str, Any]:
    """Arguments as the gateway reads them, number literals kept."""
    value = parse_json(text.encode())
    assert isinstance(value, dict)
    return value


def vectors(name: str) -> list[dict[str, Any]]:
    """The groups of one vector file."""
    value = parse_json((VECTORS / f"{name}.json").read_bytes(), max_members=100_000)
    assert isinstance(value, dict)
    groups: Any = value["groups"]
    return list(groups)


def schema(*names: str, **shapes: Any) -> dict[str, Any]:
    """A schema that declares these arguments and forbids nothing."""
    return {"type": "object", "properties": {name: {} for name in names} | shapes}


def tool(name: str = "files/read_file", declared: dict[str, Any] | None = None, **more: Any) -> Item:
    """A tool `server/name`, by default with `path` and `amount` declared."""
    server, _, item = name.partition("/")
    known = schema("path", "amount") if declared is None else declared
    return Item(server, more.pop("kind", Kind.TOOL), item, more.pop("intent", Intent.READ), schema=known, **more)


def compiled(rules: str, head: str = "") -> CompiledPolicy:
    """A policy from the lines of its rules; `head` stands in front of them."""
    return compile_policy(parse(f'version: "1"\n{head}\nrules:\n{rules}\n'))


def rules_on(rules: str, item: Item | None = None, head: str = "") -> ItemRules:
    """The rules of such a policy on one item."""
    return compiled(rules, head).for_item(item or tool())


def facts(rules: ItemRules | None = None, caller: Caller = DEV, **given: Any) -> Facts:
    """Facts at a Friday noon; with `rules`, every count that they ask for is `count` and every use is `used`."""
    asked = needs(rules, caller) if rules is not None else None
    count, used = given.pop("count", 0), given.pop("used", 0)
    if asked is not None:
        given.setdefault("history", dict.fromkeys(asked.history, count))
        given.setdefault("limits", dict.fromkeys(asked.limits, used))
    return Facts(given.pop("at", NOON), **given)


def ask(
    rules: ItemRules | str, args: dict[str, Any] | None = None, given: Facts | None = None, *,
    caller: Caller = DEV, item: Item | None = None, head: str = "",
) -> Verdict:  # fmt: skip
    """The verdict, after checking that the trace agrees with it."""
    on = rules_on(rules, item, head) if isinstance(rules, str) else rules
    known = facts(on, caller) if given is None else given
    verdict = decide(on, caller, args or {}, known)
    monitored = {rule.id for rule in on.bound if rule.rule.monitor}
    traces = [trace for trace in explain(on, caller, args or {}, known) if trace.rule not in monitored]
    assert tuple(trace.rule for trace in traces if trace.matched) == verdict.rules
    return verdict


def problems(text: str) -> list[str]:
    """The problems of a policy as `line:column: message`."""
    try:
        parse(text)
    except PolicyError as error:
        return [str(problem) for problem in error.problems]
    return []


def rule_problems(*lines: str) -> list[str]:
    """The problems of a policy with these rules, each on a line of its own from line 3 on."""
    return problems("\n".join(['version: "1"', "rules:", *(f"- {line}" for line in lines)]))


def text_of(value: Any) -> str:
    """A vector's constraint as YAML, which JSON is."""
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    literal = getattr(value, "literal", None)
    if literal is None:
        return value
    return int(literal) if literal.lstrip("-").isdigit() else float(literal)


def ids(found: Iterable[Any]) -> list[str]:
    """The rule ids of traces, findings or escalations."""
    return [one.rule for one in found]


Outcomes = tuple[Action, Action, Action]
YES: Outcomes = (Action.ALLOW, Action.DENY, Action.ESCALATE)
NO: Outcomes = (Action.DENY, Action.ALLOW, Action.ALLOW)
ERROR: Outcomes = (Action.DENY, Action.DENY, Action.ESCALATE)


def condition_outcomes(condition: str, args: dict[str, Any], given: Facts | None = None) -> Outcomes:
    """What one condition makes of an allow, a deny and an escalate rule."""
    rule = f"- {{tool: read_file, action: %s, {condition}}}"
    return (
        ask(rule % "allow", args, given).action,
        ask(rule % "deny", args, given, head=OPEN).action,
        ask(rule % "escalate", args, given, head=OPEN).action,
    )


def finding(cls: str, side: str = "arguments", severity: str = "high") -> ContentFinding:
    """A finding of inspection."""
    return ContentFinding(side, cls, severity, f"{cls}-rule")
