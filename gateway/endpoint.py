"""The MCP endpoint: which request is answered by whom. Parse, call one thing, answer."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from gateway import lists
from gateway.door import Asked, Door
from gateway.exchange import Exchange
from gateway.mcp import inbound, outbound, verbs
from gateway.mcp.inbound import INVALID_REQUEST, Message
from gateway.peers.directory import Peers
from gateway.peers.relay import PeerGone, Relay
from gateway.refusal import OWNER_GONE, Malformed, OutcomeUnknown, Refusal, Unavailable, UnknownServer
from gateway.session_era import SessionEra
from gateway.sessions import Session
from gateway.stateless_era import StatelessEra
from registry.mcp.revisions import LATEST_LEGACY, LEGACY, Era

NULL_ID = b"null"


@dataclass(slots=True)
class Endpoint:
    """Serves both eras on one URL. One per process."""

    door: Door
    sessions: SessionEra
    stateless: StatelessEra
    body_bytes: int
    peers: Peers
    relay: Relay

    async def serve(self, exchange: Exchange, server: str) -> None:
        """Answer one HTTP request for one server's endpoint."""
        try:
            self.door.require_own(exchange)
            method = exchange.scope["method"]
            if method == "POST":
                await self._post(exchange, server)
            elif method in ("GET", "DELETE"):
                await self._bare(exchange, server)
            else:
                exchange.extra.append((b"allow", b"POST, GET, DELETE"))
                await exchange.nothing(405)
        except Malformed as problem:
            await self.malformed(exchange, problem.rpc_id or NULL_ID, problem)
        except Refusal as problem:
            await self.refuse(exchange, NULL_ID, problem)

    async def _post(self, exchange: Exchange, server: str) -> None:
        who = await self.door.authenticated(exchange)
        message = inbound.read(await exchange.body(self.body_bytes), exchange.headers)
        exchange.era, exchange.rpc_id = message.era, message.id or NULL_ID
        await self.answer(exchange, lists.asked_at(exchange, message, who, server))

    async def answer(self, exchange: Exchange, asked: Asked) -> None:
        """Answer one message, a refusal as such."""
        message = asked.message
        try:
            if not lists.reachable(asked):
                await self._unknown_server(exchange, asked)
            elif message.era is Era.MODERN:
                await (self.stateless.serve(exchange, asked) if message.method is not None else exchange.nothing())
            elif message.method == "initialize":
                await self.sessions.initialize(exchange, asked)
            else:
                session = self.sessions.session_of(exchange, asked.agent, lists.bound_to(asked))
                if self._mine(session) or not await self._served_by_owner(exchange, asked, session):
                    await self.sessions.serve(exchange, asked, session)
        except Malformed as problem:
            await self.malformed(exchange, asked.rpc_id, problem)
        except Refusal as problem:
            await self.refuse(exchange, asked.rpc_id, problem)

    async def _bare(self, exchange: Exchange, server: str) -> None:
        """GET and DELETE, which only the session era has."""
        version = exchange.headers.get(b"mcp-protocol-version", LATEST_LEGACY.encode()).decode("latin-1")
        if version not in LEGACY:
            exchange.extra.append((b"allow", b"POST"))
            await exchange.nothing(405)
            return
        who = await self.door.authenticated(exchange)
        message = Message(era=Era.LEGACY, version=version, id=None, method=None)
        asked = lists.asked_at(exchange, message, who, server)
        if not lists.reachable(asked):
            raise UnknownServer(f"Unknown server: {lists.shown(asked)}")
        session = self.sessions.session_of(exchange, asked.agent, lists.bound_to(asked))
        if not self._mine(session) and await self._served_by_owner(exchange, asked, session):
            return
        if exchange.scope["method"] == "GET":
            await self.sessions.stream(exchange, asked)
        else:
            await self.sessions.delete(exchange, asked)

    def _mine(self, session: Session) -> bool:
        return session.owner in ("", self.peers.own.process)

    async def _served_by_owner(self, exchange: Exchange, asked: Asked, session: Session) -> bool:
        """Relay a request to the process that opened its session, while that lives.

        When it is gone and something of the session with it, the session is not found: the agent opens a new one, and
        sends again what it asked; so what may have been carried out is answered otherwise.
        """
        try:
            await exchange.relay(self.relay, to=session.owner)
        except PeerGone as problem:
            if problem.sent and asked.message.method is not None and asked.message.id is not None:
                raise OutcomeUnknown(OWNER_GONE) from None
            if problem.sent or any(server.own_sessions for server in lists.servers_of(asked)):
                text = "Session not found: the process that had it is gone; initialize again."
                raise Malformed(text, code=INVALID_REQUEST, http=404) from None
            return False
        return True

    async def _unknown_server(self, exchange: Exchange, asked: Asked) -> None:
        """A server of which the agent may see nothing answers as one that does not exist; a call to it is recorded."""
        judged = verbs.judged(asked.message) if asked.message.id is not None else None
        if judged is None:
            raise UnknownServer(f"Unknown server: {lists.shown(asked)}")
        calls = self.stateless.calls
        call = await calls.call_of(replace(asked, server=lists.shown(asked)), judged, address=exchange.address)
        reply = await calls.reply(call, exchange)
        await exchange.answer(outbound.response(asked.rpc_id, reply), reply.http)

    async def malformed(self, exchange: Exchange, rpc_id: bytes, problem: Malformed) -> None:
        """Answer what is no proper message."""
        self.door.counts.note(exchange.address, "malformed")
        reply = outbound.malformed(problem)
        await exchange.answer(outbound.response(rpc_id, reply), reply.http)

    async def refuse(self, exchange: Exchange, rpc_id: bytes, problem: Refusal) -> None:
        """Answer a refusal that is no result of a call."""
        if isinstance(problem, Unavailable):
            self.door.counts.unavailable()
        code = problem.form.code if problem.form.code is not None else 40300
        reply = outbound.error(code, problem.reason)
        await exchange.answer(outbound.response(rpc_id, reply), problem.form.http)
