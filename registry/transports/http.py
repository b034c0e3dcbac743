"""An upstream over Streamable HTTP, both eras. Sends a request once, and never again. No Django."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final

from registry.mcp import jsonrpc
from registry.mcp.revisions import MODERN, Era
from registry.transports.base import (
    EMPTY_OBJECT,
    Answer,
    BrokenOff,
    Handshake,
    HttpStatus,
    Limits,
    NotSent,
    OnEvent,
    OnRequest,
    TimedOut,
    UpstreamError,
)
from registry.transports.envelope import LISTEN, listen_params, request_params
from registry.transports.handshake import (
    CANCELLED,
    DISCOVER,
    DISCOVER_PARAMS,
    INITIALIZE,
    INITIALIZED,
    initialize_params,
    read_discover,
    read_initialize,
)
from registry.transports.http_address import read_address
from registry.transports.http_exchange import Exchange
from registry.transports.http_head import Heads, configured_headers
from registry.transports.http_pool import Pool
from registry.transports.listener import Listener, reply_to
from registry.transports.opening import Opening

ASIDE_SECONDS: Final = 5.0  # How long a message beside the requests may take: a cancellation, a reply, a farewell.
MAX_ASIDE: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    """What was agreed on with the server, until it forgets."""

    handshake: Handshake
    heads: Heads
    identity: str | None

    @property
    def modern(self) -> bool:
        return self.handshake.era is Era.MODERN


class HttpUpstream:
    """One server behind one URL. See Upstream for what it promises.

    `headers` are the server's own credentials and are never shown. Raises ValueError for headers that cannot be sent
    and AddressRefused for a URL that cannot be used. `era` says what it is known to speak; without, it is asked.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        client_capabilities: bytes = EMPTY_OBJECT,
        era: Era | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = read_address(url, allow_private=allow_private)
        self._configured = configured_headers(headers or {})
        self._capabilities = client_capabilities
        self._era = era
        self._limits = limits or Limits()
        self._pool = Pool(self._address, self._limits, tls=tls)
        self._numbers = count(1)
        self._loop: asyncio.AbstractEventLoop | None = None  # Asking for the running one costs a system call.
        self._opening = Opening(self._agree)
        self._aside: set[asyncio.Task[None]] = set()
        self.dropped = 0  # Messages nobody waits for: foreign ids, second answers, unasked notifications.

    @property
    def open_connections(self) -> int:
        """How many connections exist now."""
        return self._pool.open_connections

    # Opening.

    async def open(self) -> Handshake:
        """See Upstream."""
        return (await self._opening.get()).handshake

    async def _agree(self) -> _Session:
        until = asyncio.get_running_loop().time() + self._limits.open_seconds
        found = None if self._era is Era.LEGACY else await self._discover(until)
        return found or await self._initialize(until)

    async def _discover(self, until: float) -> _Session | None:
        heads = Heads(self._address, self._configured, version=MODERN, session=None)
        probe = min(until, asyncio.get_running_loop().time() + self._limits.probe_seconds)
        try:
            response, _ = await self._ask(heads, DISCOVER, DISCOVER_PARAMS, probe)
        except NotSent:
            raise
        except UpstreamError:
            return None  # Servers of the session era answer this in every way there is, silence included.
        handshake = read_discover(Answer(response.result, response.error))
        return None if handshake is None else _Session(handshake, heads, None)

    async def _initialize(self, until: float) -> _Session:
        heads = Heads(self._address, self._configured, version=None, session=None)
        response, identity = await self._ask(heads, INITIALIZE, initialize_params(self._capabilities), until)
        handshake = read_initialize(Answer(response.result, response.error))
        heads = Heads(self._address, self._configured, version=handshake.version, session=identity)
        await self._tell(heads, jsonrpc.notification(INITIALIZED, EMPTY_OBJECT), until)
        return _Session(handshake, heads, identity)

    async def _ask(self, heads: Heads, method: str, params: bytes, until: float) -> tuple[jsonrpc.Response, str | None]:
        number = next(self._numbers)
        exchange = Exchange(b"%d" % number, asyncio.get_running_loop())
        body = jsonrpc.request(number, method, params)
        response = await self._carry(heads.post(method, None, len(body)) + body, exchange, until)
        assert response is not None
        return response, exchange.session

    async def _tell(self, heads: Heads, body: bytes, until: float) -> None:
        exchange = Exchange(None, asyncio.get_running_loop())
        await self._carry(heads.post("", None, len(body)) + body, exchange, until)

    # A request.

    async def request(
        self,
        method: str,
        params: bytes,
        *,
        deadline: float,
        name: str | None = None,
        on_event: OnEvent | None = None,
        on_request: OnRequest | None = None,
        progress_token: bytes | None = None,
        meta: bytes | None = None,
        client_capabilities: bytes = EMPTY_OBJECT,
        param_headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """See Upstream."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        loop = self._loop
        until = loop.time() + deadline
        session = self._opening.value or await self._opening.get_for_request(until)
        number = next(self._numbers)
        token = b"%d" % number
        own = token if progress_token is not None else None
        params = request_params(
            params, modern=session.modern, progress=own, meta=meta, capabilities=client_capabilities
        )
        body = jsonrpc.request(number, method, params)
        exchange = Exchange(token, loop)
        if on_event is not None or not session.modern:
            exchange.on_call = partial(self._heard, session, Listener(token, progress_token, on_event, on_request))
        wire = session.heads.post(method, name, len(body), param_headers) + body
        return self._answer(session, exchange, await self._call(session, number, wire, exchange, until))

    async def _call(
        self, session: _Session, number: int, wire: bytes, exchange: Exchange, until: float
    ) -> jsonrpc.Response:
        try:
            response = await self._carry(wire, exchange, until)
        except (asyncio.CancelledError, TimedOut):
            if exchange.sent:
                self._cancel(session, number)
            raise
        except HttpStatus as wrong:
            self._still_known(session, wrong.status)
            raise
        finally:
            self.dropped += exchange.foreign
        assert response is not None
        return response

    def _answer(self, session: _Session, exchange: Exchange, response: jsonrpc.Response) -> Answer:
        if response.error is not None:
            code, _ = jsonrpc.read_error(response.error)
            if code != jsonrpc.METHOD_NOT_FOUND:
                self._still_known(session, exchange.status)
            if session.modern and code == jsonrpc.UNSUPPORTED_VERSION:
                self._opening.forget(session)
                raise NotSent("the server no longer speaks the revision it offered; it is asked anew next time")
        return Answer(response.result, response.error)

    def _still_known(self, session: _Session, status: int) -> None:
        """A 404 to a session means that the server forgot it, and has acted on nothing."""
        if status == 404 and session.identity is not None:
            self._opening.forget(session)
            raise NotSent("the server no longer knows the session; the next request opens a new one") from None

    async def _carry(self, request: bytes, exchange: Exchange, until: float) -> jsonrpc.Response | None:
        loop = exchange.future.get_loop()
        connection = self._pool.take(loop.time()) or await self._pool.connection(until)
        timer = loop.call_at(until, exchange.expire)
        connection.send(request, exchange)
        try:
            return await exchange.future
        except BaseException:
            connection.abandon(exchange)
            raise
        finally:
            timer.cancel()

    # What the server says, and what is said beside the requests.

    def _heard(self, session: _Session, listener: Listener, said: jsonrpc.Request | jsonrpc.Notification) -> None:
        if isinstance(said, jsonrpc.Notification):
            if not listener.hear(said):
                self.dropped += 1
        elif session.modern:
            self.dropped += 1  # A server of the modern era must not ask.
        else:
            self._beside(partial(self._reply, session, said, listener.on_request))

    async def _reply(self, session: _Session, asked: jsonrpc.Request, on_request: OnRequest | None) -> None:
        body = await reply_to(asked, on_request)
        await self._tell(session.heads, body, asyncio.get_running_loop().time() + ASIDE_SECONDS)

    def _cancel(self, session: _Session, number: int) -> None:
        """Closing the stream has cancelled a modern request; in the session era it must be said."""
        if not session.modern:
            body = jsonrpc.notification(CANCELLED, b'{"requestId":%d}' % number)
            until = asyncio.get_running_loop().time() + ASIDE_SECONDS
            self._beside(partial(self._tell, session.heads, body, until))

    def _beside(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        if len(self._aside) >= MAX_ASIDE:
            self.dropped += 1
            return
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def listen(self, notifications: bytes, on_event: OnEvent, *, deadline: float) -> None:
        """See Upstream."""
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline
        session = await self._opening.get_for_request(until)
        number = next(self._numbers)
        token = b"%d" % number
        exchange = Exchange(token if session.modern else None, loop, streams=True)
        listener = Listener(token, None, on_event, None)
        exchange.on_call = lambda said: self._heard(session, listener, said)
        if session.modern:
            body = jsonrpc.request(number, LISTEN, listen_params(notifications))
            wire = session.heads.post(LISTEN, None, len(body)) + body
        else:
            wire = session.heads.get()
        try:
            response = await self._carry(wire, exchange, until)
        except (TimedOut, BrokenOff):
            return
        if response is not None and response.error is not None:
            raise NotSent("the server offers no subscription")

    async def close(self) -> None:
        """See Upstream."""
        session = self._opening.stop()
        if session is not None and session.identity is not None:
            exchange = Exchange(None, asyncio.get_running_loop())
            until = asyncio.get_running_loop().time() + self._limits.kill_seconds
            with contextlib.suppress(UpstreamError):
                await self._carry(session.heads.delete(), exchange, until)
        for task in tuple(self._aside):
            task.cancel()
        self._pool.close()


async def _quietly(work: Callable[[], Coroutine[None, None, None]]) -> None:
    with contextlib.suppress(UpstreamError):
        await work()
