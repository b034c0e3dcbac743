"""Names of servers and their tools, for those who refer to them. Reads only."""

from __future__ import annotations

from registry.models import Item, Server
from registry.models.servers import OUT_OF_USE


def tools_by_server() -> dict[str, set[str]]:
    """Every server by name, retired ones too, with the names of the tools it has or had."""
    found: dict[str, set[str]] = {name: set() for name in Server.objects.values_list("name", flat=True)}
    for server, tool in Item.objects.filter(kind="tool").values_list("server__name", "name"):
        found[server].add(tool)
    return found


def is_offered(name: str) -> bool:
    """Whether a server of this name exists that agents could ever be connected to."""
    return Server.objects.filter(name=name).exclude(state__in=OUT_OF_USE).exists()
