"""Look at a server and compare it with what was approved: fetch, canonical form, difference, hold. Approves nothing.

No transaction is open while a server is talked to, and a scan that fails keeps everything and says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.canonical.strict_json import encode
from governance.generation import bump
from governance.models import Part
from governance.policy.intent import classify
from governance.policy.values import Intent
from governance.rights import Actor, name_of
from registry.lifecycle import follow_resources, lock, place, settle
from registry.manifest.canonical import Item as Offered
from registry.manifest.canonical import Kind, Manifest, ManifestError
from registry.models import Item, ManifestVersion, Server
from registry.states import ItemStanding, ServerAct, after_sight, in_use, sight_of
from registry.targets import NotReady, Target, open_upstream, target_of
from registry.transports.base import BrokenOff, TimedOut, Unreachable, UpstreamError
from registry.transports.fetch import fetch_manifest

T = TypeVar("T")

SCAN_SECONDS: Final = 30.0
NAME_BYTES: Final = 2000
KEPT: Final = (Kind.TOOL, Kind.PROMPT, Kind.TEMPLATE, Kind.INSTRUCTIONS, Kind.RESOURCE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a scan brought nothing. `act` says whether the server could not be reached or answered wrongly."""

    act: ServerAct
    cause: str


Seen = Manifest | Failure


