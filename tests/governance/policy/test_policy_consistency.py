"""What must hold between listing, deciding and explaining, over policies made up at random (seeded)."""

from __future__ import annotations

import random
from decimal import Decimal

from policy_desk import DEV, NOON, ask, facts, rules_on, schema, tool

from governance.policy.listing import could_run, needs
from governance.policy.values import Action, ContentFinding, Facts

CONDITIONS = (
    "constraints: {path: {under: [/tmp]}}",
    "constraints: {amount: {max: 5}}",
    "constraints: {'rows[].id': {in: [a, b]}}",
    "constraints: {allowedPaths: [/tmp, /srv]}",
    "who: {roles: [developer]}",
    "who: {roles: [finance]}",
    "time: {hours: '09:00-13:00'}",
    "history: {first_use: true}",
    "content: {in: arguments, class: [card]}",
    "session: {tainted: true}",
    "unless: {who: {teams: [platform]}}",
    "unless: {constraints: {path: {under: [/tmp]}}}",
    "unless: {who: {roles: [finance]}, session: {tainted: false}}",
    "mode: monitor",
)
ARGUMENTS = (
    {},
    {"path": "/tmp/x"},
    {"path": "/srv/x", "amount": 3},
    {"path": "/tmp/../x", "amount": 9},
    {"path": 5, "rows": []},
    {"rows": [{"id": "a"}, {"id": "z"}], "amount": 5},
    {"Path": "/tmp/x", "path": "/tmp/x"},
    {"path": "/tmp/x", "unknown": 1},
)


def made_up(rng: random.Random) -> str:
    rules: dict[tuple[str, ...], str] = {}  # Equal rules are refused, and the mode makes no difference.
    for number in range(rng.randint(1, 5)):
        action = rng.choice(("allow", "allow", "deny", "escalate", "hide"))
        usable = [one for one in CONDITIONS if action != "hide" or one.startswith(("who", "mode"))]
        chosen = {one.split(":")[0]: one for one in rng.sample(usable, rng.randint(0, min(3, len(usable))))}
        if action in ("allow", "escalate") and rng.random() < 0.3:
            chosen["limit"] = "limit: {calls: 2, per: 1h}"
        meaning = (action, *sorted(value for name, value in chosen.items() if name != "mode"))
        head = f"- {{id: r{number}, tool: read_file, action: {action}"
        rules[meaning] = ", ".join([head, *chosen.values()]) + "}"
    return "\n".join(rules.values())


def test_whatever_is_not_listed_is_never_allowed_or_escalated_and_traces_agree() -> None:
    rng = random.Random(20261120)
    item = tool(declared=schema("path", "amount", rows={"items": {"properties": {"id": {}}}}))
    seen: set[Action] = set()
    for _ in range(400):
        head = rng.choice(("", "default: escalate", "default: allow\nacknowledge_default_allow: true"))
        rules = rules_on(made_up(rng), item, head)
        listed = could_run(rules, DEV)
        asked = needs(rules, DEV)
        for args in ARGUMENTS:
            given = Facts(
                NOON,
                history=dict.fromkeys(asked.history, rng.randint(0, 1)),
                limits=dict.fromkeys(asked.limits, Decimal(rng.randint(0, 2))),
                marks=frozenset(rng.sample(["tainted"], rng.randint(0, 1))),
                findings=tuple(rng.sample([ContentFinding("arguments", "card", "high", "x")], rng.randint(0, 1))),
            )
            verdict = ask(rules, args, given)
            seen.add(verdict.action)
            assert verdict.rule in verdict.rules
            assert listed or verdict.action in (Action.DENY, Action.HIDE)
            assert not verdict.reserve or verdict.action is Action.ALLOW
            assert bool(verdict.escalations) is (verdict.action is Action.ESCALATE)
    assert seen == set(Action) - {Action.REDACT}


def test_with_nothing_looked_up_no_rule_that_asks_can_allow() -> None:
    for condition in ("history: {first_use: true}", "limit: {calls: 5, per: 1h}"):
        rules = rules_on(f"- {{tool: read_file, action: allow, {condition}}}")
        assert ask(rules, {}, facts()).action is Action.DENY
