"""An HTTP upstream in both eras: what goes over the wire, what comes back, and over which connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from registry.mcp.revisions import Era
from registry.transports.base import Answer, Limits, NotSent
from registry.transports.http import HttpUpstream
from tests.registry.transports.over_http import LEGACY_ONLY, MODERN_ONLY, echo, last_call
from tests.upstream_offer import Offer
from tests.upstream_simulator import INPUT_REQUIRED, HttpSimulator


@pytest.fixture(params=["modern", "legacy", "legacy session", "legacy stream"])
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[HttpSimulator]:
    kind: str = request.param
    era = MODERN_ONLY if kind == "modern" else LEGACY_ONLY
    async with HttpSimulator(Offer(eras=era), session="session" in kind, sse="stream" in kind) as running:
        yield running


@pytest.fixture
async def upstream(simulator: HttpSimulator) -> AsyncIterator[HttpUpstream]:
    opened = HttpUpstream(simulator.url, allow_private=True, headers={"Authorization": "Bearer of-this-server"})
    yield opened
    await opened.close()


async def test_opening_finds_the_era_and_a_call_is_answered(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    handshake = await upstream.open()
    assert handshake.era == (Era.MODERN if simulator.offer.eras == MODERN_ONLY else Era.LEGACY)
    assert handshake.server_info == {"name": "simulator", "version": "1"}
    assert handshake.capabilities == {"tools": {}}
    assert await echo(upstream, "hello") == "hello"


async def test_a_server_is_opened_once_for_many_first_calls(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    answers = await asyncio.gather(*(echo(upstream, str(number)) for number in range(20)))
    assert answers == [str(number) for number in range(20)]
    assert len(simulator.calls("initialize")) == (simulator.offer.eras == LEGACY_ONLY)
    assert len(simulator.calls("server/discover")) == 1


async def test_each_request_says_what_its_era_demands(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    await echo(upstream, "hello")
    sent = last_call(simulator)
    assert sent.headers["accept"] == "application/json, text/event-stream"
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["authorization"] == "Bearer of-this-server"
    assert sent.headers["host"] == f"127.0.0.1:{simulator.port}"
    if simulator.offer.eras == MODERN_ONLY:
        assert sent.headers["mcp-protocol-version"] == "2026-07-28"
        assert (sent.headers["mcp-method"], sent.headers["mcp-name"]) == ("tools/call", "echo")
        assert sent.message["params"]["_meta"] == {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "gatehouse", "version": "0.1.0"},
        }
    else:
        assert sent.headers["mcp-protocol-version"] == "2025-11-25"
        assert "mcp-method" not in sent.headers
        assert "_meta" not in sent.message["params"]
        assert sent.headers.get("mcp-session-id") == ("session-1" if simulator.session else None)
        assert [one.message["method"] for one in simulator.received[1:3]] == ["initialize", "notifications/initialized"]


async def test_arguments_arrive_as_the_very_bytes_that_were_given(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    arguments = '{"a":1.10,"b":1e400,"c":"\\u00e9 é \U0001f600","d":-0}'.encode()
    params = b'{"arguments":' + arguments + b',"name":"echo"}'
    await upstream.request("tools/call", params, name="echo", deadline=5)
    assert params.removesuffix(b"}") in last_call(simulator).body


async def test_a_result_comes_back_as_the_very_bytes_that_were_sent(upstream: HttpUpstream) -> None:
    answer = await upstream.request("tools/list", b"{}", deadline=5)
    assert answer.error is None
    assert answer.result is not None
    assert answer.result.startswith(b'{"tools": [{"name": "echo", "description": ')


async def test_a_json_rpc_error_is_an_answer(upstream: HttpUpstream) -> None:
    answer = await upstream.request("no/such", b"{}", deadline=5)
    assert answer == Answer(error=b'{"code": -32601, "message": "not here"}')


async def test_progress_comes_back_under_the_callers_own_token(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    heard: list[tuple[str, bytes]] = []
    await upstream.request(
        "tools/call",
        b'{"name":"progress"}',
        name="progress",
        deadline=5,
        progress_token=b'"mine"',
        on_event=lambda method, params: heard.append((method, params)),
    )
    sent = last_call(simulator).message
    assert sent["params"]["_meta"]["progressToken"] == f"gatehouse-{sent['id']}"
    assert heard == [
        ("notifications/progress", b'{"progressToken":"mine","progress":0,"exact":1.1}'),
        ("notifications/progress", b'{"progressToken":"mine","progress":2,"exact":1.1}'),
    ]
    assert upstream.dropped == 1


async def test_further_meta_is_sent_and_reserved_keys_in_it_are_not(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    meta = b'{"traceparent":"00-ab","progressToken":9,"io.modelcontextprotocol/protocolVersion":"1999-01-01"}'
    await upstream.request("tools/call", b'{"name":"echo"}', name="echo", deadline=5, meta=meta)
    sent = last_call(simulator).message["params"]["_meta"]
    assert sent["traceparent"] == "00-ab"
    assert "progressToken" not in sent
    assert sent.get("io.modelcontextprotocol/protocolVersion", "2026-07-28") == "2026-07-28"


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_trace_context_is_sent_in_meta_and_as_headers(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    meta = (
        b'{"baggage":"a=1","tracestate":"x=1,y=2","traceparent":"%s","com.example/unknown":{"n":1.10}}' % TRACE.encode()
    )
    await upstream.request("tools/call", b'{"name":"echo"}', name="echo", deadline=5, meta=meta)
    sent = last_call(simulator)
    assert (sent.headers["traceparent"], sent.headers["tracestate"]) == (TRACE, "x=1,y=2")
    assert "baggage" not in sent.headers
    assert meta.strip(b"{}") in sent.body


@pytest.mark.parametrize(
    "meta",
    [
        {"traceparent": "00-ab\r\nX-Evil: 1"},
        {"traceparent": TRACE + "\n"},
        {"traceparent": 7, "tracestate": "x=1"},
        {"tracestate": "x=1"},
        {"traceparent": "TRACEPARENT"},
    ],
)
async def test_a_trace_context_that_is_none_becomes_no_header(
    upstream: HttpUpstream, simulator: HttpSimulator, meta: dict[str, object]
) -> None:
    await upstream.request("tools/call", b'{"name":"echo"}', name="echo", deadline=5, meta=json.dumps(meta).encode())
    sent = last_call(simulator)
    assert {"traceparent", "tracestate", "x-evil"}.isdisjoint(sent.headers)
    assert sent.message["params"]["_meta"].items() >= meta.items()


async def test_a_bad_tracestate_leaves_the_traceparent(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    meta = json.dumps({"traceparent": TRACE, "tracestate": "x=1\r\nX-Evil: 1"}).encode()
    await upstream.request("tools/call", b'{"name":"echo"}', name="echo", deadline=5, meta=meta)
    assert last_call(simulator).headers["traceparent"] == TRACE
    assert {"tracestate", "x-evil"}.isdisjoint(last_call(simulator).headers)


async def test_a_configured_trace_header_is_not_overruled() -> None:
    async with HttpSimulator() as simulator:
        headers = {"Traceparent": "configured"}
        upstream = HttpUpstream(simulator.url, allow_private=True, headers=headers)
        meta = b'{"traceparent":"%s"}' % TRACE.encode()
        await upstream.request("tools/call", b'{"name":"echo"}', name="echo", deadline=5, meta=meta)
        assert last_call(simulator).headers["traceparent"] == "configured"
        await upstream.close()


async def test_questions_in_a_result_and_answers_to_them_pass_as_they_are() -> None:
    async with HttpSimulator(Offer(eras=MODERN_ONLY)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        capabilities = b'{"elicitation":{"form":{}},"extensions":{"com.example/x":{"n":1.0}}}'
        answers = b'"inputResponses":{"q":{"action":"accept","n":1.0}},"requestState":"s\\u00e9"'
        params = b'{"name":"input","arguments":{},%s}' % answers
        for legs in (1, 2):
            answer = await upstream.request(
                "tools/call", params, name="input", deadline=5, client_capabilities=capabilities
            )
            assert answer.result == INPUT_REQUIRED
            assert len(simulator.calls("tools/call")) == legs
        sent = last_call(simulator)
        assert params.removesuffix(b"}") in sent.body
        assert b'"io.modelcontextprotocol/clientCapabilities":' + capabilities in sent.body
        await upstream.close()


async def test_a_cancelled_call_is_cancelled_at_the_server(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    await upstream.open()
    waiting = asyncio.create_task(upstream.request("tools/call", b'{"name":"hang"}', name="hang", deadline=60))
    await simulator.until(lambda: simulator.calls("tools/call"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await simulator.until(lambda: simulator.gone)
    if simulator.offer.eras == LEGACY_ONLY:
        await simulator.until(lambda: simulator.calls("notifications/cancelled"))
        said = simulator.calls("notifications/cancelled")[0]
        assert said.message["params"]["requestId"] == last_call(simulator).message["id"]
        assert said.headers.get("mcp-session-id") == last_call(simulator).headers.get("mcp-session-id")


async def test_idle_connections_are_used_again(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    for number in range(10):
        await echo(upstream, str(number))
    assert {one.connection for one in simulator.calls("tools/call")} == {1}


async def test_a_connection_that_the_server_closed_while_idle_is_replaced(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    await echo(upstream, "first")
    used = last_call(simulator).connection
    await simulator.close_idle()
    await simulator.until(lambda: used in simulator.ended)
    async with asyncio.timeout(5):
        while upstream.open_connections:
            await asyncio.sleep(0)
    assert await echo(upstream, "second") == "second"
    assert last_call(simulator).connection != used


async def test_calls_beyond_the_limit_of_connections_wait_their_turn(simulator: HttpSimulator) -> None:
    upstream = HttpUpstream(simulator.url, allow_private=True, limits=Limits(connections=2))
    answers = await asyncio.gather(*(echo(upstream, str(number)) for number in range(20)))
    assert answers == [str(number) for number in range(20)]
    assert upstream.open_connections <= 2
    await upstream.close()


async def test_a_call_that_finds_no_connection_in_time_was_not_sent(simulator: HttpSimulator) -> None:
    upstream = HttpUpstream(simulator.url, allow_private=True, limits=Limits(connections=1))
    await upstream.open()
    stuck = asyncio.create_task(upstream.request("tools/call", b'{"name":"hang"}', name="hang", deadline=60))
    await simulator.until(lambda: simulator.calls("tools/call"))
    with pytest.raises(NotSent) as failure:
        await echo(upstream, "too late", deadline=0.1)
    assert not failure.value.sent
    assert len(simulator.calls("tools/call")) == 1
    stuck.cancel()
    await asyncio.wait([stuck])
    assert await echo(upstream, "free again") == "free again"
    await upstream.close()


async def test_a_waiting_call_that_is_cancelled_leaves_its_turn_to_the_next(simulator: HttpSimulator) -> None:
    upstream = HttpUpstream(simulator.url, allow_private=True, limits=Limits(connections=1))
    await upstream.open()
    first, second, third = (asyncio.create_task(echo(upstream, str(number))) for number in range(3))
    await simulator.until(lambda: simulator.calls("tools/call"))
    second.cancel()
    assert await first == "0"
    assert await third == "2"
    await upstream.close()


async def test_closing_ends_outstanding_calls(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    await upstream.open()
    waiting = asyncio.create_task(upstream.request("tools/call", b'{"name":"hang"}', name="hang", deadline=60))
    await simulator.until(lambda: simulator.calls("tools/call"))
    await upstream.close()
    with pytest.raises(Exception, match="ended before the answer"):
        await waiting
    with pytest.raises(NotSent):
        await echo(upstream, "after")


@pytest.mark.parametrize("name", ["größe", " edge ", "", "a\nb", "=?base64?eA==?=", "\x7f"])
async def test_a_name_that_no_header_may_hold_is_sent_encoded(name: str) -> None:
    async with HttpSimulator() as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        await upstream.request("resources/read", b'{"uri":"x"}', name=name, deadline=5)
        header = simulator.calls("resources/read")[0].headers["mcp-name"]
        assert header.startswith("=?base64?")
        assert header.endswith("?=")
        await upstream.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere"},
        {"Content-Length": "0"},
        {"Mcp-Name": "other"},
        {"Transfer-Encoding": "chunked"},
        {"X A": "b"},
        {"X-A": "b\r\nX-B: c"},
        {"X-A": "b\0"},
        {"X-A": " b"},
    ],
)
def test_a_configured_header_that_could_change_the_request_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        HttpUpstream("http://127.0.0.1:3001/", allow_private=True, headers=headers)
