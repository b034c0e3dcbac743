"""Scan a requested server and store what was seen of it. Starts nothing that nobody accepted, approves nothing.

No transaction is open while the server is talked to. What differs while a request is under review begins a new round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance import secrets
from governance.canonical.strict_json import encode
from governance.policy.values import Intent
from governance.rights import Actor, Machine, NotAllowed, name_of
from governance.text.visible import one_line
from registry import neighbours, scan_runs
from registry.comparing import KEPT, intent_of
from registry.findings import Judgement, scanner
from registry.lifecycle import NotPossible
from registry.looking import SCAN_SECONDS
from registry.manifest.canonical import Manifest
from registry.models import (
    RequestItem,
    ScanRun,
    ScanState,
    ServerRequest,
    StoredFinding,
    Transport,
)
from registry.request_fields import BadRequest, require_address
from registry.request_looking import Looked, look
from registry.request_people import reviewers, voters, why_not
from registry.request_states import OPEN, REVIEWABLE, RequestAct, quorum
from registry.request_thread import called, lock_request, move, reach_digest, record, say, tell
from registry.scan.finding import HOLDING, Finding
from registry.targets import NotReady, Target, opened, resolved
from registry.transports.sandbox import read_sandbox

DECISION: Final = "decision"
LEASE: Final = timedelta(seconds=2 * SCAN_SECONDS)
SCANS_PER_HOUR: Final = 60
KEPT_CHANGES: Final = 500
KEPT_BYTES: Final = 1024 * 1024
RANK: Final = {Intent.UNKNOWN: 0, Intent.READ: 1, Intent.WRITE: 2, Intent.EXFILTRATIVE: 3, Intent.DESTRUCTIVE: 4}
"""How much an intent can do; a requester may raise one, never lower it."""


def scan_request(request_id: UUID, *, by: Actor, why: str) -> ScanRun:
    """Look at the server that a request asks for and store what is there; the run says how it went.

    `why` is demand, submission, schedule or decision. Raises ServerRequest.DoesNotExist, NotAllowed, NotPossible for
    a request that is over. A run that is under way is returned as it is; a decision looks for itself.
    """
    begun = _begin(request_id, by, why)
    target = begun.target
    if target is None:
        return begun.run

    try:
        looked = look(
            target, judge=lambda manifest: judge(target.name, manifest).found, tell=partial(scan_runs.tell, begun.run)
        )
    except BaseException:
        _give_up(begun)
        raise
    return _store(begun, looked, by)


def judge(name: str, manifest: Manifest) -> Judgement:
    """What is found in the manifest of a server that would have this name, beside those that are in use."""
    rules = scanner()
    found = rules.scan(manifest, server=name, beside=neighbours.beside(name, manifest))
    return Judgement(rules.version, True, frozenset(item.key for item in manifest.items), found)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A look that may begin; without a target there is nothing to do, and the run says why."""

    run: ScanRun
    target: Target | None = None
    address: str = ""
    started: datetime | None = None


@transaction.atomic
def _begin(request_id: UUID, by: Actor, why: str) -> _Begun:
    request = lock_request(request_id)
    if request.state not in OPEN:
        raise NotPossible(
            f"This request is {request.get_state_display().lower()}; nothing of it is looked at any more."
        )
    # Who may decide was judged by what they choose; the row tells of the wanted items alone.
    request.needs_team = request.needs_team or why == DECISION
    _require_may_look(request, by)
    now = timezone.now()
    if why != DECISION:
        ScanRun.objects.filter(request=request, state=ScanState.RUNNING, started_at__lt=now - LEASE).update(
            state=ScanState.FAILED, cause="The look was broken off.", finished_at=now
        )
        running = request.scans.filter(state=ScanState.RUNNING).first()
        if running is not None:
            return _Begun(running)
        _require_room(by, now)
    run = ScanRun(request=request, why=why, by=name_of(by), queued_at=now, started_at=now)
    try:
        require_address(request)
        target = _target(request)
    except (BadRequest, NotReady) as refused:
        run.state, run.cause, run.finished_at = ScanState.FAILED, str(refused)[:500], now
        run.save()
        # The time is noted too, so that what cannot be looked at is not tried again and again.
        ServerRequest.objects.filter(pk=request.pk).update(cause=run.cause, scanned_at=now)
        return _Begun(run)
    # A look for a decision is no row before it has ended: deciding people do not wait for each other.
    if why != DECISION:
        run.state = ScanState.RUNNING
        run.save()
        ServerRequest.objects.filter(pk=request.pk).update(scan_lease=now + LEASE)
    return _Begun(run, target, reach_digest(request), now)


def _require_may_look(request: ServerRequest, by: Actor) -> None:
    if isinstance(by, Machine) or (by.is_active and by.pk == request.requester_id):
        return
    if why_not(request, by, act="look at"):
        raise NotAllowed("You may not have this server looked at; its requester and its reviewers may.")
    if request.state not in REVIEWABLE:
        raise NotPossible("This request is with its requester, who can have the server looked at.")


