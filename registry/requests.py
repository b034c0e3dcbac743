"""Requests for servers as their requester acts on them: draft, edit, choose, submit, withdraw, comment. And their end.

Nothing of a request exists for agents, and nothing that it names is started or sent a secret, before others decided so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.models import Person
from governance.policy.values import Intent
from governance.rights import Machine, NotAllowed, require
from governance.text.visible import one_line
from registry.imports.draft import Draft
from registry.imports.draft import Transport as TransportWord
from registry.imports.reading import drafts_of
from registry.lifecycle import NotPossible
from registry.models import RequestState, ServerRequest, Transport
from registry.request_fields import (
    ADDRESS,
    EDITABLE_FIELDS,
    READERS,
    BadRequest,
    read_fields,
    read_text,
    require_complete,
)
from registry.request_people import (
    ASKS,
    forget_parties,
    note_parties,
    reviewers,
    voters,
    why_not,
)
from registry.request_scans import RANK, follow_quorum, names_shown
from registry.request_states import EDITABLE, OPEN, REVIEWABLE, RequestAct
from registry.request_thread import (
    AlreadyDecided,
    called,
    described,
    lock_request,
    move,
    reach_digest,
    record,
    require_open,
    say,
    tell,
)
from registry.targets import resolved

__all__ = [
    "AlreadyDecided",
    "BadRequest",
    "NotAllowed",
    "NotPossible",
    "choose_items",
    "comment",
    "create_draft",
    "drafts_from_import",
    "edit_draft",
    "expire_due",
    "reach_digest",
    "submit",
    "withdraw",
]

LAPSES: Final = timedelta(days=30)
MOST_OPEN: Final = 50
BATCH: Final = 200


@transaction.atomic
def create_draft(*, by: Person, fields: Mapping[str, Any] | None = None) -> ServerRequest:
    """A draft of this person, with what is known so far. Raises NotAllowed, BadRequest, NotPossible."""
    require(by, *ASKS, act="request servers")
    given = read_fields(fields or {}, known=READERS)
    if ServerRequest.objects.open().filter(requester=by).count() >= MOST_OPEN:
        raise NotPossible(f"You have {MOST_OPEN} open requests; withdraw one before you begin another.")
    teams = list(by.teams.all()[:2])
    if "team" not in given and len(teams) == 1:
        given["team"] = teams[0]
    request = ServerRequest.objects.create(requester=by, **given)
    note_parties(request)
    say(request, by=by, what="created")
    record(request, by=by, what="created", after=described(given))
    return request


@transaction.atomic
def drafts_from_import(*, text: str, filename: str, by: Person) -> list[ServerRequest]:
    """A draft for each server that a file describes: all of them or none. Nothing of it is verified, fetched or run.

    Raises CannotRead for what describes no servers, and what `create_draft` raises.
    """
    made = []
    for draft in drafts_of(text, filename=filename):
        try:
            request = create_draft(by=by, fields=fields_of(draft))
        except BadRequest as refusal:
            raise BadRequest(refusal.field, f"{draft.name}: {refusal}") from None
        request.imported = {
            **asdict(draft.provenance),
            "required": sorted(draft.required),
            "secret": sorted(draft.secret),
            "warnings": [one_line(warning, 500) for warning in draft.warnings][:50],
        }
        request.save(update_fields=["imported"])
        made.append(request)
    return made


def fields_of(draft: Draft) -> dict[str, Any]:
    """What a request is filled with from a described server."""
    fields: dict[str, Any] = {"name": draft.name, "transport": draft.transport.value, "description": draft.description}
    if draft.transport is TransportWord.STDIO:
        return fields | {"command": list(draft.command), "cwd": draft.cwd, "env": list(draft.env)}
    return fields | {"url": draft.url, "headers": list(draft.headers)}


@transaction.atomic
def edit_draft(*, request_id: UUID, by: Person, fields: Mapping[str, Any]) -> ServerRequest:
    """Write these fields of one's own request, while it is with its requester; an equal value changes nothing.

    Another address or program voids what was seen, what was accepted, and every bound secret. Raises NotAllowed,
    BadRequest, NotPossible, AlreadyDecided.
    """
    request = lock_request(request_id)
    _require_writing(request, by)
    given = read_fields(fields, known=EDITABLE_FIELDS)
    for name in ("env", "headers"):
        if name in given and list(given[name]) == list(getattr(request, name)):
            del given[name]  # The same names: what an administrator bound to them stays bound.
    changed = {name: value for name, value in given.items() if getattr(request, name) != value}
    if not changed:
        return request
    before = described({name: getattr(request, name) for name in changed})
    for name, value in changed.items():
        setattr(request, name, value)
    if any(name in ADDRESS for name in changed):
        _forget_what_was_seen(request)
    request.updated_at = timezone.now()
    request.save()
    if "agents" in changed:
        forget_parties(request)
        note_parties(request)
    record(request, by=by, what="edited", before=before, after=described(changed))
    return request


@transaction.atomic
def choose_items(
    *,
    request_id: UUID,
    by: Person,
    wanted: Collection[tuple[str, str]],
    raised: Mapping[tuple[str, str], str] | None = None,
) -> ServerRequest:
    """Say which of the seen items are wanted, and raise the intent of some. Raises BadRequest for what is not there."""
    request = lock_request(request_id)
    _require_writing(request, by)
    rows = {(row.kind, row.name): row for row in request.items.defer("document")}
    raised = raised or {}
    for field, keys in (("wanted", wanted), ("raised", raised)):
        if unknown := sorted(set(keys) - set(rows)):
            raise BadRequest(field, f"The server does not offer {names_shown(unknown)}; have it looked at again.")
    for key, row in rows.items():
        row.wanted, row.raised_intent = key in wanted, _raised(row.intent, raised.get(key, ""))
    request.items.model.objects.bulk_update(rows.values(), ["wanted", "raised_intent"], batch_size=200)
    follow_quorum(request)
    after = {"wanted": len(set(wanted)), "raised": sum(bool(row.raised_intent) for row in rows.values())}
    record(request, by=by, what="chosen", after=after)
    return request


def _raised(intent: str, wanted: str) -> str:
    """The intent that is stored as raised; "" for the same one. Raises BadRequest for a lower one."""
    if not wanted or wanted == intent:
        return ""
    if wanted not in list(Intent):
        raise BadRequest("raised", f"An intent is one of {', '.join(Intent)}.")
    if RANK[Intent(wanted)] < RANK[Intent(intent)]:
        raise BadRequest("raised", f"An intent can be raised and never lowered; this one is {intent}.")
    return wanted


@transaction.atomic
def submit(*, request_id: UUID, by: Person) -> ServerRequest:
    """Ask for a decision. A resubmission keeps the thread and begins a new round.

    Raises NotAllowed, BadRequest naming what is missing, NotPossible, AlreadyDecided.
    """
    request = lock_request(request_id)
    _require_writing(request, by)
    require(by, *ASKS, act="request servers")
    require_complete(request)
    again, now = request.submitted_at is not None, timezone.now()
    columns: dict[str, Any] = {
        "submitted_at": now,
        "submitted_digest": request.manifest_digest,
        "expires_at": now + LAPSES,
        "round": request.round + 1 if again else request.round,
        "approvals": 0,
        "team_approvals": 0,
    }
    if request.transport == Transport.STDIO and not request.accepted_reach:
        columns["command"] = list(resolved(request.command))
    note_parties(request)
    # What was seen of exactly this address while it was written is what is reviewed.
    seen = [RequestAct.SEE] if request.manifest_digest and not request.cause else []
    move(request, RequestAct.SUBMIT, *seen, **columns)
    follow_quorum(request)
    say(request, by=by, what="resubmitted" if again else "submitted", data={"round": request.round})
    text = f"{by.email} asks for a decision on {called(request)}."
    tell(request, reviewers(request), "submitted", text)
    after = described({name: getattr(request, name) for name in sorted(EDITABLE_FIELDS)})
    record(request, by=by, what="resubmitted" if again else "submitted", after={**after, "round": request.round})
    return request


@transaction.atomic
def withdraw(*, request_id: UUID, by: Person, reason: str = "") -> ServerRequest:
    """Take one's own request back, for good. Raises NotAllowed, AlreadyDecided."""
    request = lock_request(request_id)
    if request.requester_id != by.pk or not by.is_active:
        raise NotAllowed("Only the requester may withdraw a request.")
    told = [*voters(request), *(reviewers(request) if request.state in REVIEWABLE else [])]
    reason = read_text("reason", reason)
    now = timezone.now()
    move(request, RequestAct.WITHDRAW, decided_at=now, decided_by=by.email, decision_reason=reason)
    say(request, by=by, what="withdrawn", text=reason)
    tell(request, told, "withdrawn", f"{by.email} withdrew {called(request)}.")
    record(request, by=by, what="withdrawn", reason=reason)
    return request


