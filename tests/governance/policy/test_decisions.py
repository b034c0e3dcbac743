"""How a verdict comes about (contract 4.5 to 4.9, 4.13 to 4.20, 4.23)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from policy_desk import DEV, NOON, arguments, ask, compiled, facts, rule_problems, rules_on, schema, tool

from governance.policy.decide import decide, decide_result
from governance.policy.listing import needs
from governance.policy.values import (
    Action,
    By,
    Caller,
    ContentFinding,
    Facts,
    HistoryQuery,
    Intent,
    Kind,
    LimitQuery,
    Obligation,
    Status,
    Verdict,
    Would,
)

BROAD = "- {tool: '*', action: allow}"
OPEN = "default: allow\nacknowledge_default_allow: true"


def finding(cls: str, side: str = "arguments", severity: str = "high") -> ContentFinding:
    return ContentFinding(side, cls, severity, f"{cls}-rule")


def test_point_5_rules_have_no_order() -> None:
    rules = [
        "- {id: a, tool: read_file, action: allow}",
        "- {id: d, tool: read_file, action: deny, constraints: {path: {under: [/etc]}}}",
        "- {id: e, tool: read_file, action: escalate, constraints: {path: {under: [/srv]}}}",
        "- {id: f, tool: '*', action: allow}",
    ]
    for path in ("/etc/x", "/srv/x", "/tmp/x"):
        verdicts = {ask("\n".join(order), {"path": path}).rules for order in permutations(rules)}
        assert len(verdicts) == 1


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (("allow",), Action.ALLOW),
        (("allow", "escalate"), Action.ESCALATE),
        (("allow", "escalate", "deny"), Action.DENY),
        (("allow", "escalate", "deny", "hide"), Action.HIDE),
        (("deny", "hide"), Action.HIDE),
        (("escalate", "deny"), Action.DENY),
        ((), Action.DENY),
    ],
)
def test_point_5_hide_beats_deny_beats_escalate_beats_allow(actions: tuple[str, ...], expected: Action) -> None:
    verdict = ask(
        "\n".join(f"- {{tool: read_file, action: {action}}}" for action in actions) or "- {tool: x, action: allow}"
    )
    assert verdict.action is expected


def test_point_5_hide_takes_only_who_item_category_and_intent() -> None:
    for condition in (
        "constraints: {path: {under: [/x]}}", "time: {days: mon}", "history: {first_use: true}",
        "content: {in: arguments}", "session: {tainted: true}", "limit: {calls: 1, per: 1h}",
    ):  # fmt: skip
        assert rule_problems(f"{{tool: a, action: hide, {condition}}}") != [], condition
    assert rule_problems("{tool: a, action: hide, who: {roles: [x]}, category: [y], intent: [read]}") == []


def condition_outcomes(
    condition: str, args: dict[str, Any], given: Facts | None = None
) -> tuple[Action, Action, Action]:
    """What one condition makes of an allow, a deny and an escalate rule."""
    rule = f"- {{tool: read_file, action: %s, {condition}}}"
    return (
        ask(rule % "allow", args, given).action,
        ask(rule % "deny", args, given, head=OPEN).action,
        ask(rule % "escalate", args, given, head=OPEN).action,
    )


YES = (Action.ALLOW, Action.DENY, Action.ESCALATE)
NO = (Action.DENY, Action.ALLOW, Action.ALLOW)
ERROR = (Action.DENY, Action.DENY, Action.ESCALATE)


def test_point_6_an_error_counts_as_yes_for_deny_and_escalate_and_as_no_for_allow() -> None:
    constraint = "constraints: {path: {under: [/tmp]}}"
    assert condition_outcomes(constraint, {"path": "/tmp/x"}) == YES
    assert condition_outcomes(constraint, {"path": "/etc/x"}) == NO
    assert condition_outcomes(constraint, {"path": "/tmp/../x"}) == ERROR


def test_point_6_any_no_outweighs_an_error() -> None:
    both = "constraints: {path: {under: [/tmp]}, amount: {max: 5}}"
    assert condition_outcomes(both, {"path": "/tmp/..", "amount": 9}) == NO
    assert condition_outcomes(both, {"path": "/tmp/..", "amount": 5}) == ERROR
    assert condition_outcomes("time: {hours: '01:00-02:00'}, constraints: {path: {under: [/x]}}", {"path": 1}) == NO


def test_point_6_unless_is_the_negation_of_its_and_and_keeps_an_error() -> None:
    unless = "unless: {constraints: {path: {under: [/tmp]}, amount: {max: 5}}}"
    assert condition_outcomes(unless, {"path": "/tmp/x", "amount": 1}) == NO
    assert condition_outcomes(unless, {"path": "/etc/x", "amount": 1}) == YES
    assert condition_outcomes(unless, {"path": "/tmp/..", "amount": 1}) == ERROR
    assert condition_outcomes(unless, {"path": "/tmp/..", "amount": 9}) == YES
    assert condition_outcomes("unless: {who: {roles: [developer]}}", {}) == NO
    assert condition_outcomes("unless: {who: {roles: [finance]}}", {}) == YES


def test_point_6_an_exception_of_a_deny_rule_must_hold_for_every_element() -> None:
    """Our reading of 4.9 inside `unless`: there, yes leads the other way, so any and every change places."""
    item = tool(declared=schema("paths"))
    deny = "- {tool: read_file, action: deny, unless: {constraints: {'paths[]': {under: [/tmp]}}}}"
    allow = "- {tool: read_file, action: allow, unless: {constraints: {'paths[]': {under: [/etc]}}}}"
    mixed = {"paths": ["/tmp/a", "/etc/b"]}
    assert ask(deny, mixed, item=item, head=OPEN).action is Action.DENY
    assert ask(deny, {"paths": ["/tmp/a"]}, item=item, head=OPEN).action is Action.ALLOW
    assert ask(allow, mixed, item=item).action is Action.DENY
    assert ask(allow, {"paths": ["/tmp/a"]}, item=item).action is Action.ALLOW


def test_point_7_missing_is_an_error_where_declared_and_no_where_not() -> None:
    assert condition_outcomes("constraints: {path: {under: [/tmp]}}", {}) == ERROR
    assert condition_outcomes("constraints: {unknown: {in: [a]}}", {}) == NO


def test_point_7_present_alone_sees_a_missing_value() -> None:
    assert condition_outcomes("constraints: {path: {present: true}}", {"path": "x"}) == YES
    assert condition_outcomes("constraints: {path: {present: true}}", {"path": None}) == YES
    assert condition_outcomes("constraints: {path: {present: true}}", {}) == NO
    assert condition_outcomes("constraints: {path: {present: false}}", {}) == YES
    assert condition_outcomes("constraints: {path: {present: false}}", {"path": "x"}) == NO
    optional = "constraints: {path: {any_of: [{present: false}, {under: [/tmp]}]}}"
    assert condition_outcomes(optional, {}) == YES
    assert condition_outcomes(optional, {"path": "/tmp/x"}) == YES
    assert condition_outcomes(optional, {"path": "/etc/x"}) == NO


def test_point_7_schema_defaults_are_not_inserted() -> None:
    item = tool(declared=schema(path={"type": "string", "default": "/tmp/x"}))
    assert (
        ask("- {tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}}", {}, item=item).action
        is Action.DENY
    )


def test_point_8_arguments_must_satisfy_the_approved_schema() -> None:
    item = tool(declared={"type": "object", "properties": {"n": {"type": "integer", "maximum": 5}}, "required": ["n"]})
    rule = "- {id: a, tool: read_file, action: allow}"
    assert ask(rule, {"n": 5}, item=item).action is Action.ALLOW
    for args, reason in (
        ('{"n": 6}', "argument n breaks maximum of the approved schema (rule builtin-schema)"),
        ('{"n": "5"}', "argument n breaks type of the approved schema (rule builtin-schema)"),
        ("{}", "argument n is missing, which the approved schema requires (rule builtin-schema)"),
        ('{"n": 5.00000000000000000001}', "argument n breaks type of the approved schema (rule builtin-schema)"),
        ('{"n": 1e400}', "argument n breaks maximum of the approved schema (rule builtin-schema)"),
    ):
        verdict = ask(rule, arguments(args), item=item)
        assert (verdict.action, verdict.rule, verdict.reason) == (Action.DENY, "builtin-schema", reason)
    assert ask(rule, arguments('{"n": 5.0}'), item=item).action is Action.ALLOW


def test_point_8_a_schema_that_cannot_be_judged_denies() -> None:
    for broken in (
        {"type": "objekt"},
        {"$ref": "https://evil.example/schema.json"},
        {"$schema": "https://own.example"},
    ):
        verdict = ask("- {tool: read_file, action: allow}", {}, item=tool(declared=broken))
        assert verdict.rule == "builtin-schema"
        assert "cannot be judged" in verdict.reason


def test_point_8_look_ahead_in_a_schema_is_judged_within_bounds() -> None:
    item = tool(declared=schema(name={"type": "string", "pattern": "^(?!admin)[a-z]+$"}))
    assert ask("- {tool: read_file, action: allow}", {"name": "user"}, item=item).action is Action.ALLOW
    assert ask("- {tool: read_file, action: allow}", {"name": "admin"}, item=item).rule == "builtin-schema"
    hostile = tool(declared=schema(name={"type": "string", "pattern": "^(?=(a+)+b)(a+)+\\1$"}))
    assert ask("- {tool: read_file, action: allow}", {"name": "a" * 5000}, item=hostile).rule == "builtin-schema"


def test_point_8_declared_names_are_found_through_references_and_combinations() -> None:
    shape = {
        "$defs": {"base": {"properties": {"path": {}}}},
        "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"amount": {}}}],
        "anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}],
    }
    rule = "- {tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}}"
    item = tool(declared=shape)
    assert ask(rule, {"path": "/tmp/x", "amount": 1, "a": 1, "b": 2}, item=item).action is Action.ALLOW
    assert ask(rule, {"path": "/tmp/x", "c": 1}, item=item).action is Action.DENY


def test_point_8_a_tool_without_properties_declares_nothing() -> None:
    rule = "- {tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}%s}"
    item = tool(declared={"type": "object"})
    assert ask(rule % "", {"path": "/tmp/x"}, item=item).action is Action.DENY
    assert ask(rule % ", extra: allow", {"path": "/tmp/x"}, item=item).action is Action.ALLOW


@pytest.mark.parametrize(
    ("args", "allow", "deny"),
    [
        ({"items": [{"id": "a"}, {"id": "a"}]}, True, True),
        ({"items": [{"id": "a"}, {"id": "b"}]}, False, True),
        ({"items": [{"id": "b"}]}, False, False),
        ({"items": []}, False, True),
        ({}, False, True),
        ({"items": [{}]}, False, True),
        ({"items": {"id": "a"}}, False, True),
        ({"items": ["a"]}, False, True),
        ({"items": [{"id": 5}]}, False, True),
        ({"items": [{"id": "b"}, {"id": 5}]}, False, True),
        ({"items": None}, False, True),
        ({"items": [["a"]]}, False, True),
    ],
)
def test_point_9_every_element_for_allow_and_any_for_the_others(args: dict[str, Any], allow: bool, deny: bool) -> None:
    shape = schema(items={"items": {"properties": {"id": {}}}})
    rule = "- {tool: read_file, action: %s, constraints: {'items[].id': {in: [a]}}}"
    item = tool(declared=shape)
    assert (ask(rule % "allow", args, item=item).action is Action.ALLOW) is allow
    assert (ask(rule % "deny", args, item=item, head=OPEN).action is Action.DENY) is deny


def test_point_9_names_with_dots_and_brackets_are_json_pointers() -> None:
    args = {"a.b": "x", "c[0]": {"d/e~f": "y"}, "l": ["p", "q"]}
    item = tool(declared=schema("a.b", "l", **{"c[0]": {"properties": {"d/e~f": {}}}}))
    rule = "- {tool: read_file, action: allow, constraints: {%s}}"
    assert (
        ask(rule % "/a.b: {in: [x]}, '/c[0]/d~1e~0f': {in: [y]}, /l/1: {in: [q]}", args, item=item).action
        is Action.ALLOW
    )
    assert ask(rule % "a.b: {in: [x]}", args, item=item).action is Action.DENY
    assert ask(rule % "/l/01: {in: [q]}", args, item=item).action is Action.DENY
    assert "is no argument" in rule_problems("{tool: a, action: allow, constraints: {'a[0]': {in: [x]}}}")[0]


def test_point_10_symlinks_count_where_the_gateway_sees_the_disk() -> None:
    item = tool(local_disk=True)
    rule = "- {tool: read_file, action: %s, constraints: {path: {under: [/tmp]}}}"

    def verdicts(real: dict[str, str], path: str = "/tmp/link") -> tuple[Action, Action]:
        given = Facts(NOON, real_paths=real)
        allow = ask(rule % "allow", {"path": path}, given, item=item)
        return allow.action, ask(rule % "deny", {"path": path}, given, item=item, head=OPEN).action

    assert verdicts({"/tmp/link": "/tmp/link"}) == (Action.ALLOW, Action.DENY)
    assert verdicts({"/tmp/link": "/etc/passwd"}) == (Action.DENY, Action.DENY)
    assert verdicts({"/tmp/link": "/private/tmp/a", "/tmp": "/private/tmp"}) == (Action.ALLOW, Action.DENY)
    assert verdicts({"/var/x": "/tmp/y"}, "/var/x") == (Action.DENY, Action.DENY)
    assert verdicts({"/var/x": "/var/x"}, "/var/x") == (Action.DENY, Action.ALLOW)
    assert verdicts({}) == (Action.DENY, Action.DENY)
    told = ask(rule % "allow", {"path": "/tmp/link"}, Facts(NOON, real_paths={"/tmp/link": "/etc/passwd"}), item=item)
    assert 'leads to "/etc/passwd", which is outside /tmp' in told.reason


def test_point_13_every_escalate_rule_asks_for_its_own_approval() -> None:
    verdict = ask(
        "- {id: a, tool: read_file, action: escalate, approve: {from: [team:x, bare, person:p@q.r, role:auditor],"
        " required: 2, within: 5m}, reason: Look}\n- {id: b, tool: '*', action: escalate}"
    )
    assert (verdict.action, verdict.status, verdict.rule) == (Action.ESCALATE, Status.WAITING, "a")
    first, second = verdict.escalations
    assert (first.rule, first.reason) == ("a", "Look (rule a)")
    assert (first.approve.teams, first.approve.people, first.approve.roles) == (("bare", "x"), ("p@q.r",), ("auditor",))
    assert (first.approve.required, first.approve.within) == (2, 300)
    assert (second.approve.teams, second.approve.required, second.approve.within) == ((), 1, 600)


def test_point_14_an_approval_answers_the_rules_it_names_and_no_others() -> None:
    rules = rules_on("- {id: a, tool: read_file, action: escalate}\n- {id: b, tool: '*', action: escalate}")
    digests = {rule.id: rule.rule.digest for rule in rules.bound}
    both = frozenset(digests.items())
    assert ask(rules, {}, facts(approved=both)).action is Action.ALLOW
    half = ask(rules, {}, facts(approved=frozenset({("a", digests["a"])})))
    assert (half.action, half.rule, [one.rule for one in half.escalations]) == (Action.ESCALATE, "b", ["b"])
    other = frozenset({("a", digests["b"]), ("b", digests["a"])})
    assert ask(rules, {}, facts(approved=other)).action is Action.ESCALATE


def test_point_14_deny_hide_and_limits_still_hold_after_an_approval() -> None:
    for more, action in (("deny", Action.DENY), ("hide", Action.HIDE)):
        rules = rules_on(f"- {{id: a, tool: read_file, action: escalate}}\n- {{tool: '*', action: {more}}}")
        approved = frozenset({("a", rule.rule.digest) for rule in rules.bound if rule.id == "a"})
        assert ask(rules, {}, facts(approved=approved)).action is action
    rules = rules_on("- {id: a, tool: read_file, action: escalate, limit: {calls: 2, per: 1h}}")
    approved = frozenset({("a", rules.bound[0].rule.digest)})
    assert ask(rules, {}, facts(rules, approved=approved, used=Decimal(2))).status is Status.LIMITED
    passed = ask(rules, {}, facts(rules, approved=approved, used=Decimal(1)))
    assert passed.action is Action.ALLOW and len(passed.reserve) == 1


def test_point_14_an_escalating_default_is_a_rule_named_default() -> None:
    head = "default: {action: escalate, approve: {from: [team:ops]}}"
    policy = compiled("- {tool: x, action: allow}", head)
    rules = policy.for_item(tool())
    verdict = ask(rules)
    assert (verdict.action, verdict.rule, verdict.rules) == (Action.ESCALATE, "default", ("default",))
    assert verdict.escalations[0].approve.teams == ("ops",)
    assert verdict.escalations[0].digest == policy.rules["default"].digest
    approved = frozenset({("default", policy.rules["default"].digest)})
    assert ask(rules, {}, facts(approved=approved)).action is Action.ALLOW


def test_point_15_a_spent_limit_denies_so_that_no_broader_allow_wins() -> None:
    rules = rules_on("- {id: few, tool: read_file, action: allow, limit: {calls: 10, per: 1h}}\n" + BROAD)
    query = LimitQuery("few", By.AGENT, 3600, Decimal(10))
    assert needs(rules, DEV).limits == (query,)
    last = ask(rules, {}, facts(rules, used=Decimal(9)))
    assert last.action is Action.ALLOW
    assert [(one.limit, one.amount) for one in last.reserve] == [(query, Decimal(1))]
    spent = ask(rules, {}, facts(rules, used=Decimal(10)))
    assert (spent.action, spent.status, spent.rule) == (Action.DENY, Status.LIMITED, "few")
    assert spent.reason == "the limit of 10 calls per 1h by agent is used up (rule few)"
    assert (spent.retry_after_ms, spent.reserve) == (3_600_000, ())


def test_point_15_sums_count_exactly_and_refuse_what_is_no_amount() -> None:
    rules = rules_on("- {id: s, tool: read_file, action: allow, limit: {sum: amount, max: 500.10, per: 24h, by: team}}")
    given = facts(rules, used=Decimal("499.99"))
    assert ask(rules, arguments('{"amount": 0.11}'), given).reserve[0].amount == Decimal("0.11")
    spent = ask(rules, arguments('{"amount": 0.12}'), given)
    assert spent.status is Status.LIMITED
    alone = ask(rules, arguments('{"amount": 501}'), given)
    assert (alone.status, alone.retry_after_ms) == (Status.LIMITED, None)
    for wrong in ('{"amount": -1}', '{"amount": "5"}', "{}", '{"amount": true}', '{"amount": null}', '{"amount": [1]}'):
        assert ask(rules, arguments(wrong), given).rule == "default"


def test_point_15_an_escalate_rule_whose_sum_cannot_be_told_still_escalates() -> None:
    rules = rules_on("- {tool: read_file, action: escalate, limit: {sum: amount, max: 5, per: 1d}}")
    assert ask(rules, {"amount": -1}, facts(rules)).action is Action.ESCALATE
    assert ask(rules, {"amount": 5}, facts(rules)).action is Action.ESCALATE
    assert ask(rules, {"amount": 6}, facts(rules)).status is Status.LIMITED


def test_point_15_a_limit_that_nobody_could_count_denies() -> None:
    rules = rules_on("- {id: a, tool: read_file, action: allow, limit: {calls: 10, per: 1h}}\n" + BROAD)
    verdict = ask(rules, {}, Facts(NOON))
    assert (verdict.action, verdict.status, verdict.rule) == (Action.DENY, Status.DENIED, "a")


def test_point_15_limits_stand_in_allow_and_escalate_alone() -> None:
    for action in ("deny", "hide"):
        assert "limit belongs to" in rule_problems(f"{{tool: a, action: {action}, limit: {{calls: 1, per: 1h}}}}")[0]


def test_point_16_history_counts_forwarded_calls() -> None:
    def action(history: str, count: int) -> Action:
        rules = rules_on(f"- {{tool: read_file, action: allow, history: {history}}}")
        return ask(rules, {}, facts(rules, count=count)).action

    assert action("{first_use: true}", 0) is Action.ALLOW
    assert action("{first_use: true}", 1) is Action.DENY
    assert action("{first_use: false}", 0) is Action.DENY
    assert action("{calls: 'files/read_*', within: 5m, more_than: 50}", 50) is Action.DENY
    assert action("{calls: 'files/read_*', within: 5m, more_than: 50}", 51) is Action.ALLOW
    assert action("{after: web/fetch}", 0) is Action.DENY
    assert action("{after: web/fetch}", 1) is Action.ALLOW


def test_point_16_what_nobody_counted_is_an_error() -> None:
    assert condition_outcomes("history: {first_use: true}", {}, Facts(NOON)) == ERROR
    assert condition_outcomes("history: {after: web/fetch}", {}, Facts(NOON)) == ERROR


def test_point_16_the_queries_say_what_to_count() -> None:
    rules = rules_on(
        "- {tool: read_file, action: deny, history: {first_use: true, by: team}}\n"
        "- {tool: read_file, action: deny, history: {calls: 'files/*', within: 5m, more_than: 3}}\n"
        "- {tool: read_file, action: deny, unless: {history: {after: web/fetch}}}\n"
        "- {tool: read_file, action: deny, who: {roles: [other]}, history: {after: web/x}}\n"
        "- {tool: other, action: deny, history: {after: web/y}}"
    )
    asked = needs(rules, DEV)
    assert set(asked.history) == {
        HistoryQuery(None, 7_776_000, By.TEAM),
        HistoryQuery("files/*", 300, By.AGENT),
        HistoryQuery("web/fetch", 7_776_000, By.AGENT, in_session=True),
    }
    assert asked.session
    assert not needs(rules_on("- {tool: read_file, action: allow}"), DEV).session


@pytest.mark.parametrize(
    ("window", "moment", "inside"),
    [
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T08:00+00:00", True),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T07:59:59+00:00", False),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T16:59:59+00:00", True),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-11-20T17:00+00:00", False),
        ("{hours: '09:00-18:00', zone: Europe/Berlin}", "2026-07-20T07:00+00:00", True),
        ("{days: mon-fri}", "2026-11-20T23:59+00:00", True),
        ("{days: mon-fri}", "2026-11-21T00:00+00:00", False),
        ("{days: [sat, sun]}", "2026-11-21T00:00+00:00", True),
        ("{days: fri-mon}", "2026-11-22T00:00+00:00", True),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-20T22:00+00:00", True),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-21T05:59+00:00", True),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-21T06:00+00:00", False),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-20T03:00+00:00", False),
        ("{days: fri, hours: '22:00-06:00'}", "2026-11-21T22:00+00:00", False),
        ("{days: sun, hours: '22:00-06:00'}", "2026-11-23T01:00+00:00", True),
        ("{hours: ['08:00-09:00', '12:00-13:00']}", "2026-11-20T12:30+00:00", True),
        ("{hours: '00:00-24:00'}", "2026-11-20T23:59:59+00:00", True),
        ("{hours: '22:00-24:00'}", "2026-11-20T00:00+00:00", False),
        ("{days: sat, zone: Pacific/Auckland}", "2026-11-20T12:00+00:00", True),
        ("{hours: '02:30-03:30', zone: Europe/Berlin}", "2026-03-29T01:00+00:00", True),
    ],
)  # fmt: skip
def test_point_16_time_windows(window: str, moment: str, inside: bool) -> None:
    given = Facts(datetime.fromisoformat(moment))
    verdict = ask(f"- {{tool: read_file, action: allow, time: {window}}}", {}, given)
    assert (verdict.action is Action.ALLOW) is inside


def test_point_16_a_moment_without_a_zone_is_an_error() -> None:
    naive = Facts(datetime(2026, 11, 20, 12, 0, tzinfo=UTC).replace(tzinfo=None))
    assert condition_outcomes("time: {hours: '09:00-18:00'}", {}, naive) == ERROR


def test_point_17_findings_in_arguments_are_a_condition() -> None:
    def action(content: str, *found: ContentFinding) -> Action:
        return ask(f"- {{tool: read_file, action: allow, content: {content}}}", {}, facts(findings=found)).action

    card = finding("card", severity="medium")
    assert action("{in: arguments}", card) is Action.ALLOW
    assert action("{in: arguments}") is Action.DENY
    assert action("{in: arguments, class: [email, card]}", card) is Action.ALLOW
    assert action("{in: arguments, class: [email]}", card) is Action.DENY
    assert action("{in: arguments, severity: medium}", card) is Action.ALLOW
    assert action("{in: arguments, severity: high}", card) is Action.DENY
    assert action("{in: arguments, severity: critical}", finding("card", severity="unheard of")) is Action.ALLOW
    assert action("{in: arguments}", finding("card", side="result")) is Action.DENY


def test_point_17_tainted_sessions_are_a_condition() -> None:
    for wanted in (True, False):
        rule = f"- {{tool: read_file, action: allow, session: {{tainted: {str(wanted).lower()}}}}}"
        assert (ask(rule, {}, facts(marks=frozenset({"tainted"}))).action is Action.ALLOW) is wanted
        assert (ask(rule, {}, facts()).action is Action.ALLOW) is not wanted


def test_point_17_private_and_vendor_keys_in_arguments_deny_whatever_the_rules_say() -> None:
    for cls in ("private_key", "vendor_key"):
        for rules in ("- {tool: read_file, action: allow}", "- {tool: read_file, action: escalate}"):
            verdict = ask(rules, {"path": "x"}, facts(findings=(finding(cls),)))
            assert (verdict.action, verdict.rule) == (Action.DENY, "builtin-secrets")
    assert ask("- {tool: read_file, action: allow}", {}, facts(findings=(finding("card"),))).action is Action.ALLOW
    hidden = ask("- {id: h, tool: read_file, action: hide}", {}, facts(findings=(finding("vendor_key"),)))
    assert hidden.action is Action.HIDE


def result(rules: str, *found: ContentFinding, args: dict[str, Any] | None = None) -> Verdict:
    return decide_result(rules_on(rules), DEV, facts(findings=found), args)


def test_point_17_result_rules_allow_redact_or_deny_on_the_way_back() -> None:
    redact = "- {id: r, tool: read_file, action: redact, content: {in: result, class: [email, card]}}"
    deny = "\n- {id: d, tool: read_file, action: deny, content: {in: result, severity: critical}, reason: Too much}"
    email, card = finding("email", "result", "low"), finding("card", "result", "critical")
    passed = result(redact)
    assert (passed.action, passed.rule, passed.obligations) == (Action.ALLOW, "", ())
    told = result(redact, email)
    assert (told.action, told.rule) == (Action.REDACT, "r")
    assert told.obligations == (Obligation("r", "redact", "email"),)
    refused = result(redact + deny, email, card)
    assert (refused.action, refused.rule, refused.reason) == (Action.DENY, "d", "Too much (rule d)")
    assert refused.rules == ("d", "r")


def test_point_17_keys_in_results_are_redacted_before_any_rule() -> None:
    allow = "- {id: a, tool: read_file, action: allow, content: {in: result, class: [vendor_key]}}"
    verdict = result(allow, finding("vendor_key", "result"), finding("card", "result"))
    assert (verdict.action, verdict.rule) == (Action.REDACT, "builtin-secrets")
    assert verdict.obligations == (Obligation("builtin-secrets", "redact", "vendor_key"),)


def test_point_17_result_rules_say_nothing_before_the_call_and_the_others_nothing_after() -> None:
    rules = "- {id: d, tool: read_file, action: deny, content: {in: result}}\n- {id: a, tool: read_file, action: allow}"
    given = facts(findings=(finding("card", "result"),))
    assert ask(rules, {}, given).rules == ("a",)
    assert decide_result(rules_on(rules), DEV, given).rules == ("d",)


def test_point_17_a_result_rule_may_look_at_arguments_and_errs_where_it_has_none() -> None:
    rules = "- {id: d, tool: read_file, action: deny, content: {in: result}, constraints: {path: {under: [/etc]}}}"
    card = finding("card", "result")
    assert result(rules, card, args={"path": "/etc/x"}).action is Action.DENY
    assert result(rules, card, args={"path": "/tmp/x"}).action is Action.ALLOW
    assert result(rules, card).action is Action.DENY
    assert result(rules).action is Action.ALLOW


def test_point_17_result_rules_cannot_escalate_hide_or_count() -> None:
    for action in ("escalate", "hide"):
        assert rule_problems(f"{{tool: a, action: {action}, content: {{in: result}}}}") != []
    assert rule_problems("{tool: a, action: allow, content: {in: result}, limit: {calls: 1, per: 1h}}") != []
    assert rule_problems("{tool: a, action: redact}") != []
    assert rule_problems("{tool: a, action: deny, content: {in: result}, unless: {content: {in: arguments}}}") != []


def test_point_18_monitored_rules_touch_no_verdict_list_limit_or_obligation() -> None:
    rules = rules_on(
        "- {id: a, tool: read_file, action: allow}\n"
        "- {id: m, tool: read_file, action: deny, mode: monitor, obligations: {log: critical}}\n"
        "- {id: n, tool: read_file, action: allow, mode: monitor, limit: {calls: 1, per: 1h}}\n"
        "- {id: o, tool: read_file, action: deny, mode: monitor, constraints: {path: {under: [/etc]}}}\n"
        "- {id: p, tool: read_file, action: hide, mode: monitor, who: {roles: [x]}}"
    )
    verdict = ask(rules, {"path": "/tmp/x"}, facts(rules))
    assert (verdict.action, verdict.rules, verdict.obligations, verdict.reserve) == (Action.ALLOW, ("a",), (), ())
    assert verdict.would == (Would("m", Action.DENY), Would("n", Action.ALLOW))
    assert needs(rules, DEV).limits == ()
    error = ask(rules, {"path": 5}, facts(rules))
    assert Would("o", Action.DENY) in error.would


def test_point_18_obligations_are_those_of_the_rules_of_the_final_action() -> None:
    rules = (
        "- {id: a, tool: read_file, action: allow, obligations: {log: info, notify: ['slack:#a', 'slack:#b']}}\n"
        "- {id: b, tool: '*', action: allow, obligations: {redact: [card]}}\n"
        "- {id: d, tool: read_file, action: deny, constraints: {path: {under: [/etc]}}, obligations: {log: critical}}"
    )
    assert ask(rules, {"path": "/tmp/x"}).obligations == (
        Obligation("a", "log", "info"),
        Obligation("a", "notify", "slack:#a"),
        Obligation("a", "notify", "slack:#b"),
        Obligation("b", "redact", "card"),
    )
    assert ask(rules, {"path": "/etc/x"}).obligations == (Obligation("d", "log", "critical"),)


def test_point_19_the_smallest_id_of_the_final_action_is_reported_and_all_are_named() -> None:
    rules = "\n".join(
        f"- {{id: {name}, tool: {pattern}, action: {action}}}"
        for name, pattern, action in (
            ("z", "read_file", "deny"), ("b", "'*'", "deny"), ("a", "'r*'", "allow"), ("c", "'re*'", "escalate"),
        )
    )  # fmt: skip
    verdict = ask(rules)
    assert (verdict.rule, verdict.rules) == ("b", ("a", "b", "c", "z"))


def test_point_19_ids_are_derived_from_what_a_rule_means() -> None:
    def derived(rule: str) -> str:
        return compiled(f"- {rule}").policy.rules[0].id

    plain = derived("{tool: a, action: allow}")
    assert plain.startswith("r-") and len(plain) == 14
    assert derived("{action: allow, tool: [a]}") == plain
    assert derived("{tool: a, action: allow, reason: Why not, mode: monitor}") == plain
    assert derived("{tool: a, action: deny}") != plain
    assert derived("{tool: a, action: allow, obligations: {log: info}}") != plain
    folders = "{tool: a, action: allow, constraints: {p: {under: [%s]}}}"
    assert derived(folders % "/x, /y") == derived(folders % "/y, /x/, /y")
    assert derived("{tool: a, action: allow, constraints: {p: {equals: [1, 2]}}}") != derived(
        "{tool: a, action: allow, constraints: {p: {equals: [2, 1]}}}"
    )


def test_point_19_equal_rules_and_ids_used_twice_are_refused() -> None:
    assert rule_problems("{tool: a, action: allow}", "{id: x, tool: [a], action: allow, reason: y}") == [
        "4:3: the same rule stands at 3:3; remove one"
    ]
    assert rule_problems("{id: x, tool: a, action: allow}", "{id: x, tool: b, action: allow}") == [
        "4:3: the id 'x' is taken by the rule at 3:3"
    ]
    for reserved in ("default", "builtin-secrets", "r-0123456789ab"):
        assert "reserved" in rule_problems(f"{{id: {reserved}, tool: a, action: allow}}")[0]


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        (Intent.READ, Action.ALLOW),
        (Intent.WRITE, Action.ALLOW),
        (Intent.DESTRUCTIVE, Action.ESCALATE),
        (Intent.EXFILTRATIVE, Action.ESCALATE),
        (Intent.UNKNOWN, Action.ESCALATE),
    ],
)
def test_point_20_intent_defaults(intent: Intent, action: Action) -> None:
    verdict = ask("- {tool: x, action: allow}", {}, item=tool(intent=intent), head="intent_defaults: true")
    assert verdict.action is action
    assert [duty.kind for duty in verdict.obligations] == (["log"] if intent is Intent.WRITE else [])
    denied = ask("- {tool: '*', action: deny}", {}, item=tool(intent=intent), head="intent_defaults: true")
    assert denied.action is Action.DENY


def test_point_23_an_allow_that_fails_on_a_constraint_explains_itself() -> None:
    constraints = "{path: {under: [/tmp, /home/user/projects]}}"
    rule = f"- {{id: read-workspace, tool: read_file, action: allow, constraints: {constraints}}}"
    verdict = ask(rule, {"path": "/etc/passwd"})
    assert verdict.reason == 'path "/etc/passwd" is outside /tmp, /home/user/projects (rule read-workspace)'
    assert verdict.rule == "default"


@pytest.mark.parametrize(
    ("constraint", "value", "words"),
    [
        ("{under: [/tmp]}", '"/tmp/../x"', 'value "/tmp/../x" cannot be judged: a . or .. component'),
        ("{max: 500}", "500.01", "value 500.01 is above 500"),
        ("{min: 1.5}", "1", "value 1 is below 1.5"),
        ("{in: [EUR, USD]}", '"GBP"', 'value "GBP" is none of "EUR", "USD"'),
        ("{equals: true}", "false", "value false is not true"),
        ("{not_in: [a]}", '"a"', 'value "a" is one of "a"'),
        ("{domains: [example.com]}", '"https://evil.com/"', 'value "https://evil.com/" does not go to example.com'),
        ("{domains: [example.com]}", '"http://example.com/"', "does not have the scheme https"),
        ("{email_domains: [a.com]}", '"x@b.com"', 'value "x@b.com" is not an address at a.com'),
        ("{type: string}", "5", "value 5 is not of type string"),
        ("{glob: 'a*'}", '"b"', 'value "b" does not match a*'),
        ("{length: {max: 2}}", '"abc"', 'value "abc" does not have at most 2 characters'),
        ("{items: {min: 1}}", "[]", "value (a list) does not have at least 1 items"),
        ("{present: false}", "1", "value 1 is given"),
        ("{any_of: [{max: 1}, {min: 9}]}", "5", "value 5 is above 1 and is below 9"),
        ("{max: 5}", '"6"', 'value "6" cannot be judged'),
    ],
)
def test_point_23_reasons_name_rule_and_value(constraint: str, value: str, words: str) -> None:
    item = tool(declared=schema("value"))
    rule = f"- {{id: rule-1, tool: read_file, action: allow, constraints: {{value: {constraint}}}}}"
    verdict = ask(rule, arguments(f'{{"value": {value}}}'), item=item)
    assert words in verdict.reason
    assert verdict.reason.endswith("(rule rule-1)")
    assert "\n" not in verdict.reason


def test_point_23_a_deny_names_the_value_that_it_saw() -> None:
    rule = "- {id: big, tool: read_file, action: deny, constraints: {amount: {min: 500}}, reason: Too large}"
    assert ask(rule, {"amount": 900}).reason == "Too large: amount 900 is at least 500 (rule big)"
    assert ask(rule, {"amount": "900"}).reason == (
        'Too large: amount "900" cannot be judged: it is of type string, not number (rule big)'
    )
    assert ask(rule, {}).reason == "Too large: amount is missing (rule big)"


def test_point_23_reasons_quote_nothing_where_inspection_found_something() -> None:
    """Our choice: a reason goes to the caller and the ledger, so it must not carry what was found."""
    rule = "- {id: a, tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}}"
    number = "4111" + "1111" * 3
    verdict = ask(rule, {"path": f"/etc/{number}"}, facts(findings=(finding("card"),)))
    assert number not in verdict.reason
    assert verdict.reason == "path is outside /tmp (rule a)"


def test_point_23_long_and_invisible_values_are_cut_and_escaped() -> None:
    rule = "- {id: a, tool: read_file, action: allow, constraints: {path: {in: [x]}}}"
    assert len(ask(rule, {"path": "é" * 10_000}).reason) < 200
    hidden = ask(rule, {"path": "a\u202eb\nc\x1b[0m"}).reason
    assert hidden.isprintable() and "\\u202e" in hidden


def test_the_same_inputs_always_give_the_same_verdict() -> None:
    rules = "- {tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}, time: {days: fri}}"
    first = [decide(rules_on(rules), DEV, {"path": path}, facts()) for path in ("/tmp/x", "/etc/x")]
    again = [decide(rules_on(rules), DEV, {"path": path}, facts()) for path in ("/tmp/x", "/etc/x")]
    assert first == again


def test_callers_are_told_apart_although_their_rules_are_remembered() -> None:
    rules = rules_on("- {tool: read_file, action: allow, who: {agents: [a7]}}")
    for number in range(1200):
        caller = Caller(f"a{number}")
        assert (decide(rules, caller, {}, facts()).action is Action.ALLOW) is (number == 7)


def test_prompts_without_a_schema_are_judged_without_one() -> None:
    item = replace(tool(kind=Kind.PROMPT), schema=None)
    assert ask("- {prompt: read_file, action: allow}", {"x": 1}, item=item).action is Action.ALLOW
