"""A server's question: recognised however it is spelt, and never passed on with the server's own state."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from gateway.call import Call, Reply
from gateway.mcp import outbound
from governance.policy.values import Kind
from registry.mcp.revisions import Era

QUESTION = b'{"resultType":"input_required","inputRequests":{"q":{"method":"roots/list"}},"requestState":"theirs"}'
SPELT = [
    QUESTION,
    QUESTION.replace(b"input_required", b"input\\u005frequired"),
    QUESTION.replace(b"input_required", b"\\u0069nput_required"),
    QUESTION.replace(b"resultType", b"result\\u0054ype"),
    QUESTION.replace(b"resultType", b"result\\u0054ype").replace(b"input_required", b"input\\u005Frequired"),
    QUESTION.replace(b'Type":', b'Type" \n:\t'),
    QUESTION.replace(b'{"resultType"', b'{"resultType":"complete","resultType"'),
]


def call(era: Era = Era.MODERN, method: str = "tools/call") -> Call:
    """Some call."""
    return Call(
        id=uuid4(), at=datetime.now(UTC), started=0.0, era=era, version="", rpc_id=b"1", method=method, server="s",
        kind=Kind.TOOL, item="i", arguments={}, canonical=b"{}", params=b"{}", token="", agent="a", address="",
    )  # fmt: skip


@pytest.mark.parametrize("result", SPELT)
def test_a_question_is_one_however_it_is_spelt(result: bytes) -> None:
    """What an agent's JSON reader takes for a question must not pass as a result."""
    assert json.loads(result)["resultType"] == "input_required"
    assert outbound.asks(result)


@pytest.mark.parametrize(
    "result",
    [
        b"{}",
        b'{"resultType":"complete","text":"input_required"}',
        b'{"resultType":"task","why":"input_required"}',
        b'{"resultType":["input_required"]}',
        b'{"resultType":{"input_required":"input_required"}}',
        b'{"resultType":null,"x":"\\u005f"}',
        b'{"_meta":{"resultType":"input_required"}}',
        b'{"resultType":"input_required","resultType":"complete"}',
        b'{"resultType":"INPUT_REQUIRED"}',
    ],
)
def test_what_only_speaks_of_questions_is_none(result: bytes) -> None:
    """The member of the result itself decides; an unknown kind of result passes as it came (contract 4.22)."""
    assert not outbound.asks(result)
    assert outbound.for_era(Reply(result=result), call(Era.LEGACY)).result == result


@pytest.mark.parametrize("spelling", [b'"requestState"', b'"request\\u0053tate"'])
def test_the_servers_state_is_taken_out_however_it_is_spelt(spelling: bytes) -> None:
    """Protocol 1.3: it leaves inside our sealed one only."""
    result = QUESTION.replace(b'"requestState"', spelling)
    assert outbound.request_state_of(result) == b'"theirs"'
    ours = json.loads(outbound.with_request_state(result, "ours"))
    assert ours["requestState"] == "ours" and b"theirs" not in outbound.with_request_state(result, "ours")
    assert ours["inputRequests"] == {"q": {"method": "roots/list"}}


def test_a_question_without_a_state_gets_ours() -> None:
    """The next leg has to find back to this call all the same."""
    result = b'{"resultType":"input_required","inputRequests":{}}'
    assert outbound.request_state_of(result) is None
    assert json.loads(outbound.with_request_state(result, "ours"))["requestState"] == "ours"


def asked(questions: Any) -> bytes:
    return json.dumps({"resultType": "input_required", "inputRequests": questions}).encode()


def test_questions_are_read_with_their_params_as_they_came() -> None:
    """Number literals and unknown members stay (issue, point 8)."""
    found = outbound.input_requests_of(
        b'{"inputRequests":{"q":{"method":"roots/list"},"p":{"method":"x","params":{"n":1.10,"big":12345678901234567890}}}}'
    )
    assert found == {"q": ("roots/list", b"{}"), "p": ("x", b'{"n":1.10,"big":12345678901234567890}')}
    assert outbound.input_requests_of(b"{}") == {}


