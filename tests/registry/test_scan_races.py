"""Scans beside scans, approvals and rollbacks, under real concurrency on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from governance.models import LedgerEntry
from governance.rights import Machine
from registry import scan_runs, scanning
from registry.baselines import roll_back
from registry.lifecycle import ChangedSinceShown, NotPossible, Shown, approve_items
from registry.models import Item, ScanRun, Server
from registry.scanning import record, scan
from registry.tasks import take_up
from tests.registry.conftest import Shapeshifter
from tests.registry.manifest.documents import manifest

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("own_database")]
ROUNDS = 12
Act = Callable[[], Any]


def together(*acts: Act) -> list[Any]:
    """Run these at the same moment, each over a connection of its own; what each returned or raised."""
    gate = threading.Barrier(len(acts))

    def run(act: Act) -> Any:
        try:
            gate.wait(10)
            return act()
        except (ChangedSinceShown, NotPossible) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def stored(folder: Path, make_server: Callable[..., Server]) -> tuple[Server, Shapeshifter]:
    shapeshifter = Shapeshifter(folder)
    return make_server("files", shapeshifter.command), shapeshifter


def offered(read: str) -> Any:
    return manifest({"tools": [{"name": "read", "description": read, "inputSchema": {"type": "object"}}]})


def see(server: Server, read: str) -> Any:
    return record(server, offered(read), by=Machine.SYSTEM, started=timezone.now())


def test_two_workers_that_take_up_one_scan_do_it_once(tmp_path: Path, make_server: Callable[..., Server]) -> None:
    """idempotent, one at a time for each server."""
    server, _ = stored(tmp_path, make_server)
    for _ in range(4):
        run = scan_runs.queue(server.pk, why="list_changed", by=Machine.SYSTEM)
        ScanRun.objects.filter(pk=run.pk).update(queued_at=timezone.now() - scan_runs.LEASE)
        took = together(take_up, take_up, partial(scanning.run, run), partial(scanning.run, run))
        assert sum(bool(answer) for answer in took) == 1, took
        run.refresh_from_db()
        assert run.state == "done"
    assert ScanRun.objects.filter(server=server).count() == 4
    assert server.manifests.count() == 1


def test_several_schedulers_claim_a_due_server_once(tmp_path: Path, make_server: Callable[..., Server]) -> None:
    server, _ = stored(tmp_path, make_server)
    for _ in range(ROUNDS):
        Server.objects.update(next_scan_at=timezone.now())
        ScanRun.objects.all().delete()
        claim = partial(scan_runs.claim_due, timezone.now(), every=900, chance=lambda: 0.5)
        claimed = together(claim, claim, claim)
        assert sum(map(len, claimed)) == 1, claimed
        assert ScanRun.objects.filter(server=server).count() == 1


def test_two_who_ask_at_once_wait_for_the_same_scan(tmp_path: Path, make_server: Callable[..., Server]) -> None:
    server, _ = stored(tmp_path, make_server)
    for _ in range(ROUNDS):
        ScanRun.objects.all().delete()
        ask = partial(scan_runs.queue, server.pk, why="list_changed", by=Machine.SYSTEM)
        assert len({run.pk for run in together(ask, ask, ask)}) == 1


def test_the_database_itself_refuses_a_second_scan_that_runs(
    tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    from django.db import IntegrityError, transaction

    server, _ = stored(tmp_path, make_server)
    ScanRun.objects.create(server=server, why="demand", by="x", state="running")
    with pytest.raises(IntegrityError, match="one_running_scan_a_server"), transaction.atomic():
        ScanRun.objects.create(server=server, why="demand", by="x", state="running")


def test_an_approval_beside_a_scan_approves_what_was_shown_or_nothing(
    tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    """Whichever is first: no form becomes the baseline that nobody was shown."""
    server = make_server("files", url="http://files.example/mcp")
    outcomes = set()
    for number in range(ROUNDS):
        see(server, f"Shown {number}.")
        shown = Shown.of(server.items.get())
        answers = together(
            partial(approve_items, server=server, items=[shown], by=Machine.OPERATOR),
            partial(see, server, f"Unseen {number}."),
        )
        item = server.items.get()
        outcomes.add(type(answers[0]).__name__)
        if isinstance(answers[0], ChangedSinceShown):
            assert item.approved_digest != item.seen_digest
        else:
            assert item.approved_digest == shown.digest
            assert item.state == ("changed" if item.seen_digest != shown.digest else "approved")
        assert f"Unseen {number}" not in item.approved_document
    assert outcomes <= {"Approval", "ChangedSinceShown"}


def test_a_rollback_beside_a_scan_leaves_what_is_seen_judged_by_the_baseline_that_holds(
    tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    server = make_server("files", url="http://files.example/mcp")
    for text in ("First.", "Second."):
        see(server, text)
        approve_items(server=server, items=[Shown.of(server.items.get())], by=Machine.OPERATOR)
    first = server.baselines.get(number=1).digest
    for number in range(ROUNDS):
        text = ("First.", "Second.", f"Third {number}.")[number % 3]
        back = partial(roll_back, server=server, number=1 + number % 2, by=Machine.OPERATOR, reason="race")
        together(back, partial(see, server, text))
        item = server.items.get()
        assert ("First." if number % 2 == 0 else "Second.") in item.approved_document
        assert (item.state == "approved") == (item.seen_digest == item.approved_digest)
        assert offered(text).items[0].digest == item.seen_digest
    assert server.baselines.get(number=1).digest == first


def test_two_approvals_at_once_make_two_baselines_or_one_and_no_hole(
    tmp_path: Path, make_server: Callable[..., Server]
) -> None:
    server = make_server("files", url="http://files.example/mcp")
    tools = [{"name": f"t{number}", "inputSchema": {"type": "object"}} for number in range(6)]
    record(server, manifest({"tools": tools}), by=Machine.SYSTEM, started=timezone.now())
    chosen = [Shown.of(item) for item in server.items.all()]
    acts = [partial(approve_items, server=server, items=[shown], by=Machine.OPERATOR) for shown in chosen]
    together(*acts)
    numbers = list(server.baselines.order_by("number").values_list("number", flat=True))
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert Item.objects.filter(state="approved").count() == 6
    assert LedgerEntry.objects.filter(kind="change.manifest").count() >= 6


def test_a_slow_look_does_not_overwrite_a_faster_later_one(tmp_path: Path, make_server: Callable[..., Server]) -> None:
    server = make_server("files", url="http://files.example/mcp")
    for number in range(ROUNDS):
        early, late = timezone.now(), timezone.now()
        together(
            partial(record, server, offered(f"Early {number}."), by=Machine.SYSTEM, started=early),
            partial(record, server, offered(f"Late {number}."), by=Machine.SYSTEM, started=late),
        )
        assert f"Late {number}." in server.items.get().seen_document


def test_a_scan_of_a_real_program_beside_an_approval_ends(tmp_path: Path, make_server: Callable[..., Server]) -> None:
    server, shapeshifter = stored(tmp_path, make_server)
    scan(server.pk, by=Machine.OPERATOR)
    for number in range(3):
        shown = [Shown.of(item) for item in server.items.exclude(state="approved")]
        shapeshifter.offer(read=f"Read {number}.", write="Write a file.")
        together(
            partial(scan, server.pk, by=Machine.SYSTEM),
            partial(approve_items, server=server, items=shown, by=Machine.OPERATOR),
        )
        assert not ScanRun.objects.filter(state="running").exists()
        server.refresh_from_db()
        assert server.scan_lease is None
