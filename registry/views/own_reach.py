"""What the agents of the person who is looking may know of, by their roles. Reads; rules still decide every call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from governance.models import Agent, DataRole
from governance.policy.patterns import Test, glob_test, item_pattern
from governance.views.access import person_of

KINDS = {"tool": "tools", "prompt": "prompts", "resource": "resources", "template": "resources"}


@dataclass(frozen=True, slots=True)
class RoleReach:
    """What data-plane roles cover (contract section 3): whole servers, and patterns by the list they stand in."""

    servers: frozenset[str]
    patterns: dict[str, tuple[tuple[Test | None, Test], ...]]

    @classmethod
    def of(cls, roles: Iterable[DataRole]) -> RoleReach:
        """The union of these roles."""
        servers: set[str] = set()
        texts: dict[str, set[str]] = {"tools": set(), "prompts": set(), "resources": set()}
        for role in roles:
            servers |= set(role.servers)
            for name, patterns in texts.items():
                patterns |= set(getattr(role, name))
        return cls(frozenset(servers), {name: tuple(map(_tests, sorted(patterns))) for name, patterns in texts.items()})

    def covers(self, server: str, kind: str, name: str) -> bool:
        """Whether one of the roles lets an agent know of the item."""
        return any(test(name) for test in self.tests(server, kind))

    def tests(self, server: str, kind: str) -> tuple[Test, ...]:
        """Tests for the names of items of one kind of a server; the roles cover what one of them takes."""
        if server in self.servers:
            return (glob_test("*"),)
        patterns = self.patterns.get(KINDS.get(kind, ""), ())
        return tuple(test for of, test in patterns if of is None or of(server))


def own_agents(request: HttpRequest) -> QuerySet[Agent]:
    """The active agents that the person or one of their teams owns."""
    person = person_of(request)
    owned = Q(owner=person) | Q(team__in=[team.pk for team in person.teams.all()])
    return Agent.objects.filter(owned, active=True)


def own_reach(request: HttpRequest) -> RoleReach | None:
    """What those agents' roles cover together; None where the person owns no agent that has a role."""
    roles = list(DataRole.objects.filter(agents__in=own_agents(request)).distinct())
    return RoleReach.of(roles) if roles else None


def _tests(text: str) -> tuple[Test | None, Test]:
    pattern = item_pattern(text)
    return None if pattern.server is None else glob_test(pattern.server), glob_test(pattern.item)
