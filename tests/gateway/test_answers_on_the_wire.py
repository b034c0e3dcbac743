"""How answers reach the socket, and how long a request body may take to arrive."""

from __future__ import annotations

import asyncio

import pytest

from gateway import exchange as module
from gateway.http import Corked
from gateway.refusal import Malformed
from tests.doubles import Request

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire(asyncio.Transport):
    """Keeps what is written, one item per system call."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def test_head_and_body_leave_with_one_write() -> None:
    """Performance section 3: a system call saved is 5 µs a call."""
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(HEAD)
    corked.write(b"ok")
    assert wire.writes == [HEAD + b"ok"]


async def test_a_head_without_a_body_yet_does_not_wait_for_one() -> None:
    """An event stream's head has to reach the agent before the first event exists."""
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(HEAD)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.writes == [HEAD]


async def test_closing_loses_nothing_that_was_held() -> None:
    """An answer that says `connection: close` is written before the close."""
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    corked.write(HEAD)
    corked.close()
    assert wire.writes == [HEAD]
    assert wire.closed


async def test_what_is_written_to_an_agent_that_left_is_dropped() -> None:
    """A connection that closes under an answer is ordinary: it raises nothing and logs nothing."""
    wire = Wire()
    corked = Corked(wire, asyncio.get_running_loop())
    wire.closed = True
    corked.write(HEAD)
    corked.write(b"ok")
    assert wire.writes == []


async def test_a_body_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Security section 4: no request holds a connection for ever by sending three bytes of its body."""
    monkeypatch.setattr(module, "BODY_SECONDS", 0.05)
    request = Request([b"abc", b"never"])
    request._messages.get_nowait()
    request._messages.get_nowait()
    request._messages.put_nowait({"type": "http.request", "body": b"abc", "more_body": True})
    with pytest.raises(Malformed, match="did not arrive within") as refused:
        await request.exchange.body(10)
    assert refused.value.form.http == 408
