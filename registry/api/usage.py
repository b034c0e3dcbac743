"""`/tools/usage`: who uses an item, and which rules of the live policy touch it."""

from __future__ import annotations

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint
from governance.models import Agent
from governance.views.access import SEES_ALL_CALLS
from registry.api.refusals import READ, server_named
from registry.usage import usage_of, usage_record
from registry.views.usages import READS_POLICY


class ToolUsage(Endpoint):
    """The usage of one item of one server; a tool where no kind is named."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """All agents for those who read all calls, else the person's own; rules for those who read the policy."""
        wanted = self.query(request, "server", "name", "kind")
        if not wanted.get("server") or not wanted.get("name"):
            raise Problem(400, "invalid", "Say of which item: `?server=NAME&name=ITEM`, and `&kind=` for no tool.")
        server = server_named(wanted["server"])
        item = (
            server.items.filter(kind=wanted.get("kind", "tool"), name=wanted["name"]).select_related("server").first()
        )
        if item is None:
            raise Problem(*NOT_FOUND)
        roles = self.person.decider().console_roles
        named = None if roles.intersection(SEES_ALL_CALLS) else self._own_agents()
        usage = usage_of([item], agents=named, rules=bool(roles.intersection(READS_POLICY)))[item.pk]
        return Response({"server": server.name, "kind": item.kind, "name": item.name, **usage_record(usage)})

    def _own_agents(self) -> list[str]:
        owned = Q(owner=self.person) | Q(team__in=self.person.teams.all())
        return list(Agent.objects.filter(owned).values_list("name", flat=True))
