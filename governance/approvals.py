"""What people say of a held call: approve and deny. One function decides for console, API and Slack alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance import local_mode
from governance.closing import announce, cancel, cancel_matching, expire, expire_due, record
from governance.escalations import (
    NobodyEntitled,
    Opening,
    TooManyWaiting,
    attach,
    detach,
    exact_arguments,
    find_open,
    open_escalation,
    redeem,
    require_somebody,
    team_members,
)
from governance.generation import bump
from governance.models import Agent, Escalation, Part, Person, Vote
from governance.models.escalations import EscalationState
from governance.workflow.authority import NotYours, may_decide, met, still_needed
from governance.workflow.escalation import Act

__all__ = [
    "AlreadyDecided",
    "AlreadyVoted",
    "NobodyEntitled",
    "NotYours",
    "Opening",
    "Outcome",
    "StepUpNeeded",
    "TooManyWaiting",
    "announce",
    "approve",
    "attach",
    "cancel",
    "cancel_matching",
    "deny",
    "detach",
    "exact_arguments",
    "expire",
    "expire_due",
    "find_open",
    "needs_step_up",
    "open_escalation",
    "redeem",
    "require_apart",
    "require_somebody",
]

STEP_UP_INTENTS: Final = frozenset({"destructive", "exfiltrative"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a vote came to. `state` is still `waiting`, and `still_needed` one sentence, while the quorum is open."""

    escalation: Escalation
    state: str
    still_needed: str = ""


class Refused(Exception):
    """A vote that was not counted; `code` is a stable word for programs, the message one sentence for the person."""

    code = "refused"


class AlreadyDecided(Refused):
    """Somebody was quicker, or time ran out: the decision that stands is carried along."""

    code = "already-decided"

    def __init__(self, escalation: Escalation, *, state: str, by: str, at: datetime | None, reason: str) -> None:
        super().__init__(f"This call is {state} already, by {by}." if by else f"This call is {state} already.")
        self.escalation, self.state, self.by, self.at, self.reason = escalation, state, by, at, reason


class AlreadyVoted(Refused):
    """This person's vote counts already; another person is needed."""

    code = "already-voted"


class StepUpNeeded(Refused):
    """Approving this intent takes a second factor that was shown within the last minutes."""

    code = "step-up-required"


class NotEntitled(Refused, NotYours):
    """The pure authority's NotYours, as a refused vote."""

    code = "not-yours"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def approve(
    *,
    escalation_id: UUID,
    by: Person,
    reason: str = "",
    via: str = "console",
    stepped_up: bool = False,
    now: datetime | None = None,
) -> Outcome:
    """Vote for a held call; it is approved once every rule has its people.

    `stepped_up` says that the person showed a fresh second factor; destructive and exfiltrative calls need it. Raises
    Escalation.DoesNotExist, NotYours, StepUpNeeded, AlreadyVoted, AlreadyDecided; each refused attempt is recorded.
    """
    attempt = _Attempt(escalation_id, by, Act.APPROVE, reason, local_mode.via(via), stepped_up, now)
    return _decide(attempt)


def deny(
    *, escalation_id: UUID, by: Person, reason: str = "", via: str = "console", now: datetime | None = None
) -> Outcome:
    """Deny a held call; one vote against is final. Raises as `approve`, but never StepUpNeeded."""
    return _decide(_Attempt(escalation_id, by, Act.DENY, reason, local_mode.via(via), False, now))


def needs_step_up(intent: str) -> bool:
    """Whether approving a call of this intent takes a fresh second factor (contract section 6)."""
    return intent in STEP_UP_INTENTS


@dataclass(frozen=True, slots=True)
class _Attempt:
    escalation_id: UUID
    by: Person
    act: Act
    reason: str
    via: str
    stepped_up: bool
    now: datetime | None

    def moment(self) -> datetime:
        """The time to judge by: the caller's, else the present, asked for only once the lock is held."""
        return self.now or timezone.now()


def _decide(attempt: _Attempt) -> Outcome:
    try:
        return _decided(attempt)
    except Refused as refusal:
        if isinstance(refusal, AlreadyDecided) and refusal.state == EscalationState.EXPIRED:
            expire(escalation_id=attempt.escalation_id, now=attempt.moment())
        _record_refused(attempt, refusal)
        raise


