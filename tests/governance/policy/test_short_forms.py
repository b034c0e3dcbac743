"""The guides' short forms: allowedPaths, allowedDomains, maxAmount (contract 4.11)."""

from __future__ import annotations

from typing import Any

import pytest
from policy_desk import arguments, ask, schema, tool

from governance.policy.short_forms import AMOUNTS, PATHS, URLS, named
from governance.policy.values import Action

OPEN = "default: allow\nacknowledge_default_allow: true"


def allowed(form: str, args: dict[str, Any], declared: dict[str, Any] | None = None) -> bool:
    item = tool(declared=declared or schema(*args))
    return ask(f"- {{tool: read_file, action: allow, constraints: {{{form}}}}}", args, item=item).action is Action.ALLOW


PATH_FORM = "allowedPaths: [/tmp/, /home/user/projects/]"


@pytest.mark.parametrize(
    "args",
    [
        {"path": "/tmp/a"},
        {"file": "/home/user/projects/b"},
        {"source": "/tmp/a", "destination": "/tmp/b"},
        {"paths": ["/tmp/a", "/tmp/b"]},
        {"repo_path": "/tmp/repo", "message": "text"},
        {"outputDir": "/tmp/x"},
        {"anything": "/tmp/by-form"},
        {"path": "/tmp/a", "content": "plain text, no path", "n": 5, "flag": True, "none": None},
        {"files": [{"path": "/tmp/a", "content": "x"}]},
        {"options": {"target": {"file": "/tmp/deep"}}},
    ],
)
def test_a_call_whose_every_path_is_in_the_folders_is_allowed(args: dict[str, Any]) -> None:
    assert allowed(PATH_FORM, args)


@pytest.mark.parametrize(
    "args",
    [
        {"path": "/etc/passwd"},
        {"path": "/tmpx"},
        {"path": "relative.txt"},
        {"path": "../x"},
        {"path": 5},
        {"path": None},
        {"path": {"value": 5}},
        {"path": "/tmp/a", "other": "/etc/passwd"},
        {"path": "/tmp/a", "other": "~/x"},
        {"path": "/tmp/a", "other": "./x"},
        {"path": "/tmp/a", "other": "../x"},
        {"path": "/tmp/a", "other": "C:\\x"},
        {"path": "/tmp/a", "other": "FILE:///etc/passwd"},
        {"paths": ["/tmp/a", "/etc/b"]},
        {"paths": ["/tmp/a", ["/etc/b"]]},
        {"files": [{"path": "/etc/a", "content": "x"}]},
        {"options": {"target": {"file": "etc/deep"}}},
        {"message": "no path at all"},
        {"paths": []},
        {},
        {"FilePath": "etc/passwd"},
        {"ｐath": "etc/passwd"},
    ],
)
def test_a_call_with_any_other_path_or_none_is_not(args: dict[str, Any]) -> None:
    assert not allowed(PATH_FORM, args)


def test_paths_are_known_by_schema_format_too() -> None:
    declared = schema(where={"type": "string", "format": "file-path"}, note={"type": "string"})
    assert allowed(PATH_FORM, {"where": "/tmp/x", "note": "n"}, declared)
    assert not allowed(PATH_FORM, {"where": "etc/passwd", "note": "n"}, declared)
    nested = schema(a={"items": {"properties": {"b": {"format": "path"}}}})
    assert not allowed(PATH_FORM, {"a": [{"b": "/tmp/x"}, {"b": "relative"}]}, nested)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"url": "https://example.com/x"}, True),
        ({"url": "https://a.example.org"}, True),
        ({"endpoint": "https://example.com", "body": "text"}, True),
        ({"urls": ["https://example.com", "https://example.com/b"]}, True),
        ({"url": "https://evil.com"}, False),
        ({"url": "http://example.com"}, False),
        ({"url": "https://example.com@evil.com"}, False),
        ({"url": "example.com"}, False),
        ({"url": "https://example.com", "mirror": "https://evil.com"}, False),
        ({"urls": ["https://example.com", "https://evil.com"]}, False),
        ({"url": "file:///etc/passwd"}, False),
        ({"body": "no address"}, False),
    ],
)
def test_allowed_domains(args: dict[str, Any], expected: bool) -> None:
    assert allowed('allowedDomains: [example.com, "*.example.org"]', args) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"amount": 500}', True),
        ('{"amount": 499.99, "note": "900"}', True),
        ('{"total_price": 5e2, "count": 9000}', True),
        ('{"amount": 500.00000000000000000001}', False),
        ('{"amount": "500"}', False),
        ('{"amount": true}', False),
        ('{"amount": 1e400}', False),
        ('{"amount": 1, "fee": 501}', False),
        ('{"lines": [{"amount": 1}, {"amount": 900}]}', False),
        ('{"count": 5}', False),
        ("{}", False),
    ],
)
def test_max_amount(text: str, expected: bool) -> None:
    assert allowed("maxAmount: 500", arguments(text)) is expected


def test_in_other_rules_any_argument_is_enough_and_a_missing_one_is_an_error_where_declared() -> None:
    rule = "- {tool: read_file, action: deny, constraints: {allowedPaths: [/etc]}}"
    item = tool(declared=schema("paths", "n"))
    assert ask(rule, {"paths": ["/tmp/a", "/etc/b"]}, item=item, head=OPEN).action is Action.DENY
    assert ask(rule, {"paths": ["/tmp/a"]}, item=item, head=OPEN).action is Action.ALLOW
    assert ask(rule, {"n": 1}, item=item, head=OPEN).action is Action.DENY
    assert ask(rule, {"n": 1}, item=tool(declared=schema("n")), head=OPEN).action is Action.ALLOW


def test_undeclared_arguments_are_refused_under_short_forms_too() -> None:
    assert not allowed(PATH_FORM, {"path": "/tmp/a", "x": 1}, schema("path"))


def test_the_reason_names_the_argument_that_failed() -> None:
    rule = "- {id: g, tool: read_file, action: allow, constraints: {allowedPaths: [/tmp]}}"
    verdict = ask(rule, {"paths": ["/tmp/a", "/etc/b"]}, item=tool(declared=schema("paths")))
    assert verdict.reason == 'paths[] "/etc/b" is outside /tmp (rule g)'
    none = ask(rule, {"n": 1}, item=tool(declared=schema("n")))
    assert none.reason == "no argument is one of the paths that allowedPaths is about (rule g)"


@pytest.mark.parametrize(
    ("name", "sort", "expected"),
    [
        ("path", PATHS, True), ("file_path", PATHS, True), ("filePath", PATHS, True), ("FILE", PATHS, True),
        ("source", PATHS, True), ("data_source", PATHS, False), ("profile", PATHS, False), ("pathology", PATHS, False),
        ("url", URLS, True), ("webhookUrl", URLS, True), ("curl", URLS, False), ("base_uri", URLS, True),
        ("amount", AMOUNTS, True), ("totalAmount", AMOUNTS, True), ("count", AMOUNTS, False),
        ("checksum", AMOUNTS, False),
    ],
)  # fmt: skip
def test_names_are_judged_by_their_last_word(name: str, sort: str, expected: bool) -> None:
    assert named(name, sort) is expected
