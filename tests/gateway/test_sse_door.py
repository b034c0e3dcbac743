"""`/sse/<server>` in the process of the test: what happens when an agent does not read, asks too much, or hangs up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway import exchange, sse_door
from gateway.asgi import application
from tests.gateway.inside import Inside, inside
from tests.waiting import eventually_async

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]
PIECE = 65_536
INITIALIZE = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}}


@dataclass
class Listener:
    """The client's end of one stream; `reads` cleared, it takes nothing more."""

    place: Inside
    agent: str
    said: bytes = b""
    status: int = 0
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[tuple[str, str]]:
        """What came, as (event, data)."""
        blocks = [block.split("\n") for block in self.said.decode().split("\n\n") if block.startswith("event: ")]
        return [(block[0][7:], block[1][6:]) for block in blocks]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that came."""
        return [json.loads(data) for kind, data in self.events if kind == "message"]

    async def run(self) -> None:
        """GET, until the stream ends."""

        async def receive() -> Any:
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self.reads.wait()
            self.status = message.get("status", self.status)
            self.said += message.get("body", b"")

        await application(scope_of(self.place, self.agent, "GET", "/sse/tools"), receive, send)

    async def post(self, message: Any) -> tuple[int, bytes]:
        """POST to the message address, bytes in pieces as a server gets them; status and body."""
        path, _, query = self.events[0][1].partition("?")
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        pieces = [body[at : at + PIECE] for at in range(0, len(body), PIECE)]
        given = iter(
            {"type": "http.request", "body": piece, "more_body": at < len(pieces)} for at, piece in enumerate(pieces, 1)
        )
        sent: list[Any] = []

        async def receive() -> Any:
            return next(given, None) or {"type": "http.disconnect"}

        async def send(said: Any) -> None:
            sent.append(said)

        await application(scope_of(self.place, self.agent, "POST", path, query), receive, send)
        return sent[0]["status"], b"".join(said.get("body", b"") for said in sent[1:])

    async def ask(self, number: int, method: str, params: Any = None) -> tuple[int, bytes]:
        """POST one request; returns when its work is done."""
        return await self.post({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})

    def answer_to(self, number: int) -> Any:
        """The answer that came."""
        [found] = [said for said in self.messages if said.get("id") == number]
        return found


def scope_of(place: Inside, agent: str, method: str, path: str, query: str = "") -> dict[str, Any]:
    """An HTTP request of an agent."""
    headers = {
        b"host": b"127.0.0.1",
        b"content-type": b"application/json",
        b"authorization": f"Bearer {place.tokens[agent]}".encode(),
    }
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": list(headers.items()),
        "client": ("127.0.0.1", 9),
    }


@asynccontextmanager
async def listening(place: Inside, agent: str = "dev-claude") -> AsyncIterator[Listener]:
    """An open stream with a session on it."""
    listener = Listener(place, agent)
    listener.reads.set()
    running = asyncio.create_task(listener.run())
    try:
        await eventually_async(lambda: listener.events, what="the endpoint event")
        assert (await listener.ask(0, "initialize", INITIALIZE))[0] == 202
        yield listener
    finally:
        listener.reads.set()
        listener.left.set()
        await running


async def test_an_agent_that_does_not_read_is_not_served_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded; when it reads again it is served again."""
    monkeypatch.setattr(sse_door, "UNREAD_BYTES", 5000)
    async with inside() as place, listening(place) as listener:
        await eventually_async(lambda: listener.messages, what="the answer to initialize")
        listener.reads.clear()
        call = {"name": "echo", "arguments": {"text": "x" * 50}}
        statuses = [(await listener.ask(number, "tools/call", call))[0] for number in range(1, 60)]
        assert statuses[0] == 202 and statuses[-1] == 429
        refused = statuses.count(429)
        assert place.forwarded() == 59 - refused
        listener.reads.set()
        await eventually_async(lambda: len(listener.messages) == 60 - refused, what="every answer")
        assert (await listener.ask(100, "ping"))[0] == 202


