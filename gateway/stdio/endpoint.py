"""The endpoint as both eras see it: the token on every request, patience while it is away, an end where it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from gateway.stdio.http import HttpClient, NotSent, Reply, Untrusted
from registry.mcp import jsonrpc

PATIENCE: Final = 30.0
BODY_BYTES: Final = 64 * 1024 * 1024
EXCERPT: Final = 300
_FOR_GOOD: Final = (401, 421)  # The token or the host name would have to be another one.
_NOT_THERE: Final = (404, 405)

Tell = Callable[[str], None]
Headers = list[tuple[str, str]]
_Exchange = AbstractAsyncContextManager[Reply]


class RefusedForGood(Exception):
    """The endpoint will not serve this program. The text says why and what to do; `body` is what it answered."""

    def __init__(self, told: str, body: bytes = b"") -> None:
        super().__init__(told)
        self.body: Final = body


@dataclass(slots=True)
class Backoff:
    """Growing pauses with jitter, in seconds; `random` gives numbers from 0 to 1."""

    random: Callable[[], float]
    first: float = 0.2
    longest: float = 5.0
    lasting: float = 10.0
    _next: float = 0.0

    def pause(self) -> float:
        """How long to wait this time."""
        self._next = min(self._next * 2 or self.first, self.longest)
        return self._next * (0.5 + self.random() / 2)

    def after(self, lasted: float) -> float:
        """How long to wait behind something that lasted so long: after a while that worked, begin small again."""
        if lasted >= self.lasting:
            self._next = 0.0
        return max(self.pause(), self.first)


class Endpoint:
    """Sends requests with the token. `tell` takes one line for a person."""

    def __init__(
        self,
        http: HttpClient,
        *,
        name: str,
        token: str,
        tell: Tell,
        random: Callable[[], float],
        patience: float = PATIENCE,
    ) -> None:
        self._http, self._name, self._tell, self._patience = http, name, tell, patience
        self._common = [("User-Agent", "gatehouse-stdio"), ("Authorization", f"Bearer {token}")]
        self._away = False
        self.random = random

    def backoff(self) -> Backoff:
        """Pauses for one loop of attempts."""
        return Backoff(self.random)

    def post(
        self,
        body: bytes,
        headers: Headers,
        *,
        sent: asyncio.Event | None = None,
        patience: float | None = None,
    ) -> _Exchange:
        """POST one message. Raises NotSent when the endpoint stayed away too long, Broken and RefusedForGood."""
        kinds = [("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")]
        return self._exchange("POST", [*kinds, *headers], body, sent, patience)

    def get(self, headers: Headers) -> _Exchange:
        """Open the session's own stream, however long the endpoint is away."""
        return self._exchange("GET", [("Accept", "text/event-stream"), *headers], b"", None, float("inf"))

    def delete(self, headers: Headers) -> _Exchange:
        """End the session, in one attempt."""
        return self._exchange("DELETE", [("Accept", "application/json"), *headers], b"", None, 0.0)

    def close(self) -> None:
        """Close what is idle."""
        self._http.close()

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        headers: Headers,
        body: bytes,
        sent: asyncio.Event | None,
        patience: float | None,
    ) -> AsyncIterator[Reply]:
        wanted = [*self._common, *headers]
        patience = self._patience if patience is None else patience
        async with AsyncExitStack() as stack:
            reply = await self._reached(stack, lambda: self._http.exchange(method, wanted, body, sent), patience)
            if reply.status in _FOR_GOOD:
                said = await reply.body(BODY_BYTES)
                raise RefusedForGood(refusal(reply, said), said)
            yield reply

    async def _reached(self, stack: AsyncExitStack, attempt: Callable[[], _Exchange], patience: float) -> Reply:
        backoff, until = self.backoff(), asyncio.get_running_loop().time() + patience
        while True:
            try:
                reply = await stack.enter_async_context(attempt())
            except Untrusted as problem:
                raise RefusedForGood(f"{self._name} is not spoken to: {problem}") from None
            except NotSent as problem:
                if not self._away and patience:
                    self._tell(f"{self._name} cannot be reached ({problem}); trying again")
                    self._away = True
                if asyncio.get_running_loop().time() >= until:
                    raise NotSent(f"{self._name} cannot be reached: {problem}.") from None
            else:
                if self._away:
                    self._tell(f"{self._name} is reached again")
                    self._away = False
                return reply
            await asyncio.sleep(backoff.pause())


def refusal(reply: Reply, body: bytes) -> str:
    """What a reply that is no answer says, for a person: the message of its JSON-RPC error, else status and text."""
    try:
        message = jsonrpc.decode(body)
        if isinstance(message, jsonrpc.Response) and message.error is not None:
            return jsonrpc.read_error(message.error)[1]
    except jsonrpc.NotJsonRpc:
        pass
    if 300 <= reply.status < 400:
        to = reply.header(b"location")
        return f"The endpoint answered HTTP {reply.status}; redirects are not followed" + (
            f" (it points to {to})" if to else ""
        )
    if reply.status in _NOT_THERE and reply.media_type == "text/html":
        return f"The endpoint answered HTTP {reply.status}: this is no MCP endpoint; use …/mcp or …/mcp/SERVER."
    excerpt = " ".join(body[: 4 * EXCERPT].decode("utf-8", "replace").split())[:EXCERPT]
    return f"The endpoint answered HTTP {reply.status}" + (f": {excerpt}" if excerpt else " and nothing else")
