"""The ledger's tables under the writer: batches, effects, epochs that died, and commits of which nobody knows."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from gateway.adapters.store import LedgerStore
from gateway.adapters.writer import Line, StoreDown
from gateway.refusal import Denied, Limited
from governance import recovery
from governance.models.ledger import LedgerEntry, LedgerStream
from governance.models.usage import Usage

pytestmark = pytest.mark.usefixtures("own_database")
AT = "2026-11-20T12:00:00.000000Z"


def line(kind: str = "call.intent", call: UUID | None = None, status: str = "", **more: Any) -> Line:
    """One entry as the writer gets it."""
    call = call or uuid4()
    who = {"person": "dev@example.com", "agent": "a", "token": None, "session": None, "address": "127.0.0.1"}
    target = {"server": "files", "kind": "tool", "name": "echo", "digest": None}
    body: dict[str, Any] = {"v": 1, "at": AT, "kind": kind, "call": str(call), "principal": who, "target": target}
    if kind == "call.outcome":
        body["outcome"] = {"status": status, "ms": 1}
    return Line(body=body, at=AT, kind=kind, call=call, agent="a", server="files", item="echo", status=status, **more)


@pytest.fixture
def store() -> LedgerStore:
    """An open store."""
    made = LedgerStore()
    assert made.open() == []
    return made


def kinds(store: LedgerStore) -> list[tuple[int, str, str]]:
    """What stands in the store's epoch."""
    rows = LedgerEntry.objects.filter(stream__name=store.epoch).order_by("seq")
    return list(rows.values_list("seq", "kind", "status"))


def require_sound() -> None:
    """`verify_ledger` agrees."""
    call_command("verify_ledger", stdout=StringIO(), stderr=StringIO())


def test_a_batch_is_one_chain_in_order(store: LedgerStore) -> None:
    """Contract section 7; the looked-at generations come back with it."""
    first, second = line(), line()
    changes = store.write([first, second])
    store.write([line("call.outcome", first.call, "ok"), line("call.outcome", second.call, "error")])
    assert changes is not None and changes.generations.policy >= 0
    assert kinds(store) == [
        (1, "call.intent", ""),
        (2, "call.intent", ""),
        (3, "call.outcome", "ok"),
        (4, "call.outcome", "error"),
    ]
    require_sound()


ODD = ["a\0b", "a\x1eb", "a\x1fb", "", "ü☃" * 600, "'; DROP TABLE x; --", "\\N", "NULL"]


@pytest.mark.parametrize("item", ODD)
def test_odd_text_is_stored_and_disturbs_no_neighbour(store: LedgerStore, item: str) -> None:
    """Security section 4: the entry's text is exact, the column is for looking up."""
    odd, plain = line(), line()
    odd.item, odd.body["target"] = item, {**odd.body["target"], "name": item}
    odd.server, odd.session = item[:40], item[:40]
    odd.sealed, plain.sealed = b"\x00\x1e\xff" * 5, b""
    store.write([odd, plain])
    rows = list(LedgerEntry.objects.filter(stream__name=store.epoch).order_by("seq"))
    assert json.loads(rows[0].text)["target"]["name"] == item
    assert bytes(rows[0].body) == odd.sealed
    assert (rows[1].call, rows[1].agent, rows[1].server, rows[1].item) == (plain.call, "a", "files", "echo")
    require_sound()


def take(name: str, *, says: bool | Exception = True) -> Any:
    """An effect that writes a row, and then says this."""

    def act() -> bool:
        now = timezone.now()
        Usage.objects.create(key=name, at=now, amount=1, call=uuid4(), window_ends=now)
        if isinstance(says, Exception):
            raise says
        return says

    return act


def test_effect_and_entry_are_one_transaction(store: LedgerStore) -> None:
    """Contract section 6: approved -> redeemed with the intent, or neither; a refusal leaves the others alone."""
    fine, late, full = line(effect=take("fine")), line(effect=take("late", says=False)), line()
    full.effect = take("full", says=Limited("too many"))
    store.write([fine, late, full, line()])
    assert [kind for _, kind, _ in kinds(store)] == ["call.intent", "call.intent"]
    assert isinstance(late.refusal, Denied) and isinstance(full.refusal, Limited) and fine.refusal is None
    assert sorted(Usage.objects.values_list("key", flat=True)) == ["fine", "late"]
    require_sound()


