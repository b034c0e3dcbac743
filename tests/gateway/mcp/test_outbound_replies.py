"""Replies as bytes: refusals in the form each era reads, and a server's own result left as it came."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from gateway.call import Call, Reply
from gateway.mcp import outbound
from gateway.refusal import (
    ConfigurationMoved,
    Denied,
    Expired,
    Invisible,
    Limited,
    NotAuthenticated,
    Refusal,
    StillWaiting,
    Stopped,
    Unavailable,
    UnknownServer,
    UpstreamFailed,
    Withheld,
)
from governance.policy.values import Kind
from registry.mcp.revisions import Era

RECORD = UUID("01890000-0000-7000-8000-000000000001")
TICKET = UUID("01890000-0000-7000-8000-000000000002")
PLACE = outbound.Place("https://gate.example", "sha256:p")


def call(era: Era = Era.MODERN, item: str = "echo") -> Call:
    """A call as far as replies read it."""
    return Call(
        id=RECORD,
        at=datetime(2026, 11, 20, tzinfo=UTC),
        started=0.0,
        era=era,
        version="",
        rpc_id=b"1",
        method="tools/call",
        server="files",
        kind=Kind.TOOL,
        item=item,
        arguments={},
        canonical=b"{}",
        params=b"{}",
        token="t",
        agent="a",
        address="",
    )


RESULTS: list[tuple[Refusal, str]] = [
    (Denied("no", rule="r1"), "denied"),
    (Limited("slow down", rule="agent-rate", retry_after_ms=1500), "limited"),
    (Stopped("fire"), "stopped"),
    (Expired("too late", ticket=TICKET), "expired"),
    (StillWaiting("Approval pending.", ticket=TICKET, retry_after_ms=30_000), "waiting"),
    (ConfigurationMoved("moved"), "not_sent"),
    (UpstreamFailed("away", status="not_sent", sent=False), "not_sent"),
    (UpstreamFailed("hung", status="timeout", sent=True), "timeout"),
    (Withheld("secrets"), "withheld"),
]


@pytest.mark.parametrize(("problem", "status"), RESULTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("era", list(Era))
def test_a_verdict_is_a_result_the_model_reads(problem: Refusal, status: str, era: Era) -> None:
    """Contract section 5: isError, one sentence, and the decision beside it."""
    reply = outbound.refusal(call(era), problem, PLACE)
    result = json.loads(reply.result or b"")
    decision = result["_meta"]["io.gatehouse/decision"]
    assert result["isError"] is True and result["content"][0]["text"].startswith(problem.reason)
    assert (decision["status"], decision["record"], decision["policy"]) == (status, str(RECORD), "sha256:p")
    assert result.get("resultType") == ("complete" if era is Era.MODERN else None)
    assert reply.http == 200


@pytest.mark.parametrize(
    ("problem", "code", "http"),
    [(Unavailable("down"), 50300, 200), (UnknownServer("which"), 40400, 404), (NotAuthenticated("who"), 40100, 401)],
)
def test_what_nobody_can_go_on_from_is_an_error(problem: Refusal, code: int, http: int) -> None:
    """Contract section 5: the JSON-RPC codes, with the same decision in `error.data`."""
    reply = outbound.refusal(call(), problem, PLACE)
    error = json.loads(reply.error or b"")
    assert (error["code"], reply.http) == (code, http)
    assert error["data"]["io.gatehouse/decision"]["record"] == str(RECORD)


def test_only_a_denial_offers_a_request() -> None:
    """Contract 4.3: denied, explained, with `request_url`."""
    assert outbound.decision_of(call(), Denied("no"), PLACE)["request_url"].startswith("https://gate.example/")
    for problem, _ in RESULTS[1:]:
        assert "request_url" not in outbound.decision_of(call(), problem, PLACE)


def test_a_waiting_call_names_its_ticket_and_where_to_look() -> None:
    """Protocol 2.3."""
    problem = StillWaiting("Approval pending.", ticket=TICKET, retry_after_ms=30_000)
    text = json.loads(outbound.refusal(call(), problem, PLACE).result or b"")["content"][0]["text"]
    assert text == f"Approval pending. Review: https://gate.example/admin/inbox/{TICKET}/"
    decision = outbound.decision_of(call(), problem, PLACE)
    assert (decision["verdict"], decision["ticket"], decision["retry_after_ms"]) == ("escalate", str(TICKET), 30_000)


def test_what_is_invisible_tells_its_record_and_nothing_else() -> None:
    """Contract section 5: no rule, no reason, no request_url, whatever the ledger knows."""
    told = outbound.unknown(call(), Invisible("hidden by a rule", rule="r9"), PLACE)
    result = json.loads(told.result or b"")
    assert result["_meta"]["io.gatehouse/decision"] == {"verdict": "deny", "status": "denied", "record": str(RECORD)}
    assert "r9" not in (told.result or b"").decode() and "hidden" not in (told.result or b"").decode()


OWN: list[bytes] = [
    b'{"content":[],"isError":false}',
    b'{ "content" : [ { "type":"text", "text":"\\u00e9" } ] , "n": 1.10 }',
    b"{}",
    b"{ }",
    b'{"content":[],"x":12345678901234567890} ',
]


@pytest.mark.parametrize("raw", OWN)
def test_a_servers_result_passes_as_received(raw: bytes) -> None:
    """Contract 4.22: byte for byte to an agent of the session era; completed, and nothing else, for a modern one."""
    assert outbound.for_era(Reply(result=raw), call(Era.LEGACY)).result == raw
    modern = outbound.for_era(Reply(result=raw), call(Era.MODERN)).result or b""
    assert json.loads(modern) == json.loads(raw) | {"resultType": "complete"}
    assert modern.startswith(raw.rstrip()[:-1])


def test_a_modern_result_is_not_touched() -> None:
    """The server's own word on what kind of result it is stands."""
    raw = b'{"resultType":"task","x":1}'
    assert outbound.for_era(Reply(result=raw), call(Era.MODERN)).result == raw


