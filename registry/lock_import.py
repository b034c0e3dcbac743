"""`gatehouse.lock` of this installation: written from what is approved, and read back as a decision on exactly that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from governance.rights import Actor, require
from registry import scan_runs
from registry.findings import Judgement, judge
from registry.lifecycle import Shown, approve_items
from registry.looking import Failure, Seen, look_at
from registry.manifest.canonical import HELD, Key, Kind, Manifest
from registry.manifest.lock import Lock, LockedServer, lock_servers, locked
from registry.models import Item, Server, ServerState
from registry.scanning import kept_of, record
from registry.settling import lock as locked_row
from registry.states import ItemStanding, ServerAct, in_use
from registry.targets import NotReady, target_of

ADMINISTER: Final = ("security-admin",)


@dataclass(slots=True)
class Imported:
    """What reading a lock did. `approved` by server; every line of `held` is a difference between here and the lock."""

    dry_run: bool
    approved: dict[str, list[str]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """1 where anything is not as the lock has it."""
        return 1 if self.held else 0

    def report(self) -> dict[str, Any]:
        """The same for a program to read."""
        return {"dry_run": self.dry_run, "approved": self.approved, "held": self.held, "notes": self.notes}

    def lines(self) -> Iterator[str]:
        """The same for a person."""
        word = "would approve" if self.dry_run else "approved"
        for server, items in self.approved.items():
            yield f"{word} {len(items)} items of {server}: {', '.join(items)}"
        yield from (f"held: {line}" for line in self.held)
        yield from (f"note: {line}" for line in self.notes)
        if not self.approved and not self.held:
            yield "everything is as the lock has it"


def current_lock() -> Lock:
    """What is approved of every server that is not retired; the approved form of what is held belongs to it."""
    servers = []
    for server in Server.objects.exclude(state=ServerState.RETIRED):
        digests = _baseline(server)
        if digests:
            servers.append(locked(server.name, digests))
    return lock_servers(servers)


def _baseline(server: Server) -> dict[Key, str]:
    rows = server.items.exclude(kind="resource").exclude(approved_digest="").exclude(state=ItemStanding.REFUSED)
    return {(Kind(kind), name): digest for kind, name, digest in rows.values_list("kind", "name", "approved_digest")}


def import_lock(lock: Lock, *, by: Actor, dry_run: bool = False) -> Imported:
    """Approve what is offered now exactly as the lock has it, and list all that differs from it.

    The servers are looked at first, with no transaction open. It approves nothing that is not there, takes nothing
    back, and leaves refused items refused. A dry run compares with the last scans, writing nothing. Raises NotAllowed.
    """
    require(by, *ADMINISTER, act="import a lock")
    outcome = Imported(dry_run)
    servers = {server.name: server for server in Server.objects.filter(name__in=lock.by_name)}
    started = timezone.now()
    seen: dict[str, tuple[Seen, Judgement | None]] = {}
    if not dry_run:
        seen = _look([server for server in servers.values() if in_use(server.state)])
    for wanted in lock.servers:
        server = servers.get(wanted.name)
        if server is None:
            outcome.held.append(f"{wanted.name}: there is no such server; add it with `apply` first")
        elif not in_use(server.state):
            outcome.held.append(f"{wanted.name}: is {server.state}; nothing of it is approved")
        else:
            _import(server, wanted, seen.get(wanted.name), outcome, by=by, started=started)
    return outcome


def _look(servers: list[Server]) -> dict[str, tuple[Seen, Judgement | None]]:
    found: dict[str, Seen] = {}
    targets = []
    for server in servers:
        try:
            targets.append(target_of(server))
        except NotReady as refused:
            found[server.name] = Failure(ServerAct.UNREACHED, str(refused))
    found.update(zip((target.name for target in targets), look_at(targets), strict=True))
    return {name: (one, judge(name, one) if isinstance(one, Manifest) else None) for name, one in found.items()}


@transaction.atomic
def _import(
    server: Server,
    wanted: LockedServer,
    look: tuple[Seen, Judgement | None] | None,
    outcome: Imported,
    *,
    by: Actor,
    started: datetime,
) -> None:
    if look is not None:
        seen, judged = look
        report = record(server, seen, by=by, started=started, judged=judged)
        cause = seen.cause if isinstance(seen, Failure) else ""
        kept = kept_of(report, seen, judged)
        scan_runs.done_at_once(
            server, why="lock", by=by, started=started, cause=cause, digest=report.digest, report=kept
        )
        if cause:
            outcome.held.append(f"{server.name}: {cause}")
            return
    row = locked_row(server)
    items = {(Kind(item.kind), item.name): item for item in row.items.defer("approved_document", "seen_document")}
    fit = [shown for key, digest in wanted.digests.items() if (shown := _fitting(items, key, digest)) is not None]
    if fit and not outcome.dry_run:
        approval = approve_items(server=row, items=fit, by=by, reason=f"locked as {wanted.held}")
        for shown, tally in approval.waiting:
            outcome.held.append(f"{server.name}: {shown.kind} {shown.name} is as locked. {tally.words}")
        fit = [Shown.of(item) for item in approval.items]
    if fit:
        outcome.approved[server.name] = [f"{shown.kind} {shown.name}" for shown in fit]
    _list_differences(server.name, wanted, items, {(Kind(shown.kind), shown.name) for shown in fit}, outcome)


def _fitting(items: Mapping[Key, Item], key: Key, digest: str) -> Shown | None:
    """The item to approve: there now exactly as locked, held, and not refused by a person."""
    item = items.get(key)
    if item is None or item.seen_digest != digest or key[0] not in HELD:
        return None
    return None if item.state in (ItemStanding.APPROVED, ItemStanding.REFUSED) else Shown.of(item)


def _list_differences(
    server: str, wanted: LockedServer, items: Mapping[Key, Item], approved: set[Key], outcome: Imported
) -> None:
    for key, digest in wanted.digests.items():
        where, item = f"{server}: {key[0]} {key[1]}", items.get(key)
        if key[0] not in HELD:
            if item is not None and item.seen_digest != digest:
                outcome.notes.append(f"{where} differs from the lock; it is noticed and not held")
        elif item is None or not item.seen_digest:
            outcome.held.append(f"{where} is in the lock and not offered now")
        elif item.seen_digest != digest:
            outcome.held.append(f"{where} is offered otherwise than the lock has it ({item.seen_digest})")
        elif item.state == ItemStanding.REFUSED:
            outcome.held.append(f"{where} was refused in the console and stays so")
    for key, item in items.items():
        if key in approved or key in wanted.digests or key[0] not in HELD:
            continue
        if item.approved_digest and item.state != ItemStanding.REFUSED:
            outcome.held.append(
                f"{server}: {key[0]} {key[1]} is approved here and not in the lock; refuse it, or export"
            )
        elif item.state == ItemStanding.NEW:
            outcome.notes.append(f"{server}: {key[0]} {key[1]} is offered and not in the lock; it stays held")
