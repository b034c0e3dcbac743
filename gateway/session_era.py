"""The session era (2024-11-05 to 2025-11-25): initialize, sessions, the GET stream, and requests within a session."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gateway import lists
from gateway.call import Reply
from gateway.calls import Calls, may_be_asked
from gateway.door import Asked
from gateway.exchange import Exchange
from gateway.live import LEVELS, LiveSession, LiveSessions
from gateway.mcp import inbound, listing, outbound, verbs
from gateway.mcp.inbound import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND
from gateway.ports import UpstreamPort
from gateway.refusal import Malformed
from gateway.sessions import BadHandle, Handles, Session
from gateway.snapshot.model import AgentRecord
from gateway.streams import PER_AGENT, Stream, Streams
from registry.mcp.revisions import LATEST_LEGACY, LEGACY, Era

EMPTY = Reply(result=b"{}")


@dataclass(slots=True)
class SessionEra:
    """What serving agents of the session era needs."""

    calls: Calls
    handles: Handles
    live: LiveSessions
    streams: Streams
    upstream: UpstreamPort
    hold_seconds: float
    in_flight: dict[tuple[str, str, bytes], Exchange] = field(default_factory=dict)
    telling: set[asyncio.Future[None]] = field(default_factory=set)

    def session_of(self, exchange: Exchange, agent: AgentRecord, server: str) -> Session:
        """The session that the request says it belongs to. Raises Malformed."""
        handle = exchange.headers.get(b"mcp-session-id")
        if handle is None:
            raise Malformed("Send the `Mcp-Session-Id` that `initialize` answered with.", code=INVALID_REQUEST)
        try:
            return self.handles.session(handle.decode("latin-1"), agent=agent.name, server=server)
        except BadHandle as problem:
            raise Malformed(
                f"Session not found: {problem}; initialize again.", code=INVALID_REQUEST, http=404
            ) from None

    async def serve(self, exchange: Exchange, asked: Asked, session: Session) -> None:
        """Answer one POST of a session."""
        message = asked.message
        if message.method is None:
            if message.id is not None and message.answer is not None:
                self.live.of(session.id).answered(message.id, message.answer)
            await exchange.nothing()
        elif message.id is None:
            self._notified(asked, session)
            await exchange.nothing()
        else:
            lists.require_offered(asked)
            judged = verbs.judged(message)
            if judged is not None:
                await self._judged(exchange, *lists.aimed(asked, judged), session)
            else:
                await exchange.answer(outbound.response(asked.rpc_id, await self._own(asked, session)))

    async def _own(self, asked: Asked, session: Session) -> Reply:
        """What the gateway answers itself."""
        method = asked.message.method or ""
        if method == "ping":
            return EMPTY
        if method in listing.LISTS:
            return lists.page(asked)
        if method == "logging/setLevel":
            level = asked.message.params.get("level")
            if not isinstance(level, str) or level not in LEVELS:
                raise Malformed(f"`level` must be one of {', '.join(LEVELS)}.", code=INVALID_PARAMS, http=200)
            self.live.of(session.id).level = level
            await self._set_level(asked, session, level)
            return EMPTY
        raise Malformed(f"Method not found: {method}", code=METHOD_NOT_FOUND, http=200)

    async def _set_level(self, asked: Asked, session: Session, level: str) -> None:
        """Tell the servers; of several nobody waits for the slowest."""
        told = [
            asyncio.ensure_future(self.upstream.set_level(server, asked.agent, session.client, level))
            for server in lists.servers_of(asked)
            if "logging" in server.capabilities
        ]
        if asked.server:
            await asyncio.gather(*told)
        self.telling.update(told)
        for telling in told:
            telling.add_done_callback(self.telling.discard)

    async def initialize(self, exchange: Exchange, asked: Asked) -> None:
        """Open a session."""
        params = asked.message.params
        if asked.message.id is None:
            raise Malformed("`initialize` is a request and needs an `id`.", code=INVALID_REQUEST)
        wanted, info = params.get("protocolVersion"), params.get("clientInfo")
        capabilities = params.get("capabilities", {})
        if not isinstance(wanted, str) or not isinstance(capabilities, dict):
            raise Malformed("`initialize` needs `protocolVersion` and `capabilities`.", code=INVALID_PARAMS, http=200)
        version = wanted if wanted in LEGACY else LATEST_LEGACY
        client = inbound.client_of(info if isinstance(info, dict) else {}, capabilities)
        bound = lists.bound_to(asked)
        opened = self.handles.open_session(agent=asked.agent.name, server=bound, version=version, client=client)
        exchange.extra.append((b"mcp-session-id", opened.encode()))
        result: dict[str, object] = {
            "protocolVersion": version,
            "capabilities": lists.offered(asked),
            "serverInfo": {"name": f"gatehouse/{asked.server}".rstrip("/"), "version": "1"},
            **lists.instructions(asked),
        }
        await exchange.answer(outbound.response(asked.rpc_id, outbound.own_result(result, Era.LEGACY)))

    def _notified(self, asked: Asked, session: Session) -> None:
        message = asked.message
        if message.method != "notifications/cancelled":
            return
        number = message.params.get("requestId")
        if isinstance(number, str | int) and not isinstance(number, bool):
            exchange = self.in_flight.get((asked.agent.name, session.id, inbound.read_id(number)))
            if exchange is not None:
                exchange.withdraw()

    async def _judged(self, exchange: Exchange, asked: Asked, judged: verbs.Judged, session: Session) -> None:
        exchange.hold_seconds = float(asked.agent.hold_seconds or self.hold_seconds)
        exchange.progress_token = asked.message.progress_token
        exchange.wants = lambda level: self.live.of(session.id).wants(level)
        live = self.live.of(session.id) if may_be_asked(asked.message, session, asked.snapshot, asked.server) else None
        exchange.live = live
        call = await self.calls.call_of(asked, judged, address=exchange.address, session=session)
        key = (call.agent, session.id, asked.rpc_id)
        if key in self.in_flight:
            raise Malformed("A request with this id is still running.", code=INVALID_REQUEST)
        self.in_flight[key] = exchange
        exchange.begin()
        try:
            through = lists.through(asked)
            reply = await self.calls.reply(call, exchange, through)
            exchange.end()
            if call.method in verbs.SESSION_ERA_ONLY and reply.result is not None:
                self._watch(self.live.of(session.id), call.method, through.aim.called if through else call.item)
            await exchange.answer(outbound.response(asked.rpc_id, reply), reply.http)
        except asyncio.CancelledError:
            if not (exchange.withdrawn or exchange.gone):
                raise
            if not exchange.gone:
                await exchange.nothing(202)
        finally:
            exchange.end()
            self.in_flight.pop(key, None)

    def _watch(self, live: LiveSession, method: str, uri: str) -> None:
        if method == "resources/subscribe":
            live.uris.add(uri)
        else:
            live.uris.discard(uri)

    async def stream(self, exchange: Exchange, asked: Asked) -> None:
        """Serve the GET stream of a session until the agent closes it."""
        session = self.session_of(exchange, asked.agent, lists.bound_to(asked))
        accept = exchange.headers.get(b"accept", b"").lower()
        if b"text/event-stream" not in accept and b"*/*" not in accept:
            raise Malformed("Send `Accept: text/event-stream`.", code=INVALID_REQUEST, http=406)
        self._require_room(asked)
        listening = self.upstream.listen(lists.servers_of(asked), asked.agent, session.client, Era.LEGACY)
        try:
            await listening.begun()
            self._require_room(asked)  # Others may have been opened meanwhile, and this session may have ended.
            session = self.session_of(exchange, asked.agent, lists.bound_to(asked))
            await self._follow(exchange, asked, session)
        finally:
            listening()

    def _require_room(self, asked: Asked) -> None:
        if self.streams.of(asked.agent.name) >= PER_AGENT:
            raise Malformed(f"This agent has {PER_AGENT} streams open already.", code=INVALID_REQUEST, http=429)

    async def _follow(self, exchange: Exchange, asked: Asked, session: Session) -> None:
        live = self.live.of(session.id)
        stream = Stream(
            agent=asked.agent.name,
            token=asked.token,
            servers=tuple(server.name for server in lists.servers_of(asked)),
            view=lists.view_of(asked),
            tell=exchange.notify,
            end=exchange.leave,
            uris=lambda: frozenset(live.uris),
            wants=live.wants,
        )
        live.streams += 1
        live.endings.add(exchange.leave)
        self.streams.add(stream, asked.snapshot, asked.agent)
        try:
            await exchange.serve_stream()
        finally:
            self.streams.remove(stream)
            live.endings.discard(exchange.leave)
            live.streams -= 1

    async def delete(self, exchange: Exchange, asked: Asked) -> None:
        """End a session."""
        session = self.session_of(exchange, asked.agent, lists.bound_to(asked))
        self.handles.end_session(session.id)
        self.live.end(session.id)
        await exchange.nothing(200)
