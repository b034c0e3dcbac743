"""Between scans: whether servers answer at all. Asks for nothing that they offer, and moves no item and no baseline.

A web server is opened and closed again. A local program is not started for this: it is only noticed when it is gone
from the disk, and a scan finds out about the rest.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.rights import Machine
from registry.looking import Failure, answers, in_own_loop
from registry.models import ScanRun, ScanState, Server, ServerState, Transport
from registry.models.servers import OUT_OF_USE
from registry.settling import lock, place, settle
from registry.states import ServerAct, in_use
from registry.targets import NotReady, Target, target_of

EVERY: Final = timedelta(seconds=60)
SECONDS: Final = 10.0
AT_ONCE: Final = 50


def check_due(now: datetime | None = None) -> int:
    """Ask every server in use that was not heard of for a while; answers how many stand otherwise than before."""
    now = now or timezone.now()
    ago = now - EVERY
    rows = Server.objects.exclude(state__in=OUT_OF_USE).exclude(scan_lease__gt=now)
    rows = rows.filter(Q(checked_at=None) | Q(checked_at__lte=ago)).filter(Q(scanned_at=None) | Q(scanned_at__lte=ago))
    return check(list(rows.order_by("checked_at", "pk")[:AT_ONCE]), now)


def check(servers: Sequence[Server], now: datetime) -> int:
    """Ask these servers whether they answer, all at once; answers how many stand otherwise than before."""
    found: dict[int, Failure | None] = {}
    targets: dict[int, Target] = {}
    for server in servers:
        try:
            target = target_of(server)
        except NotReady as refused:
            found[server.pk] = Failure(ServerAct.UNREACHED, str(refused))
            continue
        if server.transport == Transport.STDIO:
            found[server.pk] = _program(target)
        else:
            targets[server.pk] = target

    async def everywhere() -> list[Failure | None]:
        return list(await asyncio.gather(*(answers(target, SECONDS) for target in targets.values())))

    if targets:
        found.update(zip(targets, in_own_loop(everywhere()), strict=True))
    return sum(_note(server, found[server.pk], now) for server in servers)


def _program(target: Target) -> Failure | None:
    program = target.command[0]
    if not os.access(program, os.X_OK):
        return Failure(ServerAct.UNREACHED, f"Could not start {target.name}: there is no program {program} any more.")
    if target.cwd and not Path(target.cwd).is_dir():
        return Failure(ServerAct.UNREACHED, f"Could not start {target.name}: there is no folder {target.cwd} any more.")
    return None


@transaction.atomic
def _note(server: Server, failure: Failure | None, started: datetime) -> bool:
    """Store one answer, unless a scan brought something later; answers whether the server's state changed."""
    locked = lock(server)
    if not in_use(locked.state) or (locked.scanned_at is not None and locked.scanned_at >= started):
        return False
    if failure is not None:
        # One that was never reached keeps waiting, and one that answers wrongly is known to do worse than this.
        changed = locked.state != ServerState.ERROR and place(locked, failure.act, failure.cause)
        what = "does not answer"
    else:
        locked.checked_at = started
        locked.save(update_fields=["checked_at"])
        changed = _is_back(locked) and settle(locked)
        what = "answers again"
    if not changed:
        return False
    if failure is None:
        locked.next_scan_at = started  # What it offers may be something else since.
        locked.save(update_fields=["next_scan_at"])
    change = {"what": what, "name": locked.name, "after": locked.state, "reason": plain(locked.state_reason)}
    ledger.append(kind="change.server", by=Machine.SYSTEM.value, change=change, target={"server": locked.name})
    return True


def _is_back(server: Server) -> bool:
    """Whether a server in error is there again by answering: not a program, and none whose answers were the error."""
    if server.state != ServerState.ERROR or server.transport == Transport.STDIO:
        return False
    ended = ScanRun.objects.filter(server=server, state__in=[ScanState.DONE, ScanState.FAILED])
    last = ended.order_by("-started_at").values_list("report", flat=True).first() or {}
    return last.get("act") != ServerAct.ANSWER_WRONG.value
