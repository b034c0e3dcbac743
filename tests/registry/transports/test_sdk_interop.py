"""Every transport against a server of the official SDK, in every era it speaks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from registry.manifest.canonical import Kind
from registry.mcp.revisions import Era
from registry.transports.base import Answer, TimedOut, Upstream
from registry.transports.fetch import fetch_manifest
from registry.transports.http import HttpUpstream
from registry.transports.sse import SseUpstream

SERVER = Path(__file__).with_name("sdk_server.py")
PATIENCE = 15.0
ELICITATION = b'{"elicitation":{"form":{}}}'


def serve(*arguments: str) -> Iterator[int]:
    command = [sys.executable, str(SERVER), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


@pytest.fixture(scope="module")
def streaming() -> Iterator[int]:
    yield from serve()


@pytest.fixture(scope="module")
def plain_json() -> Iterator[int]:
    yield from serve("json")


@pytest.fixture(scope="module")
def old_sse() -> Iterator[int]:
    yield from serve("sse")


KINDS = ("modern", "legacy", "modern json", "legacy json", "sse")


@pytest.fixture(params=KINDS)
async def upstream(
    request: pytest.FixtureRequest, streaming: int, plain_json: int, old_sse: int
) -> AsyncIterator[Upstream]:
    kind: str = request.param
    opened: Upstream
    if kind == "sse":
        opened = SseUpstream(f"http://127.0.0.1:{old_sse}/sse", allow_private=True, client_capabilities=ELICITATION)
    else:
        port = plain_json if "json" in kind else streaming
        era = Era.LEGACY if "legacy" in kind else None
        url = f"http://127.0.0.1:{port}/mcp"
        opened = HttpUpstream(url, allow_private=True, era=era, client_capabilities=ELICITATION)
    handshake = await opened.open()
    assert handshake.era is (Era.MODERN if "modern" in kind else Era.LEGACY)
    assert handshake.instructions == "Be kind."
    yield opened
    await opened.close()


async def call(upstream: Upstream, tool: str, text: str | None = None, **extra: object) -> str:
    arguments = {} if text is None else {"text": text}
    params = json.dumps({"name": tool, "arguments": arguments}).encode()
    deadline = extra.pop("deadline", PATIENCE)
    answer = await upstream.request("tools/call", params, name=tool, deadline=deadline, **extra)  # type: ignore[arg-type]
    assert answer.result is not None, answer.error
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


@pytest.mark.parametrize(("prefer", "era"), [(None, Era.MODERN), (Era.MODERN, Era.MODERN), (Era.LEGACY, Era.LEGACY)])
async def test_a_server_of_both_eras_is_opened_in_the_preferred_one(
    streaming: int, prefer: Era | None, era: Era
) -> None:
    upstream = HttpUpstream(f"http://127.0.0.1:{streaming}/mcp", allow_private=True, prefer=prefer)
    assert (await upstream.open()).era is era
    assert await call(upstream, "echo", "hello") == "hello"
    await upstream.close()


async def test_calls_beside_each_other_get_their_own_answers(upstream: Upstream) -> None:
    answers = await asyncio.gather(*(call(upstream, "echo", f"größe {number}") for number in range(20)))
    assert answers == [f"größe {number}" for number in range(20)]


async def test_the_manifest_holds_all_that_is_offered(upstream: Upstream) -> None:
    manifest = await fetch_manifest(upstream, deadline=PATIENCE)
    names = {kind: [item.name for item in manifest.of(kind)] for kind in Kind}
    assert names[Kind.TOOL] == ["echo", "steps", "slow", "cancellations", "ask", "change"]
    assert names[Kind.PROMPT] == ["greet"]
    assert names[Kind.RESOURCE] == ["test://static"]
    assert names[Kind.TEMPLATE] == ["test://item/{number}"]
    assert names[Kind.INSTRUCTIONS] == ["instructions"]


async def test_progress_is_heard_while_waiting(upstream: Upstream, request: pytest.FixtureRequest) -> None:
    heard: list[bytes] = []
    said = await call(upstream, "steps", progress_token=b'"t"', on_event=lambda method, params: heard.append(params))
    assert said == "done"
    expected = 0 if "json" in request.node.name else 2  # A plain JSON answer has no place for it.
    assert [json.loads(params)["progressToken"] for params in heard] == ["t"] * expected


# The SDK does not watch for a caller that leaves while it prepares a plain JSON answer.
@pytest.mark.parametrize("upstream", [kind for kind in KINDS if kind != "modern json"], indirect=True)
async def test_a_call_that_is_given_up_is_cancelled_at_the_server(upstream: Upstream) -> None:
    before = int(await call(upstream, "cancellations"))
    waiting = asyncio.create_task(call(upstream, "slow"))
    with pytest.raises(TimedOut):
        await call(upstream, "slow", deadline=0.2)
    waiting.cancel()
    await asyncio.wait([waiting])
    async with asyncio.timeout(PATIENCE):
        while int(await call(upstream, "cancellations")) < before + 2:
            await asyncio.sleep(0.01)


# The modern era asks in its result, and a plain JSON answer cannot ask.
@pytest.mark.parametrize("upstream", ["legacy", "sse"], indirect=True)
async def test_a_question_of_the_server_is_answered(upstream: Upstream) -> None:
    async def name_it(method: str, params: bytes) -> Answer:
        assert method == "elicitation/create"
        return Answer(result=b'{"action":"accept","content":{"name":"bob"}}')

    assert await call(upstream, "ask", on_request=name_it) == "accept bob"
    refused = await upstream.request("tools/call", b'{"name":"ask","arguments":{}}', deadline=PATIENCE)
    assert b"this client offers no such capability" in (refused.error or b"")


async def test_a_resource_is_read_by_its_address(upstream: Upstream) -> None:
    answer = await upstream.request(
        "resources/read", b'{"uri":"test://item/7"}', name="test://item/7", deadline=PATIENCE
    )
    assert answer.result is not None
    assert json.loads(answer.result)["contents"][0]["text"] == "7"


async def test_an_unknown_method_is_a_json_rpc_error(upstream: Upstream) -> None:
    answer = await upstream.request("no/such", b"{}", deadline=PATIENCE)
    assert answer.error is not None
    assert json.loads(answer.error)["code"] == -32601


async def test_a_change_that_belongs_to_no_request_is_heard_by_who_listens(upstream: Upstream) -> None:
    heard: list[tuple[str, bytes]] = []
    listening = asyncio.create_task(
        upstream.listen(b'{"toolsListChanged":true}', lambda *said: heard.append(said), deadline=PATIENCE)
    )
    async with asyncio.timeout(PATIENCE):
        while not heard:  # It may not listen yet when the first change is told.
            assert await call(upstream, "change") == "changed"
    listening.cancel()
    await asyncio.wait([listening])
    assert {method for method, _ in heard} == {"notifications/tools/list_changed"}
    assert all(b"subscriptionId" not in params for _, params in heard)
