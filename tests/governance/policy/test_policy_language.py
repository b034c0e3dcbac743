"""Policy text: YAML 1.2, places, suggestions, the guides' form (contract 4.11, 4.21)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from policy_desk import DEV, ask, compiled, facts, problems, rule_problems, schema, tool

from governance.canonical.values import Number
from governance.policy.compiled import compile_policy
from governance.policy.language import parse
from governance.policy.nodes import json_of, read_nodes
from governance.policy.tree import PolicyError
from governance.policy.values import Action, Approve, Intent, Item, Kind

GUIDE = """\
version: "1"
default: deny
rules:
  - tool: read_file
    action: allow
    constraints:
      allowedPaths: [/tmp/, /home/user/projects/]
  - tool: write_file
    action: escalate
    reason: File writes require approval
  - tool: execute_command
    action: deny
    reason: Shell execution is not permitted
"""

CONTRACT = """\
version: "1"
default: deny                         # deny | escalate (may carry approve:)
rules:
  - id: read-workspace                # optional; derived and stable when absent
    tool: read_file                   # glob or list; or prompt: / resource: / only server:
    action: allow                     # allow | deny | escalate | hide
    constraints: {path: {under: [/tmp, /home/user/projects]}}
    reason: Workspace files are readable
  - {tool: write_file, action: escalate, reason: Writes, approve: {from: [team:platform], required: 1, within: 5m}}
  - {tool: execute_command, action: deny, reason: Shell execution is not permitted}
  - id: big-refunds
    server: stripe
    category: [financial]
    intent: [destructive]
    who: {roles: [finance], teams: [], people: [], agents: []}
    time: {days: mon-fri, hours: "09:00-18:00", zone: Europe/Berlin}
    constraints: {amount: {max: 500}, currency: {in: [EUR, USD]}, customer.email: {email_domains: [example.com]}}
    unless: {who: {teams: [billing-leads]}}
    limit: {calls: 10, per: 1h, by: agent}
    history: {first_use: true}
    action: escalate
    obligations: {notify: ["slack:#security-alerts"], log: critical}
    mode: enforce
tests:
  - {call: {server: files, tool: read_file, arguments: {path: /etc/passwd}}, expect: deny}
