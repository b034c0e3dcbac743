"""What one agent has before it at the aggregate endpoint, as a whole or through a profile. Pure: no Django, no I/O.

A profile narrows what is seen and never what rules are told: a rule that names another role of the agent goes on
holding. None stands for no profile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from gateway.aggregate import names
from gateway.mcp import listing
from gateway.snapshot.model import AgentRecord, ApprovedItem, ServerRecord, Snapshot
from governance.policy.values import Kind

KIND_OF = {"tools": Kind.TOOL, "prompts": Kind.PROMPT}


class Aim(msgspec.Struct, frozen=True):
    """What a name stands for: `server` and `item` are what rules and records see, `called` is what the agent said.

    `known` tells whether the agent may know of it here; what is not known is asked for all the same, and recorded.
    """

    server: str
    item: str
    called: str
    known: bool


@dataclass(frozen=True, slots=True)
class View:
    """The aggregate endpoint, as a whole or through a profile."""

    profile: str | None = None


def seen_as(agent: AgentRecord, profile: str | None) -> AgentRecord:
    """The agent with the roles that count for what is seen; none where the profile is no role of it."""
    if profile is None:
        return agent
    return replace(agent, caller=replace(agent.caller, roles=agent.caller.roles & {profile}))


def servers_behind(snapshot: Snapshot, agent: AgentRecord, profile: str | None) -> list[ServerRecord]:
    """The servers of which the agent sees anything, by name."""
    seen = seen_as(agent, profile)
    return [server for name, server in sorted(snapshot.servers.items()) if snapshot.visible(seen, name)]


def listed(snapshot: Snapshot, agent: AgentRecord, profile: str | None, member: str) -> list[tuple[str, ApprovedItem]]:
    """One of `listing.LISTS` over all servers, under the names of this endpoint: by server, then in its own order.

    Raises Unavailable without a policy.
    """
    seen = seen_as(agent, profile)
    found: list[tuple[str, ApprovedItem]] = []
    for server in servers_behind(snapshot, agent, profile):
        items = listing.listed(snapshot, agent, server.name, member, seen_as=seen)
        if member in KIND_OF:
            visible = (item for item in snapshot.visible(seen, server.name) if item.listing == member)
            own = {item.item.name: name for name, item in by_name(server.name, visible).items()}
            found += [(own[item.item.name], item) for item in items if item.item.name in own]
        else:
            found += [(names.joined_uri(server.name, item.item.name), item) for item in items]
    return found


def by_name(server: str, items: Iterable[ApprovedItem]) -> dict[str, ApprovedItem]:
    """Items of one kind by their names here. Where names that had to be cut are alike, none of them is meant."""
    items = list(items)
    spelled = [names.joined(server, item.item.name) for item in items]
    times = Counter(spelled)
    return {
        name: item
        for name, item in zip(spelled, items, strict=True)
        if times[name] == 1 or names.fits(server, item.item.name)
    }


def aimed(snapshot: Snapshot, agent: AgentRecord, profile: str | None, kind: Kind, called: str) -> Aim:
    """What a name or URI stands for."""
    parts = names.split_uri(called) if kind is Kind.RESOURCE else names.split(called)
    if parts is None:
        return Aim("", called, called, known=False)
    server, item = parts
    record, seen = snapshot.servers.get(server), seen_as(agent, profile)
    if record is None or (kind is not Kind.RESOURCE and len(called) > names.LONGEST):
        return Aim(server, item, called, known=False)
    found = snapshot.item_of(record, kind, item)
    if found is not None and snapshot.sees(seen, found):
        return Aim(server, item, called, known=True)
    if kind is not Kind.RESOURCE and len(called) == names.LONGEST:  # It may be a name that had to be cut.
        cut = by_name(server, (one for one in snapshot.visible(seen, server) if one.item.kind is kind)).get(called)
        if cut is not None:
            return Aim(server, cut.item.name, called, known=True)
    return Aim(server, item, called, known=False)


def instructions(servers: Iterable[ServerRecord]) -> str:
    """The approved instructions of the servers, each headed by its server's name; empty where none has any."""
    return "\n\n".join(f"# {server.name}\n\n{server.instructions}" for server in servers if server.instructions)