@dataclass(frozen=True, slots=True)
class Name:
    """An item of a server."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one scan found. `cause` is "" where the server was read; the tuples name what differs since the last one."""

    server: str
    state: str
    cause: str = ""
    digest: str = ""
    new: tuple[Name, ...] = ()
    changed: tuple[Name, ...] = ()
    gone: tuple[Name, ...] = ()
    back: tuple[Name, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether any item stands otherwise than before."""
        return bool(self.new or self.changed or self.gone or self.back)


def scan(server_id: int, *, by: Actor) -> ScanReport:
    """Look at one stored server and record what is there. Raises Server.DoesNotExist; other trouble is reported."""
    server = Server.objects.get(pk=server_id)
    started = timezone.now()
    seen = look(server)
    return record(server, seen, by=by, started=started)


@contextmanager
def lease(server_id: int) -> Iterator[bool]:
    """Whether the caller may scan this server now, so that one scan of it runs at a time; a lost lease runs out."""
    until = timezone.now() + timedelta(seconds=2 * SCAN_SECONDS)
    free = Q(scan_lease=None) | Q(scan_lease__lt=timezone.now())
    held = Server.objects.filter(free, pk=server_id).update(scan_lease=until) == 1
    try:
        yield held
    finally:
        if held:
            Server.objects.filter(pk=server_id, scan_lease=until).update(scan_lease=None)


def look(server: Server) -> Seen:
    """What a stored server offers now, or why that cannot be told; a program that nobody accepted is not run."""
    try:
        target = target_of(server)
    except NotReady as refused:
        return Failure(ServerAct.UNREACHED, str(refused))
    return look_at([target])[0]


def look_at(targets: Sequence[Target]) -> list[Seen]:
    """What each of these servers offers, asked at the same time; callable from any thread, with or without a loop."""

    async def everywhere() -> list[Seen]:
        return list(await asyncio.gather(*(_attempt(target) for target in targets)))

    return _in_own_loop(everywhere())


async def observe(target: Target) -> Manifest:
    """Open a server, read its manifest, close it. Raises UpstreamError, ManifestError, NotReady."""
    upstream = open_upstream(target)
    try:
        manifest = await fetch_manifest(upstream, deadline=SCAN_SECONDS)
    finally:
        await upstream.close()
    for item in manifest.items:
        if "\x00" in item.name or len(item.name.encode()) > NAME_BYTES:
            raise ManifestError(f"the name of a {item.kind} holds a null character or more than {NAME_BYTES} bytes")
    return manifest


async def _attempt(target: Target) -> Seen:
    try:
        async with asyncio.timeout(SCAN_SECONDS):
            return await observe(target)
    except NotReady as refused:
        return Failure(ServerAct.UNREACHED, str(refused))
    except (Unreachable, TimedOut, BrokenOff) as error:
        return Failure(ServerAct.UNREACHED, f"Could not reach {target.name}: {error}.")
    except TimeoutError:
        return Failure(ServerAct.UNREACHED, f"Could not reach {target.name}: no manifest within {SCAN_SECONDS:.0f} s.")
    except (UpstreamError, ManifestError) as error:
        return Failure(ServerAct.ANSWER_WRONG, f"The server {target.name} answered with an error: {error}.")


def _in_own_loop(work: Coroutine[None, None, T]) -> T:
    """Run in a thread of its own, since the caller's thread may have a running loop already."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="scan") as thread:
        return thread.submit(asyncio.run, work).result()


@transaction.atomic
def record(server: Server, seen: Seen, *, by: Actor, started: datetime) -> ScanReport:
    """Store what a look at `started` brought, unless a later look was stored already. Moves no baseline."""
    locked = lock(server)
    if locked.scanned_at is not None and locked.scanned_at >= started:
        return ScanReport(locked.name, locked.state, locked.state_reason, locked.manifest_digest)
    locked.scanned_at = started
    locked.save(update_fields=["scanned_at"])
    if isinstance(seen, Failure):
        return _record_failure(locked, seen, by)
    report, stored = _compare(locked, seen)
    stored = _note_capabilities(locked, seen) or stored
    kept = _keep(locked, seen)
    followed = follow_resources(locked)
    settled = settle(locked)
    # How a server is doing changes nothing for agents; what it offers does.
    if report.anything or kept or followed or stored:
        bump(Part.REGISTRY)
    if settled or report.anything or kept or followed:
        _append(locked, report, by)
    return ScanReport(
        locked.name, locked.state, "", seen.held_digest, report.new, report.changed, report.gone, report.back
    )


def _note_capabilities(server: Server, manifest: Manifest) -> bool:
    """Keep what the server says it can do; answers whether that changed. It is told to agents, and decides nothing."""
    item = manifest.by_key.get((Kind.OTHER, "capabilities"))
    said = item.document.get("capabilities") if item is not None else None
    capabilities = plain(said) if isinstance(said, dict) else {}
    if server.capabilities == capabilities:
        return False
    server.capabilities = capabilities
    server.save(update_fields=["capabilities"])
    return True


def _record_failure(server: Server, failure: Failure, by: Actor) -> ScanReport:
    if in_use(server.state) and place(server, failure.act, failure.cause):
        change = {
            "what": "scan failed",
            "name": server.name,
            "after": server.state,
            "reason": plain(server.state_reason),
        }
        ledger.append(kind="change.server", by=name_of(by), change=change, target={"server": server.name})
    return ScanReport(server.name, server.state, failure.cause, server.manifest_digest)


def _compare(server: Server, manifest: Manifest) -> tuple[ScanReport, bool]:
    """Update what was seen of every item, hold what is not identical to its baseline; and whether any row changed."""
    known = {(item.kind, item.name): item for item in server.items.select_for_update(of=("self",))}
    after_first_approval = any(item.approved_digest for item in known.values())
    moved: dict[str, list[Name]] = {"new": [], "changed": [], "gone": [], "back": []}
    stored = False
    for position, found in enumerate(item for item in manifest.items if item.kind in KEPT):
        item = known.pop((found.kind.value, found.name), None)
        if item is None:
            item = Item(server=server, kind=found.kind.value, name=found.name, late=after_first_approval)
            moved["new"].append(Name(item.kind, item.name))
        moved_along = item.position != position
        item.position = position
        if _see(item, found, moved) or moved_along or item.pk is None:
            item.save()
            stored = True
    for item in known.values():
        stored = _miss(item, moved) or stored
    return ScanReport(server.name, server.state, **{key: tuple(names) for key, names in moved.items()}), stored


def _see(item: Item, found: Offered, moved: dict[str, list[Name]]) -> bool:
    """Take over what is offered now; answers whether the row differs from before."""
    before = (item.state, item.seen_digest)
    item.state = after_sight(item.state, sight_of(approved=item.approved_digest, seen=found.digest)).value
    if item.pk is not None and before != (item.state, found.digest):
        came_back = item.state == ItemStanding.APPROVED or before[0] == ItemStanding.MISSING
        moved["back" if came_back else "changed"].append(Name(item.kind, item.name))
    if item.seen_digest != found.digest:
        item.seen_digest, item.seen_document = found.digest, encode(dict(found.document)).decode()
    intent = (item.intent, item.intent_reason)
    item.intent, item.intent_reason = intent_of(found)
    return (*before, *intent) != (item.state, item.seen_digest, item.intent, item.intent_reason)


def intent_of(offered: Offered) -> tuple[str, str]:
    """The worst that an item can do, and why; what is no tool only returns data (contract section 1)."""
    if offered.kind is not Kind.TOOL:
        return Intent.READ.value, f"reading a {offered.kind} changes nothing"
    document = offered.document
    description, schema, annotations = (document.get(key) for key in ("description", "inputSchema", "annotations"))
    intent, why = classify(
        offered.name,
        description if isinstance(description, str) else None,
        schema if isinstance(schema, dict) else None,
        annotations if isinstance(annotations, dict) else None,
    )
    return intent.value, why[:300]


def _miss(item: Item, moved: dict[str, list[Name]]) -> bool:
    """Note that an item is not there; answers whether that is new."""
    state = after_sight(item.state, sight_of(approved=item.approved_digest, seen="")).value
    if (state, "") == (item.state, item.seen_digest):
        return False
    item.state, item.seen_digest, item.seen_document = state, "", ""
    item.save()
    moved["gone"].append(Name(item.kind, item.name))
    return True


def _keep(server: Server, manifest: Manifest) -> bool:
    """Keep the whole manifest when it is one that this server never sent before; answers whether it was."""
    if server.manifest_digest != manifest.held_digest:
        server.manifest_digest = manifest.held_digest
        server.save(update_fields=["manifest_digest"])
    if server.manifests.filter(digest=manifest.digest).exists():
        return False
    last = server.manifests.order_by("-number").values_list("number", flat=True).first() or 0
    document = manifest.encoded().decode()
    ManifestVersion.objects.create(server=server, number=last + 1, digest=manifest.digest, document=document)
    return True


def _append(server: Server, report: ScanReport, by: Actor) -> None:
    moved = {"new": report.new, "changed": report.changed, "gone": report.gone, "back": report.back}
    after = {word: [{"kind": n.kind, "name": plain(n.name)} for n in names] for word, names in moved.items() if names}
    change = {
        "what": "scanned",
        "name": server.name,
        "after": {"state": server.state, "manifest": server.manifest_digest, **after},
        "reason": plain(server.state_reason),
    }
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": server.name})
