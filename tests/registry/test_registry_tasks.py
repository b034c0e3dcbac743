"""The scheduled work: every server in use is scanned in its turn, one scan of a server at a time, and twice is once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from governance.rights import Machine
from registry import scan_runs
from registry.models import ScanRun, Server
from registry.tasks import ask, run_scan, scan_due, take_up

pytestmark = pytest.mark.django_db


def due(server: Server) -> None:
    Server.objects.filter(pk=server.pk).update(next_scan_at=timezone.now() - timedelta(seconds=1))


def test_a_scheduled_scan_records_drift_and_may_run_twice(approved: Server, shapeshifter: Any) -> None:
    shapeshifter.offer(read="Changed.", write="Write a file.")
    run = scan_runs.queue(approved.pk, why="schedule", by=Machine.SYSTEM)
    for _ in range(2):
        run_scan(run.pk)
        approved.refresh_from_db()
        assert approved.state == "sync-required"
    assert approved.manifests.count() == 2


def test_a_server_that_is_being_scanned_is_not_scanned_again(approved: Server, shapeshifter: Any) -> None:
    shapeshifter.marker.unlink()
    assert scan_runs.begin(scan_runs.queue(approved.pk, why="demand", by=Machine.SYSTEM), timezone.now())
    run_scan(ask(approved.pk, why="demand").pk)
    assert not shapeshifter.marker.exists()
    assert ScanRun.objects.filter(server=approved, state="queued").count() == 1  # It follows when the other has ended.


def test_a_server_is_scanned_when_it_is_due_and_once_however_many_schedulers_look(
    approved: Server, shapeshifter: Any, celery_inline: None
) -> None:
    shapeshifter.marker.unlink()
    assert scan_due() == 0
    assert not shapeshifter.marker.exists()
    due(approved)
    assert (scan_due(), scan_due()) == (1, 0)
    assert shapeshifter.marker.exists()
    run = ScanRun.objects.filter(server=approved).first()
    assert run is not None
    assert (run.state, run.why, run.by) == ("done", "schedule", "gatehouse")
    assert [step["step"] for step in run.steps] == ["resolve", "connect", "list", "hash", "scan", "store"]
    assert {step["outcome"] for step in run.steps} == {"done"}
    approved.refresh_from_db()
    assert approved.next_scan_at is not None
    assert timedelta(seconds=700) < approved.next_scan_at - timezone.now() < timedelta(seconds=1100)


@pytest.mark.parametrize("state", ["suspended", "quarantined", "retired"])
def test_a_server_out_of_use_is_not_started(
    approved: Server, shapeshifter: Any, celery_inline: None, state: str
) -> None:
    shapeshifter.marker.unlink()
    Server.objects.update(state=state)
    due(approved)
    assert scan_due() == 0
    assert not shapeshifter.marker.exists()


def test_a_message_that_is_lost_is_made_up_for(approved: Server, shapeshifter: Any) -> None:
    """also where a process has no worker of its own, as with `--only gateway` and no Redis."""
    ScanRun.objects.all().delete()
    run = scan_runs.queue(approved.pk, why="list_changed", by=Machine.SYSTEM)
    assert not take_up()  # A worker may be on its way still.
    ScanRun.objects.update(queued_at=timezone.now() - timedelta(seconds=3))
    assert take_up()
    run.refresh_from_db()
    assert run.state == "done"
    assert not take_up()


def test_a_message_that_comes_twice_is_done_once(approved: Server, shapeshifter: Any) -> None:
    run = scan_runs.queue(approved.pk, why="demand", by=Machine.SYSTEM)
    run_scan(run.pk)
    shapeshifter.marker.unlink()
    run_scan(run.pk)
    run_scan(run.pk + 1000)
    assert not shapeshifter.marker.exists()


def test_a_process_without_a_worker_sends_no_message_that_nobody_would_read(
    approved: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`serve --only gateway` on PostgreSQL alone; what it asks for stands in the database."""
    sent: list[Any] = []
    monkeypatch.setattr(run_scan, "apply_async", lambda *given, **named: sent.append(given))
    settings.REDIS_URL, settings.SERVES = "", frozenset({"gateway"})
    ScanRun.objects.all().delete()
    run = ask(approved.pk, why="list_changed")
    assert (run.state, run.why) == ("queued", "list_changed")
    assert ask(approved.pk, why="list_changed") == run
    assert sent == []
    for redis, serves in (("redis://127.0.0.1:6379", {"gateway"}), ("", {"gateway", "console"})):
        settings.REDIS_URL, settings.SERVES = redis, frozenset(serves)
        ask(approved.pk, why="list_changed")
    assert sent == [((run.pk,),)] * 2


def test_a_broker_that_does_not_answer_loses_no_scan(approved: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(run_scan, "apply_async", down)
    ScanRun.objects.all().delete()
    assert ask(approved.pk, why="list_changed").state == "queued"


@pytest.fixture
def celery_inline() -> Any:
    """Tasks run where they are called."""
    app = run_scan.app
    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager, app.conf.task_eager_propagates = before
