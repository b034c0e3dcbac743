"""The ledger writer over a store in memory: batches, effects, deadlines, outages, and what closes what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.adapters import writer as module
from gateway.adapters.writer import LedgerWriter, Line, State
from gateway.clock import Clock
from gateway.refusal import Unavailable
from tests.doubles import MemoryStore, changes
from tests.waiting import eventually_async

AT = "2026-11-20T12:00:00.000000Z"
DEADLINE = 0.3


def intent(call: UUID | None = None, **more: Any) -> Line:
    """An intent as a trail makes it."""
    call = call or uuid4()
    body = {"v": 1, "at": AT, "kind": "call.intent", "call": str(call), "principal": {"agent": "a"}}
    return Line(body=body, at=AT, kind="call.intent", call=call, agent="a", **more)


def outcome(after: Line, status: str = "ok") -> Line:
    """The outcome of an intent."""
    return Line(body={"kind": "call.outcome"}, at=AT, kind="call.outcome", call=after.call, status=status, after=after)


def refused(instead_of: Line | None = None) -> Line:
    """What closes a call that was not forwarded."""
    call = instead_of.call if instead_of else uuid4()
    return Line(body={}, at=AT, kind="call.refused", call=call, status="unavailable", instead_of=instead_of)


@asynccontextmanager
async def writing(store: MemoryStore, deadline: float = DEADLINE) -> AsyncIterator[LedgerWriter]:
    """A started writer, stopped at the end."""
    made = LedgerWriter(store, clock=Clock(), loop=asyncio.get_running_loop(), deadline=deadline)
    made.start()
    await eventually_async(lambda: made.up or store.down, what="an open epoch")
    try:
        yield made
    finally:
        store.let_go.set()
        await made.stop()


async def stuck(writer: LedgerWriter, store: MemoryStore, *lines: Line) -> list[asyncio.Task[Any]]:
    """Hand lines over while the store stands still in the commit of the first."""
    store.let_go.clear()
    store.entered.clear()
    tasks = [asyncio.create_task(writer.durable(line)) for line in lines[:1]]
    await eventually_async(store.entered.is_set, what="the store in a commit")
    return tasks + [asyncio.create_task(writer.durable(line)) for line in lines[1:]]


async def test_a_line_is_durable_when_its_commit_has_returned() -> None:
    """Contract section 7: durable before forwarding, with what the generations were after the commit."""
    store = MemoryStore(changes=changes(1.0, policy=7))
    async with writing(store) as writer:
        line = intent()
        assert await writer.durable(line) is store.changes
        assert store.written == [line] and line.state is State.WRITTEN and line.epoch == "epoch-1"
    assert store.closed, "a stop in order seals the epoch"


async def test_what_queues_during_a_commit_is_the_next_batch() -> None:
    """Architecture 3.3: no timer for intents; one commit for all that came while the last one ran."""
    store = MemoryStore()
    async with writing(store, deadline=5) as writer:
        lines = [intent() for _ in range(6)]
        tasks = await stuck(writer, store, *lines)
        await asyncio.sleep(0)
        store.let_go.set()
        await asyncio.gather(*tasks)
        assert store.batches == [lines[:1], lines[1:]]


async def test_an_outcome_leaves_by_itself_and_soon() -> None:
    """Contract section 7: durable within 5 ms of handing over, without another call to carry it."""
    store = MemoryStore()
    async with writing(store) as writer:
        line = intent()
        await writer.durable(line)
        begun = asyncio.get_running_loop().time()
        writer.hand_over(outcome(line))
        await eventually_async(lambda: len(store.written) == 2, within=1.0, what="the outcome")
        assert asyncio.get_running_loop().time() - begun < 0.2
        assert store.kinds(line.call) == ["call.intent", "call.outcome:ok"]


async def test_an_effect_that_says_no_refuses_its_own_line_alone() -> None:
    """Contract section 6: redeeming and intent are one; whoever is late is not written, the others are."""
    store = MemoryStore()
    async with writing(store, deadline=5) as writer:
        first, taken, other = intent(), intent(effect=lambda: False), intent(effect=lambda: True)
        tasks = await stuck(writer, store, first, taken, other)
        store.let_go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(one, Exception) for one in done] == [False, True, False]
        assert store.written == [first, other] and taken.state is State.FAILED


async def test_a_line_that_takes_too_long_is_refused_at_the_deadline() -> None:
    """Contract section 8, ledger deadline: the caller does not wait for a hanging database."""
    store = MemoryStore()
    async with writing(store) as writer:
        begun = asyncio.get_running_loop().time()
        late, queued = await stuck(writer, store, intent(), intent())
        for task in (late, queued):
            with pytest.raises(Unavailable, match="did not answer in time"):
                await task
        assert DEADLINE <= asyncio.get_running_loop().time() - begun < DEADLINE + 0.5


async def test_an_intent_that_was_given_up_but_written_is_closed_as_not_sent_once() -> None:
    """Security D1 with contract section 7: one closing record, whichever way the race went."""
    store = MemoryStore()
    async with writing(store) as writer:
        written, dropped = intent(), intent()
        tasks = await stuck(writer, store, written, dropped)
        for line, task in zip((written, dropped), tasks, strict=True):
            with pytest.raises(Unavailable):
                await task
            writer.hand_over(refused(instead_of=line))
        store.let_go.set()
        await eventually_async(lambda: len(store.written) == 3, what="both calls closed")
        assert store.kinds(written.call) == ["call.intent", "call.outcome:not_sent"]
        assert store.kinds(dropped.call) == ["call.refused:unavailable"]
        assert not [line for line in store.written if line.kind == "gap"], "both have a record of their own"


async def test_a_call_that_was_given_up_by_its_client_is_no_gap() -> None:
    """A gap says that the ledger was down; an agent that hangs up is none."""
    store = MemoryStore()
    async with writing(store, deadline=5) as writer:
        first, gone = intent(), intent()
        tasks = await stuck(writer, store, first, gone)
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(tasks[1], return_exceptions=True)
        writer.hand_over(refused(instead_of=gone))
        store.let_go.set()
        await tasks[0]
        await eventually_async(lambda: len(store.written) == 2, what="the refusal")
        assert store.kinds() == ["call.intent", "call.refused:unavailable"]


async def test_while_the_store_is_down_calls_are_refused_at_once_and_become_one_gap() -> None:
    """Contract section 7: refused, counted, and written as one `gap` once the ledger is back."""
    store = MemoryStore()
    async with writing(store) as writer:
        store.down = True
        for _ in range(5):
            line = intent()
            with pytest.raises(Unavailable):
                await writer.durable(line)
            writer.hand_over(refused(instead_of=line))
        writer.count_refused(AT)
        assert not writer.up
        await eventually_async(lambda: writer.caught_up, what="everything refused")
        store.down = False
        await eventually_async(lambda: store.written, what="the gap")
        await writer.durable(intent())
        gaps = [line.body["counted"]["count"] for line in store.written if line.kind == "gap"]
        recorded = sum(1 for line in store.written if line.kind == "call.refused")
        assert len(gaps) == 1 and gaps[0] + recorded == 6, "each refused call is counted or recorded, never both"


async def test_outcomes_wait_for_the_ledger_to_come_back() -> None:
    """Contract section 7: what was sent is closed truthfully when the same epoch goes on."""
    store = MemoryStore()
    async with writing(store) as writer:
        line = intent()
        await writer.durable(line)
        store.down = True
        writer.hand_over(outcome(line))
        await eventually_async(lambda: not writer.up, what="down")
        store.down = False
        await eventually_async(lambda: len(store.written) == 2, what="the outcome")
        assert store.kinds(line.call) == ["call.intent", "call.outcome:ok"]


async def test_outcomes_of_an_epoch_that_another_process_sealed_are_left_out() -> None:
    """Contract section 7: the reaper closed those intents as unknown; nobody says ok afterwards."""
    store = MemoryStore()
    async with writing(store) as writer:
        line = intent()
        await writer.durable(line)
        store.sealed_by_other = True
        writer.hand_over(outcome(line))
        await eventually_async(lambda: store.epochs == 2, what="a new epoch")
        after = intent()
        await writer.durable(after)
        assert store.kinds(line.call) == ["call.intent"] and after.epoch == "epoch-2"


async def test_a_commit_of_unknown_end_is_refused_and_closed_when_it_is_found_committed() -> None:
    """Security section 1, "never continue after a failed audit commit": refused, and later closed as not sent, once."""
    store = MemoryStore(commits_then_fails=True)
    async with writing(store) as writer:
        line = intent()
        with pytest.raises(Unavailable):
            await writer.durable(line)
        writer.hand_over(refused(instead_of=line))
        await eventually_async(lambda: len(store.kinds(line.call)) >= 2, what="a closing record")
        await writer.durable(intent())
        assert store.kinds(line.call) == ["call.intent", "call.outcome:not_sent"]


async def test_a_full_queue_refuses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Architecture 3.3: nothing is buffered without end."""
    monkeypatch.setattr(module, "QUEUED", 3)
    store = MemoryStore()
    async with writing(store, deadline=5) as writer:
        tasks = await stuck(writer, store, *(intent() for _ in range(4)))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="cannot keep up"):
            await writer.durable(intent())
        store.let_go.set()
        await asyncio.gather(*tasks)


