"""One HTTP exchange with an upstream: where its answer lands and what its headers say. No Django, no I/O."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from registry.mcp import jsonrpc
from registry.mcp.sse import Event
from registry.transports.base import Garbage, HttpStatus, UpstreamError
from registry.transports.options import Options
from registry.transports.waiting import Awaited

SESSION_SIZE: Final = 1024

JSON: Final = "json"
SSE: Final = "sse"
OTHER: Final = "other"


class Exchange(Awaited):
    """One message and the place where its answer lands; any 2xx status settles one that has no answer.

    `hear` gets what the server says on the stream before the answer. `foreign` counts what was dropped.
    """

    __slots__ = ("foreign", "sent", "session", "status")

    streams: ClassVar[bool] = False
    """Whether it is a listening stream: no answer ends it early and its length has no cap."""

    def __init__(self, number: bytes | None, loop: asyncio.AbstractEventLoop, options: Options | None = None) -> None:
        super().__init__(number, loop, options)
        self.sent = False
        self.status = 0
        self.session: str | None = None
        self.foreign = 0

    def hear(self, said: jsonrpc.Request | jsonrpc.Notification) -> None:
        """Something said before the answer: dropped, unless a kind of exchange knows better."""
        self.foreign += 1

    @property
    def reusable(self) -> bool:
        """Whether the way it ended speaks against nothing on the connection."""
        if not self.future.done() or self.future.cancelled():
            return False
        return isinstance(self.future.exception(), HttpStatus | None)

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
        else:
            self.hear(message)


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