@pytest.mark.parametrize("of", ["a call", "the session"])
async def test_notifications_end_a_stream_that_nobody_reads(monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    """However many a server sends, what waits is bounded; the bound is that of this transport alone."""
    monkeypatch.setattr(sse_door, "UNREAD_BYTES", 5000)
    monkeypatch.setattr(exchange, "UNREAD_BYTES", 50)
    async with inside() as place, listening(place) as listener:
        held = asyncio.create_task(listener.ask(1, "tools/call", {"name": "add", "arguments": {"a": 1, "b": 1}}))
        [line] = place.gateway.sse.lines.values()
        await eventually_async(lambda: bool(line.running), what="the call is under way")
        [posted] = line.running
        tell = posted.notify if of == "a call" else line.tell
        listener.reads.clear()
        for number in range(10):
            tell("notifications/progress", b'{"progress":%d}' % number)
        assert line.out.unread > 500, "ten of them are no reason"
        for number in range(1000):
            tell("notifications/progress", b'{"progress":%d}' % number)
        assert line.out.unread < 5200
        listener.reads.set()
        await eventually_async(lambda: not place.gateway.sse.lines, what="the stream ends")
        place.gateway.drain()
        await held


async def test_so_many_messages_may_be_unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, not queued."""
    monkeypatch.setattr(sse_door, "UNANSWERED", 2)
    async with inside() as place, listening(place) as listener:
        held = [
            asyncio.create_task(listener.ask(number, "tools/call", {"name": "add", "arguments": {"a": number, "b": 1}}))
            for number in (1, 2)
        ]
        [line] = place.gateway.sse.lines.values()
        await eventually_async(lambda: len(line.running) == 2, what="both are under way")
        assert (await listener.ask(3, "ping"))[0] == 429
        listener.left.set()
        await asyncio.gather(*held)
    assert not place.gateway.sse.lines


async def test_what_nobody_expected_is_refused_on_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """The POST was answered before: the agent must not wait for ever."""
    async with inside() as place, listening(place) as listener:

        async def broken(*_: object) -> None:
            raise RuntimeError("a test")

        monkeypatch.setattr(type(place.gateway.endpoint), "answer", broken)
        assert (await listener.ask(1, "tools/list"))[0] == 202
        await eventually_async(lambda: any(said.get("id") == 1 for said in listener.messages), what="an answer")
        assert listener.answer_to(1)["error"]["code"] == 50300
        assert "a test" not in listener.said.decode()


async def test_an_ending_process_answers_what_is_held_before_the_stream_ends() -> None:
    """The pending answer goes out on the stream; then the stream ends and takes nothing more."""
    async with inside() as place, listening(place) as listener:
        held = asyncio.create_task(listener.ask(1, "tools/call", {"name": "add", "arguments": {"a": 1, "b": 1}}))
        [line] = place.gateway.sse.lines.values()
        await eventually_async(lambda: bool(place.gateway.holds._waiting), what="the call is held")
        place.gateway.drain()
        await held
        await eventually_async(lambda: not place.gateway.sse.lines, what="the stream ends")
        assert "Approval pending" in listener.answer_to(1)["result"]["content"][0]["text"]
        assert line.ending is not None
        assert (await listener.ask(2, "ping"))[0] == 404


async def test_a_closed_stream_leaves_nothing_behind() -> None:
    """Neither among the streams nor among the sessions, and its agent may open as many again."""
    async with inside() as place:
        for _ in range(3):
            async with listening(place) as listener:
                assert place.gateway.streams.of("dev-claude") == 1
                [line] = place.gateway.sse.lines.values()
                session = line.session
                assert session and session.encode() not in listener.said, "the session's id stays inside"
        assert place.gateway.streams.of("dev-claude") == 0
        assert not place.gateway.sse.lines
        assert not place.gateway.endpoint.sessions.live._live


def _asking(arguments: str, *, last: bool) -> bytes:
    """A call with the id 7, which stands where the official clients of one language or another write it."""
    called = f'"method":"tools/call","params":{{"name":"echo","arguments":{{"text":"","x":{arguments}}}}}'
    return (f'{{{called},"jsonrpc":"2.0","id":7}}' if last else f'{{"jsonrpc":"2.0","id":7,{called}}}').encode()


@pytest.mark.parametrize("last", [True, False], ids=["id last", "id first"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("[" + ",".join(["1"] * 10_001) + "]", "10000 members"),
        ("[" * 70 + "]" * 70, "nested deeper than 64"),
        ("1" * 402, "400 characters"),
        ('"' + "a" * 2_000_000 + '"', "The body is longer"),
        ('{"a":1,"a":{"id":8}}', "written twice"),
    ],
    ids=["members", "depth", "number", "size", "key twice"],
)
async def test_a_body_that_is_refused_while_it_is_read_is_answered_on_the_stream(
    arguments: str, said: str, *, last: bool
) -> None:
    """A client of that revision looks nowhere else; its session goes on, and nothing was forwarded."""
    async with inside() as place, listening(place) as listener:
        assert await listener.post(_asking(arguments, last=last)) == (202, b"")
        await eventually_async(lambda: any(one.get("id") == 7 for one in listener.messages), what="an answer")
        assert said in listener.answer_to(7)["error"]["message"]
        assert (await listener.ask(8, "ping"))[0] == 202
        await eventually_async(lambda: any(one.get("id") == 8 for one in listener.messages), what="the next answer")
        assert place.forwarded() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"jsonrpc":"2.0","method":"x","params":{"id":7,"a":1,"a":2}}', 400),
        (b'{"jsonrpc":"2.0","id":7,"id":8,"method":"x"}', 400),
        (b'{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}', 400),
        (b'{"jsonrpc":"2.0","id":[7],"method":"x","method":"y"}', 400),
        (b"hello", 400),
        (b"[" + b" " * 2_000_000 + b"]", 413),
    ],
)
async def test_what_names_no_request_is_refused_where_it_was_posted(body: bytes, status: int) -> None:
    """An id inside its params, two of them, or one of ours: an error under it would answer something else."""
    async with inside() as place, listening(place) as listener:
        await eventually_async(lambda: listener.messages, what="the answer to initialize")
        said, answer = await listener.post(body)
        assert (said, json.loads(answer)["id"]) == (status, None)
        assert len(listener.messages) == 1
