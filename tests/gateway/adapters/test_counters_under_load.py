"""Limits under real concurrency: exactly as many as allowed, over threads, processes and outages."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from gateway.adapters import counters as module
from gateway.adapters.counters import Counters, key_of
from gateway.clock import Clock
from gateway.refusal import Limited, Unavailable
from gateway.snapshot.model import AgentRecord
from governance.models.usage import Usage
from governance.policy.values import Action, By, Caller, LimitQuery, Reservation, Status, Verdict
from tests.waiting import eventually_async

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.timeout(180)]
CALLS, LIMIT = 1000, 100
PATIENCE = 90.0  # Less than the test has, so that a lock that is never let go ends it with the database's own words.


class Of:
    """Whatever is read of a call or a ruling."""

    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)


def ruling(agent: str = "a", *, by: By = By.AGENT, limit: int = LIMIT, amount: int = 1, rule: str = "r") -> Any:
    """A ruling that reserves."""
    query = LimitQuery(rule, by, 3600, Decimal(limit))
    verdict = Verdict(Action.ALLOW, Status.ALLOWED, rule, (rule,), "", reserve=(Reservation(query, Decimal(amount)),))
    call = Of(id=uuid.uuid4(), server="files", item="pay", session="s")
    return Of(verdict=verdict, call=call, agent=AgentRecord(agent, Caller(agent, person="p@x", teams=frozenset({"t"}))))


def test_a_thousand_parallel_calls_at_a_limit_of_a_hundred_are_a_hundred() -> None:
    """Security section 4, rate limit evasion: exactly 100, and 900 refused with a time to come back."""
    counters, refused = Counters(clock=Clock()), []
    until = time.monotonic() + PATIENCE

    def reserve(_: int) -> bool:
        while True:
            try:
                counters._reserve(ruling(), threading.Event())
            except Limited as limited:
                refused.append(limited.retry_after_ms)
                return False
            except OperationalError:
                if time.monotonic() > until:
                    raise
                continue  # So many writers at once may outwait SQLite's lock; then nothing was taken.
            return True

    def many(numbers: range) -> int:
        try:
            return sum(map(reserve, numbers))
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        allowed = sum(pool.map(many, (range(start, CALLS, 16) for start in range(16))))
    assert allowed == LIMIT == Usage.objects.count()
    assert len(refused) == CALLS - LIMIT and all(0 < ms <= 3_600_000 for ms in refused)


def test_a_parallel_first_call_counts_too() -> None:
    """The row that everybody would lock does not exist yet at the first call."""
    barrier = threading.Barrier(8)

    def first(_: int) -> bool:
        barrier.wait(10)
        try:
            Counters(clock=Clock())._reserve(ruling(limit=1), threading.Event())
        except Limited:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(first, range(8))) == 1


@pytest.mark.parametrize("by", list(By))
def test_each_way_of_counting_has_keys_of_its_own(by: By) -> None:
    """Contract 4.15: rule and `by`; two rules never share."""
    one, other = ruling(by=by), ruling(by=by, rule="q")
    keys = {key_of(each.verdict.reserve[0].limit, each.call, each.agent) for each in (one, other)}
    assert len(keys) == 2
    twin = ruling("b", by=by)
    same = key_of(one.verdict.reserve[0].limit, one.call, one.agent)
    assert (key_of(twin.verdict.reserve[0].limit, twin.call, twin.agent) == same) is (by is not By.AGENT)


def test_a_long_name_makes_a_key_of_its_own() -> None:
    """Keys are cut to fit the column; two long names that begin alike stay two."""
    names = ["a" * 300, "a" * 299 + "b"]
    keys = {key_of(r.verdict.reserve[0].limit, r.call, r.agent) for r in map(ruling, names)}
    assert len(keys) == 2 and all(len(key) <= 180 for key in keys)


async def test_the_window_rolls() -> None:
    """Contract 4.15: what was taken an hour ago is free again, and only that."""
    counters = Counters(clock=Clock())
    for _ in range(2):
        await counters.reserve(ruling(limit=2))
    with pytest.raises(Limited):
        await counters.reserve(ruling(limit=2))
    await asyncio.to_thread(age_the_oldest)
    await counters.reserve(ruling(limit=2))
    with pytest.raises(Limited):
        await counters.reserve(ruling(limit=2))


def age_the_oldest() -> None:
    """One reservation was made more than an hour ago."""
    oldest = Usage.objects.order_by("at", "pk").first()
    assert oldest is not None
    Usage.objects.filter(pk=oldest.pk).update(at=timezone.now() - timedelta(seconds=3601))


async def test_what_is_given_back_is_free_again() -> None:
    """Contract 4.15: a call that was not sent."""
    counters, first = Counters(clock=Clock()), ruling(limit=1)
    await counters.reserve(first)
    counters.give_back(first)
    await eventually_async(lambda: not counters._returning, what="given back")
    await counters.reserve(ruling(limit=1))


async def test_a_reservation_that_took_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 4.15: the call was refused, so nothing was sent, so nothing is taken, however late the store is."""
    go, real, slow = threading.Event(), Counters._take, Counters(clock=Clock())

    def late(self: Counters, *given: Any) -> Any:
        taken = real(self, *given)
        assert go.wait(10)
        return taken

    async def impatient(act: Any, *given: Any) -> Any:
        work = asyncio.get_running_loop().run_in_executor(None, act, *given)
        if act != slow._reserve:
            return await work
        try:
            return await asyncio.wait_for(asyncio.shield(work), 0.2)
        except TimeoutError:
            running.append(work)
            raise Unavailable("late") from None

    running: list[Any] = []
    monkeypatch.setattr(Counters, "_take", late)
    monkeypatch.setattr(module, "in_thread", impatient)
    with pytest.raises(Unavailable):
        await slow.reserve(ruling(limit=1))
    go.set()
    with pytest.raises(Unavailable):
        await running[0]
    monkeypatch.undo()
    await Counters(clock=Clock()).reserve(ruling(limit=1))
