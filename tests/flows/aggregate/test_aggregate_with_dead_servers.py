"""Servers behind the aggregate endpoint that hang or are dead hold up nobody but those who call them."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.flows.aggregate.place import SEARCH, Place
from tests.flows.eras_place import Heard, client
from tests.waiting import eventually_async

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("legacy", [True, False])
def test_dead_and_hanging_servers_hold_nobody_up(place: Place, legacy: bool, path: str) -> None:
    """Lists, sessions, search, levels and the calls of others go on beside both."""
    os.kill(place.slow.pid, signal.SIGSTOP)
    place.gone.kill()
    place.gone.wait(10)
    try:
        agent = place.agent("other-bot", legacy=legacy)
        stuck = place.agent("second-bot", legacy=legacy).started("slow__read_file", path=path)
        begun = time.monotonic()
        assert {"slow__read_file", "gone__read_file", "desk__read_file"} < set(agent.tools())
        if legacy:
            assert agent.request("logging/setLevel", {"level": "info"}).result == {}
        assert agent.call(SEARCH, query="read file").result["structuredContent"]["tools"]
        for number in range(20):
            assert agent.call("desk__read_file", path=f"{path}-{number}").text.startswith("contents")
        assert time.monotonic() - begun < 5.0
        dead = agent.call("gone__read_file", path=path)
        assert dead.decision["status"] == "not_sent"
        assert not stuck.done()
    finally:
        os.kill(place.slow.pid, signal.SIGCONT)
    assert stuck.result(30).text.startswith("contents")


async def test_streams_of_an_agent_open_beside_dead_and_hanging_servers(place: Place, path: str) -> None:
    """The official client opens its stream at once, whatever a server behind it does."""
    os.kill(place.slow.pid, signal.SIGSTOP)
    try:
        async with client(place.url, "legacy", Heard(), token=place.token()) as it:
            result = await it.call_tool("desk__read_file", {"path": path})
            assert result.content[0].text.startswith("contents")
    finally:
        os.kill(place.slow.pid, signal.SIGCONT)
    await eventually_async(place.office.running.ready, what="a ready gateway")


def test_the_ledger_is_sound_after_all_of_it(place: Place) -> None:
    """Nothing of this left an entry that does not verify."""
    place.office.require_sound_ledger()
