"""Celery shells of the registry: they take ids, call one function, and may run twice without harm."""

from __future__ import annotations

from celery import shared_task

from governance.rights import Machine
from registry import scanning
from registry.models import Server
from registry.states import in_use

SOFT_LIMIT = 60
HARD_LIMIT = 90


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT, acks_late=True)
def scan_server(server_id: int) -> None:
    """Scan one server, unless it is being scanned or is gone."""
    with scanning.lease(server_id) as held:
        if held:
            scanning.scan(server_id, by=Machine.SYSTEM)


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def scan_all() -> None:
    """Have every server in use scanned, each by a task of its own."""
    for server in Server.objects.all():
        if in_use(server.state):
            scan_server.delay(server.pk)
