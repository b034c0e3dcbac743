"""`/sse/<server>`, the transport of 2024-11-05: one stream carries everything, and messages are posted beside it.

What a message asks for is answered by the session era's own code; here is only which stream the answer goes out on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from gateway import lists
from gateway.call import Client
from gateway.door import Asked
from gateway.endpoint import NULL_ID, Endpoint
from gateway.exchange import BODY_SECONDS, Exchange, Receive
from gateway.live import LiveSession
from gateway.mcp import inbound, outbound
from gateway.mcp.inbound import INVALID_REQUEST, UNSUPPORTED_VERSION
from gateway.peers.relay import PeerGone
from gateway.refusal import Malformed, Refusal, UnknownServer
from gateway.sessions import BadHandle
from gateway.stdio.request_ids import Ends, request_ids
from gateway.streams import PER_AGENT, Stream
from registry.mcp.revisions import LEGACY, Era

log = logging.getLogger("gatehouse.mcp")

OLDEST: Final = LEGACY[0]
HANDLE: Final = "session_id"
UNREAD_BYTES: Final = 16 * 1024 * 1024
UNANSWERED: Final = 256
PASSED_OVER_BYTES: Final = 16 * 1024 * 1024
UNREADABLE: Final = (400, 413)
SETTLES_WITHIN: Final = 5.0
OVER: Final = "Session not found: its stream is closed; open a new one with GET."


@dataclass(eq=False, slots=True)
class Line:
    """One open stream, and the session on it; `session` is the session era's id, empty until `initialize`.

    `running` are the messages that are being answered.
    """

    out: Exchange
    session: str = ""
    live: LiveSession | None = None
    running: set[Posted] = field(default_factory=set)
    ending: asyncio.Task[None] | None = None
    silence: Callable[[], None] = lambda: None

    def tell(self, method: str, params: bytes) -> None:
        """Pass on what is said to a session."""
        if self.live is not None and self.ending is None:
            self.notify(method, params)

    def notify(self, method: str, params: bytes) -> None:
        """Put a notification on the stream; an agent that does not read loses it."""
        if self.out.unread > UNREAD_BYTES:
            self.out.leave()
        else:
            self.out.put(outbound.event(outbound.notification(method, params)))

    def uris(self) -> frozenset[str]:
        """The resources that the session watches."""
        return frozenset(self.live.uris) if self.live is not None else frozenset()

    def wants(self, level: str) -> bool:
        """Whether the session wants log messages of this level."""
        return self.live is not None and self.live.wants(level)

    def end(self) -> None:
        """End from our side: what is being answered has a moment, nothing new is taken."""
        if self.ending is None:
            self.ending = asyncio.get_running_loop().create_task(self._settle())

    async def _settle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_WITHIN):
                while self.running:
                    await next(iter(self.running)).answered.wait()
        self.out.leave()

    def lost(self) -> None:
        """The stream is closed: whoever still works for it is told so."""
        for posted in self.running:
            posted.lost()
        if self.ending is not None:
            self.ending.cancel()


class Posted(Exchange):
    """One message of a POST that is answered already: what comes of it goes out on the stream of its session."""

    def __init__(self, exchange: Exchange, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(exchange.scope, _nothing_comes, _nothing_leaves, loop)
        self.address = exchange.address
        self.headers = {name: value for name, value in exchange.headers.items() if name != b"mcp-session-id"}
        if line.session:
            self.headers[b"mcp-session-id"] = line.session.encode()
        self.started = True
        self.answered = asyncio.Event()
        self._line = line

    def begin(self) -> None:
        """The stream shows life by itself, and tells when it is closed."""
        self._task = asyncio.current_task(self._loop)

    def end(self) -> None:
        """There is nothing to stop."""

    def lost(self) -> None:
        """Nobody listens any more; a call that is under way goes on, as when a request of the session era is closed."""
        self.gone = True
        self.leave()

    def notify(self, method: str, params: bytes) -> None:
        """Pass a notification on, ahead of the answer."""
        if not self.gone:
            self._line.notify(method, params)

    async def answer(self, message: bytes, status: int = 200) -> None:
        """Send the one answer; a status has no place on a stream."""
        self._put(outbound.event(message))

    async def nothing(self, status: int = 202) -> None:
        """No answer: a notification, or a request that the agent cancelled."""

    def _put(self, data: bytes) -> None:
        if not self.gone:
            self._line.out.put(data)


class Overheard:
    """A `receive` that notes the ends of the body it gives; whoever reads by it notices nothing."""

    def __init__(self, receive: Receive) -> None:
        self.ends = Ends()
        self._receive = receive
        self._ended = False

    async def __call__(self) -> Mapping[str, Any]:
        message = await self._receive()
        self.ends.add(message.get("body", b""))
        self._ended = self._ended or not message.get("more_body")
        return message

    async def rest(self) -> None:
        """Let the rest of a body pass that is too long, up to a bound: many clients write the id last."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BODY_SECONDS):
                while not self._ended and self.ends.size < PASSED_OVER_BYTES:
                    await self()
        if not self._ended:
            self.ends.tail.clear()


