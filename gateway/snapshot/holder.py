"""Hold the current snapshot on the event loop, and refuse when it is too old to be trusted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from gateway.call import Ruling
from gateway.refusal import ConfigurationMoved, NotAuthenticated, RegistryMoved, Unavailable
from gateway.snapshot.model import Changes, Snapshot
from governance.workflow.switches import Mode

STALE = "The gateway could not confirm its configuration with the database; nothing was sent. Try again in a moment."
MOVED = "The configuration changed while this call was being recorded; nothing was sent. Call again."


class SnapshotHolder:
    """The newest snapshot and when it was last confirmed. Lives on one event loop; fed by the keeper and the writer."""

    def __init__(
        self,
        *,
        max_age: float,
        wait: float,
        confirm_now: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_age = max_age
        self._wait = wait
        self._confirm_now = confirm_now
        self._monotonic = monotonic
        self._snapshot: Snapshot | None = None
        self._known: Changes | None = None
        self._confirmed = float("-inf")
        self._waiters: list[tuple[float, asyncio.Future[None]]] = []

    def current(self) -> Snapshot:
        """The snapshot to decide with. Raises Unavailable when it is older than `max_age` seconds."""
        if self._snapshot is None or self._monotonic() - self._confirmed > self._max_age:
            raise Unavailable(STALE)
        return self._snapshot

    async def fresh(self) -> Snapshot:
        """The same, but an old one first waits for one confirmation (contract section 8)."""
        if self._snapshot is None or self._monotonic() - self._confirmed > self._max_age:
            await self._next_look()
        return self.current()

    async def with_new_tokens(self) -> Snapshot:
        """A snapshot read after now: an unknown token gets this one bounded look before it is refused."""
        await self._next_look()
        return self.current()

    async def read_anew(self) -> None:
        """Return after one look from now on, or when it takes too long: for a call that is decided anew."""
        await self._next_look()

    async def _next_look(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((self._monotonic(), waiter))
        self._confirm_now()
        try:
            async with asyncio.timeout(self._wait):
                await waiter
        except TimeoutError:
            self._waiters = [(since, w) for since, w in self._waiters if w is not waiter]

    @property
    def age(self) -> float:
        """Seconds since the snapshot was last confirmed; infinite before the first."""
        return self._monotonic() - self._confirmed

    def replace(self, snapshot: Snapshot, changes: Changes) -> None:
        """Take a newly built snapshot, which reflects `changes`."""
        self._snapshot = snapshot
        self._known = None
        self.confirm(changes)

    def confirm(self, changes: Changes) -> None:
        """Note what a look at the database brought: stops and revocations apply at once, the rest is being rebuilt."""
        known, snapshot = self._known, self._snapshot
        if snapshot is None or (known is not None and changes.as_of < known.as_of):
            return
        self._known = changes
        moved = changes.generations
        if moved.switches != snapshot.generations.switches or moved.revocations != snapshot.generations.revocations:
            generations = replace(snapshot.generations, switches=moved.switches, revocations=moved.revocations)
            snapshot = replace(snapshot, generations=generations, switches=changes.switches, revoked=changes.revoked)
            self._snapshot = snapshot
        if self._is_built(changes):
            self._confirmed = max(self._confirmed, changes.as_of)
            self._wake(changes.as_of)

    def _wake(self, as_of: float) -> None:
        waiting, self._waiters = self._waiters, []
        for since, waiter in waiting:
            if since > as_of:
                self._waiters.append((since, waiter))
            elif not waiter.done():
                waiter.set_result(None)

    def _is_built(self, changes: Changes) -> bool:
        assert self._snapshot is not None
        ours, theirs = self._snapshot.generations, changes.generations
        return (ours.identity, ours.registry, ours.policy) == (theirs.identity, theirs.registry, theirs.policy)

    def require_current(self, ruling: Ruling, changes: Changes | None) -> None:
        """Return when the ruling still holds after its intent was committed; nothing waits here.

        `changes` is what the writer read after the commit. Raises ConfigurationMoved or Stopped: nothing was sent; it
        is RegistryMoved where no approval was used up and the call can be decided anew.
        """
        if changes is not None:
            self.confirm(changes)
        if self.age > self._max_age:
            raise ConfigurationMoved(STALE)
        now, known = self.current(), self._known
        was = ruling.snapshot.generations
        latest = known.generations if known is not None else now.generations
        if latest.policy != was.policy:
            raise ConfigurationMoved(MOVED)
        if latest.registry != now.generations.registry:
            raise _registry_moved(ruling)  # It has not been read anew yet.
        if now is ruling.snapshot:
            return
        call = ruling.call
        if now.servers is not ruling.snapshot.servers:
            server = now.servers.get(call.server)
            if server is None or server.fingerprint != ruling.server.fingerprint:
                raise _registry_moved(ruling)
        try:
            agent = now.agent_of(call.token, call.at.timestamp())
        except NotAuthenticated as gone:
            raise ConfigurationMoved(gone.reason) from gone
        self._require_same_stops(ruling, now)
        if not now.sees(agent, ruling.item):
            raise _registry_moved(ruling)

    def _require_same_stops(self, ruling: Ruling, now: Snapshot) -> None:
        call = ruling.call
        asked = {"agent": ruling.agent, "server": call.server, "item": call.item, "session": call.session}
        before = {switch.id for switch in ruling.snapshot.stops(**asked)}
        for switch in now.stops(**asked):
            if switch.id not in before:
                if switch.mode is Mode.DENY:
                    raise ConfigurationMoved(f"Stopped while this call was being recorded: {switch.reason}")
                raise ConfigurationMoved(MOVED)


def _registry_moved(ruling: Ruling) -> ConfigurationMoved:
    """What servers offer is not what was decided on; an approval that is used up cannot be decided on once more."""
    return RegistryMoved(MOVED) if ruling.approval is None else ConfigurationMoved(MOVED)