@transaction.atomic
def comment(*, request_id: UUID, by: Person, text: str) -> ServerRequest:
    """Add to the thread, as the requester or somebody who reviews it. Raises NotAllowed, BadRequest."""
    request = lock_request(request_id)
    own = request.requester_id == by.pk
    if not by.is_active or not (own or ServerRequest.objects.visible_to(by).filter(pk=request.pk).exists()):
        raise NotAllowed("You may not comment on this request.")
    said = read_text("text", text)
    if not said:
        raise BadRequest("text", "Write something to comment.")
    say(request, by=by, what="comment", text=said)
    if request.state == RequestState.SCANNED and not own and not why_not(request, by):
        move(request, RequestAct.REVIEW)
    others = [request.requester, *voters(request), *_commenters(request)]
    tell(
        request, [each for each in others if each.pk != by.pk], "comment", f"{by.email} commented on {called(request)}."
    )
    record(request, by=by, what="commented")
    return request


def expire_due(now: datetime | None = None) -> int:
    """Let every request lapse that nobody decided in time, each in a transaction of its own. Returns how many."""
    now = now or timezone.now()
    keys = list(ServerRequest.objects.overdue(now).order_by("expires_at").values_list("pk", flat=True)[:BATCH])
    return sum(expire(request_id=key, now=now) for key in keys)


