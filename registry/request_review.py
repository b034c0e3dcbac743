"""What others decide on a request: accept what looking at it reaches, approve, deny, ask for changes.

A vote counts for what was shown: the server is looked at again before it, and what differs is shown instead. Every
refused attempt at a decision is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.models import Person, Secret
from governance.rights import NotAllowed, require
from registry.findings import Judgement
from registry.lifecycle import ChangedSinceShown, NotPossible
from registry.models import RequestState, RequestVote, ScanState, ServerRequest, Transport
from registry.request_approval import Choice, Key, choice_of, create_server, manifest_of, mark_items, read_choice
from registry.request_fields import BadRequest, read_text
from registry.request_people import (
    ADMIN,
    Counted,
    counted,
    emails,
    is_of_team,
    note_parties,
    require_entitled,
    reviewers,
    still_needed,
    voters,
)
from registry.request_scans import DECISION, judge, quorum_of, scan_request
from registry.request_states import REVIEWABLE, RequestAct
from registry.request_thread import (
    AlreadyDecided,
    called,
    lock_request,
    move,
    reach_digest,
    record,
    require_open,
    say,
    shown_digest,
    tell,
)
from registry.requests import expire

__all__ = [
    "AlreadyDecided",
    "AlreadyVoted",
    "BadRequest",
    "ChangedSinceShown",
    "NotAllowed",
    "NotPossible",
    "RequestOutcome",
    "accept_reach",
    "approve",
    "deny",
    "request_changes",
]

T = TypeVar("T")
ACCEPTING: Final = "accept what is started or opened for"


class AlreadyVoted(Exception):
    """This person's approval counts already; somebody else has to add theirs."""


REFUSALS: Final = (NotAllowed, BadRequest, NotPossible, ChangedSinceShown, AlreadyVoted, AlreadyDecided)


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What an approval came to; `still_needed` is one sentence while more people have to approve."""

    request: ServerRequest
    state: str
    still_needed: str = ""


def accept_reach(
    *, request_id: UUID, by: Person, shown: str, secrets: Mapping[str, str] | None = None, via: str = "console"
) -> ServerRequest:
    """Accept exactly the program or address that was shown, and bind secrets of the vault to the names asked for.

    `shown` is `reach_digest` of what the person saw; `secrets` says which secret stands behind which name. Raises
    NotAllowed, BadRequest, NotPossible, ChangedSinceShown, AlreadyDecided.
    """
    act = partial(_accept, request_id, by, shown, dict(secrets or {}), via)
    return _recording_refusals(act, request_id, by, "acceptance", via)


def approve(
    *,
    request_id: UUID,
    by: Person,
    shown: str,
    items: Collection[Key] | None = None,
    conditions: Mapping[Key, Mapping[str, Any]] | None = None,
    days: int | None = None,
    reason: str = "",
    via: str = "console",
) -> RequestOutcome:
    """Approve items of a request as they were shown; with enough people the server comes into being.

    `shown` is `shown_digest` of what the person saw. Without `items`, `conditions` and `days` it is what the first of
    the round chose, else the wanted items. Opens no transaction while the server is looked at again. Raises
    NotAllowed, BadRequest, NotPossible, ChangedSinceShown, AlreadyVoted, AlreadyDecided.
    """
    vote = _Vote(request_id, by, shown, items, conditions, days, reason, via)

    def act() -> RequestOutcome:
        _judge(vote)
        judged = _look_again(vote)
        return _cast(vote, judged)

    return _recording_refusals(act, request_id, by, "approval", via)


def deny(*, request_id: UUID, by: Person, reason: str, via: str = "console") -> RequestOutcome:
    """Deny a request for good; one person's word is enough. Raises as `approve`, BadRequest without a reason."""
    act = partial(_turn_down, request_id, by, reason, via, RequestAct.DENY)
    return _recording_refusals(act, request_id, by, "denial", via)


def request_changes(*, request_id: UUID, by: Person, reason: str, via: str = "console") -> RequestOutcome:
    """Give a request back to its requester, who may change and submit it again. Raises as `deny`."""
    act = partial(_turn_down, request_id, by, reason, via, RequestAct.REQUEST_CHANGES)
    return _recording_refusals(act, request_id, by, "request for changes", via)


# Acceptance.