"""


def test_point_11_a_guide_policy_works_verbatim() -> None:
    policy = parse(GUIDE)
    files = schema(path={"type": "string"}, content={"type": "string"})

    guide = compile_policy(policy)

    def verdict(name: str, args: dict[str, Any]) -> Any:
        return ask(guide.for_item(tool(f"filesystem/{name}", files)), args)

    assert verdict("read_file", {"path": "/tmp/a"}).action is Action.ALLOW
    assert verdict("read_file", {"path": "/home/user/projects/x/y"}).action is Action.ALLOW
    outside = verdict("read_file", {"path": "/etc/passwd"})
    assert outside.action is Action.DENY
    assert outside.reason.startswith('path "/etc/passwd" is outside /tmp, /home/user/projects (rule r-')
    assert verdict("read_file", {"path": "/tmp/../etc/passwd"}).action is Action.DENY
    held = verdict("write_file", {"path": "/tmp/a", "content": "x"})
    assert held.action is Action.ESCALATE and held.reason.startswith("File writes require approval (rule r-")
    assert held.escalations[0].approve == Approve()
    denied = verdict("execute_command", {})
    assert denied.action is Action.DENY and denied.reason.startswith("Shell execution is not permitted (rule r-")


def test_the_contract_s_own_example_is_read_as_it_says() -> None:
    policy = parse(CONTRACT)
    assert [rule.id for rule in policy.rules if not rule.id.startswith("r-")] == ["read-workspace", "big-refunds"]
    big = policy.rules[3]
    assert (big.subject.kind, big.subject.servers, big.action) == (None, ("stripe",), Action.ESCALATE)
    assert big.when.who is not None and big.when.who.roles == {"finance"} and not big.when.who.teams
    assert [constraint.argument for constraint in big.when.constraints] == ["amount", "currency", "customer.email"]
    assert big.limit is not None and (big.limit.maximum, big.limit.per) == (Decimal(10), 3600)
    assert (policy.rules[1].approve.teams, policy.rules[1].approve.within) == (("platform",), 300)
    assert len(policy.tests) == 1


def test_point_21_plain_scalars_are_those_of_yaml_1_2() -> None:
    text = (
        "[no, on, yes, off, y, 012, 0o17, 0x1F, 1_000, 12:30, 2026-11-20, 1.50, 1e3, ~, null, Null, true, TRUE, tRUE, "
        "-0, +5, .5, <<]"
    )
    node, found = read_nodes(text)
    assert found == [] and node is not None
    assert json_of(node) == [
        "no", "on", "yes", "off", "y", 12, 15, 31, "1_000", "12:30", "2026-11-20", Number("1.50", Decimal("1.5")),
        1000, None, None, None, True, True, "tRUE", 0, 5, Number(".5", Decimal("0.5")), "<<",
    ]  # fmt: skip


def test_point_21_words_that_yaml_1_1_makes_booleans_are_names() -> None:
    policy = parse('version: "1"\nrules:\n- {tool: [on, no], action: deny, who: {teams: [yes]}, reason: off}\n')
    assert [pattern.item for pattern in policy.rules[0].subject.patterns] == ["on", "no"]
    assert policy.rules[0].reason == "off"
    keyed = parse('version: "1"\nrules:\n- {tool: a, action: deny, constraints: {no: {in: [1]}, 5: {in: [2]}}}\n')
    assert [one.argument for one in keyed.rules[0].when.constraints] == ["5", "no"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: an empty policy"),
        ("version: '1'\nversion: '1'\n", "2:1: the key 'version' stands twice, first at 1:1"),
        ("version: '1'\nrules:\n- {tool: a, 'tool': b, action: deny}", "3:13: the key 'tool' stands twice"),
        ("version: '1'\nrules: &all []\n", "2:8: anchors are not allowed; remove &all"),
        ("version: '1'\nrules: *all\n", "2:8: aliases are not allowed; write out what *all stands for"),
        ("version: !!str 1\n", "1:10: tags are not allowed; write the plain value"),
        ("version: ! '1'\n", "1:10: tags are not allowed"),
        ("%YAML 1.1\n---\nversion: '1'\n", "the %YAML line"),
        ("version: '1'\n---\nversion: '1'\n", "2:1: a second document"),
        ("version: '1'\nrulse: []\n", "2:1: unknown key 'rulse' in a policy; did you mean rules?"),
        ("version: '2'\n", "1:10: the only known version is \"1\""),
        ("default: deny\n", '1:1: a policy needs version: "1"'),
        ("version: '1'\ndefault: allow\n", "2:10: default: allow also needs acknowledge_default_allow: true"),
        ("version: '1'\ndefault: hide\n", "2:10: 'hide' is no default"),
        ("version: '1'\napprove: {from: [x]}\n", "2:10: approve belongs to default: escalate"),
        ("version: '1'\nrules: {tool: a}\n", "2:8: rules must be a list"),
        ("version: '1'\nrules: [a, 5]\n", "2:9: a rule must be a mapping"),
        ("- a\n", "1:1: a policy must be a mapping"),
        ("version: '1'\nrules: [\n", "3:1: not YAML"),
        ("version: '1'\n\trules: []\n", "2:1: not YAML"),
        ("version: '1'\nrules: [\x00]\n", "2:9: not YAML: a character it does not allow"),
        ("version: '1'\nx: \ud800\n", "2:4: half of a surrogate pair"),
        ("version: '1'\nrules: " + "[" * 60 + "]" * 60, "nested deeper than 40"),
        ("version: '1'\nx: .inf\n", "2:4: .inf is no number a call can hold"),
        ("version: '1'\nx: 1e99999\n", "2:4: a number with more than"),
        ("version: '1'\nx: " + "9" * 5000 + "\n", "2:4: a number with more than"),
        ("version: '1'\n? [a]\n: b\n", "2:3: a key must be a plain name"),
    ],
)  # fmt: skip
def test_point_21_what_cannot_be_read_is_refused_with_line_and_column(text: str, expected: str) -> None:
    found = problems(text)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{tol: a, action: deny}", "3:4: unknown key 'tol' in a rule; did you mean tool?"),
        ("{tool: a, action: alow}", "3:21: 'alow' is no action; did you mean allow?"),
        ("{tool: a}", "3:3: a rule needs an action"),
        ("{tool: 5, action: deny}", '3:10: tool must be text; write "5" in quotes'),
        ("{tool: [], action: deny}", "3:10: tool names nothing"),
        ("{tool: files/, action: deny}", "3:10: 'files/' names no item; write files/* for every item of it"),
        ("{server: Files, action: deny}", "3:12: 'Files' is no server name"),
        ("{tool: a, action: deny, intent: [reed]}", "'reed' is no intent; did you mean read?"),
        ("{tool: a, action: deny, who: {team: [x]}}", "unknown key 'team' in who; did you mean teams?"),
        ("{tool: a, action: deny, time: {zone: UTC}}", "time needs days"),
        ("{tool: a, action: deny, time: {days: monday}}", "'monday' is no day"),
        ("{tool: a, action: deny, time: {days: mon, zone: Mars/Base}}", "'Mars/Base' is no IANA time zone"),
        ("{tool: a, action: deny, time: {days: mon, zone: ../etc/passwd}}", "is no IANA time zone"),
        ("{tool: a, action: deny, time: {hours: '9-18'}}", "'9-18' is no span of hours"),
        ("{tool: a, action: deny, time: {hours: '25:00-26:00'}}", "is no span of hours"),
        ("{tool: a, action: deny, time: {hours: '09:00-09:00'}}", "is empty"),
        ("{tool: a, action: deny, constraints: {p: {udner: [/x]}}}", "did you mean under?"),
        ("{tool: a, action: deny, constraints: {under: [/x]}}", "stands where an argument is expected"),
        ("{tool: a, action: deny, constraints: {p: {under: [x]}}}", "'x' cannot stand in under"),
        ("{tool: a, action: deny, constraints: {p: {under: [/a/../b]}}}", "a . or .. component"),
        ("{tool: a, action: deny, constraints: {p: {under: []}}}", "is empty and could never match"),
        ("{tool: a, action: deny, constraints: {p: {domains: ['*']}}}", "cannot stand in domains"),
        ("{tool: a, action: deny, constraints: {p: {domains: ['https://x.de']}}}", "cannot stand in domains"),
        ("{tool: a, action: deny, constraints: {p: {email_domains: ['*.x.de']}}}", "mail domains are exact"),
        ("{tool: a, action: deny, constraints: {p: {matches: '(a'}}}", "is not RE2"),
        ("{tool: a, action: deny, constraints: {p: {matches: '(?=a)b'}}}", "is not RE2"),
        ("{tool: a, action: deny, constraints: {p: {matches: '(a)\\1'}}}", "is not RE2"),
        ("{tool: a, action: deny, constraints: {p: {min: '5'}}}", "min must be a number"),
        ("{tool: a, action: deny, constraints: {p: {min: true}}}", "min must be a number"),
        ("{tool: a, action: deny, constraints: {p: {ports: [0]}}}", "ports"),
        ("{tool: a, action: deny, constraints: {p: {ports: [70000]}}}", "ports are whole numbers"),
        ("{tool: a, action: deny, constraints: {p: {schemes: ['HTTP']}}}", "no URL scheme"),
        ("{tool: a, action: deny, constraints: {p: {type: text}}}", "is no JSON type"),
        ("{tool: a, action: deny, constraints: {p: {length: {min: -1}}}}", "whole number of at least 0"),
        ("{tool: a, action: deny, constraints: {p: {present: yes}}}", "present must be true or false"),
        ("{tool: a, action: deny, constraints: {p: {any_of: []}}}", "any_of needs 1 to 100 alternatives"),
        ("{tool: a, action: deny, constraints: {p: {}}}", "p needs at least one of"),
        ("{tool: a, action: deny, constraints: {}}", "constraints must be a mapping"),
        ("{tool: a, action: deny, constraints: {p: {in: a}}}", "in must be a list"),
        ("{tool: a, action: deny, constraints: {p: {in: [x]}, /p: {in: [y]}}}", "are the same argument"),
        ("{tool: a, action: deny, constraints: {maxAmount: {max: 5}}}", "maxAmount must be a number"),
        ("{tool: a, action: deny, constraints: {allowedPaths: [tmp]}}", "cannot stand in allowedPaths"),
        ("{tool: a, action: deny, extra: allow}", "extra: allow belongs to an allow rule with constraints"),
        ("{tool: a, action: allow, extra: deny}", "extra can only be: allow"),
        ("{tool: a, action: deny, unless: {}}", "unless needs a condition"),
        ("{tool: a, action: deny, unless: {who: {}}}", "unless holds for everybody"),
        ("{tool: a, action: deny, unless: {limit: {calls: 1}}}", "unknown key 'limit' in unless"),
        ("{tool: a, action: allow, limit: {calls: 1}}", "limit needs per"),
        ("{tool: a, action: allow, limit: {calls: 1, sum: x, per: 1h}}", "limit counts calls or the sum"),
        ("{tool: a, action: allow, limit: {sum: amount, per: 1h}}", "a limit on a sum needs max"),
        ("{tool: a, action: allow, limit: {calls: 0, per: 1h}}", "calls must be a whole number of at least 1"),
        ("{tool: a, action: allow, limit: {calls: 5, per: 1 hour}}", "per must be a duration such as"),
        ("{tool: a, action: allow, limit: {calls: 5, per: 1h, by: user}}", "'user' is no limit by"),
        ("{tool: a, action: allow, history: {}}", "history asks exactly one of"),
        ("{tool: a, action: allow, history: {calls: x, within: 5m}}", "history over calls needs more_than"),
        ("{tool: a, action: allow, history: {calls: x, within: 91d, more_than: 1}}", "kept for 90 days"),
        ("{tool: a, action: allow, history: {after: x, within: 5m}}", "within belongs to calls, not to after"),
        ("{tool: a, action: allow, content: {class: [card]}}", "content needs in"),
        ("{tool: a, action: allow, content: {in: body}}", "'body' is no side"),
        ("{tool: a, action: allow, session: {}}", "session asks tainted"),
        ("{tool: a, action: allow, approve: {from: [x]}}", "approve belongs to action: escalate"),
        ("{tool: a, action: escalate, approve: {from: ['group:x']}}", "'group:x' is no approver"),
        ("{tool: a, action: escalate, approve: {from: ['role:aprover']}}", "no console role; did you mean approver?"),
        ("{tool: a, action: escalate, approve: {required: 0}}", "required must be a whole number of at least 1"),
        ("{tool: a, action: escalate, approve: {within: soon}}", "within must be a duration"),
        ("{tool: a, action: allow, obligations: {log: loud}}", "'loud' is no log level"),
        ("{tool: a, action: allow, mode: observe}", "'observe' is no mode"),
        ("{tool: a, action: allow, id: 'a b'}", "may only hold letters"),
    ],
)
def test_point_21_every_part_of_a_rule_is_checked(rule: str, expected: str) -> None:
    found = rule_problems(rule)
    assert any(expected in problem for problem in found), found


def test_point_21_all_problems_are_reported_at_once_in_the_order_of_the_text() -> None:
    found = rule_problems("{tol: a}", "{tool: a, action: alow}", "{tool: a, action: deny, who: {team: x}}")
    assert [problem.split(":")[0] for problem in found] == ["3", "3", "3", "4", "5"]


def test_point_21_an_re2_pattern_gets_no_other_check() -> None:
    assert rule_problems("{tool: a, action: deny, constraints: {p: {matches: '(?i)(a+)+$'}}}") == []


def test_point_21_errors_carry_their_places_as_numbers() -> None:
    with pytest.raises(PolicyError) as refused:
        parse('version: "1"\nrules:\n  - {tool: a, action: alow}\n')
    problem = refused.value.problems[0]
    assert (problem.line, problem.column) == (3, 23)
    assert str(refused.value).startswith("3:23: 'alow' is no action")


def test_a_policy_whose_default_escalates_may_say_who_approves() -> None:
    for text in ("default: {action: escalate, approve: {required: 2}}", "default: escalate\napprove: {required: 2}"):
        policy = parse(f'version: "1"\n{text}\n')
        assert (policy.default, policy.default_approve.required) == (Action.ESCALATE, 2)


def test_a_policy_without_rules_denies_everything() -> None:
    assert parse('version: "1"').default is Action.DENY
    assert parse("version: 1\nrules: []").rules == ()


def test_the_digest_covers_what_decisions_depend_on_and_nothing_else() -> None:
    plain = "- {id: a, tool: x, action: allow}\n- {id: b, tool: y, action: deny}"
    digest = compiled(plain).digest
    assert digest.startswith("sha256:") and len(digest) == 71
    assert (
        compiled("# a comment\n- {action: deny, tool: [y], id: b}\n- {id: a, tool: x, action: allow}").digest == digest
    )
    tests = "tests:\n- {call: {server: f, tool: x}, expect: allow}"
    assert compiled(plain, tests).digest == digest
    for head in ("default: escalate", "intent_defaults: true"):
        assert compiled(plain, head).digest != digest
    assert compiled(plain.replace("allow", "escalate")).digest != digest
    assert compiled(plain.replace("action: deny", "action: deny, reason: r")).digest != digest
    assert compiled(plain.replace("action: deny", "action: deny, mode: monitor")).digest != digest


def test_approvals_name_a_digest_that_changes_with_the_rule() -> None:
    one = compiled("- {id: a, tool: x, action: escalate, reason: one}").rules["a"].digest
    assert compiled("- {id: a, tool: x, action: escalate, reason: two}").rules["a"].digest == one
    assert compiled("- {id: a, tool: x, action: escalate, approve: {required: 2}}").rules["a"].digest != one


def test_unknown_teams_are_refused_where_the_teams_are_known() -> None:
    policy = parse('version: "1"\nrules:\n- {tool: a, action: escalate, approve: {from: [platfrom]}}\n')
    with pytest.raises(PolicyError, match="3:3: .*'platfrom', which does not exist; did you mean platform"):
        compile_policy(policy, teams={"platform", "ops"})
    assert compile_policy(policy).rules


def test_ten_thousand_rules_are_read_in_seconds() -> None:
    lines = "\n".join(
        f"- {{id: r{n}, tool: s{n % 90}/t{n}, action: allow, constraints: {{path: {{under: [/srv/d{n}]}}}}}}"
        for n in range(10_000)
    )
    policy = compiled(lines)
    rules = policy.for_item(tool("s7/t97"))
    assert [rule.id for rule in rules.bound] == ["r97"]


def test_short_forms_stand_beside_other_constraints_and_names_can_be_escaped() -> None:
    item = tool(declared=schema("maxAmount", "amount"))
    rules = "- {tool: read_file, action: allow, constraints: {maxAmount: 10, /maxAmount: {max: 5}}}"
    assert ask(rules, {"amount": 10, "maxAmount": 5}, item=item).action is Action.ALLOW
    assert ask(rules, {"amount": 11, "maxAmount": 5}, item=item).action is Action.DENY
    assert ask(rules, {"amount": 10, "maxAmount": 6}, item=item).action is Action.DENY


def test_items_that_are_no_tools_keep_their_own_kind() -> None:
    prompt = Item("files", Kind.PROMPT, "x", Intent.UNKNOWN)
    assert ask("- {prompt: files/x, action: allow}", {}, facts(), caller=DEV, item=prompt).action is Action.ALLOW
