"""Between a client's pipe and an endpoint: every line becomes a task, and every request is answered once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from gateway.stdio import messages
from gateway.stdio.delivery import Delivery, Pending
from gateway.stdio.endpoint import Endpoint, RefusedForGood, Tell
from gateway.stdio.http import NotSent
from gateway.stdio.messages import Line, NotAMessage
from gateway.stdio.parameters import Annotated
from gateway.stdio.pipes import LINE_BYTES, Output
from gateway.stdio.request_ids import Ends
from gateway.stdio.response import Broken
from gateway.stdio.session import INITIALIZE, SessionEra
from gateway.stdio.stateless import LISTEN, StatelessEra
from registry.mcp import jsonrpc

DONE: Final = 0
REFUSED: Final = 1
SETTLE_SECONDS: Final = 30.0
FLUSH_SECONDS: Final = 2.0


class Bridge:
    """One client and one endpoint. Made and used inside a running event loop."""

    def __init__(self, endpoint: Endpoint, output: Callable[[Callable[[], object]], Output], tell: Tell) -> None:
        self._endpoint, self._tell = endpoint, tell
        self._output = output(self.stop)
        annotated = Annotated()
        self._delivery = Delivery(self._output, annotated, tell)
        self._stateless = StatelessEra(endpoint, self._delivery, annotated)
        self._session = SessionEra(endpoint, self._delivery, tell, self._spawn)
        self._pending: dict[object, Pending] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(self, status: int = DONE) -> None:
        """End soon, with this exit status; the first call counts."""
        if not self._over.done():
            self._over.set_result(status)

    async def run(self, lines: AsyncIterator[bytes | Ends]) -> int:
        """Serve until the lines end or `stop`; gives the exit status."""
        reading = asyncio.create_task(self._read(lines))
        try:
            await _first(reading, self._over)
            if not self._over.done():
                await reading
                await self._settle()
            self.stop()
            return self._over.result()
        finally:
            reading.cancel()
            await self._leave()

    # What comes in.

    async def _read(self, lines: AsyncIterator[bytes | Ends]) -> None:
        async for raw in lines:
            try:
                if isinstance(raw, Ends):
                    raise NotAMessage(raw, f"A line of more than {LINE_BYTES} bytes is not taken.")
                self._take(messages.read_line(raw))
            except NotAMessage as problem:
                for answer in problem.answers:
                    self._delivery.say(answer)

    def _take(self, line: Line) -> None:
        message = line.message
        if isinstance(message, jsonrpc.Request):
            pending = Pending(line, message, lasting=bool(line.version) and message.method == LISTEN)
            key = messages.id_key(message.id)
            waiting = self._pending.get(key)
            if waiting is not None and not waiting.answered:
                told = "A request with this id is still waiting for its answer."
                self._delivery.say(messages.error_answer(message.id, -32600, told))
                return
            self._session.prepare(line)
            self._pending[key] = pending
            pending.task = self._spawn(self._serve(pending), lambda: self._forget(key, pending))
        elif isinstance(message, jsonrpc.Notification) and message.method == messages.CANCELLED:
            self._cancel(line, message)
        elif self._session.begun:
            self._spawn(self._session.notify(line))
        elif isinstance(message, jsonrpc.Response):
            self._tell("the client answered something that nobody asked; dropped")
        # A notification of the stateless era has nobody to hear it: the endpoint would drop it too.

    def _forget(self, key: object, pending: Pending) -> None:
        if self._pending.get(key) is pending:
            del self._pending[key]

    def _cancel(self, line: Line, message: jsonrpc.Notification) -> None:
        number = jsonrpc.member(message.params, "requestId")
        pending = None if number is None else self._pending.get(messages.id_key(number))
        if pending is None or pending.answered or pending.task is None or pending.request.method == INITIALIZE:
            return
        pending.withdrawn = True
        if pending.line.version or not pending.sent.is_set():
            pending.task.cancel()
        else:
            self._spawn(self._session.notify(line))

    # What is under way.

    def _spawn(self, work: Coroutine[Any, Any, None], after: Callable[[], object] = lambda: None) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            after()
            problem = None if task.cancelled() else task.exception()
            if isinstance(problem, RefusedForGood):
                if not self._over.done():
                    self._tell(str(problem))
                self.stop(REFUSED)
            elif problem is not None:
                self._tell(f"a fault of this program, please report it: {problem!r}")

        task.add_done_callback(ended)
        return task

    async def _serve(self, pending: Pending) -> None:
        number = pending.request.id
        try:
            era = self._stateless if pending.line.version else self._session
            await era.request(pending)
        except NotSent as problem:
            self._delivery.answer(pending, messages.not_sent(number, str(problem)))
        except Broken as problem:
            self._delivery.answer(pending, messages.unknown_outcome(number, str(problem)))
        except RefusedForGood as problem:
            self._delivery.answer(pending, _refused(pending, problem))
            raise
        finally:
            if not (pending.answered or pending.withdrawn or pending.lasting):
                unsent = messages.not_sent(number, "This program is ending.")
                ending = messages.unknown_outcome(number, "this program is ending")
                self._delivery.answer(pending, ending if pending.sent.is_set() else unsent)

    async def _settle(self) -> None:
        """Input has ended: wait for the answers that are still to come, not for ever."""
        waits = {each.task for each in self._pending.values() if each.lasting or each.answered}
        due = {task for task in self._tasks if task not in waits}
        settled = asyncio.create_task(_all(due - self._session.streams))
        await _first(settled, self._over, within=SETTLE_SECONDS)
        settled.cancel()

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await _all(self._tasks)
        await self._session.end()
        self._endpoint.close()
        await self._output.close(FLUSH_SECONDS)


async def _first(*awaited: asyncio.Future[Any], within: float | None = None) -> None:
    await asyncio.wait(awaited, timeout=within, return_when=asyncio.FIRST_COMPLETED)


async def _all(tasks: set[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(set(tasks))


def _refused(pending: Pending, problem: RefusedForGood) -> bytes:
    """What the endpoint answered, for this request; an error of our own where it answered nothing usable."""
    with suppress(jsonrpc.NotJsonRpc):
        payload = messages.one_line(problem.body)
        message = jsonrpc.decode(payload)
        if isinstance(message, jsonrpc.Response):
            return messages.for_request(message, payload, pending.request.id) or payload
    return messages.refused(pending.request.id, str(problem))
