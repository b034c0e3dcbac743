"""Who may answer an escalation, and when enough people have. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from governance.policy.values import Approve

APPROVER: Final = "approver"
"""The console role that answers where a rule names nobody."""


@dataclass(frozen=True, slots=True)
class Decider:
    """A person who wants to decide, with the teams and console roles held at this moment."""

    person: str
    teams: frozenset[str] = frozenset()
    console_roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """What one escalate rule asks for."""

    approve: Approve
    rule: str


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person said, with the teams and console roles held when it was said."""

    person: str
    approve: bool
    teams: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


class NotYours(Exception):
    """This person may not decide this escalation; `reason` is one sentence for that person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def may_decide(
    decider: Decider, needs: Sequence[Need], *, owner: str | None, owner_team_members: frozenset[str] = frozenset()
) -> None:
    """Return when `decider` may answer at least one of `needs`; raise NotYours otherwise.

    `owner` is the person whose agent asks; `owner_team_members` are those of the team that owns the agent when no
    person does: nobody decides a call of an agent that acts for them.
    """
    if owner is not None and _same_person(decider.person, owner):
        raise NotYours("This call comes from your own agent; somebody else has to decide it.")
    if owner is None and _named_in(decider.person, owner_team_members):
        raise NotYours("This call comes from an agent of your own team; somebody outside it has to decide it.")
    if not any(_entitled(decider.person, decider.teams, decider.console_roles, need.approve) for need in needs):
        raise NotYours(f"This call is decided by {_asked_of_all(needs)}, and you are not one of them.")


def met(needs: Sequence[Need], votes: Iterable[Vote], *, owner: str | None = None) -> bool:
    """Whether every need has its number of distinct approving people; one vote may serve several needs.

    No need at all is not met, any vote against is final, and a vote of `owner` never counts.
    """
    votes = tuple(votes)
    if not needs or any(not vote.approve for vote in votes):
        return False
    return all(_missing(need, votes, owner) == 0 for need in needs)


def still_needed(needs: Sequence[Need], votes: Iterable[Vote], *, owner: str | None = None) -> str:
    """One sentence saying whose approval is still missing; empty when `met`."""
    votes = tuple(votes)
    parts = []
    for need in needs:
        missing = _missing(need, votes, owner)
        if missing:
            more = f"{missing} more" if missing < max(need.approve.required, 1) else str(missing)
            people = "approval" if missing == 1 else "approvals"
            parts.append(f"{more} {people} from {_asked(need.approve)} (rule {need.rule})")
    return f"Needs {', and '.join(parts)}." if parts else ""


def anyone_entitled(
    needs: Sequence[Need],
    people: Iterable[Decider],
    owner: str | None,
    owner_team_members: frozenset[str] = frozenset(),
) -> bool:
    """Whether enough of the active `people` could meet every need; False means denied at once (contract 4.13)."""
    able = []
    for person in people:
        try:
            may_decide(person, needs, owner=owner, owner_team_members=owner_team_members)
        except NotYours:
            continue
        able.append(Vote(person.person, True, person.teams, person.console_roles))
    return met(needs, able, owner=owner)


def _missing(need: Need, votes: Iterable[Vote], owner: str | None) -> int:
    """How many distinct people this need still lacks. A quorum below one counts as one."""
    people = {
        vote.person.casefold()
        for vote in votes
        if vote.approve
        and not (owner is not None and _same_person(vote.person, owner))
        and _entitled(vote.person, vote.teams, vote.roles, need.approve)
    }
    return max(0, max(need.approve.required, 1) - len(people))


def _entitled(person: str, teams: frozenset[str], console_roles: frozenset[str], approve: Approve) -> bool:
    if not (approve.teams or approve.people or approve.roles):
        return APPROVER in console_roles
    return (
        any(team in teams for team in approve.teams)
        or any(_same_person(person, name) for name in approve.people)
        or any(role in console_roles for role in approve.roles)
    )


def _same_person(left: str, right: str) -> bool:
    # Addresses are compared without case so that a second spelling of one's own address is still one's own.
    return left.casefold() == right.casefold()


def _named_in(person: str, people: frozenset[str]) -> bool:
    return any(_same_person(person, name) for name in people)


def _asked(approve: Approve) -> str:
    asked = [f"team {team}" for team in approve.teams]
    asked += list(approve.people)
    asked += [f"role {role}" for role in approve.roles]
    return " or ".join(asked) or f"role {APPROVER}"


def _asked_of_all(needs: Sequence[Need]) -> str:
    return ", ".join(dict.fromkeys(_asked(need.approve) for need in needs)) or "nobody"
