"""What the gateway offers an agent in a server's name. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.snapshot.model import ServerRecord

LISTED = {"tools": "tools", "prompts": "prompts", "resources": "resources", "resourceTemplates": "resources"}


def _can_be_heard(server: ServerRecord) -> bool:
    """Whether log messages can be told apart: over a pipe or SSE that agents share, nobody knows whose they are."""
    return server.own_sessions or server.transport == "http"


def capabilities(servers: Iterable[ServerRecord]) -> dict[str, object]:
    """What the servers declared and the gateway serves, with changes of what is approved told by the gateway itself."""
    offered: dict[str, dict[str, object]] = {}
    for server in servers:
        kinds = {LISTED[item.listing] for item in server.items.values()} | server.capabilities.keys()
        for kind in sorted(kinds.intersection(LISTED.values())):
            offered.setdefault(kind, {"listChanged": True})
        resources = server.capabilities.get("resources")
        if "resources" in offered and isinstance(resources, dict) and resources.get("subscribe") is True:
            offered["resources"]["subscribe"] = True
        for kind in ("completions", "logging"):
            if kind in server.capabilities and (kind != "logging" or _can_be_heard(server)):
                offered.setdefault(kind, {})
    return dict(offered) or {"tools": {"listChanged": True}}
