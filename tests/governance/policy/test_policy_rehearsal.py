"""The tests that a policy carries, and its lint (contract 4.21)."""

from __future__ import annotations

from typing import Any

import pytest
from policy_desk import NOON, compiled, problems, schema, tool

from governance.policy.lint import Level, Names, lint
from governance.policy.rehearsal import run_tests
from governance.policy.values import Item

RULES = """\
- {id: read, tool: files/read_file, action: allow, constraints: {path: {under: [/tmp]}}}
- {id: night, tool: files/write_file, action: deny, time: {hours: '22:00-06:00'}}
- {id: write, tool: files/write_file, action: escalate, who: {roles: [writer]}}
- {id: few, tool: files/stat, action: allow, limit: {calls: 5, per: 1h}}
- {id: fresh, tool: files/stat, action: deny, history: {calls: '*', within: 1h, more_than: 50}}
- {id: taint, tool: files/stat, action: deny, session: {tainted: true}}
- {id: cards, tool: files/stat, action: deny, content: {in: arguments, class: [card]}}
"""


def failures(*tests: str, items: tuple[Item, ...] = ()) -> list[str]:
    head = "tests:\n" + "\n".join(f"- {test}" for test in tests)
    return [str(failure) for failure in run_tests(compiled(RULES, head), items, now=NOON)]


@pytest.mark.parametrize(
    "test",
    [
        "{call: {server: files, tool: read_file, arguments: {path: /tmp/x}}, expect: allow}",
        "{call: {server: files, tool: read_file, arguments: {path: /etc/passwd}}, expect: deny}",
        "{call: {tool: files/read_file, arguments: {path: /tmp/x}}, expect: {action: allow, rule: read}}",
        "{call: {server: files, tool: write_file}, expect: deny}",
        "{call: {server: files, tool: write_file}, who: {roles: [writer]}, expect: escalate}",
        "{call: {tool: files/write_file}, who: {roles: [writer]}, given: {at: '2026-11-20T23:00:00Z'}, expect: deny}",
        "{call: {server: files, tool: stat}, expect: allow}",
        "{call: {server: files, tool: stat}, given: {used: 5}, expect: deny}",
        "{call: {server: files, tool: stat}, given: {calls_before: 51}, expect: deny}",
        "{call: {server: files, tool: stat}, given: {tainted: true}, expect: {action: deny, rule: taint}}",
        "{call: {server: files, tool: stat}, given: {findings: [{class: card}]}, expect: deny}",
        "{call: {server: files, tool: stat}, given: {findings: [{class: card, in: result}]}, expect: allow}",
    ],
)
def test_a_test_that_holds_is_silent(test: str) -> None:
    assert failures(test) == []


def test_a_test_that_fails_says_where_what_and_why() -> None:
    found = failures("{call: {server: files, tool: read_file, arguments: {path: /etc/x}}, expect: allow}")
    assert found == [
        "3:3: files/read_file was expected to be allow, but is deny by default: "
        'path "/etc/x" is outside /tmp (rule read)'
    ]
    assert failures("{call: {server: files, tool: stat}, expect: {action: allow, rule: other}}") != []


def test_a_known_item_is_judged_by_its_approved_schema() -> None:
    test = "{call: {server: files, tool: read_file, arguments: {path: /tmp/x}}, expect: allow}"
    assert failures(test, items=(tool(declared=schema("path")),)) == []
    assert failures(test, items=(tool(declared=schema("file")),)) != []


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("{call: {server: files, tool: a}}", "a test needs expect"),
        ("{expect: deny}", "a test needs call"),
        ("{call: {server: files}, expect: deny}", "call names exactly one of tool, prompt, resource"),
        ("{call: {tool: a}, expect: deny}", "call names one server"),
        ("{call: {server: 'f*', tool: a}, expect: deny}", "call names one server"),
        ("{call: {server: files, tool: a}, expect: redact}", "'redact' is no outcome"),
        ("{call: {server: files, tool: a, arguments: [1]}, expect: deny}", "arguments must be a mapping"),
        ("{call: {server: files, tool: a}, given: {at: tomorrow}, expect: deny}", "is no moment such as"),
        ("{call: {server: files, tool: a}, given: {findings: [{in: result}]}, expect: deny}", "a finding needs class"),
    ],
)
def test_point_21_tests_are_read_as_strictly_as_rules(test: str, expected: str) -> None:
    found = problems(f'version: "1"\ntests:\n- {test}')
    assert any(expected in problem for problem in found), found


