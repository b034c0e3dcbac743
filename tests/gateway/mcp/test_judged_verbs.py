"""From a request to what is judged and forwarded: the two must be the same, member by member."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.mcp import verbs
from gateway.mcp.inbound import NAME_CHARACTERS, Message
from gateway.mcp.verbs import Judged
from gateway.refusal import Malformed
from governance.canonical import strict_json
from governance.policy.values import Kind
from registry.mcp.revisions import Era

MORE = {"cursor": "x", "task": {"ttl": 1}, "cwd": "/etc", "_meta": {"a": 1}}


def judged(method: str, era: Era = Era.MODERN, **params: Any) -> Judged:
    """What a request with these params asks for."""
    parsed = strict_json.parse(json.dumps(params).encode())
    assert isinstance(parsed, dict)
    found = verbs.judged(Message(era=era, version="", id=b"1", method=method, params=parsed))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("method", "params", "kind", "item"),
    [
        ("tools/call", {"name": "t", "arguments": {"b": 1, "a": [1.0]}}, Kind.TOOL, "t"),
        ("prompts/get", {"name": "p", "arguments": {"x": "y"}}, Kind.PROMPT, "p"),
        ("resources/read", {"uri": "x:y"}, Kind.RESOURCE, "x:y"),
        ("resources/subscribe", {"uri": "x:y"}, Kind.RESOURCE, "x:y"),
        ("resources/unsubscribe", {"uri": "x:y"}, Kind.RESOURCE, "x:y"),
    ],
)
def test_only_what_was_judged_is_forwarded(method: str, params: Any, kind: Kind, item: str) -> None:
    """ADR 0006, point 2: whatever else an agent writes beside it is not judged and stays here."""
    found = judged(method, **params, **MORE)
    assert (found.kind, found.item) == (kind, item)
    assert json.loads(found.params) == params
    assert (
        found.arguments
        == strict_json.parse(found.canonical)
        == strict_json.parse(json.dumps(params.get("arguments", {})).encode())
    )


@pytest.mark.parametrize("method", ["ping", "tools/list", "tasks/get", "roots/list", "", "Tools/call", "tools/call "])
def test_other_methods_are_not_judged(method: str) -> None:
    """Contract 4.1: a closed table."""
    assert verbs.judged(Message(era=Era.MODERN, version="", id=b"1", method=method)) is None


def test_absent_arguments_are_none_and_null_too() -> None:
    """A tool is sent an empty object, a prompt nothing, as it was asked."""
    for arguments in ({}, {"arguments": None}):
        assert json.loads(judged("tools/call", name="t", **arguments).params) == {"name": "t", "arguments": {}}
        assert json.loads(judged("prompts/get", name="p", **arguments).params) == {"name": "p"}


def test_a_completion_is_judged_with_what_is_known_and_what_is_typed() -> None:
    """Contract 4.1: completion of a prompt is judged as the prompt, with every value that is forwarded."""
    ref = {"type": "ref/prompt", "name": "p", "title": "not judged"}
    context = {"arguments": {"a": "1"}, "more": "not judged"}
    found = judged(
        "completion/complete", ref=ref, argument={"name": "b", "value": "2", "x": 1}, context=context, **MORE
    )
    assert (found.kind, found.item, found.arguments) == (Kind.PROMPT, "p", {"a": "1", "b": "2"})
    assert json.loads(found.params) == {
        "ref": {"type": "ref/prompt", "name": "p"},
        "argument": {"name": "b", "value": "2"},
        "context": {"arguments": {"a": "1"}},
    }
    by_uri = judged(
        "completion/complete", ref={"type": "ref/resource", "uri": "x:{y}"}, argument={"name": "y", "value": ""}
    )
    assert (by_uri.kind, by_uri.item) == (Kind.RESOURCE, "x:{y}")


def test_no_value_of_a_completion_hides_behind_another() -> None:
    """An argument given twice would be forwarded twice and judged once."""
    with pytest.raises(Malformed, match="names the argument"):
        judged(
            "completion/complete",
            ref={"type": "ref/prompt", "name": "p"},
            argument={"name": "a", "value": "fine"},
            context={"arguments": {"a": "a secret"}},
        )


REF = {"type": "ref/prompt", "name": "p"}
ARGUMENT = {"name": "a", "value": "v"}
REFS: list[Any] = [None, 5, {}, {"type": "ref/tool", "name": "t"}, {"type": "ref/resource", "name": "x:y"}]
REFS += [{"type": kind, "name": "p"} for kind in ([], {}, None, 5)]
REFS += [{"type": "ref/prompt", "name": name} for name in ("", 5, "n" * 2001)]
CONTEXTS: list[Any] = [5, [], {"arguments": {"b": 1}}, {"arguments": []}]
WRONG: list[tuple[str, dict[str, Any]]] = [
    *[("tools/call", params) for params in ({}, {"name": 5}, {"name": ""}, {"name": None}, {"name": "n" * 2001})],
    *[("tools/call", {"name": "t", "arguments": arguments}) for arguments in ([], "x", 5, False)],
    *[("tools/call", {"name": "t", "requestState": state}) for state in (5, {}, [], True)],
    *[("tools/call", {"name": "t", "inputResponses": answers}) for answers in (5, "x", [], True)],
    *[("prompts/get", {"name": "p", "arguments": arguments}) for arguments in ({"a": 1}, {"a": None}, {"a": {}}, [])],
    *[("resources/read", params) for params in ({}, {"uri": 5}, {"uri": ""}, {"uri": ["x:y"]}, {"uri": "u" * 2001})],
    *[("completion/complete", {"argument": ARGUMENT, "ref": ref}) for ref in REFS],
    *[("completion/complete", {"ref": REF, "argument": wrong}) for wrong in (None, "a", {}, {"name": "a", "value": 5})],
    *[("completion/complete", {"ref": REF, "argument": ARGUMENT, "context": context}) for context in CONTEXTS],
]


@pytest.mark.parametrize(("method", "params"), WRONG, ids=lambda part: json.dumps(part)[:60])
@pytest.mark.parametrize(("era", "http"), [(Era.MODERN, 400), (Era.LEGACY, 200)])
def test_wrong_types_are_invalid_params(method: str, params: dict[str, Any], era: Era, http: int) -> None:
    """-32602, with the status of the era; no type of JSON makes anything else of it."""
    with pytest.raises(Malformed) as refused:
        judged(method, era, **params)
    assert (refused.value.form.code, refused.value.form.http) == (-32602, http)


def test_names_at_the_limit_are_taken() -> None:
    """At the limit."""
    assert judged("resources/read", uri="u" * NAME_CHARACTERS).item == "u" * NAME_CHARACTERS


@pytest.mark.parametrize("method", sorted(verbs.ASKED_FOR))
def test_a_later_leg_brings_state_and_answers(method: str) -> None:
    """Protocol 1.3; neither is part of what is bound or forwarded as it came."""
    name = {"uri": "x:y"} if method == "resources/read" else {"name": "n"}
    found = judged(method, **name, requestState="s", inputResponses={"q": {"action": "accept"}})
    assert (found.state, found.answers) == ("s", {"q": {"action": "accept"}})
    assert b"requestState" not in found.params and b"inputResponses" not in found.params
    assert judged(method, **name).state is None and judged(method, **name).answers is None


@pytest.mark.parametrize("method", sorted(set(verbs.METHODS) - verbs.ASKED_FOR))
def test_other_methods_have_no_later_leg(method: str) -> None:
    """Protocol 1.3: only three methods may be answered with a question, and forwarding is the same without."""
    params = {"ref": REF, "argument": ARGUMENT} if method == "completion/complete" else {"uri": "x:y"}
    found = judged(method, **params, inputResponses={"q": {}})
    assert b"inputResponses" not in found.params
