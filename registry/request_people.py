"""Whom a request concerns: who may decide it and why others may not, whom it would serve, whose approvals count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from governance.models import Agent, ConsoleRole, Person
from governance.rights import NotAllowed
from registry.models import RequestParty, RequestVote, Server, ServerRequest
from registry.models.requests import SPEAKS_FOR_TEAM
from registry.request_states import REVIEWABLE, still_missing

ADMIN: Final = ConsoleRole.SECURITY_ADMIN.value
ASKS: Final = (ConsoleRole.DEVELOPER.value, ConsoleRole.SERVER_OWNER.value)
"""Console roles that request servers."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The approvals that count in a round: of active people who are neither the requester nor served by it."""

    votes: tuple[RequestVote, ...]
    of_team: int
    admins: int

    @property
    def people(self) -> int:
        """How many distinct people they are of; nobody votes twice in a round."""
        return len(self.votes)


def counted(request: ServerRequest) -> Counted:
    """The approvals of the present round that count now."""
    rows = request.votes.filter(round=request.round, digest=request.manifest_digest, person__is_active=True)
    rows = rows.exclude(person=request.requester_id).exclude(person__in=request.parties.values("person"))
    votes = tuple(rows.select_related("person").order_by("at", "pk"))
    admins = sum(ADMIN in vote.person.console_roles() for vote in votes)
    return Counted(votes, sum(vote.of_team for vote in votes), admins)


def still_needed(request: ServerRequest, votes: Counted) -> str:
    """Whose approval is missing, in one sentence; "" when there are enough."""
    team = request.team.name if request.needs_team and request.team is not None else ""
    return still_missing(
        needed=request.needed, people=votes.people, admins=votes.admins, of_team=votes.of_team, team=team
    )


def still_needed_of(request: ServerRequest) -> str | None:
    """Whose approval is missing of a request under review; None where nothing is to be decided."""
    return still_needed(request, counted(request)) if request.state in REVIEWABLE else None


def is_of_team(owned: ServerRequest | Server, person: Person) -> bool:
    """Whether the person is of the owning team, with a role that may speak for it."""
    if owned.team_id is None or not person.console_roles() & SPEAKS_FOR_TEAM:
        return False
    return person.teams.filter(pk=owned.team_id).exists()


def require_entitled(request: ServerRequest, person: Person, *, act: str = "decide on") -> None:
    """Return when the person may decide this request. Raises NotAllowed saying why not."""
    if why := why_not(request, person, act=act):
        raise NotAllowed(why)


def why_not(request: ServerRequest, person: Person, *, act: str = "decide on") -> str:
    """Why the person may not decide this request, in one sentence; "" when they may."""
    if not person.is_active:
        return "Your account is not active."
    if request.requester_id == person.pk:
        return f"You may not {act} your own request; somebody else has to."
    served = request.parties.filter(person=person).values_list("agent", flat=True).first()
    if served is not None:
        return f"You may not {act} this request; it is for the agent {served}, which acts for you."
    if ADMIN in person.console_roles():
        return ""
    if not is_of_team(request, person):
        return f"You may not {act} this request; this takes the role {ADMIN}, or membership of the owning team."
    if not request.needs_team:
        return f"You may not {act} this request; it needs no second person of the team, so the role {ADMIN} decides."
    return ""


def note_parties(request: ServerRequest) -> None:
    """Note whom the named agents act for today: an owner, or every member of an owning team. Only adds.

    Those noted before stay, so that handing an agent over gives nobody a say. Inside the act's transaction.
    """
    known = set(request.parties.values_list("person_id", "agent"))
    agents = Agent.objects.filter(name__in=request.agents).select_related("owner").prefetch_related("team__people")
    rows = [
        RequestParty(request=request, person=person, agent=agent.name)
        for agent in agents
        for person in ([agent.owner] if agent.owner else agent.team.people.all() if agent.team else [])
        if person.pk != request.requester_id and (person.pk, agent.name) not in known
    ]
    RequestParty.objects.bulk_create(rows, ignore_conflicts=True)


def forget_parties(request: ServerRequest) -> None:
    """Let go of those whom only agents that are no longer named would serve, while the requester writes."""
    request.parties.exclude(agent__in=request.agents).delete()


def reviewers(request: ServerRequest) -> list[Person]:
    """Everybody who could add an approval now, or accept what looking at the server would start or open."""
    people = Person.objects.filter(is_active=True, groups__name__in=SPEAKS_FOR_TEAM).distinct().order_by("email")
    return [person for person in people if not why_not(request, person)]


def voters(request: ServerRequest) -> list[Person]:
    """Those who approved in the present round."""
    return [vote.person for vote in request.votes.filter(round=request.round).select_related("person")]


def emails(people: Iterable[Person]) -> list[str]:
    """How records name people."""
    return sorted(person.email for person in people)