ITEMS = (
    tool("files/read_file", schema("path", "head")),
    tool("files/write_file", schema("path", "content")),
    tool("web/fetch", schema("url")),
)


READ = "tool: files/read_file, action: deny, constraints: %s"
ON_PATH = READ % "{path: %s}"


def linted(rules: str, head: str = "", names: Names | None = None, items: tuple[Item, ...] = ITEMS) -> list[Any]:
    return [(one.level, one.rule, one.message) for one in lint(compiled(rules, head), items, names)]


@pytest.mark.parametrize(
    ("rule", "level", "words"),
    [
        ("tool: read_file, action: allow", Level.WARNING, "it allows 'read_file' on every server"),
        ("tool: '*/read_file', action: allow", Level.WARNING, "on every server; name the server"),
        ("server: '*', action: allow", Level.WARNING, "it allows every item of every server"),
        ("tool: files/raed_file, action: deny", Level.WARNING, "'raed_file' on files; did you mean read_file?"),
        ("tool: file/read_file, action: deny", Level.WARNING, "there is no server 'file'; did you mean files?"),
        ("server: fils, action: deny", Level.WARNING, "there is no server 'fils'; did you mean files?"),
        ("server: web, tool: files/read_file, action: deny", Level.ERROR, "name different servers"),
        ("tool: files/read_file, action: deny, intent: destructive", Level.WARNING, "this combination"),
        (READ % "{pth: {under: [/x]}}", Level.ERROR, "did you mean path?"),
        ("tool: 'files/*', action: deny, constraints: {head: {max: 5}}", Level.WARNING, "unknown to files/write_file"),
        (READ % "{x: {present: true}}", Level.WARNING, "no approved schema"),
        (READ % "{allowedDomains: [x.de]}", Level.WARNING, "finds no argument"),
        (READ % "{head: {min: 5, max: 4}}", Level.ERROR, "min 5 is above max 4"),
        (ON_PATH % "{length: {min: 5, max: 4}}", Level.ERROR, "min above max"),
        (ON_PATH % "{in: [a], equals: b}", Level.ERROR, "not in the list"),
        (ON_PATH % "{in: [a], type: number}", Level.ERROR, "has the type"),
        (ON_PATH % "{present: false, in: [a]}", Level.ERROR, "missing"),
        ("tool: files/read_file, action: deny, who: {roles: [devloper]}", Level.WARNING, "did you mean developer?"),
    ],
)  # fmt: skip
def test_point_21_lint_finds(rule: str, level: Level, words: str) -> None:
    found = linted(f"- {{id: r, {rule}}}", names=Names(roles={"developer"}))
    assert any(one[0] is level and one[1] == "r" and words in one[2] for one in found), found


def test_point_21_lint_is_silent_about_a_good_policy() -> None:
    rules = (
        "- {tool: files/read_file, action: allow, constraints: {path: {under: [/tmp]}}}\n"
        "- {tool: 'files/*', action: escalate, unless: {who: {roles: [developer]}}}\n"
        "- {server: web, action: deny}"
    )
    assert linted(rules, names=Names(roles={"developer"})) == []


def test_point_21_lint_names_rules_that_another_one_always_beats() -> None:
    rules = "- {id: a, tool: files/read_file, action: allow}\n- {id: d, server: files, action: deny}"
    assert linted(rules) == [(Level.WARNING, "a", "it is unreachable: d denies everything that it covers")]
    assert linted(rules.replace("action: deny", "action: deny, who: {roles: [x]}")) == []
    assert linted(rules.replace("action: deny", "action: deny, mode: monitor")) == []


def test_point_21_lint_warns_of_an_open_default_and_tests_of_nothing() -> None:
    found = linted("- {tool: web/fetch, action: deny}", "default: allow\nacknowledge_default_allow: true\n"
                   "tests: [{call: {server: web, tool: gone}, expect: deny}]")  # fmt: skip
    assert [one[2].split(",")[0] for one in found] == [
        "default: allow lets every call pass that no rule speaks of",
        "a test calls web/gone",
    ]


def test_without_any_item_lint_says_nothing_about_items() -> None:
    assert linted("- {tool: files/gone, action: allow}", items=()) == []
