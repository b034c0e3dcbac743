"""The data plane of this process, put together: clock, ledger writer, snapshot, holds, upstreams, endpoint."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Max

from gateway.adapters.activity import Activity
from gateway.adapters.counters import Counters
from gateway.adapters.facts import FactsFinder
from gateway.adapters.holds import Holds
from gateway.adapters.refusals import RefusalCounts
from gateway.adapters.store import LedgerStore
from gateway.adapters.trail import Ledger
from gateway.adapters.upstream import UpstreamPool
from gateway.adapters.writer import LedgerWriter
from gateway.authentication import Authenticator
from gateway.calls import Calls
from gateway.clock import Clock
from gateway.door import Door
from gateway.endpoint import Endpoint
from gateway.hosts import Hosts
from gateway.live import LiveSessions
from gateway.parked import ParkedCalls
from gateway.peers.arrivals import Arrivals
from gateway.peers.directory import Peers
from gateway.peers.identity import Identity
from gateway.peers.relay import Relay
from gateway.pipeline import admit
from gateway.ports import Ports
from gateway.randomness import Randomness
from gateway.session_era import SessionEra
from gateway.sessions import Handles
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.keeper import SnapshotKeeper
from gateway.sse_door import SseDoor
from gateway.stateless_era import StatelessEra
from gateway.streams import Streams
from governance import keys, recovery
from governance.inspection.scan import compile_detectors
from governance.models.ledger import LedgerEntry
from governance.secrets import key_ring
from governance.vault.bodies import BodySealer

log = logging.getLogger("gatehouse")
_current: Gateway | None = None
_starting: asyncio.Lock | None = None


@dataclass(slots=True)
class Gateway:
    """What runs between the first request and the last."""

    writer: LedgerWriter
    store: LedgerStore
    keeper: SnapshotKeeper
    holder: SnapshotHolder
    endpoint: Endpoint
    upstreams: UpstreamPool
    streams: Streams
    parked: ParkedCalls
    counts: RefusalCounts
    loop: asyncio.AbstractEventLoop
    holds: Holds
    peers: Peers
    relay: Relay
    arrivals: Arrivals
    sse: SseDoor

    def unready(self) -> list[str]:
        """Why a call would be refused now; empty when it would be served."""
        reasons = []
        if not self.writer.up:
            reasons.append("the ledger cannot be written")
        if self.keeper.failing:
            reasons.append(self.keeper.failing)
        if self.holder.age > settings.SNAPSHOT_MAX_AGE:
            reasons.append("the configuration is not confirmed by the database")
        return reasons

    def drain(self) -> None:
        """The process ends soon: whoever waits for a person gets the pending answer, and streams end in good order."""
        self.holds.drain()
        self.streams.end_all()
        self.relay.drain()

    async def stop(self) -> None:
        """Write what is queued, seal the epoch, let go of the upstreams."""
        self.counts.flush()
        self.streams.end_all()
        self.parked.close()
        await self.relay.close()
        await self.upstreams.close()
        await self.peers.close()
        await asyncio.to_thread(self.keeper.stop)
        await self.writer.stop()


async def started() -> Gateway:
    """The gateway of this process, started by the first who asks."""
    global _starting  # noqa: PLW0603  One data plane per process, as there is one event loop.
    if _current is not None:
        return _current
    if _starting is None:
        _starting = asyncio.Lock()
    async with _starting:
        return _current or await _start()


async def stop() -> None:
    """Stop the gateway if it runs."""
    global _current, _starting
    gateway, _current, _starting = _current, None, None
    if gateway is not None:
        await gateway.stop()


def running() -> Gateway | None:
    """The gateway if it runs."""
    return _current


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop that serves; asking for the running one costs a system call."""
    return _current.loop if _current is not None else asyncio.get_running_loop()


async def _start() -> Gateway:
    global _current  # noqa: PLW0603  See `started`.
    recorded = await sync_to_async(_highest_recorded_time, thread_sensitive=False)()
    _current = _assembled(Clock(recorded=recorded), asyncio.get_running_loop())
    _current.writer.start()
    _current.keeper.start(_current.holder)
    return _current


def _highest_recorded_time() -> float:
    highest = LedgerEntry.objects.aggregate(at=Max("at"))["at"]
    return highest.timestamp() if highest else 0.0


