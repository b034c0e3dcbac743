"""Stops: what a switch covers, what it does to a call, and who may release it. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from governance.policy.values import Action, Intent

RELEASES_NEEDED: Final = 2
"""Distinct people who must vote to release a switch."""


class Scope(StrEnum):
    """What a switch is set on."""

    EVERYTHING = "everything"
    SERVER = "server"
    TOOL = "tool"
    AGENT = "agent"
    PERSON = "person"
    TEAM = "team"
    SESSION = "session"


class Mode(StrEnum):
    """What a switch does: deny all, deny all but reading, or have a person asked each time."""

    DENY = "deny"
    READ_ONLY = "read-only"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Switch:
    """One stop that is set. `scope_name` is empty for everything; a tool is named `server/tool`, or `tool` on any."""

    id: str
    scope_kind: Scope
    scope_name: str
    mode: Mode
    reason: str
    by: str
    at: datetime


class AlreadyVoted(Exception):
    """This person has already voted to release this switch; a second person has to."""


def applies(
    switch: Switch,
    *,
    server: str,
    tool: str,
    agent: str,
    person: str | None,
    teams: Iterable[str],
    session: str | None,
) -> bool:
    """Whether `switch` covers a call of `tool` on `server` by `agent`. A scope it does not know covers everything."""
    kind, name = switch.scope_kind, switch.scope_name
    if kind == Scope.SERVER:
        return name == server
    if kind == Scope.TOOL:
        return name in (f"{server}/{tool}", tool)
    if kind == Scope.AGENT:
        return name == agent
    if kind == Scope.PERSON:
        return person is not None and name.casefold() == person.casefold()
    if kind == Scope.TEAM:
        return name in teams
    if kind == Scope.SESSION:
        return session is not None and name == session
    return True


def effect(switch: Switch, intent: Intent) -> Action | None:
    """What `switch` does to a call that it covers; None lets it on to the rules. An unknown mode denies."""
    if switch.mode == Mode.READ_ONLY:
        return None if intent is Intent.READ else Action.DENY
    if switch.mode == Mode.ESCALATE:
        return Action.ESCALATE
    return Action.DENY


def release_needs(votes: Iterable[str], *, person: str) -> int:
    """How many further people are needed after `person` votes to release; 0 releases.

    Raises AlreadyVoted when `person` is among `votes`.
    """
    people = {vote.casefold() for vote in votes}
    if person.casefold() in people:
        raise AlreadyVoted(f"{person} has already voted to release this; a second person has to")
    return max(0, RELEASES_NEEDED - len(people) - 1)