def test_errors_pass_as_received() -> None:
    """A server's error is its own."""
    raw = b'{"code":-32602,"message":"no"}'
    assert outbound.for_era(Reply(error=raw), call(Era.MODERN)).error == raw


@pytest.mark.parametrize("rpc_id", [b"1", b'"a"', b"-0", b"12345678901234567890"])
def test_a_response_carries_the_id_as_it_was_sent(rpc_id: bytes) -> None:
    """Protocol 1.2: errors must echo the request id."""
    for reply in (Reply(result=b"{}"), Reply(error=b"{}")):
        assert b'"id":' + rpc_id + b"," in outbound.response(rpc_id, reply)


def test_a_leg_ends_with_a_state_and_nothing_to_ask() -> None:
    """Protocol 2.3: `input_required` with requestState only, which every client can follow."""
    told: dict[str, Any] = json.loads(outbound.input_required("v1.x").result or b"")
    assert told["resultType"] == "input_required" and told["requestState"] == "v1.x"
    assert "inputRequests" not in told


def test_a_message_can_not_break_out_of_its_event() -> None:
    """Server-sent events end at an empty line; JSON on one line holds none."""
    text = outbound.tool_error("a\n\ndata: {}\r\n", {}, Era.MODERN)
    assert b"\n" not in text and b"\r" not in text
    framed = outbound.event(text)
    assert framed.count(b"\n\n") == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_result_over_several_lines_stays_one_event(end: str) -> None:
    """Contract 4.22: passed as received, white space too, so a pretty-printed result must survive a stream."""
    result = json.dumps({"content": [{"type": "text", "text": "a\nb"}], "x": {}}, indent=2).replace("\n", end)
    message = outbound.response(b"1", Reply(result=result.encode()))
    framed = outbound.event(message)
    assert b"\r" not in framed and framed.count(b"\n\n") == 1
    lines = framed.decode().strip().split("\n")[1:]
    assert all(line.startswith("data: ") for line in lines)
    assert json.loads("\n".join(line[6:] for line in lines))["result"] == json.loads(result)
