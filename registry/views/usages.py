"""The usage of items for the person who looks: whose agents are named, and whether the policy is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.http import HttpRequest

from governance.views.access import ADMIN, APPROVER, AUDITOR, AUTHOR, SEES_ALL_CALLS, has_role
from registry.models import Item
from registry.usage import Usage, usage_of
from registry.views.own_reach import own_agents

READS_POLICY: Final = (ADMIN, AUTHOR, APPROVER, AUDITOR)
"""Who may open the policy page, which the rules lead to."""


def usage_for(request: HttpRequest, items: Sequence[Item]) -> dict[int, Usage]:
    """By row of the item; the agents are all, or those of the person and their teams, as with calls."""
    everybody = has_role(request, *SEES_ALL_CALLS)
    agents = None if everybody else [agent.name for agent in own_agents(request)]
    return usage_of(items, agents=agents, rules=has_role(request, *READS_POLICY))
