"""Questions of a server in the middle of a call: the deadline stands still, one request is asked, all of it ends."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.transports.base import Answer, Limits, OnRequest, TimedOut, Upstream
from registry.transports.http import HttpUpstream
from registry.transports.sse import SseUpstream
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment
from tests.upstream_offer import Offer
from tests.upstream_old import OldServer
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually_async

CHILD = str(Path(__file__).resolve().parents[2] / "upstream_child.py")
DEADLINE = 0.4
LONGER = 0.9
PATIENCE = 10.0
LEGACY = frozenset(("legacy",))
ACCEPTED = Answer(result=b'{"action":"accept"}')


async def stdio(stack: AsyncExitStack) -> Upstream:
    return StdioUpstream([sys.executable, CHILD, "--legacy"], environment=child_environment(os.environ, {}))


async def http(stack: AsyncExitStack) -> Upstream:
    simulator = await stack.enter_async_context(HttpSimulator(Offer(eras=LEGACY)))
    return HttpUpstream(simulator.url, allow_private=True)


async def sse(stack: AsyncExitStack) -> Upstream:
    server = await stack.enter_async_context(OldServer().running())
    return SseUpstream(server.url, allow_private=True)


@pytest.fixture(params=[stdio, http, sse])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[Upstream]:
    make: Callable[[AsyncExitStack], Awaitable[Upstream]] = request.param
    async with AsyncExitStack() as stack:
        opened = await make(stack)
        await opened.open()
        yield opened
        await opened.close()


async def call(upstream: Upstream, tool: str, on_request: OnRequest | None = None, **options: object) -> str:
    deadline = options.pop("deadline", PATIENCE)
    params = json.dumps({"name": tool}).encode()
    answer = await upstream.request("tools/call", params, deadline=deadline, on_request=on_request, **options)  # type: ignore[arg-type]
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


@dataclass
class Person:
    """Somebody who is asked, takes a while, and may be interrupted."""

    seconds: float | None = 0.0
    asked: int = 0
    left: int = 0

    async def __call__(self, method: str, params: bytes) -> Answer:
        self.asked += 1
        thinking = asyncio.Event()
        if self.seconds is not None:
            asyncio.get_running_loop().call_later(self.seconds, thinking.set)
        try:
            await thinking.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        return ACCEPTED


async def test_a_question_that_takes_longer_than_the_deadline_is_still_answered(upstream: Upstream) -> None:
    assert '"accept"' in await call(upstream, "ask", Person(LONGER), deadline=DEADLINE)


async def test_the_deadline_runs_on_after_the_question(upstream: Upstream) -> None:
    began = time.monotonic()
    person = Person(LONGER)
    with pytest.raises(TimedOut):
        await asks_and_hangs(upstream, person)
    assert person.asked == 1
    assert LONGER < time.monotonic() - began < LONGER + PATIENCE / 2


async def asks_and_hangs(upstream: Upstream, person: Person) -> None:
    """A call that hangs, and a question that is put to it meanwhile, since nobody else can be asked."""
    if isinstance(upstream, HttpUpstream):  # There a question belongs to the call on whose stream it comes.
        await call(upstream, "ask_and_hang", person, deadline=DEADLINE)
    hanging = asyncio.create_task(call(upstream, "hang", person, deadline=DEADLINE))
    await asyncio.sleep(0)
    assert '"accept"' in await call(upstream, "ask")
    await hanging


async def test_a_question_is_refused_when_the_time_for_asking_is_over(upstream: Upstream) -> None:
    person = Person(None)
    said = await call(upstream, "ask", person, deadline=DEADLINE, ask_seconds=0.2)
    assert "was not answered within the time for asking" in said
    assert person.left == 1


async def test_no_time_for_asking_means_that_nobody_is_asked(upstream: Upstream) -> None:
    person = Person()
    assert "was not answered within" in await call(upstream, "ask", person, ask_seconds=0.0)
    assert person.asked == 0


async def test_cancelling_a_call_ends_the_asking(upstream: Upstream) -> None:
    person = Person(None)
    waiting = asyncio.create_task(call(upstream, "ask", person))
    await eventually_async(lambda: person.asked)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await eventually_async(lambda: person.left)


async def test_closing_ends_the_asking(upstream: Upstream) -> None:
    person = Person(None)
    waiting = asyncio.create_task(call(upstream, "ask", person))
    await eventually_async(lambda: person.asked)
    await upstream.close()
    with pytest.raises(Exception, match="ended"):
        await waiting
    await eventually_async(lambda: person.left)


async def test_a_question_of_a_call_that_cannot_be_asked_is_refused(upstream: Upstream) -> None:
    assert "offers no such capability" in await call(upstream, "ask")


@pytest.mark.parametrize("failure", [TimedOut("the agent did not answer"), KeyError("a fault of ours")])
async def test_an_answer_that_fails_is_refused_and_the_call_goes_on(upstream: Upstream, failure: Exception) -> None:
    async def fail(method: str, params: bytes) -> Answer:
        raise failure

    assert "could not be answered" in await call(upstream, "ask", fail)


async def test_on_a_shared_stream_a_question_is_put_to_the_only_call_that_can_be_asked() -> None:
    for make in (stdio, sse):
        async with AsyncExitStack() as stack:
            upstream = await make(stack)
            await upstream.open()
            beside = asyncio.create_task(call(upstream, "hang"))
            await asyncio.sleep(0)
            assert '"accept"' in await call(upstream, "ask", Person())
            beside.cancel()
            await asyncio.wait([beside])
            await upstream.close()


async def test_on_a_shared_stream_a_question_that_could_be_anybodys_is_refused_with_the_reason() -> None:
    for make in (stdio, sse):
        async with AsyncExitStack() as stack:
            upstream = await make(stack)
            await upstream.open()
            other, asker = Person(), Person()
            beside = asyncio.create_task(call(upstream, "hang", other))
            await asyncio.sleep(0)
            assert "nothing in the question says to which of them it belongs" in await call(upstream, "ask", asker)
            assert (other.asked, asker.asked) == (0, 0)
            beside.cancel()
            await asyncio.wait([beside])
            await upstream.close()


async def test_a_question_that_names_the_progress_token_of_its_call_is_put_to_that_call() -> None:
    async with AsyncExitStack() as stack:
        upstream = await stdio(stack)
        await upstream.open()
        other, asker = Person(), Person()
        beside = asyncio.create_task(call(upstream, "hang", other, progress_token=b"1"))
        await asyncio.sleep(0)
        assert '"accept"' in await call(upstream, "ask_by_token", asker, progress_token=b"1")
        assert (other.asked, asker.asked) == (0, 1)
        refused = await call(upstream, "ask_by_token", None, progress_token=b"1")
        assert "offers no such capability" in refused
        assert other.asked == 0
        beside.cancel()
        await asyncio.wait([beside])
        await upstream.close()


async def test_a_question_that_the_server_takes_back_is_no_longer_asked() -> None:
    async with AsyncExitStack() as stack:
        upstream = await stdio(stack)
        await upstream.open()
        person = Person(None)
        waiting = asyncio.create_task(call(upstream, "withdraw", person))
        await eventually_async(lambda: person.asked)
        first = asyncio.create_task(call(upstream, "echo"))
        await eventually_async(lambda: person.left)
        second = asyncio.create_task(call(upstream, "echo"))
        assert await waiting == "never mind"
        for task in (first, second):  # The child took them for a sign to go on, and does not answer them.
            task.cancel()
        await asyncio.wait([first, second])
        await upstream.close()


async def test_an_answering_call_holds_no_connection_that_its_reply_needs() -> None:
    async with HttpSimulator(Offer(eras=LEGACY)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True, limits=Limits(connections=1))
        assert '"accept"' in await call(upstream, "ask", Person(), deadline=2.0)
        await upstream.close()
