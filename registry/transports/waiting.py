"""A request that waits for its answer, and the questions its server asks meanwhile. No Django, no I/O."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

from registry.mcp import jsonrpc
from registry.mcp.revisions import META_PROGRESS
from registry.transports.base import OnRequest, TimedOut, UpstreamError
from registry.transports.beside import Beside
from registry.transports.options import Options

Say = Callable[[bytes], Coroutine[Any, Any, None]]
"""Sends one message to the server that asked. Raises UpstreamError."""

Waiting = TypeVar("Waiting", bound="Awaited")

PING: Final = "ping"
MAX_OPEN: Final = 16  # Questions of one request that wait for their answers at once.

UNANSWERED: Final = -32603
NOT_OFFERED: Final = jsonrpc.error_object(jsonrpc.METHOD_NOT_FOUND, "this client offers no such capability")
AMBIGUOUS: Final = jsonrpc.error_object(
    UNANSWERED,
    "several requests are waiting and nothing in the question says to which of them it belongs; "
    "name its progressToken in _meta",
)
TOO_LATE: Final = jsonrpc.error_object(UNANSWERED, "the question was not answered within the time for asking")
TOO_MANY: Final = jsonrpc.error_object(UNANSWERED, f"{MAX_OPEN} questions of this request are open already")
FAILED: Final = jsonrpc.error_object(UNANSWERED, "the question could not be answered")


class Awaited:
    """The place where the answer to one message lands.

    `number` is the raw id to be answered; None for a message that has no answer. `options` are those of a caller's
    request, None for what the gateway asks itself.
    """

    __slots__ = ("future", "number", "options", "questions", "timer")

    def __init__(self, number: bytes | None, loop: asyncio.AbstractEventLoop, options: Options | None = None) -> None:
        self.number = number
        self.options = options
        self.future: asyncio.Future[jsonrpc.Response | None] = loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self.questions: Questions | None = None

    def settle(self, response: jsonrpc.Response | None) -> None:
        """Take the answer; a second one is ignored."""
        if not self.future.done():
            self.future.set_result(response)

    def fail(self, error: UpstreamError) -> None:
        """End without an answer; ignored when there is one already."""
        if not self.future.done():
            self.future.set_exception(error)

    def expire(self) -> None:
        """The deadline has come."""
        self.fail(TimedOut("no answer within the time limit"))

    # The deadline.

    def wait_until(self, until: float) -> None:
        """Fail at loop time `until`."""
        self.timer = self.future.get_loop().call_at(until, self.expire)

    def hold(self) -> float:
        """Stop the clock; how many seconds were left."""
        if self.timer is None:
            return 0.0
        self.timer.cancel()
        return self.timer.when() - self.future.get_loop().time()

    def go_on(self, seconds: float) -> None:
        """Let the clock run again for what was left, unless there is nothing to wait for any more."""
        if self.timer is not None and not self.future.done():
            self.wait_until(self.future.get_loop().time() + seconds)

    def over(self) -> None:
        """Nobody waits any more: no deadline, and nobody is asked."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.questions is not None:
            self.questions.stop()


class Questions:
    """The questions that a server asks during one request; while one is open, the request's deadline stands still."""

    def __init__(self, awaited: Awaited, beside: Beside) -> None:
        assert awaited.options is not None
        self._awaited = awaited
        self._beside = beside
        self._open: dict[bytes, asyncio.Task[None]] = {}
        self._seconds = awaited.options.ask_seconds  # What is left of the time for asking.
        self._until = 0.0  # When that is over, while a question is open.
        self._deadline = 0.0  # What is left of the request's deadline, while a question is open.

    def ask(self, asked: jsonrpc.Request, on_request: OnRequest, say: Say) -> bool:
        """Have `asked` answered and the answer said. False when it was dropped as one that is open already."""
        if asked.id in self._open:
            return False
        if len(self._open) >= MAX_OPEN or self._seconds <= 0:
            return refuse(asked, TOO_MANY if self._open else TOO_LATE, say, self._beside)
        if not self._open:
            self._until = asyncio.get_running_loop().time() + self._seconds
            self._deadline = self._awaited.hold()
        task = self._open[asked.id] = self._beside.keep(self._answer(asked, on_request, say))
        task.add_done_callback(lambda _: self._answered(asked.id, task))  # It may be cancelled before it ever ran.
        return True

    async def _answer(self, asked: jsonrpc.Request, on_request: OnRequest, say: Say) -> None:
        try:
            async with asyncio.timeout_at(self._until):
                answer = await on_request(asked.method, asked.params)
            reply = jsonrpc.response(asked.id, result=answer.result, error=answer.error)
        except TimeoutError:
            reply = jsonrpc.response(asked.id, error=TOO_LATE)
        except UpstreamError:
            reply = jsonrpc.response(asked.id, error=FAILED)
        except asyncio.CancelledError:
            raise
        except BaseException:
            refuse(asked, FAILED, say, self._beside)
            raise
        finally:
            # What is said from here on is no longer asking, and is not cut off any more.
            self._answered(asked.id, asyncio.current_task())
        with contextlib.suppress(UpstreamError):
            await say(reply)

    def _answered(self, number: bytes, task: asyncio.Task[None] | None) -> None:
        if self._open.get(number) is not task:
            return  # It was said so already, and the server may have used the id again.
        del self._open[number]
        if not self._open:
            self._seconds = self._until - asyncio.get_running_loop().time()
            self._awaited.go_on(self._deadline)

    def withdraw(self, number: bytes) -> bool:
        """The server no longer wants an answer to its question `number`; False when it is not open."""
        task = self._open.get(number)
        return task is not None and task.cancel()

    def stop(self) -> None:
        """The request is over: nobody is asked any more, and nothing is said."""
        for task in tuple(self._open.values()):
            task.cancel()


def put(asked: jsonrpc.Request, waiting: Awaited | bytes, say: Say, beside: Beside) -> bool:
    """Have a question answered by the request it belongs to; with an error object in place of one, refuse it.

    A ping is answered for everybody. False when it was dropped, which only a server meets that asks too much.
    """
    if asked.method == PING:
        return beside.say(lambda: say(jsonrpc.response(asked.id)))
    if isinstance(waiting, bytes):
        return refuse(asked, waiting, say, beside)
    on_request = waiting.options.on_request if waiting.options is not None else None
    if on_request is None:
        return refuse(asked, NOT_OFFERED, say, beside)
    if waiting.questions is None:
        waiting.questions = Questions(waiting, beside)
    return waiting.questions.ask(asked, on_request, say)


def refuse(asked: jsonrpc.Request, error: bytes, say: Say, beside: Beside) -> bool:
    """Answer a question with an error object; False when too much is being said already."""
    return beside.say(lambda: say(jsonrpc.response(asked.id, error=error)))


def whose(
    asked: jsonrpc.Request, waiting: Iterable[Waiting], by_token: Callable[[bytes], Waiting | None]
) -> Waiting | bytes:
    """The request that a question on a shared stream belongs to, or the error object it is refused with.

    It is the one whose progress token the question names, else the only one that can be asked at all.
    """
    token = jsonrpc.meta_member(asked.params, META_PROGRESS)
    named = by_token(token) if token is not None else None
    if named is not None:
        return named
    able = [one for one in waiting if one.options is not None and one.options.on_request is not None]
    if len(able) == 1:
        return able[0]
    return AMBIGUOUS if able else NOT_OFFERED
