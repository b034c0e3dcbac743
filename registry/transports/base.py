"""What a transport to an upstream server offers, and how it fails. Values and Protocols alone: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import msgspec

from governance.canonical.values import JSON
from registry.mcp.revisions import Era
from registry.transports.peer import PeerFacts

OnEvent = Callable[[str, bytes], None]
"""Called with method and raw params of each notification that belongs to the waiting request."""

OnConfirmed = Callable[[bytes], None]
"""Called when a server has confirmed that it tells from now on, with the raw JSON filter of what it honours."""

OnRequest = Callable[[str, bytes], Awaitable["Answer"]]
"""Asked to answer a request that the server makes while ours is waiting (session era: elicitation, sampling, roots).

It is cancelled when our request ends, when the server withdraws its question, and when the time for asking is over.
"""

EMPTY_OBJECT = b"{}"
ASK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one upstream. Sizes in bytes, times in seconds."""

    result_bytes: int = 10 * 1024 * 1024
    header_bytes: int = 32 * 1024
    stderr_bytes: int = 16 * 1024
    connections: int = 64
    connect_seconds: float = 10.0
    open_seconds: float = 15.0
    probe_seconds: float = 5.0
    idle_seconds: float = 4.0  # Below the 5 s after which common servers close; a request must not meet that close.
    kill_seconds: float = 2.0
    streams: int = 64  # Listening streams over HTTP; they take no connection away from the requests.
    open_files: int = 4096  # Of a child process, like the next.
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Handshake:
    """What an upstream said when it was opened. `version` is the revision spoken from now on.

    `capabilities`, `server_info` and `instructions` are the server's own words: hostile input, never a decision.
    """

    era: Era
    version: str
    capabilities: Mapping[str, JSON] = field(default_factory=dict)
    server_info: Mapping[str, JSON] = field(default_factory=dict)
    instructions: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """The answer to one request: exactly one of `result` and `error`, as the raw JSON bytes received."""

    result: bytes | None = None
    error: bytes | None = None


class Upstream(Protocol):
    """One approved server over some transport. Any number of requests of one event loop may wait at once."""

    @property
    def peer(self) -> PeerFacts | None:
        """Who answered the last connection that was made; None before one was, and for a child process."""
        ...

    async def open(self) -> Handshake:
        """Agree on era and revision, once; later calls return the same Handshake. Raises UpstreamError."""
        ...

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
        ask_seconds: float = ASK_SECONDS,
    ) -> Answer:
        """Send one request and return its answer within `deadline` seconds from now. Never sends it twice.

        `params` is a JSON object without `_meta`. `name` is what `Mcp-Name` says: tool or prompt name, resource URI.
        `meta` is a JSON object of further `_meta` members; this hop's own keys in it are dropped, and a trace context
        in it is sent over HTTP as headers too. `progress_token` is the caller's token as raw JSON: upstream sees one of
        ours, and `on_event` gets the caller's back in its place. `client_capabilities` and `param_headers`
        (`Mcp-Param-*`, values not yet encoded) are used in the modern era alone, the headers over HTTP alone.
        The deadline stands still while `on_request` answers a question, for `ask_seconds` in all; a question that is
        still open then is refused and the deadline runs on. Cancelling the task cancels request and answering.
        Raises UpstreamError; its `sent` says whether the request may have been acted on.
        """
        ...

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        """Pass on what the server says and what belongs to no request, until it stops, or for `deadline` seconds.

        `notifications` is the raw JSON filter of `subscriptions/listen`: in the modern era each listener hears what its
        own filter asks for, and `on_confirmed` gets what the server acknowledged of it. In the session era each hears
        everything, which on a connection that several agents share may be meant for another of them, and `on_confirmed`
        gets `notifications` back when the stream is open. Returns when the server ended the stream or the time is up;
        raises NotSent when it offers none, another UpstreamError when it fails.
        """
        ...

    async def close(self) -> None:
        """Let go of connections or child process. Outstanding requests end as BrokenOff."""
        ...


class UpstreamError(Exception):
    """A request that got no answer. `sent` False: no byte of it can have been acted on. True: outcome unknown.

    `str()` is one line without upstream text, fit for a person; `detail` may hold upstream text, cut short.
    """

    sent: ClassVar[bool] = True

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail[:2000]


class NotSent(UpstreamError):
    """The request was not sent, or the server said that it refused it unseen."""

    sent = False


class Unreachable(NotSent):
    """No connection, no child process, no handshake: nothing was sent."""


class AddressRefused(Unreachable):
    """The URL, or an address behind it, is one that must not be reached."""


class TimedOut(UpstreamError):
    """Sent, and no answer within the deadline."""


class BrokenOff(UpstreamError):
    """Sent, and the connection or the child process ended before the answer."""


class Garbage(UpstreamError):
    """Sent, and what came back is not a valid answer: framing, encoding, JSON or JSON-RPC."""


class TooLarge(UpstreamError):
    """Sent, and the answer goes past a size cap."""


class HttpStatus(UpstreamError):
    """Sent, and the server answered with an HTTP status that carries no JSON-RPC answer."""

    def __init__(self, status: int, *, detail: str = "") -> None:
        super().__init__(f"the server answered HTTP {status}", detail=detail)
        self.status = status
