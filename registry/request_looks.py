"""A look at a requested server that a page asked for: done by a worker as the person who wished it, told by its run."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils import timezone

from governance.models import Person
from governance.rights import Machine, NotAllowed
from registry.lifecycle import NotPossible
from registry.models import ScanRun, ScanState, ServerRequest
from registry.request_scans import scan_request

BATCH: Final = 200


def look_at_oldest(now: datetime) -> bool:
    """Look at the one server that waits for a look for the longest time; False where none does."""
    waiting = ServerRequest.objects.unseen(now).defer("manifest_document").order_by("updated_at", "pk")[:BATCH]
    for request in waiting:
        if request.reach_accepted():
            try:
                scan_request(request.pk, by=Machine.SYSTEM, why="submission")
            except NotPossible:
                continue  # Decided or given back since it was read.
            return True
    return False


def look_as(request_id: UUID, person_id: int, why: str) -> ScanRun | None:
    """Look at the server as this person; a refusal becomes a failed run that says so. None where either is gone."""
    person = Person.objects.filter(pk=person_id).first()
    if person is None or not ServerRequest.objects.filter(pk=request_id).exists():
        return None
    try:
        return scan_request(request_id, by=person, why=why)
    except (NotAllowed, NotPossible) as refused:
        now = timezone.now()
        return ScanRun.objects.create(
            request_id=request_id,
            state=ScanState.FAILED,
            why=why,
            by=person.email,
            cause=str(refused)[:500],
            started_at=now,
            finished_at=now,
        )