async def _nothing_comes() -> Mapping[str, Any]:
    return {"type": "http.disconnect"}


async def _nothing_leaves(_: dict[str, Any]) -> None:
    raise AssertionError("the POST of this message is answered")


@dataclass(slots=True)
class SseDoor:
    """Serves `/sse/<server>` by what serves `/mcp/<server>`. One per process."""

    endpoint: Endpoint
    lines: dict[str, Line] = field(default_factory=dict)

    async def serve(self, exchange: Exchange, heard: Overheard, server: str) -> None:
        """Answer one HTTP request, which reads by `heard`: a stream, or a message for one."""
        try:
            self.endpoint.door.require_own(exchange)
            method = exchange.scope["method"]
            if method == "GET":
                await self._stream(exchange, server)
            elif method == "POST":
                await self._posted(exchange, heard, server)
            else:
                exchange.extra.append((b"allow", b"GET, POST"))
                await exchange.nothing(405)
        except Malformed as problem:
            await self.endpoint.malformed(exchange, problem.rpc_id or NULL_ID, problem)
        except Refusal as problem:
            await self.endpoint.refuse(exchange, NULL_ID, problem)

    # The stream.

    async def _stream(self, exchange: Exchange, server: str) -> None:
        snapshot, token, agent = await self.endpoint.door.authenticated(exchange)
        if not server or not snapshot.visible(agent, server):
            raise UnknownServer(f"Unknown server: {server}")
        accept = exchange.headers.get(b"accept", b"*/*").lower()
        if b"text/event-stream" not in accept and b"*/*" not in accept:
            raise Malformed("Send `Accept: text/event-stream`.", code=INVALID_REQUEST, http=406)
        streams, handles = self.endpoint.sessions.streams, self.endpoint.sessions.handles
        if streams.of(agent.name) >= PER_AGENT:
            raise Malformed(f"This agent has {PER_AGENT} streams open already.", code=INVALID_REQUEST, http=429)
        handle = handles.open_session(agent=agent.name, server=_bound(server), version=OLDEST, client=Client())
        line = Line(exchange)
        stream = Stream(agent.name, token, (server,), line.tell, line.end, uris=line.uris, wants=line.wants)
        streams.add(stream, snapshot, agent)
        self.lines[handle] = line
        exchange.put(b"event: endpoint\ndata: /sse/%s?%s=%s\n\n" % (server.encode(), HANDLE.encode(), handle.encode()))
        try:
            await exchange.serve_stream()
        finally:
            exchange.gone = True
            del self.lines[handle]
            streams.remove(stream)
            line.lost()
            self._over(line)

    def _begun(self, line: Line, posted: Posted, asked: Asked) -> None:
        """`initialize` was answered: from here on the session hears what its servers say."""
        session_id = dict(posted.extra).get(b"mcp-session-id")
        if session_id is None or posted.gone:
            return
        sessions = self.endpoint.sessions
        session = sessions.handles.session(session_id.decode(), agent=asked.agent.name, server=lists.bound_to(asked))
        line.session, line.live = session.id, sessions.live.of(session.id)
        line.live.streams += 1
        line.silence = sessions.upstream.listen(lists.servers_of(asked), asked.agent, session.client, Era.LEGACY)

    def _over(self, line: Line) -> None:
        """A closed stream ends its session, whose id nobody but the line ever had."""
        line.silence()
        if line.session:
            self.endpoint.sessions.live.end(line.session)

    # Messages.

    async def _posted(self, exchange: Exchange, heard: Overheard, server: str) -> None:
        snapshot, token, agent = await self.endpoint.door.authenticated(exchange)
        given = parse_qs(exchange.scope["query_string"].decode("latin-1")).get(HANDLE, [])
        if len(given) != 1:
            exchange.extra.append((b"allow", b"GET"))
            text = "Open the stream with GET, and post to the address that it names."
            raise Malformed(text, code=INVALID_REQUEST, http=405)
        try:
            handle = self.endpoint.sessions.handles.session(given[0], agent=agent.name, server=_bound(server))
        except BadHandle:
            raise Malformed(OVER, code=INVALID_REQUEST, http=404) from None
        own = handle.owner in ("", self.endpoint.peers.own.process)
        try:
            body = await exchange.body(self.endpoint.body_bytes)
            if not own:
                await self._relayed(exchange, handle.owner)
                return
            line = self._line(handle.id)
            # The answer goes out on the stream, whatever this request would take.
            message = inbound.read(body, {name: said for name, said in exchange.headers.items() if name != b"accept"})
        except Malformed as problem:
            if not (own and handle.id in self.lines and problem.form.http in UNREADABLE):
                raise
            await self._unreadable(exchange, self._line(handle.id), heard, problem)
            return
        if message.era is not Era.LEGACY:
            text = f"This transport speaks {', '.join(LEGACY)}; for {message.version}, connect to /mcp/{server}."
            raise Malformed(text, code=UNSUPPORTED_VERSION)
        asked = Asked(message, snapshot, agent, token, server, message.id or NULL_ID)
        posted = Posted(exchange, line, asyncio.get_running_loop())
        posted.rpc_id = asked.rpc_id
        line.running.add(posted)
        try:
            await exchange.nothing(202)
            await self._answered(line, posted, asked)
        finally:
            line.running.discard(posted)
            posted.answered.set()

    async def _unreadable(self, exchange: Exchange, line: Line, heard: Overheard, problem: Malformed) -> None:
        """Refuse a body where its client looks: on the stream, for each request in it. Raises Malformed without one."""
        await heard.rest()
        numbers = [problem.rpc_id] if problem.rpc_id else request_ids(heard.ends)
        if (
            not numbers
            or exchange.headers.get(b"mcp-protocol-version", OLDEST.encode()).decode("latin-1") not in LEGACY
        ):
            raise problem
        self.endpoint.door.counts.note(exchange.address, "malformed")
        await exchange.nothing(202)
        posted = Posted(exchange, line, asyncio.get_running_loop())
        for number in numbers:
            await posted.answer(outbound.response(number, outbound.malformed(problem)))

    def _line(self, handle: str) -> Line:
        """The open stream of a handle, with room for one more message. Raises Malformed."""
        line = self.lines.get(handle)
        if line is None or line.ending is not None:
            raise Malformed(OVER, code=INVALID_REQUEST, http=404)
        if len(line.running) >= UNANSWERED or line.out.unread > UNREAD_BYTES:
            text = f"Read the stream first: {UNANSWERED} messages wait for their answer, or it is not read."
            raise Malformed(text, code=INVALID_REQUEST, http=429)
        return line

    async def _relayed(self, exchange: Exchange, owner: str) -> None:
        try:
            await exchange.relay(self.endpoint.relay, to=owner)
        except PeerGone:
            raise Malformed(OVER, code=INVALID_REQUEST, http=404) from None

    async def _answered(self, line: Line, posted: Posted, asked: Asked) -> None:
        """Answer on the stream; whatever nobody expected is refused here, since the request itself is answered."""
        message = asked.message
        try:
            if message.method == "initialize":
                if line.session:
                    problem = Malformed("This session is open already.", code=INVALID_REQUEST)
                    await self.endpoint.malformed(posted, asked.rpc_id, problem)
                    return
                await self.endpoint.answer(posted, asked)
                self._begun(line, posted, asked)
            elif line.session:
                await self.endpoint.answer(posted, asked)
            elif message.method is not None and message.id is not None:
                problem = Malformed("Send `initialize` first.", code=INVALID_REQUEST)
                await self.endpoint.malformed(posted, asked.rpc_id, problem)
        except Exception as problem:
            log.error("a posted message failed inside the gateway", exc_info=problem)
            reply = outbound.error(50300, "The gateway failed on this request.")
            await posted.answer(outbound.response(asked.rpc_id, reply))


def _bound(server: str) -> str:
    """What a message address is bound to; no session id of the other endpoint is good for it, nor the reverse."""
    return f"sse/{server}"
