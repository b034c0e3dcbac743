"""What is heard over one connection: which stream it is heard on, when it counts as watched, and what is never lost.

The server of these tests confirms, tells and ends each stream when the test says so.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.adapters import hearing
from gateway.refusal import UpstreamFailed
from registry.transports.base import HttpStatus, NotSent
from tests.gateway.adapters.heard_server import ONE, PATIENCE, THREE, TWO, Ear, Server, turns
from tests.waiting import eventually_async


@pytest.fixture
async def ear() -> Any:
    """A connection of one agent to a server of the stateless era."""
    made = Ear(Server())
    yield made
    made.hearing.close()


async def refusal(task: asyncio.Task[None]) -> UpstreamFailed:
    """How a resource is not watched."""
    with pytest.raises(UpstreamFailed) as failed:
        await task
    return failed.value


# Confirmation.


async def test_a_resource_is_watched_when_the_server_has_confirmed_it(ear: Ear) -> None:
    """Not when it was asked for; and one that is confirmed is not asked for again."""
    watching = ear.watches(ONE)
    stream = await ear.server.until(1)
    assert stream.uris == [ONE] and not watching.done()
    stream.confirm()
    await watching
    async with asyncio.timeout(0):
        await ear.hearing.watch(ONE, PATIENCE)
    assert ear.hearing.uris == {ONE: 2} and len(ear.server.streams) == 1


async def test_what_is_wanted_at_once_takes_one_stream(ear: Ear) -> None:
    """However much it is."""
    stream = await ear.watching(THREE, ONE, TWO, ONE)
    assert stream.uris == [ONE, TWO, THREE] and ear.hearing.uris == {ONE: 2, TWO: 1, THREE: 1}


async def test_what_is_left_out_is_not_watched(ear: Ear) -> None:
    """The others are; who wants it later asks again."""
    tasks = ear.watches(ONE), ear.watches(TWO)
    (await ear.server.until(1)).confirm(TWO)
    await tasks[0]
    problem = await refusal(tasks[1])
    assert (problem.status, problem.sent) == ("not_sent", False)
    assert ear.hearing.uris == {ONE: 1}
    again = ear.watches(TWO)
    (await ear.server.until(2)).confirm()
    await again


@pytest.mark.parametrize("raw", [b"5", b"[]", b"{}", b'{"resourceSubscriptions":5}', b'{"resourceSubscriptions":[5]}'])
async def test_a_confirmation_of_nothing_confirms_nothing(ear: Ear, raw: bytes) -> None:
    """Hostile input, like all that a server says."""
    watching = ear.watches(ONE)
    (await ear.server.until(1)).confirm(raw=raw)
    assert (await refusal(watching)).status == "not_sent"


async def test_a_server_confirms_only_what_it_was_asked_for(ear: Ear) -> None:
    """Another resource in its words is not watched by that."""
    watching = ear.watches(ONE)
    (await ear.server.until(1)).confirm(raw=b'{"resourceSubscriptions":["x:1","x:2"]}')
    await watching
    other = ear.watches(TWO)
    (await ear.server.until(2)).confirm(TWO)
    await refusal(other)


@pytest.mark.parametrize(("server", "bound"), [(0.05, PATIENCE), (PATIENCE, 0.05)])
async def test_what_is_not_confirmed_in_time_is_not_watched(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, server: float, bound: float
) -> None:
    """The server's own deadline, or the bound for all."""
    monkeypatch.setattr(hearing, "CONFIRM_SECONDS", bound)
    problem = await refusal(ear.watches(ONE, server))
    assert (problem.status, problem.sent) == ("timeout", True) and "0.05 s" in problem.reason
    assert ear.hearing.uris == {}


async def test_a_confirmation_that_comes_too_late_still_counts_for_the_next(ear: Ear) -> None:
    """The stream is there, and tells."""
    await refusal(ear.watches(ONE, 0.01))
    (await ear.server.until(1)).confirm()
    async with asyncio.timeout(0):
        await ear.hearing.watch(ONE, PATIENCE)
    assert len(ear.server.streams) == 1