def _require_room(by: Actor, now: datetime) -> None:
    """The gateway is no instrument for knocking at other people's doors."""
    if isinstance(by, Machine):
        return
    lately = ScanRun.objects.filter(by=by.email, request__isnull=False, queued_at__gt=now - timedelta(hours=1)).count()
    if lately >= SCANS_PER_HOUR:
        raise NotPossible(f"You had {SCANS_PER_HOUR} looks within an hour; wait a little before the next one.")


def _target(request: ServerRequest) -> Target:
    """What is reached. Raises NotReady for a program, private address or bound secret that nobody accepted so."""
    reach = request.reach()
    accepted = request.accepted_by_id is not None and request.accepted_by_id != request.requester_id
    if reach and not (accepted and request.reach_accepted()):
        what = "starting this program" if request.transport == Transport.STDIO else "reaching this address"
        raise NotReady(f"Nothing was started or opened: an administrator has to accept {what} first.")
    return Target(
        name=request.name,
        transport=request.transport,
        url=request.url,
        command=resolved(request.command) if request.command else (),
        cwd=request.cwd,
        environment=opened(bound(request.env), secrets.reveal),
        headers=opened(bound(request.headers), secrets.reveal),
        allow_private_address=bool(request.private_address and reach),
        sandbox=read_sandbox(request.sandbox),
    )


def bound(names: dict[str, Any]) -> dict[str, Any]:
    """Those names that a secret was bound to; the others are not given to the server."""
    return {name: secret for name, secret in names.items() if secret}


def _give_up(begun: _Begun) -> None:
    now = timezone.now()
    ScanRun.objects.filter(pk=begun.run.pk).update(
        state=ScanState.FAILED, cause="The look was broken off by an error of the gateway.", finished_at=now
    )


@transaction.atomic
def _store(begun: _Begun, looked: Looked, by: Actor) -> ScanRun:
    """Store what a look brought, unless what is asked for changed meanwhile or a later look was stored already."""
    request = lock_request(begun.run.request_id)
    run = begun.run if begun.run.pk is None else ScanRun.objects.select_for_update().get(pk=begun.run.pk)
    run.steps, run.finished_at = begun.run.steps, timezone.now()
    run.digest = looked.manifest.held_digest if looked.manifest is not None else ""
    run.state, run.cause = (ScanState.DONE, "") if looked.manifest is not None else (ScanState.FAILED, looked.cause)
    later = request.scanned_at is not None and begun.started is not None and request.scanned_at >= begun.started
    if request.state not in OPEN or reach_digest(request) != begun.address:
        run.state, run.cause = ScanState.FAILED, "The request was changed or decided meanwhile; nothing was stored."
    elif not later:
        request.scanned_at, request.scan_lease = begun.started, None
        if looked.manifest is None:
            _missed(request, looked, by)
        else:
            run.report = _seen(request, looked, looked.manifest, by)
    run.save()
    return run


def _missed(request: ServerRequest, looked: Looked, by: Actor) -> None:
    """Note why nothing was seen; what was seen before is kept."""
    known, request.cause = request.cause, looked.cause
    columns = {"cause": looked.cause, "scanned_at": request.scanned_at, "scan_lease": None}
    before = request.state
    move(request, RequestAct.MISS, **columns, provenance=dict(looked.provenance) or request.provenance)
    if known != looked.cause or before != request.state:
        say(request, by=by, what="missed", text=looked.cause)
        record(request, by=by, what="scan failed", reason=looked.cause, after=request.state)


def _seen(request: ServerRequest, looked: Looked, manifest: Manifest, by: Actor) -> dict[str, Any]:
    """Store manifest, items and findings; answers the counts of what differs from before."""
    first = not request.manifest_digest
    alarms = _alarms(request)
    changes = _take_items(request, manifest)
    _take_findings(request, looked.findings, manifest)
    differs = request.manifest_digest != manifest.held_digest or bool(_alarms(request) - alarms)
    columns: dict[str, Any] = {
        "manifest_digest": manifest.held_digest,
        "manifest_document": manifest.encoded().decode(),
        "provenance": dict(looked.provenance),
        "cause": "",
        "scanned_at": request.scanned_at,
        "scan_lease": None,
    }
    reviewed = request.state in REVIEWABLE
    if reviewed and differs and not first:
        columns |= {"round": request.round + 1, "approvals": 0, "team_approvals": 0}
    told = voters(request)
    before = request.state
    if reviewed and not differs and before != "submitted":
        ServerRequest.objects.filter(pk=request.pk).update(**columns)
        request.refresh_from_db()
    else:
        move(request, RequestAct.SEE, **columns)
    if first or differs or not request.approvals:
        follow_quorum(request)
    report = {word: sum(change["change"] == word for change in changes) for word in ("added", "changed", "removed")}
    report["findings"] = len(looked.findings)
    if differs or before != request.state:
        _announce(request, by, changes, report, told, anew=reviewed and differs and not first)
    return report


