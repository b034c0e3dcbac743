"""Verify streams of the stored ledger; the pure verifier does the judging, here the rows are only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.audit.verify import BrokenChain, Head, Row, StreamReport, verify_stream
from governance.models import LedgerEntry, LedgerStream

CHUNK: Final = 2_000


def verify(stream: LedgerStream) -> StreamReport:
    """Check one stream, entry by entry in bounded memory; raises BrokenChain at the first that does not hold.

    `stream` has to be read before this is called: what is appended meanwhile lies behind its head and does no harm.
    """
    known = Head(stream.head_seq, bytes.fromhex(stream.head_digest)) if stream.head_seq else None
    return verify_stream(_rows(stream), stream=stream.name, known_head=known)


def require_streams() -> None:
    """Raise BrokenChain for entries that name a stream which is not there: no stream's own check would see them."""
    known = set(LedgerStream.objects.values_list("pk", flat=True))
    for number in LedgerEntry.objects.order_by("stream_id").values_list("stream_id", flat=True).distinct():
        if number not in known:
            first = LedgerEntry.objects.filter(stream_id=number).order_by("seq").values_list("seq", flat=True)[0]
            raise BrokenChain(f"number {number}", first, "its stream is missing", expected="a stream", found="none")


def _rows(stream: LedgerStream) -> Iterator[Row]:
    """Every entry in order, in pages of their own: a database cursor left open by a broken chain would outlive us."""
    entries = LedgerEntry.objects.filter(stream=stream).order_by("seq").values_list("seq", "text", "digest")
    last = -1
    while page := list(entries.filter(seq__gt=last)[:CHUNK]):
        for seq, text, digest in page:
            yield Row(stream.name, seq, text, bytes(digest))
        last = page[-1][0]