@transaction.atomic
def _accept(request_id: UUID, by: Person, shown: str, secrets: dict[str, str], via: str) -> ServerRequest:
    request = _judged(request_id, by, act=ACCEPTING)
    require(by, ADMIN, act="accept what is started or opened for a request")
    if reach_digest(request) != shown:
        raise ChangedSinceShown("The program or address has changed since it was shown; look at it again.")
    field = "env" if request.transport == Transport.STDIO else "headers"
    names = dict(getattr(request, field))
    for name, secret in secrets.items():
        if name not in names:
            raise BadRequest("secrets", f"The request asks for no {name[:80]!a}; bind secrets to the names it lists.")
        if not Secret.objects.filter(name=secret).exists():
            raise BadRequest("secrets", f"There is no secret {secret[:80]!a} in the vault; store it first.")
        names[name] = {"secret": secret}
    setattr(request, field, names)
    reach = request.reach()
    if not reach:
        raise NotPossible("There is nothing to accept: this is a public address, and no secret is bound to it.")
    approved = voters(request) if request.accepted_reach != reach else []
    if approved:
        # They approved what was reached before; with another secret the same address may answer for somebody else.
        request.round, request.approvals, request.team_approvals = request.round + 1, 0, 0
    request.accepted_reach, request.accepted_by, request.accepted_at = reach, by, timezone.now()
    request.updated_at, request.cause = request.accepted_at, ""
    request.save()
    # Its requester reads the thread, and no names of the vault's secrets.
    bound = sorted(name for name, secret in names.items() if secret)
    say(request, by=by, what="accepted", data={field: bound, "digest": reach_digest(request)})
    if approved:
        _begin_anew(request, approved, by)
    tell(request, [request.requester], "accepted", f"{by.email} accepted what {called(request)} starts or opens.")
    record(request, by=by, what="accepted", after={"reach": reach, "round": request.round}, via=via)
    return request


def _begin_anew(request: ServerRequest, approved: list[Person], by: Person) -> None:
    """Tell those whose approvals ended with a round that was over when something else was accepted."""
    text = "What is started or opened was accepted otherwise than it was approved. Review begins anew."
    say(request, by=by, what="review begins anew", text=text, data={"round": request.round})
    sentence = f"Another reach was accepted for {called(request)} than the one you approved; approve it anew."
    tell(request, approved, "changed", sentence)


# Approval.


@dataclass(frozen=True, slots=True)
class _Vote:
    request_id: UUID
    by: Person
    shown: str
    items: Collection[Key] | None
    conditions: Mapping[Key, Mapping[str, Any]] | None
    days: int | None
    reason: str
    via: str


@transaction.atomic
def _judge(vote: _Vote) -> tuple[ServerRequest, Choice, Counted]:
    """The request under its lock, with what this person chooses; raises whatever speaks against the vote."""
    request = lock_request(vote.request_id)
    # Who acts for whom may have changed since it was submitted.
    note_parties(request)
    # Whether a second person of the team is asked follows from the choice, which is read only for who may have a say.
    request.needs_team = True
    _require_decidable(request, vote.by, act="approve")
    if request.state == RequestState.SUBMITTED or not request.manifest_digest:
        raise NotPossible(request.cause or "The server has not been seen yet, so there is nothing to approve.")
    if shown_digest(request) != vote.shown:
        raise ChangedSinceShown("The server has changed since submission; review what changed.")
    before = counted(request)
    choice = _choice(vote, request, before)
    needs = quorum_of(request, choice.items)
    request.needed, request.needs_team = needs.needed, needs.team
    _require_decidable(request, vote.by, act="approve")
    if request.votes.filter(round=request.round, person=vote.by).exists():
        raise AlreadyVoted("Your approval is counted already; somebody else has to add theirs.")
    for other in before.votes:
        if choice_of(other.choice) != choice:
            raise NotPossible(f"{other.person.email} chose otherwise; approve the same, or request changes.")
    return request, choice, before


def _choice(vote: _Vote, request: ServerRequest, before: Counted) -> Choice:
    """What this person chooses: what the first of the round chose, where nothing else is said."""
    says_nothing = vote.items is None and not vote.conditions and vote.days is None
    if says_nothing and before.votes:
        return choice_of(before.votes[0].choice)
    return read_choice(request, items=vote.items, conditions=vote.conditions or {}, days=vote.days)


def _look_again(vote: _Vote) -> Judgement:
    """What is approved is what is there now; answers what is found in it, and stores what it saw.

    Raises ChangedSinceShown, NotPossible.
    """
    run = scan_request(vote.request_id, by=vote.by, why=DECISION)
    now = ServerRequest.objects.get(pk=vote.request_id)
    require_open(now)
    if run.state == ScanState.FAILED:
        raise NotPossible(f"The server could not be looked at again, so it cannot be approved. {run.cause}")
    if run.digest != now.manifest_digest or shown_digest(now) != vote.shown:
        raise ChangedSinceShown("The server has changed since submission; review what changed.")
    return judge(now.name, manifest_of(now))


@transaction.atomic
def _cast(vote: _Vote, judged: Judgement) -> RequestOutcome:
    """Count the vote, under the lock and judged anew; with the quorum met the server comes into being."""
    request, choice, _ = _judge(vote)
    RequestVote.objects.create(
        request=request,
        round=request.round,
        person=vote.by,
        requester=request.requester,
        of_team=is_of_team(request, vote.by),
        digest=request.manifest_digest,
        choice=choice.stored(),
        reason=read_text("reason", vote.reason),
        via=vote.via,
    )
    votes = counted(request)
    missing = still_needed(request, votes)
    return _count(vote, request, votes, missing) if missing else _approve(vote, request, choice, votes, judged=judged)


