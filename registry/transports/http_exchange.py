"""One HTTP exchange with an upstream: where its answer lands and what its headers say. No Django, no I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from registry.mcp import jsonrpc
from registry.mcp.sse import Event
from registry.transports.base import Garbage, HttpStatus, TimedOut, UpstreamError

SESSION_SIZE: Final = 1024

JSON: Final = "json"
SSE: Final = "sse"
OTHER: Final = "other"


class Exchange:
    """One request and the place where its answer lands.

    `number` is the raw id to be answered; None for a message that has no answer, which any 2xx status settles.
    `on_call` gets what the server says on the stream before the answer. `foreign` counts what was dropped.
    """

    __slots__ = ("foreign", "future", "number", "on_call", "sent", "session", "status", "streams")

    def __init__(
        self,
        number: bytes | None,
        loop: asyncio.AbstractEventLoop,
        on_call: Callable[[jsonrpc.Request | jsonrpc.Notification], None] | None = None,
        *,
        streams: bool = False,
    ) -> None:
        self.number = number
        self.future: asyncio.Future[jsonrpc.Response | None] = loop.create_future()
        self.on_call = on_call
        self.streams = streams  # A listening stream: no answer ends it early and its length has no cap.
        self.sent = False
        self.status = 0
        self.session: str | None = None
        self.foreign = 0

    def settle(self, response: jsonrpc.Response | None) -> None:
        """Take the answer; a second one is ignored."""
        if not self.future.done():
            self.future.set_result(response)

    def fail(self, error: UpstreamError) -> None:
        """End without an answer; ignored when there is one already."""
        if not self.future.done():
            self.future.set_exception(error)

    @property
    def reusable(self) -> bool:
        """Whether the way it ended speaks against nothing on the connection."""
        if not self.future.done() or self.future.cancelled():
            return False
        return isinstance(self.future.exception(), HttpStatus | None)

    def expire(self) -> None:
        """The deadline has come."""
        self.fail(TimedOut("no answer within the time limit"))

    def take_body(self, body: bytes) -> None:
        """A whole JSON body: the answer, or nothing of use."""
        if self.number is None:
            if 200 <= self.status < 300:
                return self.settle(None)
            return self.fail(HttpStatus(self.status, detail=_text(body)))
        try:
            message = jsonrpc.decode(body)
        except jsonrpc.NotJsonRpc as wrong:
            if self.status != 200:
                return self.fail(HttpStatus(self.status, detail=_text(body)))
            return self.fail(Garbage(f"the answer is no JSON-RPC message: {wrong}", detail=_text(body)))
        if isinstance(message, jsonrpc.Response) and message.id == self.number:
            return self.settle(message)
        if self.status != 200:
            return self.fail(HttpStatus(self.status, detail=_text(body)))
        self.foreign += 1
        return self.fail(Garbage("the answer does not carry the id of the request"))

    def take_event(self, event: Event) -> None:
        """One event of a stream: the answer, something said before it, or something to drop."""
        payload = event.data
        if self.future.done() or not payload:
            return
        try:
            message = jsonrpc.decode(payload)
        except jsonrpc.NotJsonRpc as wrong:
            self.fail(Garbage(f"an event is no JSON-RPC message: {wrong}", detail=_text(payload)))
            return
        if isinstance(message, jsonrpc.Response):
            if message.id == self.number:
                self.settle(message)
            else:
                self.foreign += 1
        elif self.on_call is not None:
            self.on_call(message)


def _text(body: bytes) -> str:
    return body[:2000].decode("utf-8", "replace")


class Refused(Exception):
    """Carries an UpstreamError out of a parser callback."""

    def __init__(self, error: UpstreamError) -> None:
        super().__init__()
        self.error = error


def media_kind(content_type: bytes) -> str:
    """JSON, SSE or OTHER, by a Content-Type header."""
    media = content_type.partition(b";")[0].strip().lower()
    if media == b"application/json":
        return JSON
    return SSE if media == b"text/event-stream" else OTHER


def session_id(value: bytes) -> str:
    """An Mcp-Session-Id that is safe to send back. Raises Refused."""
    if not value or len(value) > SESSION_SIZE or not all(0x21 <= byte <= 0x7E for byte in value):
        raise Refused(Garbage("an Mcp-Session-Id that is not visible ASCII"))
    return value.decode("ascii")


def promised_seconds(value: bytes) -> float:
    """How long the server says it keeps an idle connection, less a second for the way; `Keep-Alive: timeout=5`."""
    for part in value.split(b","):
        key, _, number = part.strip().partition(b"=")
        if key.lower() == b"timeout" and number.isdigit() and len(number) < 8:
            return max(0.0, float(number) - 1.0)
    return float("inf")
