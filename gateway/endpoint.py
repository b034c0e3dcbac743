"""The MCP endpoint of one server: which method does what. Parse, call one thing, answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from gateway.adapters.refusals import RefusalCounts
from gateway.authentication import Authenticator
from gateway.call import Call, Reply, Ticket
from gateway.clock import Clock
from gateway.exchange import Exchange
from gateway.hosts import Hosts
from gateway.mcp import inbound, listing, outbound
from gateway.mcp.inbound import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, Message
from gateway.pipeline import tools_call
from gateway.ports import Ports
from gateway.record import new_record
from gateway.refusal import (
    Invisible,
    Malformed,
    NotAuthenticated,
    Refusal,
    StillWaiting,
    Unavailable,
    UnknownServer,
)
from gateway.sessions import BadHandle, Handles, Session
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.model import AgentRecord, Snapshot
from governance.policy.values import Kind
from registry.mcp.revisions import LATEST_LEGACY, LEGACY, MODERN, Era

NULL_ID = b"null"
CAPABILITIES = {"tools": {"listChanged": False}}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a held call may wait on one request, in seconds, and on how many requests."""

    hold: float
    leg: float
    legs: int


class Asked(msgspec.Struct, frozen=True):
    """One message, who sends it, and to which server."""

    message: Message
    snapshot: Snapshot
    agent: AgentRecord
    token: str
    server: str
    rpc_id: bytes