@pytest.mark.parametrize("end", [None, HttpStatus(500), RuntimeError("a fault of ours")])
async def test_a_stream_that_ends_unconfirmed_watches_nothing(
    ear: Ear, end: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever waits for it is told at once; a fault of ours is logged."""
    watching = ear.watches(ONE)
    stream = await ear.server.until(1)
    if end is None:
        stream.over.set_result(None)
    else:
        stream.over.set_exception(end)
    problem = await refusal(watching)
    assert (problem.status, problem.sent) == ("not_sent", False) and ear.hearing.uris == {}
    assert ("failed inside the gateway" in caplog.text) is isinstance(end, RuntimeError)


async def test_a_server_without_subscriptions_watches_nothing_and_is_asked_by_each_who_wants_to(ear: Ear) -> None:
    """It may offer them the next time."""
    ear.server.mute = True
    for _ in range(2):
        assert (await refusal(ear.watches(ONE))).status == "not_sent"
    ear.server.mute = False
    watching = ear.watches(ONE)
    (await ear.server.until(3)).confirm()
    await watching


async def test_who_leaves_while_it_waits_watches_nothing(ear: Ear) -> None:
    """Also where several share the connection."""
    shared = Ear(ear.server, shared=True)
    for one in (ear, shared):
        watching = one.watches(ONE)
        await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching})
        assert one.hearing.uris == {}
    shared.hearing.close()


async def test_what_is_forgotten_more_often_than_it_is_watched_is_not_watched(ear: Ear) -> None:
    """Also while somebody waits for it: an agent may unsubscribe as often as it likes."""
    watching = ear.watches(ONE)
    stream = await ear.server.until(1)
    ear.hearing.forget(ONE)
    stream.confirm(ONE)
    await refusal(watching)
    assert ear.hearing.uris == {}


async def test_closing_ends_all_waiting(ear: Ear) -> None:
    """And nothing is listened to after it."""
    watching, begun = ear.watches(ONE), asyncio.create_task(ear.hearing.begun(PATIENCE))
    stream = await ear.server.until(1)
    ear.hearing.close()
    await refusal(watching)
    await begun
    assert stream.over.cancelled() or await eventually_async(stream.over.cancelled)
    await refusal(ear.watches(TWO))
    await ear.hearing.begun(PATIENCE)
    assert len(ear.server.streams) == 1


# Another set of resources takes another stream.


async def test_the_old_stream_is_heard_until_the_new_one_is_confirmed(ear: Ear) -> None:
    """No change of what is watched already is lost, whenever it comes."""
    first = await ear.watching(ONE)
    watching = ear.watches(TWO)
    second = await ear.server.until(2)
    assert second.uris == [ONE, TWO]
    first.tell(ONE)
    assert ear.heard == [ONE]
    second.confirm()
    first.tell(ONE)  # It was on its way when the new one was confirmed.
    second.tell(TWO)
    await watching
    assert ear.heard == [ONE, ONE, TWO]
    await eventually_async(lambda: ear.server.open == [second], what="the old stream given up")
    second.tell(ONE)
    assert ear.heard[-1] == ONE


async def test_a_new_stream_that_is_never_confirmed_is_given_up_and_the_old_one_kept(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was watched stays watched."""
    first = await ear.watching(ONE)
    monkeypatch.setattr(hearing, "CONFIRM_SECONDS", 0.05)
    assert (await refusal(ear.watches(TWO))).status == "timeout"
    await eventually_async(lambda: ear.server.open == [first], what="the new stream given up")
    first.tell(ONE)
    assert ear.heard == [ONE] and ear.hearing.uris == {ONE: 1}


async def test_a_new_stream_that_fails_leaves_the_old_one(ear: Ear) -> None:
    """A server may have a limit of subscriptions."""
    first = await ear.watching(ONE)
    watching = ear.watches(TWO)
    (await ear.server.until(2)).over.set_exception(NotSent("too many"))
    await refusal(watching)
    first.tell(ONE)
    assert ear.heard == [ONE] and ear.server.open == [first]


async def test_who_comes_while_a_stream_is_not_confirmed_does_not_wait_for_it(ear: Ear) -> None:
    """A stream for all that is wanted is asked for at once, and its confirmation is one of what came before too."""
    first = ear.watches(ONE)
    await ear.server.until(1)
    second = ear.watches(TWO)
    stream = await ear.server.until(2)
    assert stream.uris == [ONE, TWO]
    stream.confirm()
    await asyncio.gather(first, second)
    await eventually_async(lambda: ear.server.open == [stream], what="the older one given up")


async def test_an_older_stream_confirms_what_it_was_asked_for(ear: Ear) -> None:
    """While the newer one is not confirmed; a late word of a stream that is given up is none."""
    first, older = ear.watches(ONE), await ear.server.until(1)
    second, newer = ear.watches(TWO), await ear.server.until(2)
    older.confirm()
    await first
    assert not second.done()
    newer.confirm(TWO)
    await refusal(second)
    older.confirm()
    older.tell(ONE)
    assert ear.heard == [ONE] and ear.hearing.uris == {ONE: 1}


async def test_there_are_only_so_many_streams_at_once(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a server that takes its time; what is wanted then is asked for when there is room."""
    monkeypatch.setattr(hearing, "MOST_STREAMS", 2)
    tasks = []
    for number, uri in enumerate((ONE, TWO), 1):
        tasks.append(ear.watches(uri))
        await ear.server.until(number)
    tasks.append(ear.watches(THREE))
    await turns()
    assert len(ear.server.streams) == 2
    ear.server.streams[1].confirm()
    third = await ear.server.until(3)
    assert third.uris == [ONE, TWO, THREE]
    third.confirm()
    await asyncio.gather(*tasks)


async def test_what_the_last_watcher_forgets_is_listened_to_no_more(ear: Ear) -> None:
    """And only what the connection has for itself."""
    first = await ear.watching(ONE, TWO)
    await ear.hearing.watch(ONE, PATIENCE)
    ear.hearing.forget(ONE)
    assert ear.hearing.uris == {ONE: 1, TWO: 1}
    ear.hearing.forget(ONE)
    ear.hearing.forget(ONE)
    ear.hearing.forget("never watched")
    assert ear.hearing.uris == {TWO: 1}
    second = await ear.server.until(2)
    assert second.uris == [TWO] and ear.server.open == [first, second]
    second.confirm()
    await eventually_async(lambda: ear.server.open == [second], what="the wider stream given up")


async def test_what_is_watched_again_while_it_is_being_forgotten_is_watched_after_it(ear: Ear) -> None:
    """The stream without it is on its way: the confirmation of the old one is not enough."""
    await ear.watching(ONE, TWO)
    ear.hearing.forget(ONE)
    without = await ear.server.until(2)
    again = ear.watches(ONE)
    with_it = await ear.server.until(3)
    without.confirm()
    await asyncio.sleep(0)
    assert not again.done()
    with_it.confirm()
    await again


async def test_what_somebody_else_watches_over_a_shared_connection_stays() -> None:
    """One agent cannot end the watch of another."""
    ear = Ear(Server(), shared=True)
    await ear.watching(ONE)
    ear.hearing.forget(ONE)
    assert ear.hearing.uris == {ONE: 1}
    ear.hearing.close()


async def test_only_so_many_resources_are_watched(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit and past it; one that is watched already can be watched again."""
    monkeypatch.setattr(hearing, "MOST_WATCHED", 2)
    await ear.watching(ONE, TWO, ONE)
    problem = await refusal(ear.watches(THREE))
    assert not problem.sent and set(ear.hearing.uris) == {ONE, TWO}


# The session era.


async def test_a_session_has_one_stream_and_what_begins_waits_until_it_is_open() -> None:
    """For the time that the server has in all: who comes later does not wait longer."""
    ear = Ear(Server(), modern=False)
    begun = [asyncio.create_task(ear.hearing.begun(PATIENCE)) for _ in range(3)]
    stream = await ear.server.until(1)
    assert not any(task.done() for task in begun)
    stream.confirm()
    await asyncio.gather(*begun)
    async with asyncio.timeout(0):
        await ear.hearing.begun(PATIENCE)
    ear.hearing.listen()
    await turns()
    assert len(ear.server.streams) == 1
    ear.hearing.close()


async def test_a_session_whose_stream_does_not_open_goes_on_without() -> None:
    """Some servers send the head with the first notice."""
    ear = Ear(Server(), modern=False)
    await ear.hearing.begun(0.05)
    async with asyncio.timeout(0.01):
        await ear.hearing.begun(0.05)
    assert len(ear.server.open) == 1
    ear.hearing.close()


async def test_a_session_whose_stream_fails_is_waited_for_no_longer() -> None:
    """And tried again by the next who begins, whatever the pause."""
    ear = Ear(Server(), modern=False)
    for count in (1, 2):
        begun = asyncio.create_task(ear.hearing.begun(PATIENCE))
        (await ear.server.until(count)).over.set_exception(HttpStatus(500))
        await begun
    ear.hearing.close()
