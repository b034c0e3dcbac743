"""Ready client configurations beside a new token: what the agent reaches, under which address. Renders only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from governance.models import DataRole
from governance.views import agents
from registry.models import Server, ServerState

BEARER = "Bearer ${GATEHOUSE_TOKEN}"


def issue(request: HttpRequest, name: str) -> HttpResponseBase:
    """Issue a token, and add snippets for the servers that the agent's roles reach."""
    response = agents.issue(request, name)
    context: dict[str, Any] | None = response.context_data if isinstance(response, TemplateResponse) else None
    if context and context.get("token"):
        known = Server.objects.exclude(state=ServerState.RETIRED).values_list("name", flat=True)
        context["snippets"] = snippets(reached(context["roles"], known), settings.PUBLIC_URL)
    return response


def reached(roles: Iterable[DataRole], servers: Iterable[str]) -> list[str]:
    """The servers that a pattern of one of the roles names; a pattern without a server names every one."""
    patterns = set()
    for role in roles:
        patterns |= set(role.servers)
        for pattern in (*role.tools, *role.prompts, *role.resources):
            server, slash, _ = pattern.partition("/")
            patterns.add(server if slash else "*")
    return sorted(server for server in servers if any(fnmatchcase(server, pattern) for pattern in patterns))


def snippets(servers: Sequence[str], public_url: str) -> list[tuple[str, str, str]]:
    """Client configurations as (id, title, text). The token itself stays in an environment variable."""
    if not servers:
        return []
    commands = [
        f'claude mcp add --transport http {name} {public_url}/mcp/{name} --header "Authorization: {BEARER}"'
        for name in servers
    ]
    entries = {
        name: {"type": "http", "url": f"{public_url}/mcp/{name}", "headers": {"Authorization": BEARER}}
        for name in servers
    }
    return [
        ("snippet-claude", "Claude Code, in a shell where GATEHOUSE_TOKEN holds the token", "\n".join(commands)),
        ("snippet-generic", "Clients that read mcpServers (.mcp.json)", json.dumps({"mcpServers": entries}, indent=2)),
    ]
