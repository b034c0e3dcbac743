"""The stateless era (2026-07-28): discover, requests that carry everything, legs, and `subscriptions/listen`."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from gateway import lists
from gateway.adapters.facts import FactsFinder
from gateway.adapters.threads import in_thread
from gateway.call import Call, Reply, Ruling
from gateway.calls import Calls, may_be_asked
from gateway.door import Asked
from gateway.exchange import Exchange
from gateway.live import at_least
from gateway.mcp import listing, outbound, verbs
from gateway.mcp.inbound import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND
from gateway.mcp.param_headers import checked
from gateway.parked import ParkedCall, ParkedCalls
from gateway.peers.directory import Peers
from gateway.peers.owner import owner_of
from gateway.peers.relay import PeerGone, Relay
from gateway.pipeline import admit
from gateway.ports import Channel, SenderPort, UpstreamPort
from gateway.refusal import OWNER_GONE, Malformed, OutcomeUnknown, Refusal
from gateway.sessions import Parked, State
from gateway.streams import CHANGED, PER_AGENT, Stream, Streams
from governance.canonical.values import JSON
from governance.escalations import approved_for
from governance.policy.values import Kind, Status
from registry.mcp.revisions import LEGACY, META_LOG_LEVEL, MODERN, Era
from registry.transports.base import Answer

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
SUBSCRIBE = "resources/subscribe"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
WANTED = {"toolsListChanged": "tools", "promptsListChanged": "prompts", "resourcesListChanged": "resources"}
MOST_URIS = 200


@dataclass(slots=True)
class StatelessEra:
    """What serving agents of the stateless era needs."""

    calls: Calls
    parked: ParkedCalls
    streams: Streams
    upstream: UpstreamPort
    facts: FactsFinder
    leg_seconds: float
    peers: Peers
    relay: Relay

    async def serve(self, exchange: Exchange, asked: Asked) -> None:
        """Answer one POST."""
        message = asked.message
        method = message.method or ""
        if message.id is None:
            await exchange.nothing()
            return
        lists.require_offered(asked)
        if method not in verbs.SESSION_ERA_ONLY and (judged := verbs.judged(message)) is not None:
            await self._judged(exchange, *lists.aimed(asked, judged))
        elif method in listing.LISTS:
            await exchange.answer(outbound.response(asked.rpc_id, lists.page(asked)))
        elif method == "server/discover":
            fields: dict[str, object] = {"supportedVersions": [MODERN, *LEGACY], "capabilities": lists.offered(asked)}
            fields |= {**lists.instructions(asked), "ttlMs": 0, "cacheScope": "private"}
            await exchange.answer(outbound.response(asked.rpc_id, outbound.own_result(fields, Era.MODERN)))
        elif method == "subscriptions/listen":
            await self._listen(exchange, asked)
        else:
            raise Malformed(f"Method not found: {method}", code=METHOD_NOT_FOUND, http=404)

    async def _judged(self, exchange: Exchange, asked: Asked, judged: verbs.Judged) -> None:
        exchange.polls = True
        exchange.hold_seconds = self.leg_seconds
        exchange.progress_token = asked.message.progress_token
        least = asked.message.meta.get(META_LOG_LEVEL)
        if isinstance(least, str):
            exchange.wants = lambda level: at_least(level, least)
        through = lists.through(asked)
        state = self.calls.state_of(asked, judged)
        if await self._served_elsewhere(exchange, asked, state):
            return
        headers = self._param_headers(exchange, asked, judged)
        call = await self.calls.call_of(asked, judged, address=exchange.address, state=state, headers=headers)
        exchange.begin()
        try:
            if isinstance(state, Parked):
                reply = await self._next_leg(exchange, asked, call, state, judged.answers or {})
            elif may_be_asked(asked.message, None, asked.snapshot, asked.server) and self.parked.room_for(call.agent):
                work = partial(self.calls.reply, through=through)
                reply = await self._leg(self.parked.begin(call, exchange, work), through)
            else:
                reply = await self.calls.reply(call, exchange, through)
            exchange.end()
            await exchange.answer(outbound.response(asked.rpc_id, reply), reply.http)
        except asyncio.CancelledError:
            if not exchange.gone:
                raise
        finally:
            exchange.end()

    def _param_headers(self, exchange: Exchange, asked: Asked, judged: verbs.Judged) -> tuple[tuple[str, str], ...]:
        """The arguments that travel in headers too. Raises Malformed; of a tool that the agent may not see, nothing."""
        server = asked.snapshot.servers.get(asked.server)
        item = server.items.get((judged.kind, judged.item)) if server is not None else None
        if item is None or not item.headers or not lists.could_be_listed(asked, item):
            return ()
        return checked(item.headers, judged.arguments, exchange.headers)

    async def _served_elsewhere(self, exchange: Exchange, asked: Asked, state: State | None) -> bool:
        """Relay a call to the process that has it parked, or that has the agent's own child of a local server."""
        server = asked.snapshot.servers.get(asked.server)
        if isinstance(state, Parked):
            owner = state.owner
        elif server is not None and server.own_sessions and server.transport == "stdio":
            owner = owner_of(f"{server.name}/{asked.agent.name}", await self.peers.living()) or self.peers.own.process
        else:
            return False
        if owner == self.peers.own.process:
            return False
        try:
            await exchange.relay(self.relay, to=owner)
        except PeerGone as problem:
            if problem.sent:
                raise OutcomeUnknown(OWNER_GONE) from None
            if isinstance(state, Parked):
                raise Malformed("This call is over: the process that had it is gone.", code=INVALID_PARAMS) from None
            return False
        return True

    async def _leg(self, parked: ParkedCall, through: lists.Through | None) -> Reply:
        found = await parked.leg()
        if isinstance(found, Reply):
            return found
        state = self.calls.seal(Parked(self.peers.own.process, parked.id), parked.call, through)
        return outbound.questions(found, state)

    async def _next_leg(
        self, exchange: Exchange, asked: Asked, call: Call, state: Parked, answers: Mapping[str, JSON]
    ) -> Reply:
        """Judge a parked call again and hand the answers over; a call that may not go on is given up."""
        parked = self.parked.find(state.id, agent=call.agent)
        if parked is None:
            raise Malformed("`requestState` is not valid: this call is over.", code=INVALID_PARAMS)
        if parked.on_a_leg:
            raise Malformed("`requestState` is in use: another request goes on with this call.", code=INVALID_PARAMS)
        try:
            lists.require_known(asked)
            await self._require_allowed(asked, call, parked)
        except Refusal as problem:
            parked.cancel()
            return self.calls.refused(parked.call, problem, lists.through(asked))
        if parked.on_a_leg:
            raise Malformed("`requestState` is in use: another request goes on with this call.", code=INVALID_PARAMS)
        parked.come_back(exchange, answers)
        return await self._leg(parked, lists.through(asked))

    async def _require_allowed(self, asked: Asked, call: Call, parked: ParkedCall) -> None:
        """Judge once more, with the approval that the parked call redeemed and the limits it took from. Raises Refusal.

        A rule that asks for another approval is a no: what was sent already cannot be held.
        """
        gathered = await self.facts.gather(call, asked.snapshot, again=True)
        ruling = admit(call, asked.snapshot, gathered)
        if ruling.escalates:
            approved = await in_thread(approved_for, parked.call.id)
            facts = replace(gathered.facts, approved=approved)
            ruling = admit(call, asked.snapshot, replace(gathered, facts=facts))
        if ruling.verdict.status is not Status.LIMITED:
            ruling.require_allowed()

    async def _listen(self, exchange: Exchange, asked: Asked) -> None:
        """Serve a subscription until the agent closes it."""
        wanted = asked.message.params.get("notifications")
        if not isinstance(wanted, dict):
            raise Malformed("`params.notifications` must be an object.", code=INVALID_PARAMS)
        self._require_room(asked)
        offered = lists.offered(asked)
        kinds = frozenset(kind for name, kind in WANTED.items() if wanted.get(name) is True and kind in offered)
        uris = await self._subscribed(exchange, asked, wanted.get("resourceSubscriptions"), offered)
        listening = [
            self.upstream.listen([server], asked.agent, asked.message.client, Era.MODERN, watched)
            for server, watched in lists.watched(asked, uris)
        ]
        try:
            await asyncio.gather(*(one.begun() for one in listening))
            self._require_room(asked)  # Others may have been opened while each resource was judged.
            await self._follow(exchange, asked, kinds, uris)
        finally:
            for one in listening:
                one()

    async def _follow(self, exchange: Exchange, asked: Asked, kinds: frozenset[str], uris: frozenset[str]) -> None:
        """Acknowledge a subscription and tell what changes."""
        honoured: dict[str, object] = {name: True for name, kind in WANTED.items() if kind in kinds}
        if uris:
            honoured["resourceSubscriptions"] = sorted(uris)
        tell = outbound.teller(exchange.notify, SUBSCRIPTION, asked.rpc_id)
        stream = Stream(
            agent=asked.agent.name,
            token=asked.token,
            servers=tuple(server.name for server in lists.servers_of(asked)),
            view=lists.view_of(asked),
            tell=tell,
            end=exchange.leave,
            lists=kinds & frozenset(CHANGED),
            uris=lambda: uris,
        )
        self.streams.add(stream, asked.snapshot, asked.agent)
        try:
            tell(ACKNOWLEDGED, outbound.raw({"notifications": honoured}))
            await exchange.serve_stream(outbound.subscription_end(asked.rpc_id, SUBSCRIPTION))
        finally:
            self.streams.remove(stream)

    def _require_room(self, asked: Asked) -> None:
        if self.streams.of(asked.agent.name) >= PER_AGENT:
            raise Malformed(f"This agent has {PER_AGENT} streams open already.", code=INVALID_REQUEST, http=429)

    async def _subscribed(
        self, exchange: Exchange, asked: Asked, uris: JSON, offered: Mapping[str, object]
    ) -> frozenset[str]:
        """Those resources that the agent may watch: each one is judged and recorded like a read of it."""
        if uris is None:
            return frozenset()
        resources = offered.get("resources")
        if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris) or len(uris) > MOST_URIS:
            raise Malformed(f"`resourceSubscriptions` must be at most {MOST_URIS} URIs.", code=INVALID_PARAMS)
        if not isinstance(resources, dict) or resources.get("subscribe") is not True:
            return frozenset()
        watching: dict[str, asyncio.Task[Reply]] = {}
        try:
            for uri in dict.fromkeys(str(uri) for uri in uris):
                judged = verbs.Judged(Kind.RESOURCE, uri, {}, verbs.NO_ARGUMENTS, outbound.raw({"uri": uri}))
                try:
                    at, judged = lists.aimed(asked, judged, SUBSCRIBE)
                except Malformed:
                    continue  # Its server lets nothing be watched.
                call = await self.calls.call_of(at, judged, address=exchange.address, method=SUBSCRIBE)
                under_way = asyncio.Event()
                watching[uri] = self._begun(call, exchange, lists.through(at), under_way)
                await under_way.wait()
            replies = await asyncio.gather(*watching.values())
        finally:
            for task in watching.values():
                task.cancel()
        return frozenset(uri for uri, reply in zip(watching, replies, strict=True) if reply.result is not None)

    def _begun(
        self, call: Call, exchange: Exchange, through: lists.Through | None, under_way: asyncio.Event
    ) -> asyncio.Task[Reply]:
        """Begin a call; the event is set when it is judged, and on its way to its server or over.

        So calls are judged and recorded one after the other, while their servers may take their time side by side.
        """
        ports = dataclasses.replace(self.calls.ports, upstream=_Noted(self.calls.ports.upstream, under_way))
        task = asyncio.ensure_future(dataclasses.replace(self.calls, ports=ports).reply(call, exchange, through))
        task.add_done_callback(lambda _: under_way.set())
        return task


@dataclass(frozen=True, slots=True)
class _Noted:
    """Notes that a call has come as far as being sent."""

    upstream: SenderPort
    under_way: asyncio.Event

    async def send(self, ruling: Ruling, back: Channel) -> Answer:
        """See SenderPort."""
        self.under_way.set()
        return await self.upstream.send(ruling, back)
