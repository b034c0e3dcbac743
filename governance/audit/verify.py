"""Recompute a ledger stream and name the first entry that does not hold. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, NoReturn

import msgspec

from governance.audit.chain import NO_ENTRY_BEFORE
from governance.audit.entry import AT_PATTERN, VERSION, EntryKind
from governance.audit.merkle import MerkleTree
from governance.canonical.strict_json import jcs

KINDS: Final = frozenset(kind.value for kind in EntryKind)
CALLS_NAMED: Final = frozenset({EntryKind.CALL_INTENT, EntryKind.CALL_OUTCOME, EntryKind.CALL_HELD})
REQUIRED: Final = frozenset({"v", "at", "kind", "principal", "stream", "seq", "prev"})


class BrokenChain(Exception):
    """The first entry of a stream that does not hold: `what` is wrong there, what was expected and what found."""

    def __init__(self, stream: str, seq: int, what: str, expected: str, found: str) -> None:
        super().__init__(f"stream {stream}, entry {seq}: {what}: expected {expected}, found {found}")
        self.stream, self.seq, self.what, self.expected, self.found = stream, seq, what, expected, found


@dataclass(frozen=True, slots=True)
class Row:
    """One stored entry as it is read back, in order of `seq`."""

    stream: str
    seq: int
    text: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """An earlier state of a stream that is known from elsewhere: entry `seq` had the leaf hash `digest`."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What a stream that holds contains. `root` is the RFC 6962 root over all leaf hashes.

    `open_intents` are the calls that were forwarded or about to be, and have no outcome yet.
    """

    stream: str
    entries: int
    kinds: dict[str, int]
    open_intents: tuple[str, ...]
    sealed: bool
    first_at: str
    last_at: str
    head: Head
    root: bytes


@dataclass(slots=True)
class _Calls:
    """Which records each call has so far: every request has one closing record, and only an intent has an outcome."""

    open: dict[str, None] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def take(self, kind: str, call: str) -> str | None:
        """Note one call record; answers what is wrong with it, or None. A wrong one is not noted."""
        if kind == EntryKind.CALL_INTENT:
            if call in self.open:
                return "a second intent"
            if call in self.closed:
                return "an intent after its closing record"
            self.open[call] = None
        elif kind == EntryKind.CALL_OUTCOME:
            if call in self.closed:
                return "a second closing record"
            if call not in self.open:
                return "an outcome without an intent"
            del self.open[call]
            self.closed.add(call)
        elif kind == EntryKind.CALL_REFUSED:
            if call in self.closed:
                return "a second closing record"
            if call in self.open:
                return "a refusal after an intent"
            self.closed.add(call)
        elif kind == EntryKind.CALL_HELD and (call in self.open or call in self.closed):
            # A second one before that is none: a stricter policy holds a waiting call anew, for another escalation.
            return "a second closing record"
        return None


def verify_stream(rows: Iterable[Row], *, stream: str | None = None, known_head: Head | None = None) -> StreamReport:
    """Check every row and report, or raise BrokenChain at the first that does not hold.

    `stream` names the stream the rows must belong to (default: that of the first row). With `known_head` a cut tail
    and a rewritten whole are found too.
    """
    check = StreamCheck(stream, known_head)
    for row in rows:
        check.take(row)
    return check.report()


class StreamCheck:
    """One pass over one stream, row by row. A row that raises BrokenChain leaves the check as it was."""

    __slots__ = ("_calls", "_decode", "_first_at", "_head", "_kinds", "_known", "_last_at", "_seq", "_stream", "_tree")

    def __init__(self, stream: str | None = None, known_head: Head | None = None) -> None:
        self._stream = stream
        self._known = known_head
        self._seq = 0
        self._head = b""
        self._kinds: dict[str, int] = {}
        self._calls = _Calls()
        self._tree = MerkleTree()
        self._first_at = self._last_at = ""
        self._decode = msgspec.json.Decoder(float_hook=_refuse_fraction).decode

    def take(self, row: Row) -> None:
        """Check the next row; raises BrokenChain."""
        self._turn(row)
        entry = self._entry(row)
        self._place(row, entry)
        self._meaning(row.seq, entry)
        kind, at = entry["kind"], entry["at"]
        self._seq = row.seq
        self._head = bytes(row.digest)
        self._tree.append(self._head)
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        self._first_at = self._first_at or at
        self._last_at = max(self._last_at, at)

    def report(self) -> StreamReport:
        """What the rows so far contain; raises BrokenChain when the known head was not reached."""
        if self._known is not None and self._seq < self._known.seq:
            self._broken(self._seq + 1, "the tail is cut", f"{self._known.seq} entries", f"{self._seq}")
        return StreamReport(
            stream=self._stream or "",
            entries=self._seq,
            kinds=dict(self._kinds),
            open_intents=tuple(self._calls.open),
            sealed=EntryKind.SEAL in self._kinds,
            first_at=self._first_at,
            last_at=self._last_at,
            head=Head(self._seq, self._head),
            root=self._tree.root(),
        )

    def _turn(self, row: Row) -> None:
        """It is this row's turn: same stream, next number, nothing after the seal."""
        expected = self._seq + 1
        if self._stream is None:
            self._stream = row.stream
        if row.stream != self._stream:
            self._broken(expected, "belongs to another stream", self._stream, row.stream)
        if row.seq != expected:
            self._broken(expected, "entry missing or out of order", f"seq {expected}", f"seq {row.seq}")
        if EntryKind.SEAL in self._kinds:
            self._broken(row.seq, "entry after the seal", "nothing", "an entry")

    def _entry(self, row: Row) -> dict[str, Any]:
        """The decoded text, once its digest and its canonical form hold."""
        try:
            raw = row.text.encode()
        except UnicodeEncodeError:
            self._broken(row.seq, "text has no UTF-8 form", "UTF-8", "a lone surrogate")
        digest = sha256(b"\x00" + raw).digest()
        if digest != bytes(row.digest):
            self._broken(row.seq, "digest does not match the text", digest.hex(), bytes(row.digest).hex())
        try:
            entry = self._decode(raw)
            canonical = jcs(entry)
        except (ValueError, TypeError, RecursionError) as error:
            self._broken(row.seq, "text is not an entry", "canonical JSON", str(error))
        if canonical != raw:
            self._broken(row.seq, "text is not canonical", "the RFC 8785 form", "another form")
        if type(entry) is not dict or not entry.keys() >= REQUIRED:
            self._broken(row.seq, "text is not an entry", f"members {', '.join(sorted(REQUIRED))}", "not all of them")
        return entry

    def _place(self, row: Row, entry: dict[str, Any]) -> None:
        """Version, stream, seq and prev inside the text agree with where the row stands."""
        if entry["v"] != VERSION or type(entry["v"]) is not int:
            self._broken(row.seq, "unknown entry version", str(VERSION), repr(entry["v"]))
        if entry["stream"] != row.stream:
            self._broken(row.seq, "text names another stream", row.stream, repr(entry["stream"]))
        if entry["seq"] != row.seq or type(entry["seq"]) is not int:
            self._broken(row.seq, "text names another seq", str(row.seq), repr(entry["seq"]))
        expected = self._head.hex() or NO_ENTRY_BEFORE
        if entry["prev"] != expected:
            self._broken(row.seq, "does not follow the entry before", expected, repr(entry["prev"]))
        known = self._known
        if known is not None and row.seq == known.seq and bytes(row.digest) != known.digest:
            self._broken(row.seq, "differs from the known head", known.digest.hex(), bytes(row.digest).hex())

    def _meaning(self, seq: int, entry: dict[str, Any]) -> None:
        """Kind, time and the records of one call make sense."""
        kind, at, call = entry["kind"], entry["at"], entry.get("call")
        if type(kind) is not str or kind not in KINDS:
            self._broken(seq, "unknown kind", "a kind of contract section 7", repr(kind))
        if type(at) is not str or AT_PATTERN.fullmatch(at) is None:
            self._broken(seq, "`at` is not a time", "YYYY-MM-DDThh:mm:ss.ffffffZ", repr(at))
        if type(call) is str:
            wrong = self._calls.take(kind, call)
            if wrong is not None:
                self._broken(seq, f"call {call} has {wrong}", "one closing record per request", kind)
        elif call is not None or kind in CALLS_NAMED:
            self._broken(seq, "no call named", "a record id", repr(call))

    def _broken(self, seq: int, what: str, expected: str, found: str) -> NoReturn:
        raise BrokenChain(self._stream or "", seq, what, expected, found[:200])


def _refuse_fraction(literal: str) -> NoReturn:
    raise ValueError(f"the number {literal[:40]} is no integer")