@dataclass(slots=True)
class Endpoint:
    """Everything that serving a request needs. One per process."""

    ports: Ports
    snapshots: SnapshotHolder
    authenticator: Authenticator
    activity: Callable[[str, float], Awaitable[str]]
    handles: Handles
    hosts: Hosts
    clock: Clock
    counts: RefusalCounts
    timing: Timing
    public_url: str
    body_bytes: int
    randomness: Callable[[int], bytes]
    in_flight: dict[tuple[str, str, bytes], Exchange] = field(default_factory=dict)

    async def serve(self, exchange: Exchange, server: str) -> None:
        """Answer one HTTP request for one server's endpoint."""
        try:
            self._require_own_door(exchange)
            if exchange.scope["method"] == "POST":
                await self._post(exchange, server)
            elif exchange.scope["method"] == "DELETE":
                await self._delete(exchange, server)
            else:
                exchange.extra.append((b"allow", b"POST, DELETE"))
                await exchange.nothing(405)
        except Malformed as problem:
            self.counts.note(exchange.address, "malformed")
            reply = outbound.malformed(problem)
            await exchange.answer(outbound.response(problem.rpc_id or NULL_ID, reply), reply.http)
        except Refusal as problem:
            await self._refuse(exchange, NULL_ID, problem)

    def _require_own_door(self, exchange: Exchange) -> None:
        """Host and Origin before anything else is read (DNS rebinding)."""
        headers = exchange.headers
        if b":twice" in headers:
            name = headers[b":twice"].decode("latin-1")
            raise Malformed(f"The header {name} came twice.", code=inbound.HEADER_MISMATCH)
        if not self.hosts.host_allowed(headers.get(b"host")):
            raise Malformed("This host name is not served here.", code=INVALID_REQUEST, http=421)
        if not self.hosts.origin_allowed(headers.get(b"origin")):
            raise Malformed("Requests from this origin are not accepted.", code=INVALID_REQUEST, http=403)

    async def _post(self, exchange: Exchange, server: str) -> None:
        snapshot = await self.snapshots.fresh()
        snapshot, token, agent = await self._authenticated(exchange, snapshot)
        message = inbound.read(await exchange.body(self.body_bytes), exchange.headers)
        exchange.era = message.era
        asked = Asked(message, snapshot, agent, token, server, message.id or NULL_ID)
        try:
            if not snapshot.visible(agent, server):
                await self._unknown_server(exchange, asked)
            elif message.method is None:
                await exchange.nothing()
            elif message.era is Era.MODERN:
                await self._modern(exchange, asked)
            else:
                await self._legacy(exchange, asked)
        except Malformed as problem:
            self.counts.note(exchange.address, "malformed")
            reply = outbound.malformed(problem)
            await exchange.answer(outbound.response(asked.rpc_id, reply), reply.http)
        except Refusal as problem:
            await self._refuse(exchange, asked.rpc_id, problem)

    async def _authenticated(self, exchange: Exchange, snapshot: Snapshot) -> tuple[Snapshot, str, AgentRecord]:
        """The token's public id and its agent; a token issued a moment ago gets one look at the database."""
        header, now = exchange.headers.get(b"authorization"), self.clock.epoch()
        try:
            token = self.authenticator.token_of(header, snapshot)
            if token is None:
                snapshot = await self.snapshots.with_new_tokens()
                token = self.authenticator.token_of(header, snapshot)
            return snapshot, token or "", snapshot.agent_of(token or "", now)
        except NotAuthenticated:
            self.counts.note(exchange.address, "not authenticated")
            exchange.extra.append((b"www-authenticate", b'Bearer realm="gatehouse"'))
            raise

    async def _unknown_server(self, exchange: Exchange, asked: Asked) -> None:
        """A server of which the agent may see nothing answers as one that does not exist; a call to it is recorded."""
        if not asked.server:
            raise UnknownServer("Name a server: each one has an endpoint of its own, /mcp/<server>.")
        if asked.message.method != "tools/call" or asked.message.id is None:
            raise UnknownServer(f"Unknown server: {asked.server}")
        await self._call(exchange, asked, hold=0.0)

    async def _refuse(self, exchange: Exchange, rpc_id: bytes, problem: Refusal) -> None:
        if isinstance(problem, Unavailable):
            self.counts.unavailable()
        code = problem.form.code if problem.form.code is not None else 40300
        reply = outbound.error(code, problem.reason)
        await exchange.answer(outbound.response(rpc_id, reply), problem.form.http)

    # The session era.

    async def _legacy(self, exchange: Exchange, asked: Asked) -> None:
        method = asked.message.method
        if method == "initialize":
            await self._initialize(exchange, asked)
            return
        session = self._session(exchange, asked.agent, asked.server)
        if asked.message.id is None:
            self._notified(asked.message, asked.agent, session)
            await exchange.nothing()
        elif method == "tools/call":
            hold = float(asked.agent.hold_seconds or self.timing.hold)
            await self._call(exchange, asked, hold=hold, session=session)
        elif method == "ping":
            await exchange.answer(outbound.response(asked.rpc_id, Reply(result=b"{}")))
        elif method == "tools/list":
            await self._list(exchange, asked)
        else:
            raise Malformed(f"Method not found: {method}", code=METHOD_NOT_FOUND, http=200)

    async def _initialize(self, exchange: Exchange, asked: Asked) -> None:
        params = asked.message.params
        if asked.message.id is None:
            raise Malformed("`initialize` is a request and needs an `id`.", code=INVALID_REQUEST)
        wanted, info = params.get("protocolVersion"), params.get("clientInfo")
        capabilities = params.get("capabilities", {})
        if not isinstance(wanted, str) or not isinstance(capabilities, dict):
            raise Malformed("`initialize` needs `protocolVersion` and `capabilities`.", code=INVALID_PARAMS, http=200)
        version = wanted if wanted in LEGACY else LATEST_LEGACY
        client = inbound.client_of(info if isinstance(info, dict) else {}, capabilities)
        opened = self.handles.open_session(agent=asked.agent.name, server=asked.server, version=version, client=client)
        exchange.extra.append((b"mcp-session-id", opened.encode()))
        result: dict[str, object] = {
            "protocolVersion": version,
            "capabilities": CAPABILITIES,
            "serverInfo": {"name": f"gatehouse/{asked.server}", "version": "1"},
            **_instructions(asked),
        }
        await exchange.answer(outbound.response(asked.rpc_id, outbound.own_result(result, Era.LEGACY)))

    def _session(self, exchange: Exchange, agent: AgentRecord, server: str) -> Session:
        handle = exchange.headers.get(b"mcp-session-id")
        if handle is None:
            raise Malformed("Send the `Mcp-Session-Id` that `initialize` answered with.", code=INVALID_REQUEST)
        try:
            return self.handles.session(handle.decode("latin-1"), agent=agent.name, server=server)
        except BadHandle as problem:
            raise Malformed(
                f"Session not found: {problem}; initialize again.", code=INVALID_REQUEST, http=404
            ) from None

    def _notified(self, message: Message, agent: AgentRecord, session: Session) -> None:
        if message.method != "notifications/cancelled":
            return
        asked = message.params.get("requestId")
        if isinstance(asked, str | int) and not isinstance(asked, bool):
            exchange = self.in_flight.get((agent.name, session.id, inbound.read_id(asked)))
            if exchange is not None:
                exchange.withdraw()

    async def _delete(self, exchange: Exchange, server: str) -> None:
        snapshot = await self.snapshots.fresh()
        _, _, agent = await self._authenticated(exchange, snapshot)
        self.handles.end_session(self._session(exchange, agent, server).id)
        await exchange.nothing(200)

    # The stateless era.

    async def _modern(self, exchange: Exchange, asked: Asked) -> None:
        method = asked.message.method
        if asked.message.id is None:
            await exchange.nothing()
        elif method == "tools/call":
            exchange.polls = True
            await self._call(exchange, asked, hold=self.timing.leg)
        elif method == "tools/list":
            await self._list(exchange, asked)
        elif method == "server/discover":
            fields = {"supportedVersions": [MODERN, *LEGACY], "capabilities": CAPABILITIES, **_instructions(asked)}
            reply = outbound.own_result({**fields, "ttlMs": 0, "cacheScope": "private"}, Era.MODERN)
            await exchange.answer(outbound.response(asked.rpc_id, reply))
        else:
            raise Malformed(f"Method not found: {method}", code=METHOD_NOT_FOUND, http=404)

    # Both.

    async def _list(self, exchange: Exchange, asked: Asked) -> None:
        message = asked.message
        items = listing.listed(asked.snapshot, asked.agent, asked.server, Kind.TOOL)
        page = listing.tools_page(items, message.params.get("cursor"), message.era, outbound.SERVER_INFO_JSON)
        await exchange.answer(outbound.response(asked.rpc_id, Reply(result=page)))

    async def _call(self, exchange: Exchange, asked: Asked, *, hold: float, session: Session | None = None) -> None:
        exchange.hold_seconds = hold
        exchange.progress_token = asked.message.progress_token
        call = await self._parsed(exchange, asked, session)
        key = (call.agent, call.wire_session, asked.rpc_id)
        if session is not None:
            if key in self.in_flight:
                raise Malformed("A request with this id is still running.", code=INVALID_REQUEST)
            self.in_flight[key] = exchange
        exchange.begin()
        try:
            reply = await self.answer(call, exchange)
            exchange.end()
            await exchange.answer(outbound.response(asked.rpc_id, reply), reply.http)
        except asyncio.CancelledError:
            if not (exchange.withdrawn or exchange.gone):
                raise
            if not exchange.gone:
                await exchange.nothing(202)
        finally:
            exchange.end()
            if session is not None:
                self.in_flight.pop(key, None)

    async def _parsed(self, exchange: Exchange, asked: Asked, session: Session | None) -> Call:
        message, agent = asked.message, asked.agent.name
        params = inbound.tool_params(message)
        now = self.clock.now()
        seconds = now.timestamp()
        return Call(
            id=new_record(seconds, self.randomness),
            at=now,
            started=time.monotonic(),
            era=message.era,
            version=message.version,
            rpc_id=asked.rpc_id,
            method="tools/call",
            server=asked.server,
            kind=Kind.TOOL,
            item=params.name,
            arguments=params.arguments,
            canonical=params.canonical,
            token=asked.token,
            agent=agent,
            address=exchange.address,
            session=await self.activity(agent, seconds),
            wire_session=session.id if session else "",
            progress_token=exchange.progress_token,
            meta=message.passed_on_meta(),
            client=session.client if session else message.client,
            ticket=self._ticket(params.state, asked.agent, asked.server),
        )

    def _ticket(self, state: str | None, agent: AgentRecord, server: str) -> Ticket | None:
        if state is None:
            return None
        try:
            return self.handles.ticket(state, agent=agent.name, server=server)
        except BadHandle as problem:
            raise Malformed(f"`requestState` is not valid: {problem}.", code=INVALID_PARAMS) from None

    async def answer(self, call: Call, exchange: Exchange) -> Reply:
        """The reply to one call, whatever becomes of it."""
        try:
            return outbound.for_era(await tools_call(call, self.ports, exchange), call)
        except StillWaiting as waiting:
            if exchange.polls and waiting.leg < self.timing.legs and waiting.ticket is not None:
                ticket = Ticket(waiting.ticket, waiting.leg)
                return outbound.input_required(self.handles.seal_ticket(ticket, agent=call.agent, server=call.server))
            return outbound.refusal(call, waiting, self._place())
        except Invisible as problem:
            return outbound.unknown_tool(call.item, call, problem, self._place())
        except Refusal as problem:
            return outbound.refusal(call, problem, self._place())

    def _place(self) -> outbound.Place:
        try:
            compiled = self.snapshots.current().rules.compiled
        except Unavailable:
            compiled = None
        return outbound.Place(self.public_url, compiled.digest if compiled else "")


def _instructions(asked: Asked) -> dict[str, object]:
    """The approved instructions of the server, where there are any."""
    text = asked.snapshot.servers[asked.server].instructions
    return {} if text is None else {"instructions": text}
