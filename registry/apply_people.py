"""The part of `apply` that writes teams, people, secrets, roles, agents and credentials, each only if it differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from governance import agents, people, roles, secrets
from governance.models import Agent, DataRole, Person, Secret, Team
from governance.rights import Machine
from registry.configuration.values import AgentEntry, Configuration, PersonEntry, Rate, RoleEntry
from registry.outcome import CannotApply, Outcome

BY = Machine.OPERATOR


def write_teams_and_people(configuration: Configuration, outcome: Outcome) -> None:
    """Teams and people as the file has them; nobody is removed."""
    for entry in configuration.teams:
        if not Team.objects.filter(name=entry.name).exists():
            roles.set_team(name=entry.name, by=BY)
            outcome.changes.append(f"team {entry.name} created")
    for person in configuration.people:
        _write_person(person, outcome)


def _write_person(entry: PersonEntry, outcome: Outcome) -> None:
    teams = _teams(entry.teams)
    person = Person.objects.filter(email=entry.email).first()
    if person is None:
        people.create_person(email=entry.email, roles=entry.roles, teams=teams, by=BY)
        outcome.changes.append(f"person {entry.email} created")
        return
    if not person.is_active:
        outcome.unmet.append(f"person {entry.email} was deactivated and stays so")
    if people.change_person(person=person, roles=entry.roles, teams=teams, by=BY):
        outcome.changes.append(f"person {entry.email} changed")


def write_secrets(values: Mapping[str, str], outcome: Outcome) -> None:
    """The secrets' values, sealed; an equal value changes nothing."""
    for name, value in values.items():
        before = Secret.objects.filter(name=name).values_list("sealed", flat=True).first()
        if secrets.store(name=name, value=value, by=BY).sealed != before:
            outcome.changes.append(f"secret {name} {'stored' if before is None else 'replaced'}")


def write_roles(entries: Sequence[RoleEntry], outcome: Outcome) -> None:
    """The data-plane roles."""
    for entry in entries:
        wanted = {field: list(getattr(entry, field)) for field in roles.LISTS}
        before = DataRole.objects.filter(name=entry.name).values(*roles.LISTS).first()
        if before != wanted:
            roles.set_role(name=entry.name, by=BY, **wanted)
            outcome.changes.append(f"role {entry.name} {'created' if before is None else 'changed'}")


def write_agents(entries: Sequence[AgentEntry], outcome: Outcome) -> None:
    """The agents with owner, roles and rate."""
    for entry in entries:
        _write_agent(entry, outcome)


def _write_agent(entry: AgentEntry, outcome: Outcome) -> None:
    owner = Person.objects.get(email=entry.owner) if entry.owner else None
    team = Team.objects.get(name=entry.team) if entry.team else None
    reached = list(DataRole.objects.filter(name__in=entry.roles))
    rate = _rate(entry.rate)
    agent = Agent.objects.filter(name=entry.name).first()
    if agent is None:
        agents.create_agent(name=entry.name, owner=owner, team=team, roles=reached, rate=rate, by=BY)
        outcome.changes.append(f"agent {entry.name} created")
        return
    if not agent.active:
        outcome.unmet.append(f"agent {entry.name} was deactivated and stays so")
    changed = agents.change_agent(agent=agent, owner=owner, team=team, rate=rate, by=BY)
    if agents.set_roles(agent=agent, roles=reached, by=BY) or changed:
        outcome.changes.append(f"agent {entry.name} changed")


def issue_credentials(configuration: Configuration, outcome: Outcome, *, issue: bool, again: frozenset[str]) -> None:
    """Tokens for whoever never had one, and for those named in `again`, whose earlier ones are revoked.

    Without `issue` nothing is issued, because nobody would see the token; the outcome says so.
    """
    missing: list[str] = []
    for agent_entry in configuration.agents:
        _issue_agent_token(agent_entry, outcome, issue, again, missing)
    for person_entry in configuration.people:
        if person_entry.api_token is not None:
            _issue_api_token(person_entry, outcome, issue, again, missing)
    if missing:
        outcome.notes.append(f"no token was issued for {', '.join(missing)}: run again with --credentials-out FILE")


def _issue_agent_token(
    entry: AgentEntry, outcome: Outcome, issue: bool, again: frozenset[str], missing: list[str]
) -> None:
    agent = Agent.objects.get(name=entry.name)
    if not agent.active or not (entry.name in again or not agent.tokens.exists()):
        return
    if not issue:
        missing.append(f"agent {entry.name}")
        return
    earlier = list(agent.tokens.filter(revoked_at=None).values_list("public_id", flat=True))
    text = agents.issue_token(agent=agent, expires_in=timedelta(seconds=entry.expires_in), by=BY)
    _revoke(agents.revoke_token, earlier)
    outcome.agents[entry.name] = text
    outcome.changes.append(f"token of agent {entry.name} issued")


def _issue_api_token(
    entry: PersonEntry, outcome: Outcome, issue: bool, again: frozenset[str], missing: list[str]
) -> None:
    person = Person.objects.get(email=entry.email)
    if not person.is_active or not (entry.email in again or not person.api_tokens.exists()):
        return
    if not issue:
        missing.append(f"person {entry.email}")
        return
    earlier = list(person.api_tokens.filter(revoked_at=None).values_list("public_id", flat=True))
    text = people.issue_api_token(person=person, scopes=entry.api_token or None, by=BY)
    _revoke(people.revoke_api_token, earlier)
    outcome.people[entry.email] = {"api_token": text}
    outcome.changes.append(f"API token of {entry.email} issued")


def _revoke(revoke: Callable[..., bool], public_ids: Sequence[str]) -> None:
    for public_id in public_ids:
        revoke(public_id=public_id, by=BY, reason="apply --reissue")


def require_known(again: frozenset[str], configuration: Configuration) -> None:
    """Every name of `--reissue` must be an agent, or a person with an API token, in the file."""
    known = {entry.name for entry in configuration.agents}
    known |= {entry.email for entry in configuration.people if entry.api_token is not None}
    if unknown := sorted(again - known):
        raise CannotApply(
            f"--reissue {unknown[0]}: no agent and no person with an API token of this name is in the file"
        )


def _teams(names: Sequence[str]) -> list[Team]:
    return list(Team.objects.filter(name__in=names))


def _rate(rate: Rate | None) -> tuple[int, int] | None:
    return None if rate is None else (rate.calls, rate.seconds)