@transaction.atomic
def expire(*, request_id: UUID, now: datetime) -> bool:
    """Let one request lapse whose time has passed; False when there was nothing to do."""
    request = lock_request(request_id)
    if request.state not in OPEN or request.expires_at is None or request.expires_at > now:
        return False
    try:
        move(request, RequestAct.EXPIRE, decided_at=now, decided_by=Machine.SYSTEM.value)
    except (AlreadyDecided, NotPossible):
        return False
    say(request, by=Machine.SYSTEM, what="expired")
    tell(request, [request.requester], "expired", f"Nobody decided on {called(request)} in time, so it has lapsed.")
    record(request, by=Machine.SYSTEM, what="expired", at=now)
    return True


def _require_writing(request: ServerRequest, by: Person) -> None:
    if request.requester_id != by.pk or not by.is_active:
        raise NotAllowed("Only the requester may change a request.")
    require_open(request)
    if request.state not in EDITABLE:
        raise NotPossible("This request is under review; ask for changes to be requested, or withdraw it.")


def _forget_what_was_seen(request: ServerRequest) -> None:
    """Nothing that was seen, accepted or bound counts for another address or program."""
    request.manifest_digest = request.manifest_document = request.cause = ""
    request.provenance, request.scanned_at, request.scan_lease = {}, None, None
    request.accepted_reach, request.accepted_by, request.accepted_at = {}, None, None
    request.env = dict.fromkeys(request.env)
    request.headers = dict.fromkeys(request.headers)
    request.items.all().delete()
    request.findings.all().delete()


def _commenters(request: ServerRequest) -> Iterable[Person]:
    emails = request.events.filter(what="comment").values("by")
    return Person.objects.filter(email__in=emails, is_active=True)
