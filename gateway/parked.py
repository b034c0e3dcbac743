"""Calls that outlive a request: a session-era server asks a stateless agent in the middle of one (ADR 0006).

The call runs in a task of its own. Each leg waits for its end or for a question; a leg that ends with questions leaves
the call parked here, and the next one, judged again, brings the answers.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager

from gateway.call import Call, Reply
from gateway.exchange import Exchange
from gateway.ports import NobodyAnswers
from gateway.refusal import Cancelled
from governance.canonical import strict_json
from governance.canonical.values import JSON
from registry.transports.base import Answer

WAITS = 600.0  # Seconds that a parked call waits for the agent's next leg.
MOST = 2_000
PER_AGENT = 50


class ParkedCall:
    """One such call, and the pipeline's Channel of it. Whatever concerns the request concerns the present leg's."""

    def __init__(self, call: Call, exchange: Exchange, *, fresh: Callable[[], None]) -> None:
        self.id = secrets.token_urlsafe(18)
        self.call = call
        self.polls = True
        self._exchange: Exchange | None = exchange
        self._hold = exchange.hold_seconds
        self._questions: dict[str, tuple[str, bytes]] = {}
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._asked = asyncio.Event()
        self._task: asyncio.Task[Reply] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fresh = fresh

    # The Channel.

    @property
    def gone(self) -> bool:
        """Whether the present leg's request is closed; between two legs nobody is gone."""
        return self._exchange is not None and self._exchange.gone

    @property
    def withdrawn(self) -> bool:
        """Never: the stateless era cancels by closing the request."""
        return False

    @property
    def hold_seconds(self) -> float:
        """How long a held call may wait on this leg."""
        return self._hold

    def holding(self) -> AbstractContextManager[None]:
        """A hold happens on the first leg, before anything was sent."""
        assert self._exchange is not None
        return self._exchange.holding()

    async def heartbeat(self, message: str) -> None:
        """Show that the present leg lives."""
        if self._exchange is not None:
            await self._exchange.heartbeat(message)

    def wants(self, level: str) -> bool:
        """Whether the present leg's request asked for log messages of this level."""
        return self._exchange is not None and self._exchange.wants(level)

    def notify(self, method: str, params: bytes) -> None:
        """Pass a notification on, on the present leg; between two legs it is lost."""
        if self._exchange is not None:
            self._exchange.notify(method, params)

    async def until_gone(self) -> None:
        """Return when the present leg's request is closed."""
        assert self._exchange is not None
        await self._exchange.until_gone()

    async def ask(self, method: str, params: bytes) -> Answer:
        """Wait for the agent's answer, which comes with its next leg."""
        key = f"q{secrets.token_hex(4)}"
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._questions[key], self._answers[key] = (method, params), answer
        self._asked.set()
        try:
            return await answer
        finally:
            self._questions.pop(key, None)
            self._answers.pop(key, None)

    # The legs.

    def start(self, work: Awaitable[Reply]) -> None:
        """Begin the call's own task."""

        async def run() -> Reply:
            return await work

        self._task = asyncio.get_running_loop().create_task(run())
        self._task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[Reply]) -> None:
        """The call has ended; where that is between two legs, the next one finds its reply."""
        if task.cancelled() or task.exception() is not None or self._exchange is not None:
            self._fresh()

    async def leg(self) -> Reply | Mapping[str, tuple[str, bytes]]:
        """The reply when the call ends, or the questions that are open. Cancelling a leg cancels the call.

        Raises Cancelled when the call is given up meanwhile.
        """
        assert self._task is not None
        asked = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait({self._task, asked}, return_when="FIRST_COMPLETED")
        except asyncio.CancelledError:
            self.cancel()
            raise
        finally:
            asked.cancel()
        if self._task.cancelled():
            raise Cancelled("This call was given up; whether the server acted is unknown.")
        if self._task.done():
            self._fresh()
            return self._task.result()
        self._asked.clear()
        self._leave()
        return dict(self._questions)

    @property
    def on_a_leg(self) -> bool:
        """Whether a request is waiting for this call now."""
        return self._exchange is not None

    def come_back(self, exchange: Exchange, answers: Mapping[str, JSON]) -> None:
        """The next leg: hand over what the agent answered; a question it left out is asked again."""
        if self._timer is not None:
            self._timer.cancel()
        self._exchange = exchange
        for key, said in answers.items():
            waiting = self._answers.get(key)
            if waiting is not None and not waiting.done():
                waiting.set_result(Answer(result=strict_json.encode(said)))
        if any(not waiting.done() for waiting in self._answers.values()):
            self._asked.set()

    def cancel(self) -> None:
        """Give the call up; its end is recorded."""
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(NobodyAnswers("the agent gave the call up"))
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        self._fresh()

    def _leave(self) -> None:
        self._exchange = None
        self._timer = asyncio.get_running_loop().call_later(WAITS, self.cancel)


class ParkedCalls:
    """The parked calls of a process, by id."""

    def __init__(self) -> None:
        self._parked: dict[str, ParkedCall] = {}

    def room_for(self, agent: str) -> bool:
        """Whether one more may be begun."""
        mine = sum(1 for parked in self._parked.values() if parked.call.agent == agent)
        return len(self._parked) < MOST and mine < PER_AGENT

    def begin(
        self, call: Call, exchange: Exchange, reply: Callable[[Call, ParkedCall], Awaitable[Reply]]
    ) -> ParkedCall:
        """Start a call that may be parked."""
        parked = ParkedCall(call, exchange, fresh=lambda: self._forget(parked))
        self._parked[parked.id] = parked
        parked.start(reply(call, parked))
        return parked

    def find(self, name: str, *, agent: str) -> ParkedCall | None:
        """The parked call of this agent, while it waits."""
        parked = self._parked.get(name)
        return parked if parked is not None and parked.call.agent == agent else None

    def _forget(self, parked: ParkedCall) -> None:
        self._parked.pop(parked.id, None)

    def close(self) -> None:
        """Give all of them up: the process ends."""
        for parked in list(self._parked.values()):
            parked.cancel()
