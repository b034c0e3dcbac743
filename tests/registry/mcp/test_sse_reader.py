"""The reader of event streams: any cut of the bytes gives the same events, and nothing is held beyond the cap."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.mcp.sse import Event, EventTooLarge, SseReader


def read(*chunks: bytes, cap: int = 10_000) -> list[Event]:
    reader = SseReader(cap)
    return [event for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [Event(b"a")]),
        (b"data:a\n\ndata:  b\n\n", [Event(b"a"), Event(b" b")]),
        (b"event: message\r\ndata: a\r\n\r\n", [Event(b"a")]),
        (b"data: a\r\rdata: b\r\r", [Event(b"a"), Event(b"b")]),
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"data\n\n", [Event(b"")]),
        (b"data\ndata\n\n", [Event(b"\n")]),
        (b": ping\n\ndata: a\n\n", [Event(b"a")]),
        (b"event: x\n\ndata: a\n\n", [Event(b"a")]),
        (b"event: x\ndata: a\n\ndata: b\n\n", [Event(b"a", b"x"), Event(b"b")]),
        (b"id: 7\ndata: a\n\ndata: b\n\n", [Event(b"a", id=b"7"), Event(b"b", id=b"7")]),
        (b"id: 7\ndata: \n\n", [Event(b"", id=b"7")]),
        (b"id: a\0b\ndata: a\n\n", [Event(b"a")]),
        (b"unknown: x\ndata: a\n\n", [Event(b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event(b"a")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Event(b"a")]),
        (b"data: a", []),
        (b"data: a\n", []),
        (b"\n\n\n", []),
    ],
)
def test_a_stream_gives_its_events_however_it_is_cut(stream: bytes, events: list[Event]) -> None:
    assert read(stream) == events
    assert read(*(bytes((byte,)) for byte in stream)) == events
    for cut in range(len(stream)):
        assert read(stream[:cut], stream[cut:]) == events


lines = st.sampled_from([b"data: x", b"data", b"event: e", b"id: 1", b": c", b"", b"", b"retry: 5", b"other"])
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(lines, ends)), st.data())
def test_cutting_a_stream_anywhere_changes_nothing(parts: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(line + end for line, end in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*chunks) == read(stream)


@given(st.binary(), st.binary())
def test_no_bytes_raise_anything(first: bytes, second: bytes) -> None:
    read(first, second)


def test_an_event_of_exactly_the_cap_is_given_and_one_byte_more_is_not() -> None:
    assert read(b"data:" + b"x" * 99 + b"\n\n", cap=104) == [Event(b"x" * 99)]
    with pytest.raises(EventTooLarge):
        read(b"data:" + b"x" * 100 + b"\n\n", cap=100)


@pytest.mark.parametrize("chunk", [b"x" * 1000, b"data: x\n" * 100, b"data\n" * 200, b"data: " + b"x" * 500])
def test_what_never_ends_is_refused_within_a_few_chunks(chunk: bytes) -> None:
    reader = SseReader(5_000)
    with pytest.raises(EventTooLarge):
        for _ in range(100):
            reader.feed(chunk)


def test_comments_without_end_are_not_held() -> None:
    reader = SseReader(1_000)
    for _ in range(1_000):
        assert reader.feed(b": still here\n" * 100) == []


def test_a_long_line_in_small_pieces_takes_linear_time() -> None:
    reader = SseReader(20_000_000)
    began = time.process_time()
    for _ in range(20_000):
        reader.feed(b"x" * 500)
    assert time.process_time() - began < 2


def test_the_wait_that_a_server_asks_for_is_kept() -> None:
    reader = SseReader(100)
    reader.feed(b"retry: 250\nretry: soon\n")
    assert reader.retry_ms == 250
