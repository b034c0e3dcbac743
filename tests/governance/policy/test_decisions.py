"""How a verdict comes about and how it is told (contract 4.5 to 4.10, 4.23)."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from policy_desk import (
    DEV,
    ERROR,
    NO,
    NOON,
    OPEN,
    YES,
    arguments,
    ask,
    condition_outcomes,
    facts,
    finding,
    rule_problems,
    rules_on,
    schema,
    tool,
)

from governance.policy.decide import decide
from governance.policy.values import (
    Action,
    Caller,
    Facts,
    Kind,
)


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