def test_a_batch_that_fails_takes_its_effects_with_it(store: LedgerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Security D1: no approval used without its intent."""
    monkeypatch.setattr(LedgerStore, "_insert", broken)
    with pytest.raises(StoreDown):
        store.write([line(effect=take("lost"))])
    monkeypatch.undo()
    assert not Usage.objects.exists()
    assert store.open() == []
    store.write([line()])
    assert [seq for seq, _, _ in kinds(store)] == [1]
    require_sound()


def broken(*given: Any) -> Any:
    """A database that goes away."""
    raise OperationalError("the connection broke")


def test_a_commit_that_nobody_confirmed_is_found_when_the_ledger_opens_again(
    store: LedgerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security section 1: never go on after a failed commit as if nothing had been written."""
    before, batch = line(), [line(), line()]
    store.write([before])
    monkeypatch.setattr(store._reader, "read", broken)
    with pytest.raises(StoreDown):
        store.write(batch)
    monkeypatch.undo()
    assert store.open() == batch, "both were committed all the same"
    store.write([line("call.outcome", batch[0].call, "not_sent")])
    assert [seq for seq, _, _ in kinds(store)] == [1, 2, 3, 4]
    require_sound()


def test_a_lost_connection_goes_on_with_the_same_epoch(store: LedgerStore) -> None:
    """Contract section 7: an outage of the database is no new epoch."""
    epoch = store.epoch
    store.write([line()])
    connection.close()
    assert store.open() == [] and store.epoch == epoch
    store.write([line()])
    assert [seq for seq, _, _ in kinds(store)] == [1, 2]
    require_sound()


def test_an_epoch_that_was_sealed_meanwhile_is_given_up(store: LedgerStore) -> None:
    """Contract section 7: writes into a sealed epoch fail; the process begins another."""
    epoch, waiting = store.epoch, line()
    store.write([waiting])
    expire(epoch)
    assert recovery.seal_dead_epochs() == [epoch]
    with pytest.raises(StoreDown):
        store.write([line("call.outcome", waiting.call, "ok")])
    assert store.open() == [] and store.epoch != epoch
    store.write([line()])
    old = LedgerEntry.objects.filter(stream__name=epoch).order_by("seq").values_list("kind", "status")
    assert list(old) == [("call.intent", ""), ("call.outcome", "unknown"), ("seal", "")]
    require_sound()


def test_a_sealed_epoch_is_noticed_with_the_lease(store: LedgerStore) -> None:
    """An idle process learns it too."""
    store.keep_lease()
    expire(store.epoch)
    recovery.seal_dead_epochs()
    with pytest.raises(StoreDown, match="sealed"):
        store.keep_lease()


def test_a_close_in_order_seals(store: LedgerStore) -> None:
    """A process that stops leaves nothing for the reaper."""
    done = line()
    store.write([done])
    store.write([line("call.outcome", done.call, "ok")])
    store.close()
    assert [kind for _, kind, _ in kinds(store)] == ["call.intent", "call.outcome", "seal"]
    assert recovery.seal_dead_epochs(everyone_else_is_dead=True) == []
    require_sound()


# The reaper.


def expire(epoch: str) -> None:
    """Let a lease have run out."""
    LedgerStream.objects.filter(name=epoch).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_only_dead_epochs_are_sealed(store: LedgerStore) -> None:
    """Contract section 7: by the lease; never the console's stream, never one's own."""
    store.write([line()])
    assert recovery.seal_dead_epochs() == []
    expire(store.epoch)
    assert recovery.seal_dead_epochs(ours=store.epoch) == []
    assert recovery.seal_dead_epochs() == [store.epoch]
    assert not LedgerStream.objects.filter(name="console").exclude(sealed_at=None).exists()
    require_sound()


def test_open_intents_end_as_unknown_and_closed_ones_stay(store: LedgerStore) -> None:
    """Security D5: sent or not, nobody knows: never ok, never retried; the entry says whose call it was."""
    sent, done = line(), line()
    store.write([sent, done])
    store.write([line("call.outcome", done.call, "ok")])
    assert recovery.seal_dead_epochs(everyone_else_is_dead=True) == [store.epoch]
    rows = LedgerEntry.objects.filter(stream__name=store.epoch, kind="call.outcome")
    assert dict(rows.values_list("call", "status")) == {done.call: "ok", sent.call: "unknown"}
    unknown = json.loads(rows.get(status="unknown").text)
    assert unknown["principal"]["agent"] == "a" and unknown["target"]["name"] == "echo"
    require_sound()


def test_an_epoch_is_sealed_once(store: LedgerStore) -> None:
    """Several processes reap at the same time; one seal stands."""
    store.write([line()])
    expire(store.epoch)
    barrier, sealed = threading.Barrier(3), []

    def reap() -> None:
        barrier.wait(10)
        try:
            sealed.append(recovery.seal_dead_epochs())
        finally:
            connection.close()

    threads = [threading.Thread(target=reap) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(map(len, sealed)) == [0, 0, 1]
    assert [kind for _, kind, _ in kinds(store)] == ["call.intent", "call.outcome", "seal"]
    require_sound()


def test_a_writer_that_lives_after_all_collides_and_forks_nothing(store: LedgerStore) -> None:
    """Security A5: unique (stream, seq) is the last line; the batch is refused, the chain stays one."""
    store.write([line()])
    expire(store.epoch)
    recovery.seal_dead_epochs()
    for _ in range(2):
        with pytest.raises(StoreDown):
            store.write([line()])
    assert [seq for seq, _, _ in kinds(store)] == [1, 2, 3]
    require_sound()
