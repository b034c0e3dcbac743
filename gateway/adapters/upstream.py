"""Forward admitted calls: one upstream per server, kept while the way to reach it stays the same."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from gateway.adapters.threads import in_thread
from gateway.call import Ruling
from gateway.ports import Channel
from gateway.refusal import Unavailable, UpstreamFailed
from gateway.screening import screen_notice
from gateway.snapshot.model import ServerRecord
from registry.models import Server
from registry.targets import NotReady, open_upstream, target_of
from registry.transports.base import (
    Answer,
    BrokenOff,
    Garbage,
    HttpStatus,
    NotSent,
    TimedOut,
    TooLarge,
    Upstream,
    UpstreamError,
)

STATUS = {TimedOut: "timeout", BrokenOff: "unknown", Garbage: "unknown", TooLarge: "withheld", HttpStatus: "unknown"}
SENTENCE = {
    TimedOut: "did not answer within {deadline:g} s; whether it acted is unknown",
    BrokenOff: "broke off before it answered; whether it acted is unknown",
    Garbage: "answered with something that is not an MCP message; whether it acted is unknown",
    TooLarge: "answered with more than {bytes} bytes; the answer was withheld",
}
_quoted = msgspec.json.Encoder().encode


class UpstreamPool:
    """The UpstreamPort of a process. Lives on its event loop."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, Upstream]] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, ruling: Ruling, back: Channel) -> Answer:
        """Send the judged call once. Raises UpstreamFailed, which says whether anything was sent."""
        server, call = ruling.server, ruling.call

        def heard(method: str, params: bytes) -> None:
            fit = screen_notice(params, ruling)
            if fit is not None:
                back.notify(method, fit)

        found = self._open.get(server.name)
        try:
            upstream = found[1] if found and found[0] == server.fingerprint else await self._connected(server)
            params = b'{"name":%s,"arguments":%s}' % (_quoted(call.item), call.canonical)
            return await upstream.request(
                call.method,
                params,
                deadline=server.deadline,
                name=call.item,
                on_event=heard,
                progress_token=call.progress_token,
                meta=call.meta,
            )
        except UpstreamError as problem:
            raise failed(problem, server) from problem

    async def _connected(self, server: ServerRecord) -> Upstream:
        """Open the upstream of a server, once however many calls wait for it; an outdated one is let go."""
        async with self._opening.setdefault(server.name, asyncio.Lock()):
            found = self._open.get(server.name)
            if found is not None and found[0] == server.fingerprint:
                return found[1]
            try:
                upstream = await in_thread(_connect, server.pk)
            except (NotReady, Unavailable) as problem:
                raise UpstreamFailed(f"{problem} Nothing was sent.", status="not_sent", sent=False) from problem
            self._open[server.name] = (server.fingerprint, upstream)
            if found is not None:
                self._let_go(found[1])
            return upstream

    def keep_only(self, servers: Mapping[str, ServerRecord]) -> None:
        """Let go of servers that are no longer there."""
        for name in [name for name in self._open if name not in servers]:
            self._let_go(self._open.pop(name)[1])

    def _let_go(self, upstream: Upstream) -> None:
        task = asyncio.get_running_loop().create_task(upstream.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close every connection and end every child."""
        opened, self._open = list(self._open.values()), {}
        await asyncio.gather(*(upstream.close() for _, upstream in opened), *self._closing, return_exceptions=True)


def _connect(pk: int) -> Upstream:
    row = Server.objects.filter(pk=pk).first()
    if row is None:
        raise NotReady("The server is gone.")
    return open_upstream(target_of(row))


def failed(problem: UpstreamError, server: ServerRecord) -> UpstreamFailed:
    """What a failed upstream means for the caller and for the record."""
    if not problem.sent:
        said = "refused to take the call" if type(problem) is NotSent else "could not be reached"
        return UpstreamFailed(
            f"Server {server.name} {said} ({problem}); nothing was executed.", status="not_sent", sent=False
        )
    sentence = SENTENCE.get(type(problem), f"failed ({problem}); whether it acted is unknown")
    text = sentence.format(deadline=server.deadline, bytes=server.result_bytes)
    return UpstreamFailed(f"Server {server.name} {text}.", status=STATUS.get(type(problem), "unknown"), sent=True)
