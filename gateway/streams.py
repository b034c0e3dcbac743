"""Streams that agents keep open, and what is told on them: changed lists, changed resources, log messages.

One loop looks after all streams of the process: a stream whose token is no longer good ends within a second, and a list
that changed is told within two. Lives on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from gateway.aggregate import names, view
from gateway.aggregate.spelling import respelled
from gateway.aggregate.view import View
from gateway.mcp import listing
from gateway.refusal import NotAuthenticated, Unavailable
from gateway.screening import screen_unasked
from gateway.snapshot.model import AgentRecord, Snapshot
from governance.canonical import strict_json
from governance.policy.listing import could_run
from governance.policy.values import Kind

log = logging.getLogger("gatehouse.mcp")

EVERY = 0.25
PER_AGENT = 64
CHANGED = {
    "tools": "notifications/tools/list_changed",
    "prompts": "notifications/prompts/list_changed",
    "resources": "notifications/resources/list_changed",
}
MEMBERS = {"tools": ("tools",), "prompts": ("prompts",), "resources": ("resources", "resourceTemplates")}
UPDATED = "notifications/resources/updated"
MESSAGE = "notifications/message"


@dataclass(eq=False, slots=True)
class Stream:
    """One open stream. `tell` puts a notification on it, `end` ends it; `lists` are the lists it wants to hear of."""

    agent: str
    token: str
    servers: tuple[str, ...]
    tell: Callable[[str, bytes], None]
    end: Callable[[], None]
    lists: frozenset[str] = frozenset(CHANGED)
    uris: Callable[[], frozenset[str]] = frozenset
    wants: Callable[[str], bool] = lambda level: False
    known: dict[str, object] = field(default_factory=dict)
    view: View | None = None

    def outward(self, server: str, uri: str) -> str:
        """A server's own URI as the endpoint of this stream spells it."""
        return uri if self.view is None else names.joined_uri(server, uri)


class Streams:
    """The open streams of a process."""

    def __init__(self, snapshot: Callable[[], Snapshot], now: Callable[[], float]) -> None:
        self._snapshot = snapshot
        self._now = now
        self._open: dict[Stream, None] = {}
        self._seen: Snapshot | None = None
        self._loop: asyncio.Task[None] | None = None

    def of(self, agent: str) -> int:
        """How many streams an agent has open."""
        return sum(1 for stream in self._open if stream.agent == agent)

    def add(self, stream: Stream, snapshot: Snapshot, agent: AgentRecord) -> None:
        """Begin to tell a stream what changes from now on."""
        stream.known = self._standing(stream, snapshot, agent)
        if snapshot is not self._seen:
            self._seen = None  # It may have been replaced since the agent knocked; then the next look tells.
        self._open[stream] = None
        if self._loop is None or self._loop.done():
            self._loop = asyncio.get_running_loop().create_task(self._look_after())

    def remove(self, stream: Stream) -> None:
        """The stream has ended."""
        self._open.pop(stream, None)

    def heard(self, server: str, holder: str, method: str, params: bytes) -> None:
        """A server said something of its own accord, to every agent or, over a connection of its own, to `holder`."""
        try:
            snapshot = self._snapshot()
        except Unavailable:
            return  # Whatever cannot be looked at does not leave.
        fit = screen_unasked(params, snapshot.detectors) if self._open else None
        if fit is None:
            return
        params = fit
        for stream in list(self._open):
            if server not in stream.servers or (holder and stream.agent != holder):
                continue
            if method == UPDATED and self._watches(stream, snapshot, server, _member(params, "uri")):
                stream.tell(method, respelled(params, ("uri",), partial(stream.outward, server)))
            elif method == MESSAGE and holder and stream.wants(level_of(params)):
                stream.tell(method, params)

    def _watches(self, stream: Stream, snapshot: Snapshot, server: str, uri: str) -> bool:
        """Whether a resource is one that the stream wants to hear of and that its agent could still read."""
        record = snapshot.servers.get(server)
        if record is None or stream.outward(server, uri) not in stream.uris():
            return False
        item = snapshot.item_of(record, Kind.RESOURCE, uri)
        try:
            agent = snapshot.agent_of(stream.token, self._now())
            seen = agent if stream.view is None else view.seen_as(agent, stream.view.profile)
            known = item is not None and snapshot.sees(seen, item)
            return item is not None and known and could_run(snapshot.rules_for(item.item), agent.caller)
        except (NotAuthenticated, Unavailable):
            return False

    def end_all(self) -> None:
        """End every stream: the process stops."""
        for stream in list(self._open):
            stream.end()
        if self._loop is not None:
            self._loop.cancel()

    async def _look_after(self) -> None:
        while self._open:
            await asyncio.sleep(EVERY)
            try:
                self._look()
            except Unavailable:
                continue  # Calls are refused now; the streams are looked at again when the snapshot is back.
            except Exception:  # A supervised loop: streams that nobody looks after are ended.
                log.exception("the streams cannot be looked after, and end")
                self.end_all()

    def _look(self) -> None:
        snapshot = self._snapshot()
        moved = snapshot is not self._seen
        self._seen = snapshot
        for stream in list(self._open):
            try:
                agent = snapshot.agent_of(stream.token, self._now())
            except NotAuthenticated:
                stream.end()
                continue
            if moved:
                self._tell_changes(stream, snapshot, agent)

    def _tell_changes(self, stream: Stream, snapshot: Snapshot, agent: AgentRecord) -> None:
        standing = self._standing(stream, snapshot, agent)
        for kind, notification in CHANGED.items():
            if kind in stream.lists and standing[kind] != stream.known[kind]:
                stream.tell(notification, b"{}")
        stream.known = standing

    def _standing(self, stream: Stream, snapshot: Snapshot, agent: AgentRecord) -> dict[str, object]:
        """What the agent would be listed now, in a form that compares."""
        found: dict[str, object] = dict.fromkeys(CHANGED, ())
        if snapshot.rules.compiled is None:
            return found
        if stream.view is not None:
            profile = stream.view.profile
            stream.servers = tuple(server.name for server in view.servers_behind(snapshot, agent, profile))
            for kind in stream.lists:
                shown = [view.listed(snapshot, agent, profile, member) for member in MEMBERS[kind]]
                found[kind] = tuple((name, item.digest) for one in shown for name, item in one)
            return found
        for kind in stream.lists:
            found[kind] = tuple(
                (item.item.server, item.item.name, item.digest)
                for member in MEMBERS[kind]
                for server in stream.servers
                for item in listing.listed(snapshot, agent, server, member)
            )
        return found


def level_of(params: bytes) -> str:
    """The level of a log message; empty where it says none."""
    return _member(params, "level")


def _member(params: bytes, name: str) -> str:
    try:
        value = strict_json.parse(params, max_members=100_000)
    except strict_json.Malformed:
        return ""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
