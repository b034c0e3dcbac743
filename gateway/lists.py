"""Lists and capabilities for one agent: at a server's own endpoint, or over all its servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qs

import msgspec
from msgspec.structs import replace

from gateway.adapters.tickets import status_of
from gateway.aggregate import names, own, view
from gateway.aggregate.spelling import renamed, respelled
from gateway.aggregate.view import Aim, View
from gateway.call import Call, Reply
from gateway.door import Asked
from gateway.exchange import Exchange
from gateway.mcp import listing, outbound, verbs
from gateway.mcp.inbound import INVALID_REQUEST, METHOD_NOT_FOUND, Message
from gateway.mcp.offers import capabilities
from gateway.refusal import Invisible, Malformed
from gateway.snapshot.model import AgentRecord, ApprovedItem, ServerRecord, Snapshot
from governance.policy.listing import could_run
from governance.policy.values import Kind
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
SERVER_CHARACTERS = 40
SUBSCRIBES = frozenset({"resources/subscribe", "resources/unsubscribe"})
SPELLED_IN = {"tools": "name", "prompts": "name", "resources": "uri", "resourceTemplates": "uriTemplate"}
Answers = Callable[[Call], Awaitable[Reply]]


class Through(msgspec.Struct, frozen=True):
    """How a judged request came in at the aggregate endpoint.

    `endpoint` is what its request states are bound to; `answers` is set where the gateway answers itself.
    """

    aim: Aim
    endpoint: str
    answers: Answers | None = None

    def outward(self, reply: Reply, method: str) -> Reply:
        """The reply with the server's own URIs as this endpoint spells them."""
        if method != "resources/read" or reply.result is None:
            return reply
        spell = partial(names.joined_uri, self.aim.server)
        return replace(reply, result=respelled(reply.result, ("contents", None, "uri"), spell))


class AskedOfAll(Asked, frozen=True):
    """One message at the aggregate endpoint. `profile` is the role that it is narrowed to, None for all.

    `server` is empty until something is aimed at; `through` tells how that was done.
    """

    profile: str | None = None
    through: Through | None = None


def asked_at(exchange: Exchange, message: Message, who: tuple[Snapshot, str, AgentRecord], server: str) -> Asked:
    """A message at the endpoint of one server, or, where that is empty, of all of them; `who` as the door says.

    Raises Malformed.
    """
    snapshot, token, agent = who
    rpc_id = message.id or b"null"
    if server:
        return Asked(message, snapshot, agent, token, server, rpc_id)
    query = exchange.scope.get("query_string", b"").decode("latin-1")
    given = parse_qs(query, keep_blank_values=True).get("profile", [])
    if len(given) > 1:
        problem = Malformed("The profile came twice; give one role.", code=INVALID_REQUEST)
        problem.rpc_id = rpc_id
        raise problem
    return AskedOfAll(message, snapshot, agent, token, "", rpc_id, given[0] if given else None)


def shown(asked: Asked) -> str:
    """What an unknown endpoint is called in answers and records, cut to the length of a server's name."""
    name = f"?profile={asked.profile}" if isinstance(asked, AskedOfAll) else asked.server
    return name[:SERVER_CHARACTERS]


def through(asked: Asked) -> Through | None:
    """How the request came in, where that was at the aggregate endpoint."""
    return asked.through if isinstance(asked, AskedOfAll) else None


def bound_to(asked: Asked) -> str:
    """What sessions and request states of this endpoint are bound to; no server has such a name but its own."""
    return f"{asked.server}?{asked.profile or ''}" if isinstance(asked, AskedOfAll) else asked.server


def view_of(asked: Asked) -> View | None:
    """What a stream of this endpoint shows, None for a server's own."""
    return View(asked.profile) if isinstance(asked, AskedOfAll) else None


def require_known(asked: Asked) -> None:
    """Raise Invisible when the agent may not know, at the aggregate endpoint, of what was aimed at."""
    came = through(asked)
    if came is not None and not came.aim.known:
        raise Invisible(f"Unknown: {came.aim.called}")


def could_be_listed(asked: Asked, item: ApprovedItem) -> bool:
    """Whether the agent may know of an item: it is in sight here, and no rule hides it."""
    came = through(asked)
    if (came is not None and not came.aim.known) or not asked.snapshot.sees(asked.agent, item):
        return False
    return asked.snapshot.rules.compiled is None or could_run(asked.snapshot.rules_for(item.item), asked.agent.caller)


def reachable(asked: Asked) -> bool:
    """Whether the endpoint exists for this agent."""
    if isinstance(asked, AskedOfAll):
        return asked.profile is None or asked.profile in asked.agent.caller.roles
    return bool(asked.snapshot.visible(asked.agent, asked.server))


def servers_of(asked: Asked) -> list[ServerRecord]:
    """The servers behind the endpoint that was asked."""
    if isinstance(asked, AskedOfAll):
        return view.servers_behind(asked.snapshot, asked.agent, asked.profile)
    return [asked.snapshot.servers[asked.server]]


def offered(asked: Asked) -> dict[str, object]:
    """The capabilities of the endpoint."""
    of_servers = capabilities(servers_of(asked))
    return {"tools": {"listChanged": True}} | of_servers if isinstance(asked, AskedOfAll) else of_servers


