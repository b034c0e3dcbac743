"""An incremental reader of server-sent events with caps on line and event. Pure: no Django, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
DEFAULT_TYPE: Final = b"message"


class EventTooLarge(ValueError):
    """A line or an event that is larger than the reader was told to hold."""


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event. `data` is its data lines joined by a line feed; `id` None when it gave none."""

    data: bytes
    type: bytes = DEFAULT_TYPE
    id: bytes | None = None


class SseReader:
    """Feed it the bytes of one stream as they come; it gives the events that are complete.

    It holds at most `event_bytes` (an event, or a line of one) and raises EventTooLarge beyond; then it is done for.
    An event that the end of the stream cuts off is never given.
    """

    __slots__ = ("_cap", "_data", "_held", "_id", "_skip_lf", "_start", "_tail", "_type", "retry_ms")

    def __init__(self, event_bytes: int) -> None:
        self._cap = event_bytes
        self._tail: list[bytes] = []  # Pieces of the line that is not complete yet.
        self._held = 0  # Bytes of the pieces and of the data lines of the event so far.
        self._data: list[bytes] = []
        self._type = b""
        self._id: bytes | None = None
        self._skip_lf = False
        self._start = True
        self.retry_ms: int | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes, in order. Raises EventTooLarge."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._skip_lf = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in chunk:
            self._hold(chunk)
            return []
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if self._tail:
            self._tail.append(lines[0])
            self._held -= sum(map(len, self._tail[:-1]))
            lines[0] = b"".join(self._tail)
            self._tail.clear()
        events = self._lines(lines)
        self._hold(rest)
        return events

    def _hold(self, piece: bytes) -> None:
        if piece:
            self._held += len(piece)
            self._check()
            self._tail.append(piece)

    def _check(self) -> None:
        if self._held > self._cap:
            raise EventTooLarge(f"an event of more than {self._cap} bytes")

    def _lines(self, lines: list[bytes]) -> list[Event]:
        if self._start:
            self._start = False
            lines[0] = lines[0].removeprefix(_BOM)
        events = []
        for line in lines:
            if line:
                self._field(line)
            elif self._data:
                events.append(self._dispatch())
            else:
                self._type = b""
        return events

    def _dispatch(self) -> Event:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        event = Event(data, self._type or DEFAULT_TYPE, self._id)
        self._data.clear()
        self._held = 0
        self._type = b""
        return event

    def _field(self, line: bytes) -> None:
        if len(line) > self._cap:
            raise EventTooLarge(f"a line of more than {self._cap} bytes")
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                self._held += len(value) + 1  # The line feed that joins it counts, so that empty lines are bounded too.
                self._check()
                self._data.append(value)
            case b"event":
                self._type = value[:256]
            case b"id" if b"\0" not in value:
                self._id = value[:1024]
            case b"retry" if value.isdigit() and len(value) < 10:
                self.retry_ms = int(value)
            case _:
                pass  # Comments, which begin with a colon, and fields nobody knows.
