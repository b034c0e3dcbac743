"""Every way an HTTP upstream can go wrong ends in time, in the right error, and touches no other call."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from registry.transports.base import (
    BrokenOff,
    Garbage,
    HttpStatus,
    Limits,
    TimedOut,
    TooLarge,
    UpstreamError,
)
from registry.transports.http import HttpUpstream
from tests import upstream_faults as faults
from tests.upstream_simulator import HttpSimulator

LIMITS = Limits(result_bytes=256 * 1024, connections=8)
PATIENCE = 5.0
SHORT = 0.3


@pytest.fixture
async def simulator() -> AsyncIterator[HttpSimulator]:
    async with HttpSimulator() as running:
        yield running


@pytest.fixture
async def upstream(simulator: HttpSimulator) -> AsyncIterator[HttpUpstream]:
    opened = HttpUpstream(simulator.url, allow_private=True, limits=LIMITS)
    yield opened
    await opened.close()


async def call(upstream: HttpUpstream, tool: str, text: str = "", deadline: float = PATIENCE) -> str:
    params = json.dumps({"name": tool, "arguments": {"text": text}}).encode()
    answer = await upstream.request("tools/call", params, name=tool, deadline=deadline)
    if answer.error is not None:
        return "error " + str(json.loads(answer.error)["code"])
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


async def assert_fails(
    upstream: HttpUpstream, tool: str, expected: type[UpstreamError], deadline: float = PATIENCE
) -> UpstreamError:
    """The call fails as expected and in time, and calls beside it and after it get their own answers."""
    await upstream.open()
    began = time.monotonic()
    beside = [asyncio.create_task(call(upstream, "echo", f"beside {number}")) for number in range(3)]
    with pytest.raises(UpstreamError) as failure:
        await call(upstream, tool, "stolen", deadline)
    assert time.monotonic() - began < deadline + 1
    assert type(failure.value) is expected, f"{failure.value!r} {failure.value.detail}"
    assert failure.value.sent
    assert await asyncio.gather(*beside) == ["beside 0", "beside 1", "beside 2"]
    for _ in range(3):
        nonce = secrets.token_hex(8)
        assert await call(upstream, "echo", nonce) == nonce
    return failure.value


@pytest.mark.parametrize("fault", faults.GARBAGE)
async def test_an_answer_that_is_none_is_garbage(upstream: HttpUpstream, fault: str) -> None:
    await assert_fails(upstream, fault, Garbage)


@pytest.mark.parametrize("fault", faults.BROKEN_OFF)
async def test_a_connection_that_ends_early_leaves_the_outcome_unknown(upstream: HttpUpstream, fault: str) -> None:
    await assert_fails(upstream, fault, BrokenOff)


@pytest.mark.parametrize("fault", faults.TIMED_OUT)
async def test_a_silent_server_costs_its_deadline_and_no_more(
    upstream: HttpUpstream, simulator: HttpSimulator, fault: str
) -> None:
    await assert_fails(upstream, fault, TimedOut, SHORT)
    await simulator.until(lambda: simulator.gone)


@pytest.mark.parametrize("fault", faults.TOO_LARGE)
async def test_an_answer_without_end_stops_at_the_cap(
    upstream: HttpUpstream, simulator: HttpSimulator, fault: str
) -> None:
    await assert_fails(upstream, fault, TooLarge)
    await upstream.close()
    await simulator.until(lambda: simulator.most_sent)
    buffers_of_the_kernel = 16 * 1024 * 1024
    assert simulator.most_sent < LIMITS.result_bytes * 8 + buffers_of_the_kernel


@pytest.mark.parametrize("fault", faults.STATUSES)
async def test_a_status_without_an_answer_is_reported_as_it_is(upstream: HttpUpstream, fault: str) -> None:
    error = await assert_fails(upstream, fault, HttpStatus)
    assert isinstance(error, HttpStatus)
    assert error.status == faults.STATUSES[fault][0]


async def test_redirects_are_not_followed(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    for fault in ("redirect", "redirect_away", "redirect_with_answer"):
        with pytest.raises(HttpStatus):
            await call(upstream, fault)
    assert len(simulator.calls("tools/call")) == 3


@pytest.mark.parametrize("fault", faults.ANSWERED)
async def test_an_odd_but_sound_answer_is_taken_and_nothing_behind_it(upstream: HttpUpstream, fault: str) -> None:
    nonce = secrets.token_hex(8)
    expected = "error -32602" if fault == "error_with_status" else nonce
    assert await call(upstream, fault, nonce) == expected
    for number in range(4):
        assert await call(upstream, "echo", f"{nonce} {number}") == f"{nonce} {number}"


@pytest.mark.parametrize(
    "fault",
    ["glued_response", "glued_many", "glued_junk", "glued_line_end", "glued_after_chunks", "trailer", "interim"],
)
async def test_a_connection_with_a_byte_too_many_is_never_used_again(
    upstream: HttpUpstream, simulator: HttpSimulator, fault: str
) -> None:
    await call(upstream, fault, "mine")
    await call(upstream, "echo", "next")
    calls = simulator.calls("tools/call")
    assert calls[0].connection != calls[1].connection


async def test_an_answer_sent_ahead_of_its_request_closes_the_connection(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    await call(upstream, "echo", "first")
    used = simulator.calls("tools/call")[0]
    ahead = faults.whole(faults.result_with(used.message["id"] + 1, "stolen"))
    await simulator.write_to(used.connection, ahead)
    await simulator.until(lambda: used.connection in simulator.ended)
    assert await call(upstream, "echo", "second") == "second"


async def test_no_call_is_ever_sent_twice(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    for number, fault in enumerate((*faults.BROKEN_OFF, *faults.GARBAGE, *faults.STATUSES)):
        with pytest.raises(UpstreamError):
            await call(upstream, fault, f"nonce {number}")
    texts = [one.message["params"]["arguments"]["text"] for one in simulator.calls("tools/call")]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("fault", ["chunked_gigabyte", "endless_line", "endless_events", "announced_gigabyte"])
async def test_memory_stays_near_the_cap_while_a_server_floods(upstream: HttpUpstream, fault: str) -> None:
    await upstream.open()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await call(upstream, fault)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


async def test_fifty_hanging_calls_do_not_hold_up_the_connections_of_others(simulator: HttpSimulator) -> None:
    hanging = HttpUpstream(simulator.url, allow_private=True)
    other = HttpUpstream(simulator.url, allow_private=True)
    await asyncio.gather(hanging.open(), other.open())
    stuck = [asyncio.create_task(call(hanging, "hang", deadline=60)) for _ in range(50)]
    await simulator.until(lambda: len(simulator.calls("tools/call")) == 50)
    answers = await asyncio.gather(*(call(other, "echo", str(number)) for number in range(20)))
    assert answers == [str(number) for number in range(20)]
    assert await call(hanging, "echo", "still served") == "still served"
    await hanging.close()
    await other.close()
    ended = await asyncio.gather(*stuck, return_exceptions=True)
    assert {type(error) for error in ended} == {BrokenOff}
