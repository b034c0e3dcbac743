"""Celery shells of the registry: they take ids, call one function, and may run twice without harm.

What is asked for stands in the database and is only announced by a message: one that is lost, or that nobody in this
process would read, is made up for by `take_up`, which every worker is sent.
"""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import Final
from uuid import UUID

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from governance.models import Person
from governance.rights import Actor, Machine
from registry import health, lapses, request_looks, requests, scan_runs, scanning
from registry.models import ScanRun
from registry.scan_runs import HARD_LIMIT, SOFT_LIMIT

log = logging.getLogger("gatehouse.scans")
LEFT_FOR: Final = timedelta(seconds=2)
EVERY_ROLE: Final = frozenset({"gateway", "console"})


def ask(server_id: int, *, why: str, by: Actor = Machine.SYSTEM) -> ScanRun:
    """Have a server scanned by whoever does such work. Raises Server.DoesNotExist. No transaction may be open."""
    run = scan_runs.queue(server_id, why=why, by=by)
    announce(run)
    return run


def announce(run: ScanRun) -> None:
    """Tell the workers of a run that waits. Without Redis only a process that does everything has one of its own."""
    if not settings.REDIS_URL and not settings.SERVES >= EVERY_ROLE:
        return
    try:
        run_scan.apply_async((run.pk,), retry=False)
    except OperationalError as problem:
        log.warning("no worker was told of a scan, which waits until one looks: %s", type(problem).__name__)


def ask_for_look(request_id: UUID, *, by: Person, why: str) -> None:
    """Have a requested server looked at as this person; here and now where no worker would be told of it."""
    if settings.REDIS_URL or settings.SERVES >= EVERY_ROLE:
        try:
            look_at_request.apply_async((str(request_id), by.pk, why), retry=False)
        except OperationalError as problem:
            log.warning("no worker was told of a request's scan, which is done here: %s", type(problem).__name__)
        else:
            return
    request_looks.look_as(request_id, by.pk, why)


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def look_at_request(request_id: str, person_id: int, why: str) -> None:
    """Look at the server that a request asks for, as the person who wished it."""
    request_looks.look_as(UUID(request_id), person_id, why)


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT, acks_late=True)
def run_scan(run_id: int) -> None:
    """Do one scan that was asked for, unless it was done or its server is being scanned."""
    run = ScanRun.objects.filter(pk=run_id, server__isnull=False).first()
    if run is None:
        return
    try:
        scanning.run(run)
    except SoftTimeLimitExceeded:
        log.warning("a scan took longer than %s s and was ended", SOFT_LIMIT)


@shared_task
def scan_due() -> int:
    """Have every server scanned that is due; returns how many."""
    scan_runs.bury_dead(timezone.now())
    runs = scan_runs.claim_due(timezone.now(), every=settings.SCAN_EVERY, chance=random.random)
    for run in runs:
        announce(run)
    return len(runs)


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def take_up() -> bool:
    """Do the scan that nobody has begun for the longest time; returns whether there was one."""
    run = scan_runs.waiting(timezone.now(), longer_than=LEFT_FOR)
    return run is not None and scanning.run(run) is not None


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def check_health() -> int:
    """Ask servers that were not heard of for a while whether they answer; returns how many stand otherwise now."""
    return health.check_due()


@shared_task
def end_approvals() -> int:
    """Suspend servers whose approval has run out; returns how many."""
    return lapses.end_due(timezone.now())


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def look_at_requests() -> bool:
    """Look at the requested server that waits for a look for the longest time; returns whether there was one."""
    return request_looks.look_at_oldest(timezone.now())


@shared_task
def expire_requests() -> int:
    """Let requests lapse that nobody decided in time; returns how many."""
    return requests.expire_due(timezone.now())


@shared_task
def prune_scans() -> int:
    """Forget old scans that found nothing; returns how many."""
    return scan_runs.prune(timezone.now())
