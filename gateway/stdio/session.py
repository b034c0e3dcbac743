"""The session era: one session with the endpoint, opened by the client, kept by the bridge for as long as it runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from gateway.stdio import messages
from gateway.stdio.delivery import Delivery, Pending, events, is_stream
from gateway.stdio.endpoint import BODY_BYTES, Endpoint, Headers, RefusedForGood, Tell, refusal
from gateway.stdio.http import NotSent, Reply
from gateway.stdio.messages import Line, Listened
from gateway.stdio.response import Broken
from registry.mcp import jsonrpc

INITIALIZE: Final = "initialize"
STANDING: Final = ("logging/setLevel", "resources/subscribe")
ATTEMPTS: Final = 3
END_SECONDS: Final = 1.5
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,8192}")

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class NoSession(Exception):
    """A lost session could not be replaced. The text says why."""


class SessionEra:
    """Messages of the session era, in a session that is opened again when the endpoint has forgotten it."""

    def __init__(self, endpoint: Endpoint, delivery: Delivery, tell: Tell, spawn: Spawn) -> None:
        self._endpoint, self._delivery, self._tell, self._spawn = endpoint, delivery, tell, spawn
        self._id = ""
        self._version = ""
        self._generation = 0
        self._opening: bytes | None = None
        self._initialized: bytes | None = None
        self._promised = Listened()
        self._standing: dict[tuple[str, str], bytes] = {}
        self._stream: asyncio.Task[None] | None = None
        self._renewing = asyncio.Lock()
        self._open = asyncio.Event()  # Cleared while a session is being opened: whatever needs it waits.
        self._open.set()

    @property
    def begun(self) -> bool:
        """Whether the client has opened a session."""
        return self._opening is not None

    @property
    def streams(self) -> set[asyncio.Task[None]]:
        """The task that hears the server's own stream, where there is one; it ends with the program."""
        return set() if self._stream is None else {self._stream}

    def prepare(self, line: Line) -> None:
        """Called for every message in the order it came: what follows an opening waits for it."""
        if not line.version and isinstance(line.message, jsonrpc.Request) and line.message.method == INITIALIZE:
            self._open.clear()
            self._opening, self._initialized = line.raw, None

    # What the client sends.

    async def request(self, pending: Pending) -> None:
        """Serve one request. Raises Broken, NotSent, RefusedForGood."""
        if pending.request.method == INITIALIZE:
            await self._initialize(pending)
            return
        for left in reversed(range(ATTEMPTS)):
            await self._is_open()
            generation, held = self._generation, self._id
            async with self._endpoint.post(pending.line.raw, self._headers(), sent=pending.sent) as reply:
                if self._opening is None and reply.status == 400:
                    self._delivery.whole(reply, _without_header(await reply.body(BODY_BYTES)), pending)
                    return
                if not (reply.status == 404 and held and left):
                    await self._delivery.deliver(reply, pending, lambda _: self._note_standing(pending))
                    return
                body = await reply.body(BODY_BYTES)
            try:
                await self._renew(generation)
            except NoSession as problem:
                told = f"{refusal(reply, body)} {problem}"
                self._delivery.answer(pending, messages.not_sent(pending.request.id, told))
                return

    async def notify(self, line: Line) -> None:
        """Pass on a notification or an answer of the client."""
        await self._is_open()
        first = isinstance(line.message, jsonrpc.Notification) and line.message.method == messages.INITIALIZED
        if not first:
            await self._post(line.raw)
            return
        self._open.clear()
        try:
            self._initialized = line.raw
            await self._post(line.raw)
        finally:
            self._open.set()
        self._listen()

    async def end(self) -> None:
        """End the session, where there is one and the endpoint answers in time."""
        self._forget_stream()
        if self._id:
            with suppress(Broken, NotSent, RefusedForGood, TimeoutError):
                async with asyncio.timeout(END_SECONDS), self._endpoint.delete(self._headers()) as reply:
                    await reply.body(BODY_BYTES)

    # The session itself.

    def _headers(self) -> Headers:
        headers = [("MCP-Protocol-Version", self._version)] if self._version else []
        return [*headers, ("Mcp-Session-Id", self._id)] if self._id else headers

    async def _is_open(self) -> None:
        while not self._open.is_set():
            await self._open.wait()

    async def _initialize(self, pending: Pending) -> None:
        self._forget_stream()
        self._id = self._version = ""
        self._standing.clear()
        try:
            async with self._endpoint.post(pending.line.raw, [], sent=pending.sent) as reply:
                await self._delivery.deliver(reply, pending, lambda result: self._agreed(reply, result))
        finally:
            self._open.set()

    def _agreed(self, reply: Reply, result: bytes) -> None:
        self._generation += 1
        version = messages.text(jsonrpc.member(result, "protocolVersion")) or ""
        self._version = version if _VISIBLE.fullmatch(version) else ""
        given = reply.header(b"mcp-session-id")
        self._id = given if _VISIBLE.fullmatch(given) else ""
        self._promised = messages.offered(result)

    def _note_standing(self, pending: Pending) -> None:
        """Remember what a session keeps, so that another one in its place can be told the same."""
        method, params = pending.request.method, pending.request.params
        uri = messages.text(jsonrpc.member(params, "uri")) or ""
        if method in STANDING:
            self._standing[method, uri] = pending.line.raw
        elif method == "resources/unsubscribe":
            self._standing.pop(("resources/subscribe", uri), None)

    async def _renew(self, lost: int) -> None:
        """Open a session in place of number `lost` with the client's own `initialize`. Raises NoSession."""
        async with self._renewing:
            if self._generation != lost:
                return
            if self._opening is None:
                raise NoSession("There is no `initialize` to open another session with.")
            self._open.clear()
            self._tell("the endpoint does not know the session any more; opening another one")
            try:
                await self._reopen(self._opening)
                for raw in filter(None, (self._initialized, *self._standing.values())):
                    await self._post(raw)
            except (Broken, NotSent) as problem:
                raise NoSession(f"No other session could be opened: {problem}") from None
            finally:
                self._open.set()
            if self._initialized is not None:
                self._listen(after_a_gap=True)

    async def _reopen(self, opening: bytes) -> None:
        async with self._endpoint.post(opening, []) as reply:
            last = b""
            async for last in events(reply) if is_stream(reply) else _whole(reply):
                result = _result(last)
                if result is None:
                    continue
                now = messages.text(jsonrpc.member(result, "protocolVersion"))
                if now != self._version:
                    raise NoSession(
                        f"The endpoint now speaks {now} instead of {self._version}: start the client again."
                    )
                self._agreed(reply, result)
                return
            raise NoSession(refusal(reply, last))

    async def _post(self, raw: bytes) -> None:
        """Send what has no answer; a session that is gone is replaced, and what was meant for it is dropped."""
        generation = self._generation
        try:
            async with self._endpoint.post(raw, self._headers()) as reply:
                body = await reply.body(BODY_BYTES)
        except (Broken, NotSent) as problem:
            self._tell(f"a message of the client may not have arrived: {problem}")
            return
        if reply.status == 404 and self._id and not self._renewing.locked():
            with suppress(NoSession):
                await self._renew(generation)
        elif reply.status >= 300:
            self._tell(f"a message of the client was not accepted: {refusal(reply, body)}")

    # The stream of the server's own accord.

    def _listen(self, *, after_a_gap: bool = False) -> None:
        self._forget_stream()
        self._stream = self._spawn(self._hear(after_a_gap=after_a_gap))

    def _forget_stream(self) -> None:
        if self._stream is not None and self._stream is not asyncio.current_task():
            self._stream.cancel()
        self._stream = None

    async def _hear(self, *, after_a_gap: bool) -> None:
        """Keep the stream open; where there is none, that is all right."""
        generation, backoff, clock = self._generation, self._endpoint.backoff(), asyncio.get_running_loop().time
        while generation == self._generation:
            begun = clock()
            try:
                async with self._endpoint.get(self._headers()) as reply:
                    if reply.status == 404 and self._id:
                        with suppress(NoSession):
                            await self._renew(generation)
                        return
                    if not is_stream(reply) and reply.status < 500:
                        return
                    if is_stream(reply):
                        await self._pass_on(reply, after_a_gap=after_a_gap)
            except Broken:
                pass  # A lost stream is opened again.
            after_a_gap = True
            await asyncio.sleep(backoff.after(clock() - begun))

    async def _pass_on(self, reply: Reply, *, after_a_gap: bool) -> None:
        if after_a_gap:
            for told in self._promised.after_a_gap():
                self._delivery.say(told)
        async for payload in events(reply):
            self._delivery.pass_on(payload, None)


async def _whole(reply: Reply) -> AsyncIterator[bytes]:
    yield await reply.body(BODY_BYTES)


def _without_header(body: bytes) -> bytes:
    """The refusal of a request before `initialize`, for a client on a pipe, which knows of no header."""
    if b"Mcp-Session-Id" not in body:
        return body
    return messages.error_answer(b"null", -32600, "Send `initialize` first.")


def _result(payload: bytes) -> bytes | None:
    try:
        message = jsonrpc.decode(payload)
    except jsonrpc.NotJsonRpc:
        return None
    return message.result if isinstance(message, jsonrpc.Response) else None
