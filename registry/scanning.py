"""Look at a server and compare it with what was approved: fetch, canonical form, difference, hold. Approves nothing.

No transaction is open while a server is talked to and its manifest judged, and a scan that fails keeps everything and
says why.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.canonical.values import JSON
from governance.generation import bump
from governance.models import Part
from governance.rights import Actor, name_of
from registry import findings, scan_runs
from registry.comparing import KEPT, Compared, Moved, Name, compare, intent_of, is_unsteady, items_between
from registry.findings import Judgement, judge, unjudged
from registry.looking import (
    NAME_BYTES,
    SCAN_SECONDS,
    Failure,
    Seen,
    look,
    look_at,
    look_by_clients,
    observe,
    step,
)
from registry.manifest.canonical import Key, Kind, Manifest
from registry.models import ManifestVersion, ScanRun, ScanState, Server
from registry.provenance import difference
from registry.schedule import next_look
from registry.settling import follow_resources, lock, place, settle
from registry.states import ItemStanding, in_use

__all__ = [
    "KEPT",
    "NAME_BYTES",
    "SCAN_SECONDS",
    "Failure",
    "Name",
    "ScanReport",
    "Seen",
    "intent_of",
    "kept_of",
    "look",
    "look_at",
    "observe",
    "record",
    "run",
    "scan",
]

ASKED_TWICE_EVERY: Final = 4
"""Of so many scans of a server, one asks it as two clients at once."""


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
    findings: int = 0
    by_client: int = 0

    @property
    def anything(self) -> bool:
        """Whether any item stands otherwise than before."""
        return bool(self.new or self.changed or self.gone or self.back)

    def counts(self) -> dict[str, Any]:
        """The numbers that are kept of it."""
        moved = {"new": self.new, "changed": self.changed, "gone": self.gone, "back": self.back}
        return {word: len(names) for word, names in moved.items()} | {
            "findings": self.findings,
            "by_client": self.by_client,
        }


def scan(server_id: int, *, by: Actor, why: str = "demand") -> ScanReport:
    """Look at one stored server and record what is there. Raises Server.DoesNotExist; other trouble is reported.

    While another scan of the server runs, this one waits for its turn and the report says so.
    """
    wanted = scan_runs.queue(server_id, why=why, by=by)
    report = run(wanted)
    if report is not None:
        return report
    server = Server.objects.get(pk=server_id)
    cause = f"{server.name} is being scanned right now; what was asked for follows when that has ended."
    return ScanReport(server.name, server.state, cause, server.manifest_digest)


def run(wanted: ScanRun) -> ScanReport | None:
    """Do a scan that was asked for; None where it was done meanwhile, or its server is being scanned."""
    started = timezone.now()
    if not scan_runs.begin(wanted, started):
        return None
    by = scan_runs.actor_of(wanted)
    tell = partial(scan_runs.tell, wanted)
    seen: Seen | None = None
    judged: Judgement | None = None
    try:
        server = Server.objects.get(pk=wanted.server_id)
        whence: dict[str, JSON] = {}
        seen, other = look_by_clients(server, tell, another=_asks_twice(server), note=whence.update)
        if isinstance(seen, Manifest):
            with step("scan", tell):
                judged = judge(server.name, seen)
        with step("store", tell):
            report = record(server, seen, by=by, started=started, judged=judged, other=other, whence=whence)
    except BaseException as problem:
        if isinstance(seen, Manifest) and judged is None:
            # A manifest that no rule can look at must not thereby keep what it changed out of the hold.
            record(server, seen, by=by, started=started, judged=unjudged(server, seen))
        scan_runs.give_up(wanted, f"The scan ended inside the gateway ({type(problem).__name__}); its log says more.")
        raise
    cause = seen.cause if isinstance(seen, Failure) else ""
    kept = kept_of(report, seen, judged) | {"twice": isinstance(other, Manifest)}
    scan_runs.end(wanted, cause=cause, digest=report.digest, report=kept)
    return report


def kept_of(report: ScanReport, seen: Seen, judged: Judgement | None) -> dict[str, Any]:
    """What is kept of a scan beside its steps: counts, by which rules it was judged, how it failed."""
    if isinstance(seen, Failure):
        return report.counts() | {"act": seen.act.value}
    return report.counts() | ({} if judged is None else {"pack": judged.pack, "whole": judged.whole})


def _asks_twice(server: Server) -> bool:
    """Whether this scan asks as two clients: every so often, and at the first one."""
    done = ScanRun.objects.filter(server=server, state=ScanState.DONE).order_by("-queued_at", "-pk")
    lately = done.values_list("report", flat=True)[: ASKED_TWICE_EVERY - 1]
    return not any(report.get("twice") for report in lately)


@transaction.atomic
def record(
    server: Server,
    seen: Seen,
    *,
    by: Actor,
    started: datetime,
    judged: Judgement | None = None,
    other: Seen | None = None,
    whence: Mapping[str, JSON] | None = None,
    chance: Callable[[], float] = random.random,
) -> ScanReport:
    """Store what a look at `started` brought, unless a later look was stored already. Moves no baseline.

    `judged` is what was found in it, judged now where nobody did so before; `other` is what another client was offered,
    `whence` where the server that answered comes from.
    """
    locked = lock(server)
    if locked.scanned_at is not None and locked.scanned_at >= started:
        return ScanReport(locked.name, locked.state, locked.state_reason, locked.manifest_digest)
    locked.scanned_at = started
    locked.failures = min(locked.failures + 1, 1000) if isinstance(seen, Failure) else 0
    every = scan_runs.pause_of(locked, settings.SCAN_EVERY)
    locked.next_scan_at = next_look(timezone.now(), every=every, failures=locked.failures, chance=chance())
    locked.save(update_fields=["scanned_at", "failures", "next_scan_at"])
    if isinstance(seen, Failure):
        return _record_failure(locked, seen, by)
    report = _record_manifest(locked, seen, by, judged or judge(locked.name, seen), other)
    if whence:  # Last, since the ledger's head is locked after everything else.
        _note_provenance(locked, whence, by)
    return report


def _record_manifest(server: Server, seen: Manifest, by: Actor, judged: Judgement, other: Seen | None) -> ScanReport:
    merged, differing = seen.items, frozenset[Key]()
    if isinstance(other, Manifest):
        merged, differing = items_between(server, seen, other)
    compared = compare(server, merged, differing, timezone.now())
    stored = _note_capabilities(server, seen) or compared.stored
    kept = _keep(server, seen)
    if differing and isinstance(other, Manifest):
        kept = _keep_version(server, other) or kept
    found = _store_findings(server, seen, judged, compared=compared, differing=differing)
    followed = follow_resources(server)
    settled = settle(server)
    report = _report(server, seen, compared.moved, len(differing))
    # How a server is doing changes nothing for agents; what it offers does.
    if report.anything or kept or followed or stored:
        bump(Part.REGISTRY)
    if settled or report.anything or kept or followed or found:
        _append(server, report, by)
    return report


def _store_findings(
    server: Server, seen: Manifest, judged: Judgement, *, compared: Compared, differing: Collection[Key]
) -> int:
    """Store what was found and noticed; what was once not the same to two clients stays noted until it is approved."""
    noted = set(server.findings.filter(rule=findings.BY_CLIENT).values_list("kind", "name", "digest"))
    noticed = []
    for item in compared.items:
        once = item.state != ItemStanding.APPROVED and (item.kind, item.name, item.seen_digest) in noted
        if once or (Kind(item.kind), item.name) in differing:
            noticed.append(findings.by_client(item))
        elif is_unsteady(item):
            noticed.append(findings.unsteady(item))
    digests = {item.key: item.digest for item in seen.items} | compared.digests
    return findings.store(server, digests, judged, noticed)


def _note_provenance(server: Server, whence: Mapping[str, JSON], by: Actor) -> None:
    """Keep where the server comes from; a program or certificate that is another one is recorded in words.

    What an imported draft or a request said of it stays beside it.
    """
    kept = {**server.provenance, **whence}
    if kept == server.provenance:
        return
    if "kind" in server.provenance and (changed := difference(server.provenance, whence)):
        change = {"what": "provenance", "name": server.name, "reason": plain(changed)}
        ledger.append(kind="change.server", by=name_of(by), change=change, target={"server": server.name})
        kept["changed"] = changed
    server.provenance = kept
    server.save(update_fields=["provenance"])


def _report(server: Server, seen: Manifest, moved: Moved, by_client: int) -> ScanReport:
    return ScanReport(
        server=server.name,
        state=server.state,
        digest=seen.held_digest,
        new=tuple(moved.new),
        changed=tuple(moved.changed),
        gone=tuple(moved.gone),
        back=tuple(moved.back),
        findings=server.findings.filter(accepted_by="").count(),
        by_client=by_client,
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


def _keep(server: Server, manifest: Manifest) -> bool:
    """Keep the manifest as what was last seen; answers whether this server never sent it before."""
    if server.manifest_digest != manifest.held_digest:
        server.manifest_digest = manifest.held_digest
        server.save(update_fields=["manifest_digest"])
    return _keep_version(server, manifest)


def _keep_version(server: Server, manifest: Manifest) -> bool:
    if server.manifests.filter(digest=manifest.digest).exists():
        return False
    last = server.manifests.order_by("-number").values_list("number", flat=True).first() or 0
    document = manifest.encoded().decode()
    ManifestVersion.objects.create(server=server, number=last + 1, digest=manifest.digest, document=document)
    return True


def _append(server: Server, report: ScanReport, by: Actor) -> None:
    moved = {"new": report.new, "changed": report.changed, "gone": report.gone, "back": report.back}
    after = {word: [{"kind": n.kind, "name": plain(n.name)} for n in names] for word, names in moved.items() if names}
    if report.by_client:
        after["by_client"] = report.by_client
    change = {
        "what": "scanned",
        "name": server.name,
        "after": {"state": server.state, "manifest": server.manifest_digest, "findings": report.findings, **after},
        "reason": plain(server.state_reason),
    }
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": server.name})
