"""Scans as rows: every one of them, step by step, with counts and causes, and an end whatever happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.models import Person
from governance.rights import Machine
from registry import looking, scan_runs, scanning
from registry.apply import apply_configuration
from registry.configuration.parse import parse_config
from registry.models import ScanRun, Server
from registry.scanning import scan

pytestmark = pytest.mark.django_db


def only(server: Server) -> ScanRun:
    return ScanRun.objects.filter(server=server).latest("pk")


def test_every_scan_leaves_a_row_with_its_steps_counts_and_who_asked(approved: Server, shapeshifter: Any) -> None:
    """progress visible in the console."""
    person = Person.objects.create_user("sec@example.com")
    shapeshifter.offer(read="Changed.", write="Write a file.", more="More.")
    scan(approved.pk, by=person)
    run = only(approved)
    assert (run.state, run.why, run.by, run.cause) == ("done", "demand", "sec@example.com", "")
    assert [step["step"] for step in run.steps] == ["resolve", "connect", "list", "hash", "scan", "store"]
    assert all(step["outcome"] == "done" and step["ms"] >= 0 for step in run.steps)
    assert (run.report["new"], run.report["changed"], run.report["gone"]) == (1, 1, 0)
    assert run.digest
    assert run.queued_at <= run.started_at <= run.finished_at


def test_the_step_that_is_under_way_can_be_seen(approved: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[tuple[str, str]]] = []
    real = scan_runs.tell

    def told(run: ScanRun, step: looking.Step) -> None:
        real(run, step)
        stored = ScanRun.objects.get(pk=run.pk).steps
        seen.append([(each["step"], each["outcome"]) for each in stored])

    monkeypatch.setattr(scan_runs, "tell", told)
    scan(approved.pk, by=Machine.SYSTEM)
    assert [("resolve", "running")] in seen
    assert [("resolve", "done"), ("connect", "done"), ("list", "running")] in seen


def test_a_scan_that_brings_nothing_says_where_and_why(approved: Server, shapeshifter: Any) -> None:
    shapeshifter.manifest.unlink()
    scan(approved.pk, by=Machine.SYSTEM)
    run = only(approved)
    assert run.state == "failed"
    assert run.cause.startswith("Could not reach files: ")
    assert run.steps[-2]["outcome"] == "failed"
    assert run.report["act"] == "unreached"
    approved.refresh_from_db()
    assert approved.scan_lease is None


def test_what_nobody_foresaw_ends_the_run_and_frees_the_server(
    approved: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(scanning, "judge", broken)
        with pytest.raises(ZeroDivisionError):
            scan(approved.pk, by=Machine.SYSTEM)
    run = only(approved)
    assert (run.state, "ZeroDivisionError" in run.cause) == ("failed", True)
    assert scan(approved.pk, by=Machine.SYSTEM).cause == ""


def test_a_person_who_asks_while_a_scan_runs_is_told_and_gets_one_after_it(approved: Server) -> None:
    busy = scan_runs.queue(approved.pk, why="schedule", by=Machine.SYSTEM)
    assert scan_runs.begin(busy, timezone.now())
    report = scan(approved.pk, by=Machine.SYSTEM)
    assert "is being scanned right now" in report.cause
    assert ScanRun.objects.filter(server=approved, state="queued").count() == 1
    scan(approved.pk, by=Machine.SYSTEM)
    assert ScanRun.objects.filter(server=approved, state="queued").count() == 1


def test_a_run_whose_worker_died_is_ended_and_the_server_due_at_once(approved: Server) -> None:
    run = scan_runs.queue(approved.pk, why="schedule", by=Machine.SYSTEM)
    now = timezone.now()
    assert scan_runs.begin(run, now)
    assert scan_runs.bury_dead(now + scan_runs.LEASE - timedelta(seconds=1)) == 0
    assert scan_runs.bury_dead(now + scan_runs.LEASE) == 1
    run.refresh_from_db()
    approved.refresh_from_db()
    assert (run.state, run.cause) == ("failed", scan_runs.DIED)
    assert approved.scan_lease is None
    assert approved.next_scan_at == now + scan_runs.LEASE


def test_a_worker_that_comes_back_from_the_dead_does_not_end_its_run_again(approved: Server) -> None:
    run = scan_runs.queue(approved.pk, why="schedule", by=Machine.SYSTEM)
    now = timezone.now() - 2 * scan_runs.LEASE
    assert scan_runs.begin(run, now)
    scan_runs.bury_dead(timezone.now())
    other = scan_runs.queue(approved.pk, why="schedule", by=Machine.SYSTEM)
    assert scan_runs.begin(other, timezone.now())
    scan_runs.end(run, cause="", digest="sha256:late", report={})
    assert (run.state, run.digest) == ("failed", "")
    approved.refresh_from_db()
    assert approved.scan_lease is not None  # It is the other's.


def test_apply_leaves_a_row_for_every_server_it_looked_at(shapeshifter: Any, tmp_path: Any) -> None:
    file = (
        f"version: 1\nservers:\n  - {{name: files, transport: stdio, command: {shapeshifter.command}, approve: all}}\n"
    )
    apply_configuration(
        parse_config(file, source="gatehouse.yaml", read_file=lambda name: ""), environment={}, folder=tmp_path
    )
    run = only(Server.objects.get(name="files"))
    assert (run.state, run.why, run.by, run.report["new"]) == ("done", "apply", "operator", 2)


def test_a_server_of_its_own_pace_keeps_it_and_the_others_follow_the_setting(approved: Server, settings: Any) -> None:
    settings.SCAN_EVERY = 60
    scan(approved.pk, by=Machine.SYSTEM)
    approved.refresh_from_db()
    assert approved.next_scan_at is not None
    assert approved.next_scan_at - timezone.now() < timedelta(seconds=73)
    Server.objects.update(scan_every_seconds=7200)
    scan(approved.pk, by=Machine.SYSTEM)
    approved.refresh_from_db()
    assert approved.next_scan_at - timezone.now() > timedelta(seconds=5000)


def test_old_scans_that_found_nothing_are_forgotten_and_the_others_later(approved: Server, shapeshifter: Any) -> None:
    ScanRun.objects.all().delete()
    shapeshifter.offer(read="Changed.", write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    telling = only(approved)
    scan(approved.pk, by=Machine.SYSTEM)
    now = timezone.now()
    assert scan_runs.prune(now) == 0
    assert scan_runs.prune(now + scan_runs.QUIET_FOR + timedelta(minutes=1)) == 1
    assert ScanRun.objects.get() == telling
    assert scan_runs.prune(now + scan_runs.KEPT_FOR + timedelta(minutes=1)) == 1
