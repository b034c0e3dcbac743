"""Standard input and output of the bridge, each served by a thread: they may be pipes, files or terminals.

The threads are daemons and hold no lock of the interpreter's streams, so that a read that never returns keeps nobody.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections.abc import AsyncIterator, Callable
from queue import SimpleQueue
from typing import Final

from gateway.stdio.request_ids import Ends

LINE_BYTES: Final = 16 * 1024 * 1024
HIGH_WATER: Final = 4 * 1024 * 1024
_READ_BYTES: Final = 256 * 1024


class LineSplitter:
    """Cuts what is fed into lines without their ends; of a line of more than `cap` bytes only its Ends are kept."""

    def __init__(self, cap: int = LINE_BYTES) -> None:
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0
        self._skipped: Ends | None = None

    def feed(self, data: bytes) -> list[bytes | Ends]:
        """The lines that `data` completes; empty ones are left out."""
        *ends, rest = data.split(b"\n")
        lines: list[bytes | Ends] = []
        for piece in ends:
            self._add(piece)
            lines += self._line()
        self._add(rest)
        return lines

    def end(self) -> list[bytes | Ends]:
        """What stands after the last line break."""
        return self._line()

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._skipped is None and self._size > self._cap:
            self._skipped = Ends.of(b"".join(self._parts))
            self._parts.clear()
        if self._skipped is not None:
            self._skipped.add(piece)
        elif piece:
            self._parts.append(piece)

    def _line(self) -> list[bytes | Ends]:
        line, skipped = b"".join(self._parts).strip(), self._skipped
        self._parts.clear()
        self._size, self._skipped = 0, None
        return [skipped] if skipped is not None else [line] if line else []


async def lines(descriptor: int) -> AsyncIterator[bytes | Ends]:
    """The lines of an input until it ends; of one that is too long only its Ends."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[list[bytes | Ends] | None]()

    def hand_over(found: list[bytes | Ends] | None) -> bool:
        try:
            loop.call_soon_threadsafe(queue.put_nowait, found)
        except RuntimeError:
            return False  # The loop is closed: the program is ending.
        return True

    def read() -> None:
        splitter = LineSplitter()
        while data := _read(descriptor):
            if not hand_over(splitter.feed(data)):
                return
        hand_over(splitter.end())
        hand_over(None)

    threading.Thread(target=read, name="standard input", daemon=True).start()
    while (found := await queue.get()) is not None:
        for line in found:
            yield line


def _read(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            select.select([descriptor], [], [])
        except OSError:
            return b""  # A terminal that hung up has ended like any other input.


class Output:
    """Lines to an output, written whole and in order. `lost` is called in the event loop when nobody reads any more."""

    def __init__(self, descriptor: int, lost: Callable[[], object]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        threading.Thread(target=self._write, name="standard output", daemon=True).start()

    def put(self, message: bytes) -> None:
        """Write one message, which holds no line break."""
        self._waiting += len(message)
        if self._waiting > HIGH_WATER:
            self._room.clear()
        self._queue.put(message)

    async def room(self) -> None:
        """Return when the reader has kept up; whoever passes a stream on waits here."""
        await self._room.wait()

    async def close(self, within: float) -> None:
        """Return when everything is written, or after `within` seconds."""
        self._queue.put(None)
        await asyncio.wait({self._ended}, timeout=within)

    def _write(self) -> None:
        broken = False
        while (message := self._queue.get()) is not None:
            if not broken and not _write_all(self._descriptor, message + b"\n"):
                broken = True
                self._tell(self._lost)
            self._tell(self._written, len(message))
        self._tell(self._end)

    def _tell(self, what: Callable[..., object], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *arguments)
        except RuntimeError:
            return  # The loop is closed: nobody waits.

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _written(self, size: int) -> None:
        self._waiting -= size
        if self._waiting <= HIGH_WATER:
            self._room.set()


def _write_all(descriptor: int, data: bytes) -> bool:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except OSError:
            return False
    return True
