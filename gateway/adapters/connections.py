"""The connections of a process to its servers: shared, or one for each agent; of the era that suits who calls.

A connection is opened by the first who needs it and renewed when the way to reach its server changes. While it is open
it is listened to: a server that says that its lists changed is looked at again. Lives on the event loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from gateway.adapters.hearing import LISTS, Hearing
from gateway.adapters.threads import in_thread
from gateway.refusal import Unavailable, UpstreamFailed
from gateway.snapshot.model import ServerRecord
from registry.mcp.revisions import Era
from registry.models import Server
from registry.targets import NotReady, open_upstream, target_of
from registry.transports.base import Handshake, Upstream

IDLE = 900.0
MOST_OF_ONE_SERVER = 256
MOST_OF_ONE_AGENT = 8
Heard = Callable[["Connection", str, bytes], None]


class Key(NamedTuple):
    """Which connection: `holder` is the agent that has it for itself, "" where all share it."""

    server: str
    holder: str
    era: Era
    capabilities: bytes


class Connection:
    """One open connection. `modern` says whether the stateless era is spoken on it, `hearing` what is heard over it."""

    __slots__ = ("fingerprint", "handshake", "hearing", "key", "modern", "pk", "upstream", "used_at", "users")

    def __init__(self, key: Key, server: ServerRecord, upstream: Upstream, handshake: Handshake, heard: Heard) -> None:
        self.key = key
        self.pk = server.pk
        self.fingerprint = server.fingerprint
        self.upstream = upstream
        self.handshake = handshake
        self.modern = handshake.era is Era.MODERN
        self.hearing = Hearing(key.server, upstream, partial(heard, self), modern=self.modern, shared=not key.holder)
        self.users = 0
        self.used_at = 0.0

    @property
    def declares_changes(self) -> bool:
        """Whether the server promised to say when a list of it changes."""
        parts = (self.handshake.capabilities.get(name) for name in LISTS)
        return any(isinstance(part, Mapping) and part.get("listChanged") is True for part in parts)

    async def close(self) -> None:
        """Stop listening and let go."""
        self.hearing.close()
        await self.upstream.close()


class Connections:
    """All connections of the process."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._open: dict[Key, Connection] = {}
        self._opening: dict[Key, asyncio.Lock] = {}
        self._wanted: Counter[Key] = Counter()  # How many wait for each of these locks.
        self._speaks: dict[tuple[str, str], Era] = {}  # Of servers that speak one era alone.
        self._closing: set[asyncio.Task[None]] = set()

    def key_of(self, server: ServerRecord, *, agent: str, era: Era, capabilities: bytes) -> Key:
        """Which connection serves this agent."""
        era = self._speaks.get((server.name, server.fingerprint), era)
        if not server.own_sessions:
            return Key(server.name, "", era, b"{}")
        return Key(server.name, agent, era, capabilities if era is Era.LEGACY else b"{}")

    def ready(self, key: Key, server: ServerRecord) -> Connection | None:
        """The connection, where it is open already."""
        found = self._open.get(key)
        return found if found is not None and found.fingerprint == server.fingerprint else None

    async def opened(self, key: Key, server: ServerRecord) -> Connection:
        """The connection, opened once however many wait for it. Raises UpstreamError, or UpstreamFailed unsent."""
        lock = self._opening.setdefault(key, asyncio.Lock())
        self._wanted[key] += 1
        try:
            async with lock:
                return self.ready(key, server) or self._kept(await self._connected(key, server), server)
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._opening[key]

    def _kept(self, connection: Connection, server: ServerRecord) -> Connection:
        """Keep a new connection, unless one for the same key was opened meanwhile by way of another era."""
        era = connection.handshake.era
        if era is not connection.key.era:
            self._speaks[server.name, server.fingerprint] = era
            connection.key = connection.key._replace(era=era)
        found = self.ready(connection.key, server)
        if found is not None:
            self._let_go(connection)
            return found
        outdated = self._open.pop(connection.key, None)
        if outdated is not None:
            self._let_go(outdated)
        self._open[connection.key] = connection
        if connection.declares_changes or server.allows:  # Some servers ask on the stream that is listened to.
            connection.hearing.listen()
        return connection

    async def _connected(self, key: Key, server: ServerRecord) -> Connection:
        self._make_room(key)
        try:
            upstream = await in_thread(_connect, server.pk, key.capabilities, key.era)
        except (NotReady, Unavailable) as problem:
            raise UpstreamFailed(f"{problem} Nothing was sent.", status="not_sent", sent=False) from problem
        try:
            handshake = await upstream.open()
        except BaseException:  # Also who gives up waiting must leave no child process and no connection behind.
            await upstream.close()
            raise
        return Connection(key, server, upstream, handshake, self._heard)

    def _make_room(self, key: Key) -> None:
        """Let go of connections that agents have for themselves and have not used for long; the oldest first.

        An agent that opens many, by declaring ever other capabilities, loses its own.
        """
        now = asyncio.get_running_loop().time()
        own = [c for c in self._open.values() if c.key.server == key.server and c.key.holder and not c.users]
        own.sort(key=lambda connection: connection.used_at)
        mine = [connection for connection in own if connection.key.holder == key.holder]
        for among, most in ((own, MOST_OF_ONE_SERVER), (mine, MOST_OF_ONE_AGENT)):
            for place, connection in enumerate(among):
                spare = now - connection.used_at > IDLE or len(among) - place >= most
                if spare and self._open.pop(connection.key, None) is not None:
                    self._let_go(connection)

    def keep_only(self, servers: Mapping[str, ServerRecord]) -> None:
        """Let go of servers that are no longer there, or are reached otherwise now."""
        for key, connection in list(self._open.items()):
            server = servers.get(key.server)
            if server is None or server.fingerprint != connection.fingerprint:
                self._let_go(self._open.pop(key))
        self._speaks = {k: era for k, era in self._speaks.items() if k[0] in servers}

    def _let_go(self, connection: Connection) -> None:
        task = asyncio.get_running_loop().create_task(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close every connection and end every child."""
        opened, self._open = list(self._open.values()), {}
        await asyncio.gather(*(connection.close() for connection in opened), *self._closing, return_exceptions=True)


def _connect(pk: int, capabilities: bytes, prefer: Era) -> Upstream:
    row = Server.objects.filter(pk=pk).first()
    if row is None:
        raise NotReady("The server is gone.")
    return open_upstream(target_of(row), client_capabilities=capabilities, prefer=prefer)