async def test_the_lease_is_kept_while_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract section 7: an idle process must not be taken for a dead one."""
    monkeypatch.setattr(module, "LEASE_EVERY", 0.05)
    store = MemoryStore()
    async with writing(store):
        await eventually_async(lambda: store.leases >= 3, within=3.0, what="three renewals")
        assert not store.written


async def test_what_is_queued_is_written_before_the_end() -> None:
    """A stop in order loses nothing."""
    store = MemoryStore()
    async with writing(store) as writer:
        line = intent()
        await writer.durable(line)
        writer.hand_over(outcome(line))
    assert store.kinds() == ["call.intent", "call.outcome:ok"] and store.closed


async def test_a_given_up_hold_that_was_opened_needs_no_other_record() -> None:
    """Contract section 7: `call.held` closes the request that raised it, also when it was refused meanwhile."""
    store = MemoryStore()
    async with writing(store) as writer:
        held = intent()
        held.kind = "call.held"
        (task,) = await stuck(writer, store, held)
        with pytest.raises(Unavailable):
            await task
        writer.hand_over(refused(instead_of=held))
        store.let_go.set()
        await writer.durable(intent())
        assert store.kinds(held.call) == ["call.held"]


async def test_a_redemption_that_was_given_up_after_a_hold_is_closed_too() -> None:
    """A held request adds no refusal of its own, but an intent that got written has to end."""
    store = MemoryStore()
    async with writing(store) as writer:
        written, dropped = intent(), intent()
        tasks = await stuck(writer, store, written, dropped)
        for line, task in zip((written, dropped), tasks, strict=True):
            with pytest.raises(Unavailable):
                await task
            writer.close_given_up(line)
        store.let_go.set()
        await writer.durable(intent())
        assert store.kinds(written.call) == ["call.intent", "call.outcome:not_sent"]
        assert store.kinds(dropped.call) == []