def instructions(asked: Asked) -> dict[str, object]:
    """The approved instructions of the server, or of all of them under their names, where there are any."""
    if isinstance(asked, AskedOfAll):
        text: str | None = view.instructions(servers_of(asked))
    else:
        text = asked.snapshot.servers[asked.server].instructions
    return {"instructions": text} if text else {}


def page(asked: Asked) -> Reply:
    """One page of a list. Raises Malformed for a cursor that is none of its."""
    message = asked.message
    member, cursor = listing.LISTS[message.method or ""], message.params.get("cursor")
    if isinstance(asked, AskedOfAll):
        named = _named(asked, member)
        return Reply(result=listing.page_by_name(member, named, cursor, message.era, outbound.SERVER_INFO_JSON))
    items = listing.listed(asked.snapshot, asked.agent, asked.server, member)
    wires = [item.wire for item in items]
    return Reply(result=listing.page(member, wires, cursor, message.era, outbound.SERVER_INFO_JSON))


def _named(asked: AskedOfAll, member: str, *, with_own: bool = True) -> list[tuple[str, bytes]]:
    """Names and definitions over all servers: the approved bytes, with the name alone changed; own tools first."""
    found = view.listed(asked.snapshot, asked.agent, asked.profile, member)
    first = list(own.DEFINITIONS.items()) if member == "tools" and with_own else []
    return first + [(name, renamed(item.wire, (SPELLED_IN[member],), name)) for name, item in found]


def require_offered(asked: Asked) -> None:
    """Raise Malformed with -32601 for a method of a capability that the endpoint does not have."""
    method = asked.message.method or ""
    if method in NEEDS and not _able(offered(asked), method):
        http = 404 if asked.message.era is Era.MODERN else 200
        raise Malformed(f"Method not found: {method}", code=METHOD_NOT_FOUND, http=http)


def _able(offered: dict[str, object], method: str) -> bool:
    found = offered.get(NEEDS[method])
    wanting = method in SUBSCRIBES and not (isinstance(found, dict) and found.get("subscribe"))
    return found is not None and not wanting


# The aggregate endpoint: from names to servers and their items.


def aimed(asked: Asked, judged: verbs.Judged, method: str = "") -> tuple[Asked, verbs.Judged]:
    """The request as the one server's endpoint would have had it; what is asked there stays as it is.

    A server of which the agent sees nothing is like none: it is named in the record alone. Raises Malformed with -32601
    where a server that the agent sees has no such capability.
    """
    if not isinstance(asked, AskedOfAll):
        return asked, judged
    called, method = judged.item, method or asked.message.method or ""
    if judged.kind is Kind.TOOL and called in own.DEFINITIONS:
        server, _, item = called.partition(names.BETWEEN)
        aim = Aim(server, item, called, known=True)
        answers: Answers | None = partial(_answered, asked, judged)
        there = ""
    else:
        aim = view.aimed(asked.snapshot, asked.agent, asked.profile, judged.kind, called)
        answers = None
        there = aim.server if aim.server in {server.name for server in servers_of(asked)} else ""
        _require_able(asked, there, method)
    path = _path_of(judged.kind, method)
    params = respelled(judged.params, path, lambda _: aim.item)
    at = replace(asked, server=there)
    return replace(at, through=Through(aim, bound_to(at), answers)), replace(judged, item=aim.item, params=params)


def watched(asked: Asked, uris: frozenset[str]) -> list[tuple[ServerRecord, frozenset[str]]]:
    """The servers of watched resources, each with its own URIs."""
    if not isinstance(asked, AskedOfAll):
        return [(server, uris) for server in servers_of(asked) if uris]
    own_uris: dict[str, set[str]] = {}
    for server, uri in filter(None, map(names.split_uri, uris)):
        own_uris.setdefault(server, set()).add(uri)
    servers = asked.snapshot.servers
    return [(servers[server], frozenset(found)) for server, found in own_uris.items() if server in servers]


def _path_of(kind: Kind, method: str) -> tuple[str, ...]:
    """Where the forwarded params name the item."""
    key = "uri" if kind is Kind.RESOURCE else "name"
    return ("ref", key) if method == "completion/complete" else (key,)


def _require_able(asked: AskedOfAll, server: str, method: str) -> None:
    """Raise Malformed for what the server as a whole does not offer; it is no secret to those who see the server."""
    asks = method in SUBSCRIBES or method == "completion/complete"
    if server and asks and not _able(capabilities([asked.snapshot.servers[server]]), method):
        http = 404 if asked.message.era is Era.MODERN else 200
        raise Malformed(f"Method not found: {method} at {server}", code=METHOD_NOT_FOUND, http=http)


async def _answered(asked: AskedOfAll, judged: verbs.Judged, call: Call) -> Reply:
    """What an own tool answers."""
    try:
        if judged.item == own.SEARCH:
            query, limit = own.search_of(judged.arguments)
            fields = own.found(query, limit, _named(asked, "tools", with_own=False))
        else:
            ticket = own.ticket_of(judged.arguments)
            status = await status_of(ticket, agent=call.agent, now=call.at)
            fields = own.failed(f"Unknown ticket: {ticket}") if status is None else own.told(status)
    except own.BadArguments as problem:
        fields = own.failed(str(problem))
    return outbound.own_result(fields, call.era)