def _assembled(clock: Clock, loop: asyncio.AbstractEventLoop) -> Gateway:
    peers = Peers(Identity.made(settings.PEER_URL, secrets.token_bytes))
    store = LedgerStore(process=peers.own.process, address=peers.own.address)
    writer = LedgerWriter(store, clock=clock, loop=loop, deadline=settings.LEDGER_DEADLINE)
    keeper = SnapshotKeeper(
        every=settings.SNAPSHOT_EVERY,
        detectors=compile_detectors(key=keys.derive("inspection-fingerprint")),
        loop=loop,
        on_decisions=lambda: gateway.holds.look_again(),  # noqa: PLW0108  `gateway` is made further down.
        on_rebuilt=lambda snapshot: gateway.upstreams.keep_only(snapshot.servers),
        each_round=lambda: _seal_dead(store),
        now=clock.now,
    )
    holder = SnapshotHolder(max_age=settings.SNAPSHOT_MAX_AGE, wait=settings.SNAPSHOT_WAIT, confirm_now=keeper.nudge)
    gateway = _gateway(clock, loop, writer=writer, store=store, keeper=keeper, holder=holder, peers=peers)
    return gateway


def _gateway(
    clock: Clock,
    loop: asyncio.AbstractEventLoop,
    *,
    writer: LedgerWriter,
    store: LedgerStore,
    keeper: SnapshotKeeper,
    holder: SnapshotHolder,
    peers: Peers,
) -> Gateway:
    """What serves calls, over what keeps the ledger and the snapshot."""
    counts, streams, parked = RefusalCounts(writer, clock), Streams(holder.current, clock.epoch), ParkedCalls()
    counters, activity, upstreams = Counters(clock=clock), Activity(), UpstreamPool(streams.heard)
    facts = FactsFinder(clock=clock, activity=activity, counters=counters)
    holds = _holds(clock, writer, holder, facts)
    randomness = Randomness()
    ports = Ports(Ledger(writer, clock, BodySealer(key_ring(), randomness)), facts, holder, holds, counters, upstreams)
    handles = Handles(keys.derive("wire-handles"), clock.epoch, peers.own.process)
    calls = Calls(ports, holder, handles, activity.session_of, clock, randomness, settings.LEGS, settings.PUBLIC_URL)
    relay = Relay(peers, keys.derive(keys.PEER_REQUESTS), now=clock.epoch)
    endpoint = Endpoint(
        _door(clock, holder, counts),
        SessionEra(calls, handles, LiveSessions(), streams, upstreams, float(settings.HOLD_SECONDS)),
        StatelessEra(calls, parked, streams, upstreams, facts, float(settings.LEG_SECONDS), peers, relay),
        settings.BODY_BYTES,
        peers,
        relay,
    )
    return Gateway(
        writer, store, keeper, holder, endpoint, upstreams, streams, parked, counts, loop, holds, peers, relay,
        _arrivals(clock, peers, counts), SseDoor(endpoint),
    )  # fmt: skip


def _holds(clock: Clock, writer: LedgerWriter, holder: SnapshotHolder, facts: FactsFinder) -> Holds:
    return Holds(
        clock=clock,
        writer=writer,
        snapshots=holder,
        gather=facts.gather,
        admit=admit,
        key=keys.derive(keys.APPROVAL_BINDING),
        legs=settings.LEGS,
    )


def _door(clock: Clock, holder: SnapshotHolder, counts: RefusalCounts) -> Door:
    hosts = Hosts(settings.ALLOWED_HOSTS, settings.PUBLIC_URL)
    authenticator = Authenticator(keys.derive(keys.AGENT_TOKENS))
    return Door(hosts, holder, authenticator, clock, counts, settings.PUBLIC_URL)


def _arrivals(clock: Clock, peers: Peers, counts: RefusalCounts) -> Arrivals:
    return Arrivals(
        peers,
        keys.derive(keys.PEER_REQUESTS),
        now=clock.epoch,
        body_bytes=settings.BODY_BYTES,
        note=counts.note,
        unavailable=counts.unavailable,
    )


def _seal_dead(store: LedgerStore) -> None:
    recovery.seal_dead_epochs(ours=store.epoch)