def _sums(request: ServerRequest, votes: Counted) -> dict[str, Any]:
    """What the row says of its approvals; the database counts the votes itself."""
    return {
        "needed": request.needed,
        "needs_team": request.needs_team,
        "approvals": votes.people,
        "team_approvals": votes.of_team,
    }


def _count(vote: _Vote, request: ServerRequest, votes: Counted, missing: str) -> RequestOutcome:
    move(request, RequestAct.REVIEW, **_sums(request, votes))
    say(request, by=vote.by, what="approval", text=vote.reason, data={"needs": missing})
    text = f"{vote.by.email} approved {called(request)}. {missing}"
    tell(request, [request.requester, *reviewers(request)], "approval", text)
    record(request, by=vote.by, what="approval counted", reason=vote.reason, after={"needs": missing}, via=vote.via)
    return RequestOutcome(request, str(request.state), missing)


def _approve(
    vote: _Vote, request: ServerRequest, choice: Choice, votes: Counted, *, judged: Judgement
) -> RequestOutcome:
    people = emails(each.person for each in votes.votes)
    admin = next(each.person for each in votes.votes if ADMIN in each.person.console_roles())
    mark_items(request, choice)
    decision = {"decided_at": timezone.now(), "decided_by": ", ".join(people)[:254], "decision_reason": vote.reason}
    move(request, RequestAct.APPROVE, **_sums(request, votes), **decision)
    server = create_server(request, choice, by=admin, people=people, judged=judged)
    ServerRequest.objects.filter(pk=request.pk).update(server=server)
    request.server = server
    data = {"by": people, "items": len(choice.items), "conditions": len(choice.conditions), "days": choice.days}
    say(request, by=vote.by, what="approved", text=vote.reason, data=data)
    tell(request, [request.requester], "approved", f"{called(request).capitalize()} is approved.")
    after = {"by": list(people), "digest": request.manifest_digest, "round": request.round, **choice.stored()}
    record(request, by=vote.by, what="approved", reason=vote.reason, after=after, via=vote.via)
    return RequestOutcome(request, str(request.state))


# Denial, and changes.

_TURNED_DOWN: Final = {RequestAct.DENY: "denied", RequestAct.REQUEST_CHANGES: "changes requested"}


@transaction.atomic
def _turn_down(request_id: UUID, by: Person, reason: str, via: str, act: RequestAct) -> RequestOutcome:
    request = _judged(request_id, by, act="deny" if act is RequestAct.DENY else "give back")
    said = read_text("reason", reason)
    if not said:
        raise BadRequest("reason", "Say why, so that the requester knows what to do.")
    columns: dict[str, Any] = {"decision_reason": said}
    if act is RequestAct.DENY:
        columns |= {"decided_at": timezone.now(), "decided_by": by.email}
    move(request, act, **columns)
    what = _TURNED_DOWN[act]
    say(request, by=by, what=what, text=said)
    verb = "denied" if act is RequestAct.DENY else "asks for changes of"
    tell(request, [request.requester], what.replace(" ", "-"), f"{by.email} {verb} {called(request)}.")
    record(request, by=by, what=what, reason=said, via=via)
    return RequestOutcome(request, str(request.state))


# What every decision asks first, and how a refused one is recorded.


def _judged(request_id: UUID, by: Person, *, act: str) -> ServerRequest:
    request = lock_request(request_id)
    note_parties(request)
    _require_decidable(request, by, act=act)
    return request


def _require_decidable(request: ServerRequest, by: Person, *, act: str) -> None:
    """Return when the request is under review and this person may act on it. Raises NotAllowed, AlreadyDecided."""
    person = Person.objects.prefetch_related("groups", "teams").get(pk=by.pk)
    require_entitled(request, person, act=act)
    require_open(request)
    if request.state not in REVIEWABLE:
        raise NotPossible("This request is with its requester, and nothing can be decided before it is submitted.")
    if request.expires_at is not None and request.expires_at <= timezone.now():
        raise NotPossible("The time for a decision on this request is over.")


def _recording_refusals(act: Callable[[], T], request_id: UUID, by: Person, what: str, via: str) -> T:
    try:
        return act()
    except REFUSALS as refusal:
        expire(request_id=request_id, now=timezone.now())
        _record_refused(request_id, by, f"{what} refused", str(refusal), via)
        raise


@transaction.atomic
def _record_refused(request_id: UUID, by: Person, what: str, reason: str, via: str) -> None:
    request = ServerRequest.objects.get(pk=request_id)
    record(request, by=by, what=what, reason=reason, via=via)