@pytest.mark.parametrize(
    "questions",
    [
        None,
        [],
        5,
        "x",
        {"q": None},
        {"q": []},
        {"q": {}},
        {"q": {"method": 5}},
        {"q": {"method": "roots/list", "params": []}},
        {"q": {"method": "roots/list", "params": None}},
        {str(number): {"method": "roots/list"} for number in range(outbound.MAX_ASKED + 1)},
    ],
    ids=repr,
)
def test_garbage_for_questions_is_one_error(questions: Any) -> None:
    """Whatever a server writes there, whoever reads it has one way to refuse."""
    with pytest.raises(msgspec.DecodeError):
        outbound.input_requests_of(asked(questions))


def test_as_many_questions_as_may_be_asked_are_read() -> None:
    """At the limit."""
    many = {str(number): {"method": "roots/list"} for number in range(outbound.MAX_ASKED)}
    assert len(outbound.input_requests_of(asked(many))) == outbound.MAX_ASKED


def test_questions_of_a_session_era_server_become_a_result() -> None:
    """Protocol 1.5: the other era's form, with our state."""
    reply = outbound.questions({"q1": ("elicitation/create", b'{"n":1.0}')}, "v1.sealed")
    assert reply.result is not None and b'"params":{"n":1.0}' in reply.result
    said = json.loads(reply.result)
    assert said["resultType"] == "input_required" and said["requestState"] == "v1.sealed"
    assert said["inputRequests"] == {"q1": {"method": "elicitation/create", "params": {"n": 1.0}}}


@pytest.mark.parametrize("result", [b"{}", b"{ }", b'{"a":1}', b'{"a":1} ', b'{"text":"resultType"}'])
def test_results_of_a_session_era_server_are_completed(result: bytes) -> None:
    """Protocol 1.5: `resultType` is added, and nothing else changes."""
    out = outbound.for_era(Reply(result=result), call()).result
    assert out is not None and json.loads(out) == json.loads(result) | {"resultType": "complete"}
    assert outbound.for_era(Reply(result=result), call(Era.LEGACY)).result == result


def test_what_was_read_is_private_and_not_kept() -> None:
    """Protocol 1.2: the answer to one agent is not cached for another, whatever the server says."""
    result = b'{"contents":[],"n":1.10,"ttlMs":99999,"cache\\u0053cope":"public","resultType":"complete"}'
    out = outbound.for_era(Reply(result=result), call(method="resources/read")).result
    assert out is not None and out.count(b"cacheScope") == 1 and b'"n":1.10' in out
    assert json.loads(out) == {
        "contents": [], "n": 1.10, "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "http"),
    [
        (b'{"code":-32601,"message":"x"}', 404),
        (b'{"code":-32602,"message":"x"}', 400),
        (b'{"code":-32021,"message":"x"}', 400),
        (b'{"code":-32603,"message":"x"}', 200),
        (b'{"code":1,"message":"x"}', 200),
        (b'{"code":"-32601"}', 200),
        (b"{}", 200),
        (b"5", 200),
    ],
)
def test_a_servers_error_has_the_status_of_the_era(error: bytes, http: int) -> None:
    """Protocol 1.2, the table; garbage has none of its own."""
    reply = outbound.for_era(Reply(error=error), call())
    assert (reply.http, reply.error) == (http, error)
    assert outbound.for_era(Reply(error=error), call(Era.LEGACY)).http == 200


@pytest.mark.parametrize(
    ("meta", "kept"),
    [("", {}), (',"_meta":{"x":1}', {"x": 1}), (',"_meta":5', {}), (',"_meta":null', {}), (',"_meta":[]', {})],
)
def test_a_subscription_is_named_whatever_the_server_wrote_there(meta: str, kept: dict[str, int]) -> None:
    """A `_meta` that is no object must not end the stream that hears it."""
    put: list[tuple[str, Any]] = []
    tell = outbound.teller(lambda method, params: put.append((method, json.loads(params))), "sub", b'"listen-1"')
    tell("notifications/resources/updated", b'{"uri":"x:y"' + meta.encode() + b"}")
    assert put == [("notifications/resources/updated", {"uri": "x:y", "_meta": kept | {"sub": "listen-1"}})]


def test_a_server_cannot_name_another_subscription() -> None:
    """The id is ours, not the server's."""
    put: list[Any] = []
    tell = outbound.teller(lambda method, params: put.append(json.loads(params)), "sub", b"7")
    tell("m", b'{"_meta":{"s\\u0075b":"forged"}}')
    assert put == [{"_meta": {"sub": 7}}]