def _announce(
    request: ServerRequest,
    by: Actor,
    changes: list[dict[str, Any]],
    report: dict[str, Any],
    told: Iterable[Any],
    *,
    anew: bool,
) -> None:
    counts = ", ".join(f"{report[word]} {word}" for word in ("added", "changed", "removed") if report[word])
    if anew:
        text = f"The server differs from what was seen before: {counts or 'new findings'}. Review begins anew."
        data = {"items": changes, "round": request.round, "digest": request.manifest_digest}
        say(request, by=by, what="changed", text=text, data=data)
        sentence = f"What {called(request)} asks for has changed since it was seen; review begins anew."
        tell(request, [request.requester, *told, *reviewers(request)], "changed", sentence)
    else:
        text = f"Seen: {request.items.count()} items, {report['findings']} findings."
        say(request, by=by, what="scanned", text=text, data={"digest": request.manifest_digest})
    after = {"state": request.state, "manifest": request.manifest_digest, "round": request.round, **report}
    record(request, by=by, what="changed" if anew else "scanned", after=after)


def _take_items(request: ServerRequest, manifest: Manifest) -> list[dict[str, Any]]:
    """Make the rows those of the manifest, keeping what was chosen; answers what was added, changed and removed."""
    known = {(row.kind, row.name): row for row in request.items.all()}
    offered = [item for item in manifest.items if item.kind in KEPT]
    everything = all(row.wanted for row in known.values()) and not (known and request.state in REVIEWABLE)
    changes: list[dict[str, Any]] = []
    made, kept = [], []
    room = KEPT_BYTES
    for position, item in enumerate(offered):
        row = known.pop((item.kind.value, item.name), None)
        if row is None:
            row = RequestItem(request=request, kind=item.kind.value, name=item.name, wanted=everything)
            changes.append(_change(row, "added"))
            made.append(row)
        else:
            if row.digest != item.digest:
                room -= len(row.document)
                changes.append(_change(row, "changed", row.document if room > 0 else None))
            kept.append(row)
        row.position, row.digest, row.document = position, item.digest, encode(dict(item.document)).decode()
        row.intent, row.intent_reason = intent_of(item)
        if row.raised_intent and RANK[Intent(row.raised_intent)] <= RANK[Intent(row.intent)]:
            row.raised_intent = ""
    for row in known.values():
        room -= len(row.document)
        changes.append(_change(row, "removed", row.document if room > 0 else None))
    request.items.filter(pk__in=[row.pk for row in known.values()]).delete()
    RequestItem.objects.bulk_create(made, batch_size=200)
    fields = ["position", "digest", "document", "intent", "intent_reason", "raised_intent"]
    RequestItem.objects.bulk_update(kept, fields, batch_size=100)
    return changes[:KEPT_CHANGES]


def _change(row: RequestItem, word: str, before: str | None = None) -> dict[str, Any]:
    return {"kind": row.kind, "name": row.name, "change": word, "before": before}


def _take_findings(request: ServerRequest, findings: Iterable[Finding], manifest: Manifest) -> None:
    first_seen = {
        (row.rule, row.kind, row.name, row.path, row.quote): row.first_seen_at for row in request.findings.all()
    }
    digests = {(item.kind.value, item.name): item.digest for item in manifest.items}
    now = timezone.now()
    rows = [
        StoredFinding(
            request=request,
            rule=found.rule,
            severity=found.severity.value,
            kind=found.kind.value,
            name=found.name[:2000],
            digest=digests.get((found.kind.value, found.name), ""),
            path=found.path,
            quote=found.quote,
            why=found.why,
            action=found.action,
            first_seen_at=first_seen.get((found.rule, found.kind.value, found.name, found.path, found.quote), now),
        )
        for found in findings
    ]
    request.findings.all().delete()
    StoredFinding.objects.bulk_create(rows, batch_size=200)


def _alarms(request: ServerRequest) -> set[tuple[str, ...]]:
    """The findings that hold an item, as a person has seen them."""
    rows = request.findings.filter(severity__in=[severity.value for severity in HOLDING])
    return set(rows.values_list("rule", "kind", "name", "path", "quote"))


def follow_quorum(request: ServerRequest) -> None:
    """How many people approving the wanted items takes; a decision counts anew for those that it chooses."""
    wanted = set(request.items.filter(wanted=True).values_list("kind", "name"))
    needs = quorum_of(request, wanted)
    request.needed, request.needs_team = needs.needed, needs.team
    ServerRequest.objects.filter(pk=request.pk).update(needed=needs.needed, needs_team=needs.team)


def quorum_of(request: ServerRequest, chosen: Iterable[tuple[str, str]]) -> Any:
    """The quorum for approving exactly these items."""
    chosen = set(chosen)
    rows = [row for row in request.items.defer("document") if (row.kind, row.name) in chosen]
    alarms = request.findings.filter(severity__in=[severity.value for severity in HOLDING])
    kinds = {kind.value for kind in KEPT}
    # What is found outside of single items, such as in the server's name, comes with whatever is approved.
    held = sum(found.kind not in kinds or (found.kind, found.name) in chosen for found in alarms)
    return quorum(intents=[row.raised_intent or row.intent for row in rows], held_findings=held)


def names_shown(names: Iterable[tuple[str, str]]) -> str:
    """Items in a sentence of ours."""
    shown = [f"{kind} {one_line(name, 60)}" for kind, name in sorted(names)]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
