"""Streams of notices that end: what follows them, and what may have been missed meanwhile."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.adapters import hearing
from registry.transports.base import HttpStatus, Unreachable, UpstreamError
from tests.gateway.adapters.heard_server import ONE, PATIENCE, TWO, Ear, Server, turns

LISTS = "notifications/tools/list_changed"


@pytest.fixture
async def ear() -> Any:
    """A connection of one agent to a server of the stateless era."""
    made = Ear(Server())
    yield made
    made.hearing.close()


@pytest.mark.parametrize("end", [None, HttpStatus(500), Unreachable("down")])
async def test_a_stream_that_ends_is_followed_by_the_next_with_all_that_is_watched(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, end: UpstreamError | None
) -> None:
    """After a pause, which somebody who wants to watch does not wait for."""
    stream = await ear.watching(ONE)
    monkeypatch.setattr(hearing, "PAUSES", (0.0, 0.0))
    for count in (2, 3):
        stream.over.set_result(None) if end is None else stream.over.set_exception(end)
        stream = await ear.server.until(count)
        assert stream.uris == [ONE]
    monkeypatch.setattr(hearing, "PAUSES", (1000.0, 1000.0))
    stream.over.set_result(None)
    watching = ear.watches(ONE)
    (await ear.server.until(4)).confirm()
    await watching


async def test_a_server_that_offers_no_stream_is_not_asked_again_by_itself(ear: Ear) -> None:
    """Only when somebody begins to listen, and then nobody waits for it again."""
    ear.server.mute = True
    await ear.hearing.begun(PATIENCE)
    assert len(ear.server.streams) == 1
    async with asyncio.timeout(0):
        await ear.hearing.begun(PATIENCE)
    await ear.server.until(2)


@pytest.mark.parametrize("end", [None, HttpStatus(500), Unreachable("down")])
async def test_what_may_have_changed_while_nobody_heard_is_said_when_somebody_hears_again(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, end: UpstreamError | None
) -> None:
    """A server that was restarted: once for all its lists, and for each resource that it confirms anew."""
    monkeypatch.setattr(hearing, "PAUSES", (0.0, 0.0))
    stream = await ear.watching(ONE, TWO)
    stream.over.set_result(None) if end is None else stream.over.set_exception(end)
    (await ear.server.until(2)).over.set_exception(Unreachable("still down"))
    stream = await ear.server.until(3)
    assert ear.said == []
    stream.confirm(TWO)
    await turns()
    assert [method for method, _ in ear.said] == [LISTS, hearing.UPDATED]
    assert json.loads(ear.said[1][1]) == {"uri": ONE}


async def test_a_stream_that_takes_over_has_missed_nothing(ear: Ear) -> None:
    """Nothing is said of its own accord when another stream is asked for, nor by the first of all."""
    await ear.watching(ONE)
    await ear.watching(TWO)
    await turns()
    assert ear.said == []
