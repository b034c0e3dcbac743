"""The current state as the configuration that would make it; secrets by name only."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from governance.models import Agent, DataRole, Person, PolicyVersion, Secret, Team
from registry.conditions import read_condition
from registry.configuration.values import (
    AgentEntry,
    Approval,
    Approve,
    ConditionEntry,
    Configuration,
    PersonEntry,
    PolicyText,
    Rate,
    RoleEntry,
    SecretEntry,
    SecretName,
    ServerEntry,
    TeamEntry,
)
from registry.models import Server
from registry.states import ItemStanding, ServerStanding
from registry.transports.sandbox import read_sandbox


def current_configuration() -> Configuration:
    """What is active: people, agents and servers that were deactivated or retired are left out."""
    policy = PolicyVersion.objects.filter(live=True).first()
    agents = Agent.objects.filter(active=True).exclude(owner__is_active=False).select_related("owner", "team")
    return Configuration(
        teams=tuple(TeamEntry(name) for name in Team.objects.values_list("name", flat=True)),
        people=tuple(_person(person) for person in Person.objects.filter(is_active=True)),
        servers=tuple(_server(server) for server in Server.objects.exclude(state=ServerStanding.RETIRED)),
        roles=tuple(
            RoleEntry(role.name, tuple(role.tools), tuple(role.prompts), tuple(role.resources), tuple(role.servers))
            for role in DataRole.objects.all()
        ),
        agents=tuple(_agent(agent) for agent in agents.prefetch_related("roles")),
        secrets=tuple(SecretEntry(name, env=_variable(name)) for name in Secret.objects.values_list("name", flat=True)),
        policy=PolicyText(policy.text, f"policy {policy.version}") if policy else None,
    )


def _person(person: Person) -> PersonEntry:
    live = person.api_tokens.filter(revoked_at=None, expires_at__gt=timezone.now()).order_by("created_at").last()
    scopes = tuple(live.scopes) if live is not None else None
    roles, teams = tuple(sorted(person.console_roles())), tuple(sorted(person.team_names()))
    return PersonEntry(person.email, roles, teams, scopes)


def _agent(agent: Agent) -> AgentEntry:
    rate = Rate(agent.rate_calls, agent.rate_seconds) if agent.rate_calls and agent.rate_seconds else None
    owner, team = agent.owner.email if agent.owner else "", agent.team.name if agent.team else ""
    return AgentEntry(agent.name, owner, team, tuple(sorted(role.name for role in agent.roles.all())), rate=rate)


def _server(server: Server) -> ServerEntry:
    return ServerEntry(
        name=server.name,
        transport=server.transport,
        url=server.url,
        command=tuple(server.command),
        cwd=server.cwd,
        env=_values(server.env),
        headers=_values(server.headers),
        team=server.team.name if server.team else "",
        tags=tuple(server.tags),
        category=tuple(server.category),
        approval=_approval(server),
        client_requests=tuple(sorted(server.client_requests.items())),
        sessions=server.sessions,
        allow_private_address=server.allow_private_address,
        sandbox=read_sandbox(server.sandbox),
        description=server.description,
        environment=server.environment,
        owner=server.owner.email if server.owner is not None and server.owner.is_active else "",
        conditions=_conditions(server),
    )


def _conditions(server: Server) -> tuple[ConditionEntry, ...] | None:
    rows = server.items.exclude(condition={}).order_by("kind", "name").values_list("kind", "name", "condition")
    return tuple(ConditionEntry(kind, name, read_condition(stored)) for kind, name, stored in rows) or None


def _approval(server: Server) -> Approval:
    """A pinned manifest where all of it is approved, else the names that are."""
    items = list(server.items.exclude(kind="resource"))
    approved = [item for item in items if item.state == ItemStanding.APPROVED]
    if not approved:
        return Approval(Approve.NONE)
    if len(approved) == len(items):
        return Approval(Approve.PINNED, manifest=server.manifest_digest)
    return Approval(Approve.LISTED, items=tuple(dict.fromkeys(item.name for item in approved)))


def _values(stored: dict[str, Any]) -> tuple[tuple[str, str | SecretName], ...]:
    return tuple(
        (name, value if isinstance(value, str) else SecretName(value["secret"])) for name, value in stored.items()
    )


def _variable(name: str) -> str:
    """The environment variable that the exported file expects a secret's value in."""
    return "SECRET_" + name.upper().replace("-", "_")
