"""Scans as they run: asked for, begun by one worker, watched step by step, ended, and given up when the worker died.

A server is scanned by one run at a time: beginning one takes the server's lease, and a second row that runs is refused
by the database. What is asked for while a scan runs waits for its turn, since it may be about something later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.models import Person
from governance.rights import Actor, Machine, name_of
from registry.looking import Step
from registry.models import ScanRun, ScanState, Server
from registry.models.servers import OUT_OF_USE
from registry.schedule import next_look
from registry.settling import lock

SOFT_LIMIT: Final = 60
HARD_LIMIT: Final = 90
LEASE: Final = timedelta(seconds=HARD_LIMIT + 30)
"""Past it a run is taken for dead: whatever ran it would have been ended by its limits before."""

QUIET_FOR: Final = timedelta(days=7)
KEPT_FOR: Final = timedelta(days=90)
DIED: Final = "The worker that ran it died or was stopped; the server is looked at again."
AT_ONCE: Final = 500


@transaction.atomic
def queue(server_id: int, *, why: str, by: Actor) -> ScanRun:
    """Ask for a scan; one that waits already is answered in place of a second one. Raises Server.DoesNotExist."""
    server = lock(Server(pk=server_id))
    waiting = ScanRun.objects.filter(server=server, state=ScanState.QUEUED).first()
    return waiting or ScanRun.objects.create(server=server, why=why[:20], by=name_of(by))


def begin(run: ScanRun, now: datetime) -> bool:
    """Take a waiting run and its server's lease; False when it was taken, or another scan of the server runs."""
    try:
        with transaction.atomic():
            server = lock(Server(pk=run.server_id))
            _bury(ScanRun.objects.filter(server=server, state=ScanState.RUNNING), now)
            server.refresh_from_db(fields=["scan_lease"])
            if server.scan_lease is not None and server.scan_lease > now:
                return False
            waiting = ScanRun.objects.filter(pk=run.pk, state=ScanState.QUEUED)
            if waiting.update(state=ScanState.RUNNING, started_at=now) != 1:
                return False
            Server.objects.filter(pk=server.pk).update(scan_lease=now + LEASE)
    except IntegrityError:
        return False
    run.state, run.started_at = ScanState.RUNNING, now
    return True


def tell(run: ScanRun, step: Step) -> None:
    """Note a step; those who look at the run see the one that is under way."""
    said = {**asdict(step), "detail": step.detail[:300]}
    if run.steps and run.steps[-1]["step"] == step.name:
        run.steps[-1] = _step(said)
    else:
        run.steps.append(_step(said))
    if step.outcome == "running":
        ScanRun.objects.filter(pk=run.pk, state=ScanState.RUNNING).update(steps=run.steps)


def _step(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"step": said["name"], "outcome": said["outcome"], "ms": said["ms"], "detail": said["detail"]}


def end(run: ScanRun, *, cause: str, digest: str, report: Mapping[str, Any]) -> None:
    """End a run that was begun; `cause` says why it brought nothing, "" where it did. A buried run stays as it is."""
    now = timezone.now()
    state = ScanState.FAILED if cause else ScanState.DONE
    running = ScanRun.objects.filter(pk=run.pk, state=ScanState.RUNNING)
    with transaction.atomic():
        running.update(
            state=state, cause=cause[:500], digest=digest, report=dict(report), steps=run.steps, finished_at=now
        )
        _give_back(run)
    run.refresh_from_db()


def done_at_once(
    server: Server, *, why: str, by: Actor, started: datetime, cause: str, digest: str, report: Mapping[str, Any]
) -> ScanRun:
    """Note a look that was no run of its own, as `apply` looks at all its servers together. Inside a transaction."""
    return ScanRun.objects.create(
        server=server,
        why=why,
        by=name_of(by),
        state=ScanState.FAILED if cause else ScanState.DONE,
        cause=cause[:500],
        digest=digest,
        report=dict(report),
        queued_at=started,
        started_at=started,
        finished_at=timezone.now(),
    )


def give_up(run: ScanRun, cause: str) -> None:
    """End a run that met with what nobody foresaw, so that the server is not taken for being scanned."""
    end(run, cause=cause, digest="", report={})


def bury_dead(now: datetime) -> int:
    """Fail every run that is under way for longer than any worker may take; answers how many."""
    with transaction.atomic():
        return _bury(ScanRun.objects.filter(state=ScanState.RUNNING), now)


def _bury(running: Any, now: datetime) -> int:
    count = 0
    for run in running.filter(started_at__lte=now - LEASE):
        found = ScanRun.objects.filter(pk=run.pk, state=ScanState.RUNNING)
        if found.update(state=ScanState.FAILED, cause=DIED, finished_at=now):
            count += 1
            if run.server_id is not None:
                _give_back(run)
                Server.objects.filter(pk=run.server_id).update(next_scan_at=now)
    return count


def _give_back(run: ScanRun) -> None:
    """Let go of the lease that this run took, and of no other."""
    if run.started_at is not None:
        Server.objects.filter(pk=run.server_id, scan_lease=run.started_at + LEASE).update(scan_lease=None)


def claim_due(now: datetime, *, every: int, chance: Any) -> list[ScanRun]:
    """Ask for a scan of every server in use that is due, once however many schedulers look.

    `every` is the installation's pause in seconds, `chance` gives numbers from 0 to 1.
    """
    due = Server.objects.exclude(state__in=OUT_OF_USE).exclude(next_scan_at__gt=now).order_by("next_scan_at", "pk")
    runs = []
    for server in due[:AT_ONCE]:
        after = next_look(now, every=pause_of(server, every), failures=server.failures, chance=chance())
        mine = Server.objects.filter(pk=server.pk, next_scan_at=server.next_scan_at)
        if mine.update(next_scan_at=after) == 1:
            runs.append(queue(server.pk, why="schedule", by=Machine.SYSTEM))
    return runs


def pause_of(server: Server, every: int) -> int:
    """Seconds between two scheduled scans: the server's own, or the installation's where it has none of its own."""
    own = server.scan_every_seconds
    return every if own == Server._meta.get_field("scan_every_seconds").default else max(own, 1)


def waiting(now: datetime, *, longer_than: timedelta) -> ScanRun | None:
    """The run of a server that waits longest, if it does so for longer than that and its server is free."""
    rows = ScanRun.objects.filter(state=ScanState.QUEUED, server__isnull=False, queued_at__lte=now - longer_than)
    return rows.exclude(server__scan_lease__gt=now).order_by("queued_at", "pk").first()


def actor_of(run: ScanRun) -> Actor:
    """Who asked for a run; the system itself where that person is no more."""
    if run.by in list(Machine):
        return Machine(run.by)
    return Person.objects.filter(email=run.by).first() or Machine.SYSTEM


def prune(now: datetime) -> int:
    """Forget runs that nobody will look at: those that found nothing after a week, all of them after three months."""
    quiet = {"report__new": 0, "report__changed": 0, "report__gone": 0, "report__back": 0}
    over = ScanRun.objects.filter(server__isnull=False, finished_at__isnull=False)
    count = over.filter(finished_at__lt=now - KEPT_FOR).delete()[0]
    return count + over.filter(finished_at__lt=now - QUIET_FOR, state=ScanState.DONE, **quiet).delete()[0]
