"""Which session a call belongs to: an agent's activity without a gap of half an hour, whoever served it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from gateway.adapters.activity import GAP, Activity
from governance.models.ledger import LedgerEntry, LedgerStream

pytestmark = pytest.mark.usefixtures("own_database")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()


def recorded(agent: str, session: str, at: float) -> None:
    """A call that some process forwarded."""
    stream, _ = LedgerStream.objects.get_or_create(name="elsewhere")
    LedgerEntry.objects.create(
        stream=stream,
        seq=LedgerEntry.objects.filter(stream=stream).count() + 1,
        at=datetime.fromtimestamp(at, UTC),
        kind="call.intent",
        call=uuid.uuid4(),
        agent=agent,
        session=session,
        digest=b"",
        text="{}",
    )


async def test_activity_without_a_gap_is_one_session() -> None:
    """Contract 4.16: each call prolongs it, however long it gets."""
    activity = Activity()
    first = await activity.session_of("a", NOW)
    for step in range(1, 6):
        assert await activity.session_of("a", NOW + step * (GAP - 1)) == first


async def test_a_gap_of_half_an_hour_ends_it() -> None:
    """Contract 4.16: at the limit, and one second before it."""
    activity = Activity()
    first = await activity.session_of("a", NOW)
    assert await activity.session_of("a", NOW + GAP - 0.001) == first
    assert await activity.session_of("a", NOW + 2 * GAP - 0.001) != first


async def test_agents_have_sessions_of_their_own() -> None:
    """One agent's activity is not another's."""
    activity = Activity()
    assert await activity.session_of("a", NOW) != await activity.session_of("b", NOW)


async def test_a_process_that_starts_goes_on_with_the_recorded_session() -> None:
    """Security section 6, row 9: a new connection, token or process washes nothing off."""
    await asyncio.to_thread(recorded, "a", "the-session", NOW - GAP + 60)
    await asyncio.to_thread(recorded, "b", "too-old", NOW - GAP - 60)
    activity = Activity()
    assert await activity.session_of("a", NOW) == "the-session"
    assert await activity.session_of("b", NOW) != "too-old"


async def test_first_calls_at_the_same_time_share_a_session() -> None:
    """Twenty parallel first calls do not make twenty sessions."""
    activity = Activity()
    found = await asyncio.gather(*(activity.session_of("a", NOW) for _ in range(20)))
    assert len(set(found)) == 1
