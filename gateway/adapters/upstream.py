"""Forward admitted calls, put servers' questions to agents, and hear what servers say of their own accord."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from gateway.adapters import questions
from gateway.adapters.connections import Connection, Connections
from gateway.adapters.hearing import Listening
from gateway.adapters.threads import in_thread
from gateway.call import Client, Ruling
from gateway.mcp import outbound
from gateway.mcp.unknown_here import unknown_here
from gateway.mcp.verbs import ASKED_FOR
from gateway.ports import Channel
from gateway.refusal import Unavailable, UpstreamFailed, Withheld
from gateway.screening import screen_notice
from gateway.snapshot.model import AgentRecord, ServerRecord
from gateway.streams import MESSAGE, level_of
from governance.canonical import strict_json
from governance.canonical.values import JSON, Number
from registry.mcp.revisions import NAMED_METHODS, Era
from registry.tasks import ask
from registry.transports.base import (
    Answer,
    BrokenOff,
    Garbage,
    HttpStatus,
    NotSent,
    TimedOut,
    TooLarge,
    UpstreamError,
)

log = logging.getLogger("gatehouse.upstream")

STATUS = {TimedOut: "timeout", BrokenOff: "unknown", Garbage: "unknown", TooLarge: "withheld", HttpStatus: "unknown"}
SENTENCE = {
    TimedOut: "did not answer within {deadline:g} s; whether it acted is unknown",
    BrokenOff: "broke off before it answered; whether it acted is unknown",
    Garbage: "answered with something that is not an MCP message; whether it acted is unknown",
    TooLarge: "answered with more than {bytes} bytes; the answer was withheld",
}
LOOKS_EVERY = 2.0  # Seconds between two looks at one server, however often it asks for one.
UNKNOWN_EVERY = 60.0  # The same where only an answer shows it, which an agent may bring about as often as it likes.
SETTLES = 0.3  # Seconds after a server's word that a list changed; several words make one look.
LEVELS_SECONDS = 10.0
SUBSCRIBE, UNSUBSCRIBE = "resources/subscribe", "resources/unsubscribe"
DONE = Answer(result=b"{}")


class UpstreamPool:
    """The UpstreamPort of a process. Lives on its event loop.

    `tell` passes on what a server says of its own accord: server, the agent that has the connection for itself or "",
    method and params.
    """

    def __init__(self, tell: Callable[[str, str, str, bytes], None] = lambda *said: None) -> None:
        self._tell = tell
        self._connections = Connections(self._heard)
        self._looks: dict[int, asyncio.TimerHandle] = {}
        self._looked: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, ruling: Ruling, back: Channel) -> Answer:
        """Send the judged call once. Raises UpstreamFailed, which says whether anything was sent."""
        server, call = ruling.server, ruling.call
        capabilities = questions.capabilities_of(server, call.client)
        key = self._connections.key_of(server, agent=call.agent, era=call.era, capabilities=capabilities)
        try:
            connection = self._connections.ready(key, server) or await self._connections.opened(key, server)
        except UpstreamError as problem:
            raise failed(problem, server) from problem
        connection.users += 1
        try:
            if connection.modern and call.method in (SUBSCRIBE, UNSUBSCRIBE):
                return await self._watched(connection, call.method, call.item, server.deadline)
            if call.method == UNSUBSCRIBE and not connection.key.holder:
                return DONE  # Other agents may watch it over the same session of the server.
            if call.method == SUBSCRIBE:
                await connection.hearing.begun(server.deadline)
            answer = await self._request(connection, ruling, back, questions.later_params(ruling), capabilities)
            if unknown_here(answer, call.kind, call.item):
                self._look_again(connection, UNKNOWN_EVERY)
            if answer.result is not None and outbound.asks(answer.result):
                return await self._asked(connection, ruling, back, answer, capabilities)
            return answer
        except UpstreamError as problem:
            raise failed(problem, server) from problem
        finally:
            connection.users -= 1
            if connection.key.holder:
                connection.used_at = asyncio.get_running_loop().time()

    def _request(
        self, connection: Connection, ruling: Ruling, back: Channel, params: bytes, capabilities: bytes
    ) -> Coroutine[Any, Any, Answer]:
        """The connection's own coroutine, so that a call has no frame more than it needs."""
        server, call = ruling.server, ruling.call

        def heard(method: str, params: bytes) -> None:
            if method.endswith("/list_changed"):
                self._look_again(connection)  # Agents are told when what they are listed has changed.
                return
            if method == MESSAGE and not back.wants(level_of(params)):
                return
            fit = screen_notice(params, ruling)
            if fit is not None:
                back.notify(method, fit)

        asks = bool(server.allows) and not connection.modern
        return connection.upstream.request(
            call.method,
            params,
            deadline=server.deadline,
            name=call.item if call.method in NAMED_METHODS else None,
            on_event=heard,
            on_request=(lambda method, params: questions.put(method, params, ruling, back)) if asks else None,
            progress_token=call.progress_token,
            meta=call.meta,
            client_capabilities=capabilities,
            param_headers=call.param_headers or (in_headers(ruling) if connection.modern else ()),
        )

    async def _asked(
        self, connection: Connection, ruling: Ruling, back: Channel, answer: Answer, capabilities: bytes
    ) -> Answer:
        """A stateless server asks: a stateless agent gets the question, one of the session era is asked here."""
        assert answer.result is not None
        if not connection.modern or ruling.call.method not in ASKED_FOR:
            raise Withheld(f"Server {ruling.server.name} asked in a way that its revision does not have.")
        if len(outbound.request_state_of(answer.result) or b"") > outbound.LONGEST_STATE:
            raise Withheld(f"The request state of server {ruling.server.name} is too long to be carried.")
        if back.polls:
            if not questions.allowed_questions(answer.result, ruling):
                raise Withheld(f"Server {ruling.server.name} asked for something that it may not ask this agent for.")
            return answer
        for _ in range(questions.ROUNDS):
            assert answer.result is not None
            params = await questions.answered(answer.result, ruling, back)
            answer = await self._request(connection, ruling, back, params, capabilities)
            if answer.result is None or not outbound.asks(answer.result):
                return answer
        raise questions.unanswerable(ruling)

    async def _watched(self, connection: Connection, method: str, uri: str, seconds: float) -> Answer:
        """The stateless era subscribes by listening."""
        if method == SUBSCRIBE:
            await connection.hearing.watch(uri, seconds)
        else:
            connection.hearing.forget(uri)
        return DONE

    # What servers say of their own accord.

    async def set_level(self, server: ServerRecord, agent: AgentRecord, client: Client, level: str) -> None:
        """Tell a session-era server which log messages are wanted; best effort, and only over an agent's own."""
        if not server.own_sessions:
            return
        capabilities = questions.capabilities_of(server, client)
        key = self._connections.key_of(server, agent=agent.name, era=Era.LEGACY, capabilities=capabilities)
        try:
            connection = self._connections.ready(key, server) or await self._connections.opened(key, server)
            if not connection.modern:
                params = msgspec.json.encode({"level": level})
                await connection.upstream.request("logging/setLevel", params, deadline=LEVELS_SECONDS)
        except (UpstreamError, UpstreamFailed) as problem:
            log.info("server %s was not told of a log level: %s", server.name, problem)

    def listen(
        self,
        servers: Sequence[ServerRecord],
        agent: AgentRecord,
        client: Client,
        era: Era,
        uris: frozenset[str] = frozenset(),
    ) -> Listening:
        """Hear what these servers say to this agent alone, until the answer is called."""
        taken: list[Connection] = []
        released = asyncio.Event()

        def let_go(connection: Connection) -> None:
            for uri in uris:
                connection.hearing.forget(uri)

        async def begin(server: ServerRecord) -> None:
            capabilities = questions.capabilities_of(server, client)
            key = self._connections.key_of(server, agent=agent.name, era=era, capabilities=capabilities)
            try:
                connection = self._connections.ready(key, server) or await self._connections.opened(key, server)
            except (UpstreamError, UpstreamFailed, Unavailable) as problem:
                log.info("server %s is not listened to: %s", server.name, problem)
                return
            if released.is_set():  # The agent may have left while it was opened.
                let_go(connection)
                return
            connection.users += 1
            taken.append(connection)
            await connection.hearing.begun(server.deadline)

        def release() -> None:
            released.set()
            for connection in taken:
                connection.users -= 1
                let_go(connection)

        return Listening(release, [self._beside(begin(server)) for server in servers if server.own_sessions])

    def _heard(self, connection: Connection, method: str, params: bytes) -> None:
        if method.endswith("/list_changed"):
            self._look_again(connection)
        else:
            self._tell(connection.key.server, connection.key.holder, method, params)

    def _look_again(self, connection: Connection, every: float = LOOKS_EVERY) -> None:
        """Have a server scanned whose lists have changed, as it says or as its answers show."""
        loop = asyncio.get_running_loop()
        at = max(loop.time() + SETTLES, self._looked.get(connection.pk, 0.0) + every)
        planned = self._looks.get(connection.pk)
        if planned is not None:
            if planned.when() <= at:
                return
            planned.cancel()
        self._looks[connection.pk] = loop.call_at(at, partial(self._look_now, connection.pk))

    def _look_now(self, pk: int) -> None:
        self._looks.pop(pk, None)
        self._looked[pk] = asyncio.get_running_loop().time()
        self._beside(_scanned(pk))

    def _beside(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("work beside the calls failed inside the gateway", exc_info=problem)

    def keep_only(self, servers: Mapping[str, ServerRecord]) -> None:
        """Let go of servers that are no longer there, or are reached otherwise now."""
        self._connections.keep_only(servers)

    async def close(self) -> None:
        """Close every connection and end every child."""
        for timer in self._looks.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await self._connections.close()


async def _scanned(pk: int) -> None:
    try:
        await in_thread(ask, pk, why="list_changed")
    except Unavailable as problem:
        log.warning("a server whose lists changed could not be scanned: %s", problem)


def in_headers(ruling: Ruling) -> tuple[tuple[str, str], ...]:
    """The arguments that a stateless server wants in headers too, which an agent of the session era does not send."""
    found = []
    for wanted in ruling.item.headers:
        value: JSON = dict(ruling.call.arguments)
        for name in wanted.path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str | bool | int | Number):
            text = value if isinstance(value, str) else strict_json.encode(value).decode()
            found.append((f"Mcp-Param-{wanted.header}", text))
    return tuple(found)


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
