"""Lists and capabilities for one agent: at a server's own endpoint, or over all its servers."""

from __future__ import annotations

from gateway.call import Reply
from gateway.door import Asked
from gateway.mcp import listing, outbound
from gateway.mcp.inbound import METHOD_NOT_FOUND
from gateway.mcp.offers import capabilities
from gateway.refusal import Malformed
from gateway.snapshot.model import ServerRecord
from registry.mcp.revisions import Era

NEEDS = {
    "prompts/list": "prompts",
    "prompts/get": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resources",
    "resources/read": "resources",
    "resources/subscribe": "resources",
    "resources/unsubscribe": "resources",
    "completion/complete": "completions",
    "logging/setLevel": "logging",
}
SUBSCRIBES = frozenset({"resources/subscribe", "resources/unsubscribe"})


def servers_of(asked: Asked) -> list[ServerRecord]:
    """The servers behind the endpoint that was asked."""
    return [asked.snapshot.servers[asked.server]]


def offered(asked: Asked) -> dict[str, object]:
    """The capabilities of the endpoint."""
    return capabilities(servers_of(asked))


def instructions(asked: Asked) -> dict[str, object]:
    """The approved instructions of the server, where there are any."""
    text = asked.snapshot.servers[asked.server].instructions
    return {"instructions": text} if text else {}


def page(asked: Asked) -> Reply:
    """One page of a list. Raises Malformed for a cursor that is none of its."""
    message = asked.message
    member = listing.LISTS[message.method or ""]
    items = listing.listed(asked.snapshot, asked.agent, asked.server, member)
    wires = [item.wire for item in items]
    return Reply(
        result=listing.page(member, wires, message.params.get("cursor"), message.era, outbound.SERVER_INFO_JSON)
    )


def require_offered(asked: Asked) -> None:
    """Raise Malformed with -32601 for a method of a capability that the endpoint does not have."""
    method = asked.message.method or ""
    capability = NEEDS.get(method)
    if capability is None:
        return
    found = offered(asked).get(capability)
    wanting = method in SUBSCRIBES and not (isinstance(found, dict) and found.get("subscribe"))
    if found is None or wanting:
        http = 404 if asked.message.era is Era.MODERN else 200
        raise Malformed(f"Method not found: {method}", code=METHOD_NOT_FOUND, http=http)
