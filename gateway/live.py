"""What the session era keeps of a session between requests, in the process that owns it. Pure: no Django, no I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from gateway.mcp import outbound
from gateway.ports import NobodyAnswers
from registry.transports.base import Answer

KEPT = 20_000
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


def at_least(level: str, least: str) -> bool:
    """Whether a level is as severe as `least`; one that nobody knows counts as severe."""
    return level not in LEVELS or least not in LEVELS or LEVELS.index(level) >= LEVELS.index(least)


class LiveSession:
    """One session. `level` is the least severity of log messages it wants, `uris` the resources it watches."""

    __slots__ = ("_asked", "_numbers", "endings", "level", "streams", "uris")

    def __init__(self) -> None:
        self.level = ""
        self.uris: set[str] = set()
        self.streams = 0
        self.endings: set[Callable[[], None]] = set()  # What ends each of its open streams.
        self._asked: dict[bytes, asyncio.Future[Answer]] = {}
        self._numbers = count(1)

    @property
    def idle(self) -> bool:
        """Whether forgetting it loses nothing."""
        return not (self.streams or self.uris or self._asked or self.level)

    async def ask(self, put: Callable[[bytes], None], method: str, params: bytes) -> Answer:
        """Put a question of the server on the stream of the request it belongs to; the answer comes by a POST."""
        if len(self._asked) >= outbound.MAX_ASKED:
            raise NobodyAnswers("too many questions are open in this session")
        number = b'"gatehouse-%d"' % next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            put(outbound.event(outbound.request(number, method, params)))
            return await answer
        finally:
            del self._asked[number]

    def answered(self, number: bytes, answer: Answer) -> None:
        """Hand the agent's answer over; one that nobody waits for is dropped."""
        waiting = self._asked.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def give_up(self) -> None:
        """The session is over: its streams end, and nobody will answer any more."""
        for end in list(self.endings):
            end()
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(NobodyAnswers("the agent's session has ended"))

    def wants(self, level: str) -> bool:
        """Whether a log message of this level is severe enough; without a level set, all are."""
        return not self.level or at_least(level, self.level)


class LiveSessions:
    """The live sessions of a process, by session id."""

    def __init__(self) -> None:
        self._live: dict[str, LiveSession] = {}

    def of(self, session: str) -> LiveSession:
        """The live part of a session, empty where there was none."""
        found = self._live.get(session)
        if found is None:
            if len(self._live) >= KEPT:
                self._live = {name: live for name, live in self._live.items() if not live.idle}
            found = self._live[session] = LiveSession()
        return found

    def end(self, session: str) -> None:
        """Forget a session; what it was asked gets no answer any more."""
        ended = self._live.pop(session, None)
        if ended is not None:
            ended.give_up()
