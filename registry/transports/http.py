"""An upstream over Streamable HTTP, both eras. Sends a request once, and never again. No Django."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from functools import partial
from itertools import count

from governance.egress.ports import USUAL, Ports
from registry.mcp import jsonrpc
from registry.mcp.revisions import Era, trace_headers
from registry.transports.base import (
    EMPTY_OBJECT,
    Answer,
    Handshake,
    HttpStatus,
    Limits,
    NotSent,
    OnConfirmed,
    OnEvent,
    TimedOut,
    UpstreamError,
)
from registry.transports.beside import ASIDE_SECONDS, Beside
from registry.transports.envelope import number_of, own_token, request_params
from registry.transports.handshake import CANCELLED, PROGRESS
from registry.transports.http_address import read_address
from registry.transports.http_courier import Courier
from registry.transports.http_exchange import Exchange
from registry.transports.http_listening import SharedStream, subscribe
from registry.transports.http_session import Agreement, Session
from registry.transports.notices import tell_request
from registry.transports.opening import Opening
from registry.transports.options import Options, Requests
from registry.transports.peer import PeerFacts
from registry.transports.waiting import put, whose


class _Call(Exchange):
    """A request of a caller, which hears what is said on its own stream."""

    __slots__ = ("agreed", "upstream")

    def __init__(
        self, token: bytes, loop: asyncio.AbstractEventLoop, options: Options, upstream: HttpUpstream, agreed: Session
    ) -> None:
        super().__init__(token, loop, options)
        self.upstream = upstream
        self.agreed = agreed

    def hear(self, said: jsonrpc.Request | jsonrpc.Notification) -> None:
        """Something said before the answer."""
        self.upstream.heard(self, said)


class HttpUpstream(Requests):
    """One server behind one URL. See Upstream for what it promises.

    `headers` are the server's own credentials and are never shown. Raises ValueError for headers that cannot be sent
    and AddressRefused for a URL that cannot be used. `era` says what it is known to speak, `prefer` which era it is
    asked for first; without both that is the modern one.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        ports: Ports = USUAL,
        client_capabilities: bytes = EMPTY_OBJECT,
        era: Era | None = None,
        prefer: Era | None = None,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        address = read_address(url, allow_private=allow_private, ports=ports)
        self._limits = limits or Limits()
        self._courier = Courier(address, self._limits, tls)
        self._numbers = count(1)
        agreement = Agreement(
            self._courier,
            address,
            headers,
            client_capabilities=client_capabilities,
            era=era,
            prefer=prefer,
            limits=self._limits,
            numbers=self._numbers,
        )
        self._loop: asyncio.AbstractEventLoop | None = None  # Asking for the running one costs a system call.
        self._opening = Opening(agreement.reach)
        self._beside = Beside()
        self._attributed: dict[bytes, _Call] = {}  # Who may be meant by what comes on a session's own stream.
        self._shared: tuple[Session, SharedStream] | None = None
        self.dropped = 0  # Messages nobody waits for: foreign ids, second answers, unasked notifications.

    @property
    def peer(self) -> PeerFacts | None:
        """See Upstream."""
        return self._courier.peer

    @property
    def open_connections(self) -> int:
        """How many connections exist now."""
        return self._courier.open_connections

    async def open(self) -> Handshake:
        """See Upstream."""
        return (await self._opening.get()).handshake

    # A request.

    async def _request(self, method: str, params: bytes, deadline: float, options: Options) -> Answer:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        loop = self._loop
        until = loop.time() + deadline
        session = self._opening.value or await self._opening.get_for_request(until)
        number = next(self._numbers)
        token = b"%d" % number
        meta = options.meta
        params = request_params(
            params,
            modern=session.modern,
            progress=own_token(token) if options.progress_token is not None else None,
            meta=meta,
            capabilities=options.client_capabilities,
        )
        body = jsonrpc.request(number, method, params)
        traces = trace_headers(meta) if meta is not None and b"traceparent" in meta else ()
        wire = session.heads.post(method, options.name, len(body), options.param_headers, traces) + body
        call = _Call(token, loop, options, self, session)
        if not session.modern and (options.on_request is not None or options.progress_token is not None):
            self._attributed[token] = call
        return self._answer(session, call, await self._call(session, wire, call, until))

    async def _call(self, session: Session, wire: bytes, call: _Call, until: float) -> jsonrpc.Response:
        try:
            response = await self._courier.carry(wire, call, until)
        except (asyncio.CancelledError, TimedOut):
            if call.sent:
                self._cancel(session, call)
            raise
        except HttpStatus as wrong:
            self._still_known(session, wrong.status)
            raise
        finally:
            self.dropped += call.foreign
            if self._attributed:
                self._attributed.pop(call.number or b"", None)
        assert response is not None
        return response

    def _answer(self, session: Session, call: _Call, response: jsonrpc.Response) -> Answer:
        if response.error is not None:
            code, _ = jsonrpc.read_error(response.error)
            if code != jsonrpc.METHOD_NOT_FOUND:
                self._still_known(session, call.status)
            if session.modern and code == jsonrpc.UNSUPPORTED_VERSION:
                self._opening.forget(session)
                raise NotSent("the server no longer speaks the revision it offered; it is asked anew next time")
        return Answer(response.result, response.error)

    def _still_known(self, session: Session, status: int) -> None:
        """A 404 to a session means that the server forgot it, and has acted on nothing."""
        if status == 404 and session.identity is not None:
            self._opening.forget(session)
            raise NotSent("the server no longer knows the session; the next request opens a new one") from None

    # What the server says, and what is said beside the requests.

    def heard(self, call: _Call, said: jsonrpc.Request | jsonrpc.Notification) -> None:
        """What came on the stream of a request before its answer."""
        if isinstance(said, jsonrpc.Notification):
            passed = self._withdrawn(said, call) or _told(said, call)
        elif call.agreed.modern:
            passed = False  # A server of the modern era must not ask.
        else:
            passed = put(said, call, partial(self._say, call.agreed), self._beside)
        self.dropped += not passed

    def _heard_aside(self, session: Session, said: jsonrpc.Request | jsonrpc.Notification) -> None:
        """What came on a session's own stream: it may still belong to a request."""
        waiting = self._attributed
        if isinstance(said, jsonrpc.Request):
            able = [call for call in waiting.values() if call.agreed is session]
            belongs = whose(said, able, lambda token: waiting.get(number_of(token) or b""))
            passed = put(said, belongs, partial(self._say, session), self._beside)
        elif said.method == PROGRESS:
            found = waiting.get(number_of(jsonrpc.progress_token(said.params) or b"") or b"")
            passed = found is not None and _told(said, found)
        else:
            stream = self._shared
            passed = self._withdrawn(said, *waiting.values()) or (stream is not None and stream[1].tell(said))
        self.dropped += not passed

    def _withdrawn(self, said: jsonrpc.Notification, *calls: _Call) -> bool:
        """Whether the server takes a question of its own back, which is no notice for anybody."""
        if said.method != CANCELLED:
            return False
        number = jsonrpc.member(said.params, "requestId") or b""
        return any(call.questions is not None and call.questions.withdraw(number) for call in calls)

    async def _say(self, session: Session, message: bytes) -> None:
        await self._courier.tell(session.heads, message, asyncio.get_running_loop().time() + ASIDE_SECONDS)

    def _cancel(self, session: Session, call: _Call) -> None:
        """Closing the stream has cancelled a modern request; in the session era it must be said."""
        if not session.modern:
            body = jsonrpc.notification(CANCELLED, b'{"requestId":%s}' % call.number)
            self.dropped += not self._beside.say(partial(self._say, session, body))

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        """See Upstream."""
        until = asyncio.get_running_loop().time() + deadline
        session = await self._opening.get_for_request(until)
        if session.modern:
            number = next(self._numbers)
            await subscribe(self._courier, session, notifications, on_event, on_confirmed, number=number, until=until)
            return
        if self._shared is None or self._shared[0] is not session:
            heard = partial(self._heard_aside, session)
            self._shared = session, SharedStream(self._courier, session, heard)
        begun = partial(on_confirmed, notifications) if on_confirmed is not None else None
        await self._shared[1].listen(on_event, begun, until)

    async def close(self) -> None:
        """See Upstream."""
        session = self._opening.stop()
        if session is not None and session.identity is not None:
            exchange = Exchange(None, asyncio.get_running_loop())
            until = asyncio.get_running_loop().time() + self._limits.kill_seconds
            with contextlib.suppress(UpstreamError):
                await self._courier.carry(session.heads.delete(), exchange, until, aside=True)
        self._beside.stop()
        self._courier.close()


def _told(said: jsonrpc.Notification, call: _Call) -> bool:
    assert call.number is not None and call.options is not None
    return tell_request(said, call.number, call.options)
