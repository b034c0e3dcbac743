"""One HTTP request and its answer: the cap on bodies, plain JSON or a stream, and what leaving means in each era."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest

from gateway import exchange as module
from gateway.exchange import read_headers
from gateway.refusal import Malformed
from registry.mcp.revisions import Era
from tests.doubles import Request
from tests.waiting import eventually_async


@pytest.fixture(autouse=True)
def watch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch for the agent's leaving from the first moment on."""
    monkeypatch.setattr(module, "WATCH_AFTER", 0.0)


@pytest.mark.parametrize("chunks", [[b"x" * 10], [b"x" * 5, b"x" * 5], [b"x"] * 10, [b"", b"x" * 10, b""]])
async def test_a_body_at_the_cap_is_read_whole(chunks: list[bytes]) -> None:
    """Contract 4.22, at the limit, in whatever pieces it comes."""
    assert await Request(chunks).exchange.body(10) == b"x" * 10


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 5], [b"x"] * 11])
async def test_a_body_past_the_cap_is_413(chunks: list[bytes]) -> None:
    """Contract 4.22, past it, whatever the length header says."""
    with pytest.raises(Malformed) as refused:
        await Request(chunks).exchange.body(10)
    assert refused.value.form.http == 413


async def test_no_more_is_read_than_the_cap_and_one_piece() -> None:
    """Security U3: an endless body costs what the cap costs."""
    request = Request([b"x" * 4] * 1000)
    with pytest.raises(Malformed):
        await request.exchange.body(10)
    assert request.taken <= 12


async def test_a_body_that_ends_early_is_refused() -> None:
    """A half of a message is no message."""
    request = Request([b"half", b"never"])
    request._messages.get_nowait()
    request._messages.get_nowait()
    request._messages.put_nowait({"type": "http.request", "body": b"half", "more_body": True})
    request.leave()
    with pytest.raises(Malformed, match="before its body did"):
        await request.exchange.body(10)


async def test_a_quick_answer_is_plain_json_with_its_status() -> None:
    """Protocol 1.2: so that 4xx statuses survive."""
    request = Request()
    await request.exchange.answer(b'{"a":1}', 404)
    assert (request.status, request.json(), request.over) == (404, {"a": 1}, True)
    assert request.headers[b"content-type"] == b"application/json"
    assert request.headers[b"content-length"] == b"7"


async def test_notifications_come_before_the_answer_and_in_order() -> None:
    """One stream, in order, ended by the answer."""
    request = Request()
    for number in (b"1", b"2", b"3"):
        request.exchange.notify("notifications/progress", b'{"progress":%s}' % number)
    await request.exchange.answer(b'{"id":1}')
    events = [part.split(b"data: ")[1] for part in request.body.split(b"\n\n") if part]
    assert events[:-1] == [
        b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":%d}}' % n for n in (1, 2, 3)
    ]
    assert events[-1] == b'{"id":1}' and request.over
    assert request.headers[b"content-type"] == b"text/event-stream"
    assert request.headers[b"x-accel-buffering"] == b"no"


async def test_a_call_that_takes_long_shows_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocol section 2: clients give up on silence; comments are no messages."""
    monkeypatch.setattr(module, "HEARTBEAT", 0.02)
    request = Request()
    request.exchange.begin()
    await request.until(lambda: request.body.count(b": still working") >= 2)
    request.exchange.end()
    await request.exchange.answer(b"{}")
    assert request.body.endswith(b"data: {}\n\n")


async def test_a_held_call_of_the_session_era_opens_its_stream_at_once() -> None:
    """Protocol 2.3: SSE committed at once, then progress under the agent's own token."""
    request = Request()
    request.exchange.progress_token = b'"mine"'
    with request.exchange.holding():
        await request.until(lambda: b": waiting for approval" in request.body)
        await request.exchange.heartbeat("Waiting")
        await request.until(lambda: b"progress" in request.body)
    assert b'"progressToken":"mine"' in request.body


async def test_a_modern_held_call_keeps_its_status_open() -> None:
    """Protocol 1.2: a leg ends as plain JSON where nothing had to be said meanwhile."""
    request = Request()
    request.exchange.era = Era.MODERN
    with request.exchange.holding():
        await asyncio.sleep(0)
        assert not request.sent
    await request.exchange.answer(b"{}")
    assert request.headers[b"content-type"] == b"application/json"


async def served(request: Request) -> str:
    """Work until told otherwise, as the task that serves a call."""
    request.exchange.begin()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "cancelled"
    finally:
        request.exchange.end()


async def leaving(era: Era, *, held: bool) -> tuple[str, bool]:
    """How a call fares whose agent hangs up: what became of it, and whether the exchange knows."""
    request = Request()
    await request.exchange.body(10)
    request.exchange.era = era
    task = asyncio.create_task(served(request))
    await asyncio.sleep(0)
    with request.exchange.holding() if held else nullcontext():
        return await _left(request, task)


async def _left(request: Request, task: asyncio.Task[str]) -> tuple[str, bool]:
    request.leave()
    await eventually_async(lambda: request.exchange.gone, what="noticed")
    await asyncio.sleep(0)
    if task.done() or task.cancelling():
        return await task, request.exchange.gone
    task.cancel()
    await task
    return "went on", request.exchange.gone


async def test_leaving_cancels_a_modern_call() -> None:
    """Protocol 1.2: closing the stream MUST be treated as cancellation."""
    assert await leaving(Era.MODERN, held=False) == ("cancelled", True)


async def test_leaving_does_not_cancel_a_call_of_the_session_era() -> None:
    """Protocol 1.4: a mere disconnect is not cancellation in this era."""
    assert await leaving(Era.LEGACY, held=False) == ("went on", True)


@pytest.mark.parametrize("era", list(Era))
async def test_leaving_never_cancels_a_held_call(era: Era) -> None:
    """Contract section 6: it detaches, in both eras."""
    assert await leaving(era, held=True) == ("went on", True)


async def test_who_waits_for_the_leaving_is_told() -> None:
    """The wait for a person ends when nobody is there to hear it; also for who asks afterwards."""
    request = Request()
    await request.exchange.body(10)
    request.exchange.era = Era.MODERN
    task = asyncio.create_task(served(request))
    gone = asyncio.ensure_future(request.exchange.until_gone())
    await asyncio.sleep(0)
    request.leave()
    async with asyncio.timeout(2):
        await gone
        await request.exchange.until_gone()
    assert await task == "cancelled"


async def test_after_leaving_nothing_is_written() -> None:
    """Protocol 1.2: MUST send nothing more."""
    request = Request()
    request.exchange.gone = True
    request.exchange.notify("notifications/progress", b"{}")
    await request.exchange.heartbeat("still")
    await asyncio.sleep(0)
    assert not request.sent


async def test_withdrawing_cancels_in_so_many_words() -> None:
    """Protocol 1.4: notifications/cancelled ends the call, and the exchange knows why."""
    request = Request()
    await request.exchange.body(10)
    task = asyncio.create_task(served(request))
    await asyncio.sleep(0)
    request.exchange.withdraw()
    assert await task == "cancelled" and request.exchange.withdrawn


@pytest.mark.parametrize("name", sorted(module.SINGLE))
def test_a_header_that_decides_something_is_marked_when_it_comes_twice(name: bytes) -> None:
    """Protocol 1.2: the ladder refuses what is marked."""
    assert read_headers([(name, b"a"), (name, b"a")])[b":twice"] == name


def test_other_headers_may_come_twice() -> None:
    """Proxies add some."""
    assert b":twice" not in read_headers([(b"x-forwarded-for", b"a"), (b"x-forwarded-for", b"b")])