@transaction.atomic
def _decided(attempt: _Attempt) -> Outcome:
    """Everything is judged under the row's lock; the conditional UPDATE decides where the database has no row locks."""
    escalation = Escalation.objects.select_for_update().get(pk=attempt.escalation_id)
    now = attempt.moment()
    person = Person.objects.prefetch_related("groups", "teams").get(pk=attempt.by.pk)
    _require_entitled(escalation, person)
    _require_undecided(escalation, now)
    if escalation.votes.filter(person=person.email).exists():
        raise AlreadyVoted("Your approval is counted already; somebody else has to add theirs.")
    if attempt.act is Act.APPROVE and needs_step_up(escalation.intent) and not attempt.stepped_up:
        raise StepUpNeeded(f"Approving a {escalation.intent} call takes your second factor; confirm it in the console.")
    decider = person.decider()
    Vote.objects.create(
        escalation=escalation,
        person=person.email,
        teams=sorted(decider.teams),
        roles=sorted(decider.console_roles),
        approve=attempt.act is Act.APPROVE,
        reason=attempt.reason,
        via=attempt.via,
        at=now,
    )
    votes = _standing_votes(escalation)
    missing = "" if attempt.act is Act.DENY else _missing(escalation, votes)
    if not missing:
        _settle(escalation, attempt, person, now)
    bump(Part.ESCALATIONS)
    record([escalation], attempt.act, by=person, reason=attempt.reason, now=now, via=attempt.via, votes=votes)
    transaction.on_commit(partial(announce, escalation.pk))
    return Outcome(escalation, str(escalation.state), missing)


def _settle(escalation: Escalation, attempt: _Attempt, person: Person, now: datetime) -> None:
    columns: dict[str, object] = {
        "decided_at": now,
        "decided_by": person.email,
        "decision_reason": attempt.reason,
    }
    if attempt.act is Act.APPROVE:
        columns["redeem_until"] = now + timedelta(seconds=settings.REDEEM_SECONDS)
    escalation.move(attempt.act, **columns)


def _require_entitled(escalation: Escalation, person: Person) -> None:
    """Nobody decides for themselves: neither the owner when the call was held nor the agent's owner today."""
    if not person.is_active:
        raise NotEntitled("Your account is not active.")
    owners = {escalation.person}
    members = team_members(escalation.agent)
    if members:
        owners.add("")
    owners |= set(
        Agent.objects.filter(name=escalation.agent, owner__isnull=False).values_list("owner__email", flat=True)
    )
    require_apart(escalation, person, owners, members)


def require_apart(escalation: Escalation, person: Person, owners: set[str], members: frozenset[str]) -> None:
    """Return when a rule asks this person, who is none of the owners; raise NotYours otherwise.

    An empty owner stands for the team of these members. Local mode keeps nobody apart.
    """
    if local_mode.holds():
        owners, members = {""}, frozenset()
    for owner in sorted(owners):
        try:
            may_decide(person.decider(), escalation.needs(), owner=owner or None, owner_team_members=members)
        except NotYours as refusal:
            raise NotEntitled(refusal.reason) from None


def _require_undecided(escalation: Escalation, now: datetime) -> None:
    if escalation.state != EscalationState.WAITING:
        raise AlreadyDecided(
            escalation,
            state=str(escalation.state),
            by=escalation.decided_by,
            at=escalation.decided_at,
            reason=escalation.decision_reason,
        )
    if escalation.is_stale(now):
        raise AlreadyDecided(escalation, state="expired", by="", at=escalation.deadline, reason="Its time ran out.")


def _standing_votes(escalation: Escalation) -> list[Vote]:
    """The votes of people who are still active; whoever left since does not count towards the quorum."""
    votes = list(escalation.votes.all())
    active = set(
        Person.objects.filter(email__in=[vote.person for vote in votes], is_active=True).values_list("email", flat=True)
    )
    return [vote for vote in votes if vote.person in active]


def _missing(escalation: Escalation, votes: list[Vote]) -> str:
    """Whose approval is still missing, in words; empty when the quorum is met."""
    values = [vote.as_value() for vote in votes]
    owner = local_mode.apart_from(escalation.person or None)
    if met(escalation.needs(), values, owner=owner):
        return ""
    return still_needed(escalation.needs(), values, owner=owner) or "Needs another approval."


@transaction.atomic
def _record_refused(attempt: _Attempt, refusal: Refused) -> None:
    escalation = Escalation.objects.get(pk=attempt.escalation_id)
    record(
        [escalation],
        attempt.act,
        by=attempt.by,
        reason=attempt.reason,
        now=attempt.moment(),
        via=attempt.via,
        refused={"code": refusal.code, "reason": str(refusal)},
    )
