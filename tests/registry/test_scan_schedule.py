"""When a server is looked at next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from registry.schedule import LONGEST_RETRY_SECONDS, next_look, pause

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 720), (0.5, 900), (1.0, 1080)])
def test_a_pause_is_spread_by_a_fifth_either_way(chance: float, seconds: float) -> None:
    assert next_look(NOW, every=900, failures=0, chance=chance) - NOW == timedelta(seconds=seconds)


def test_after_failures_the_next_look_comes_soon_and_then_ever_later_up_to_an_hour() -> None:
    pauses = [pause(every=900, failures=failures, chance=0.5).total_seconds() for failures in range(1, 12)]
    assert pauses[:4] == [30, 60, 120, 240]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_RETRY_SECONDS


def test_a_thousand_failures_overflow_nothing() -> None:
    assert pause(every=900, failures=1000, chance=1.0) == timedelta(seconds=LONGEST_RETRY_SECONDS * 1.2)


def test_a_server_that_is_looked_at_once_a_day_is_not_looked_at_more_often_for_failing_long() -> None:
    assert pause(every=86_400, failures=40, chance=0.5) == timedelta(days=1)
