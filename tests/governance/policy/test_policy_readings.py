"""The readings of docs/adr/0003-policy-readings.md that no other module tests: schemes, ports, indexes, names."""

from __future__ import annotations

from typing import Any

import pytest
from policy_desk import ERROR, NO, OPEN, YES, Outcomes, arguments, ask, schema, tool

from governance.policy.short_forms import AMOUNTS, PATHS, URLS, named
from governance.policy.values import Action

PLAIN, SECURE = {"u": "http://evil.test/x"}, {"u": "https://evil.test/x"}


def denied(rule: str, args: dict[str, Any]) -> bool:
    return ask(rule, args, item=tool(declared=schema(*args)), head=OPEN).action is Action.DENY


def outcomes_of(constraints: str, args: dict[str, Any]) -> Outcomes:
    """What constraints make of an allow, a deny and an escalate rule on a tool that declares top arguments alone."""
    rule, item = f"- {{tool: read_file, action: %s, constraints: {{{constraints}}}}}", tool(declared=schema(*args))
    return (
        ask(rule % "allow", args, item=item).action,
        ask(rule % "deny", args, item=item, head=OPEN).action,
        ask(rule % "escalate", args, item=item, head=OPEN).action,
    )


@pytest.mark.parametrize("action", ["deny", "escalate"])
@pytest.mark.parametrize(
    "constraints",
    [
        "u: {domains: [evil.test]}",
        "u: {any_of: [{domains: [evil.test]}, {ports: [25]}]}",
        "allowedDomains: [evil.test]",
    ],
)
def test_a_rule_against_a_domain_takes_hold_whatever_the_scheme(action: str, constraints: str) -> None:
    rule = f"- {{tool: read_file, action: {action}, constraints: {{{constraints}}}}}"
    for url in ("http://evil.test/x", "ftp://evil.test", "wss://evil.test", "https://evil.test"):
        assert str(ask(rule, {"u": url}, item=tool(declared=schema("u")), head=OPEN).action) == action
    other = {"u": "http://good.test"}
    assert ask(rule, other, item=tool(declared=schema("u")), head=OPEN).action is Action.ALLOW


def test_an_allowed_domain_means_https_where_no_scheme_is_named() -> None:
    allow = "- {tool: read_file, action: allow, constraints: {u: {domains: [evil.test]%s}}}"
    item = tool(declared=schema("u"))
    assert ask(allow % "", SECURE, item=item).action is Action.ALLOW
    assert ask(allow % "", PLAIN, item=item).action is Action.DENY
    assert ask(allow % ", schemes: [http]", PLAIN, item=item).action is Action.ALLOW


def test_a_named_scheme_narrows_every_rule() -> None:
    deny = "- {tool: read_file, action: deny, constraints: {u: {domains: [evil.test], schemes: [https]}}}"
    assert denied(deny, SECURE) and not denied(deny, PLAIN)


def test_an_exception_is_read_the_other_way_round() -> None:
    unless = "- {tool: read_file, action: %s, unless: {constraints: {u: {domains: [evil.test]}}}}"
    assert denied(unless % "deny", PLAIN) and not denied(unless % "deny", SECURE)
    item = tool(declared=schema("u"))
    for args in (PLAIN, SECURE):
        assert ask(unless % "allow", args, item=item).action is Action.DENY
    assert ask(unless % "allow", {"u": "http://good.test"}, item=item).action is Action.ALLOW


@pytest.mark.parametrize(
    ("url", "outcomes"),
    [
        ("smtp://host/", ERROR),
        ("gopher://host", ERROR),
        ("smtp://host:25/", YES),
        ("smtp://host:26/", NO),
        ("https://host/", NO),
    ],
)
def test_a_port_that_nobody_can_know_is_an_error(url: str, outcomes: Outcomes) -> None:
    assert outcomes_of("u: {ports: [25]}", {"u": url}) == outcomes


def test_the_reason_says_that_the_port_is_not_known() -> None:
    rule = "- {id: p, tool: read_file, action: allow, constraints: {u: {ports: [25]}}}"
    verdict = ask(rule, {"u": "smtp://host/"}, item=tool(declared=schema("u")))
    assert (
        verdict.reason == 'u "smtp://host/" cannot be judged: no port, and a scheme that has none of its own (rule p)'
    )


@pytest.mark.parametrize(
    ("address", "args", "outcomes"),
    [
        ("/a/0", '{"a": ["x"]}', YES),
        ("/a/0", '{"a": {"0": "x"}}', YES),
        ("/a/1", '{"a": ["x"]}', NO),
        ("/a/123456789", '{"a": ["x"]}', NO),
        ("/a/00", '{"a": ["x"]}', ERROR),
        ("/a/00", '{"a": {"00": "x"}}', YES),
        ("/a/-", '{"a": ["x"]}', ERROR),
        ("/a/b", '{"a": ["x"]}', ERROR),
        ("a.0", '{"a": ["x"]}', ERROR),
        ("a.0", '{"a": {"0": "x"}}', YES),
        ("a[].0", '{"a": [["x"]]}', ERROR),
        ("/0", '{"0": "x"}', YES),
    ],
)
def test_only_a_pointer_with_a_proper_index_reaches_into_a_list(address: str, args: str, outcomes: Outcomes) -> None:
    assert outcomes_of(f"'{address}': {{equals: x}}", arguments(args)) == outcomes


@pytest.mark.parametrize(
    "name", ["maxAmount", "max_amount", "max-amount", "MAXAMOUNT", "Maxamount", "maxamount", "mAxaMount"]
)
def test_the_case_of_a_name_does_not_keep_it_from_being_an_amount(name: str) -> None:
    allow = "- {tool: read_file, action: allow, constraints: {maxAmount: 500}}"
    item = tool(declared=schema(name))
    assert ask(allow, {name: 500}, item=item).action is Action.ALLOW
    assert ask(allow, {name: 501}, item=item).action is Action.DENY
    assert ask(allow, {"amount": 1, name: 501}, item=tool(declared=schema("amount", name))).action is Action.DENY


@pytest.mark.parametrize(
    ("name", "sort", "expected"),
    [
        ("OUTPUTDIR", PATHS, True), ("repopath", PATHS, True), ("Filepath", PATHS, True), ("sourcefile", PATHS, True),
        ("out_PUTdir", PATHS, True), ("webhookurl", URLS, True), ("BASEURI", URLS, True), ("totalprice", AMOUNTS, True),
        ("REFUNDAMOUNT", AMOUNTS, True), ("max\uff21mount", AMOUNTS, True),
        ("profile", PATHS, False), ("PROFILE", PATHS, False), ("pathology", PATHS, False), ("datasource", PATHS, False),
        ("filesystem", PATHS, False), ("curl", URLS, False), ("blink", URLS, False), ("outlinked", URLS, False),
        ("coffee", AMOUNTS, False), ("checksum", AMOUNTS, False), ("accost", AMOUNTS, False),
        ("maxcount", AMOUNTS, False), ("max" * 40 + "x", AMOUNTS, False),
    ],
)  # fmt: skip
def test_names_run_together_are_known_by_the_words_they_are_made_of(name: str, sort: str, expected: bool) -> None:
    assert named(name, sort) is expected
