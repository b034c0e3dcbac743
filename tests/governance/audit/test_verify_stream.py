"""Security A1: whatever is changed in a stream, the verifier finds it and names the first bad entry."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from governance.audit.chain import link
from governance.audit.entry import CallStatus, Entry, EntryKind, Outcome, Principal, Target, body_of
from governance.audit.merkle import root_of
from governance.audit.verify import BrokenChain, Head, Row, StreamCheck, verify_stream

START = datetime(2026, 11, 20, tzinfo=UTC)
CALL_CYCLE = (EntryKind.CALL_INTENT, EntryKind.CALL_OUTCOME, EntryKind.CALL_REFUSED, EntryKind.CALL_HELD)


def entry(kind: EntryKind, call: str | None, number: int = 0) -> Entry:
    return Entry(
        at=START + timedelta(milliseconds=number),
        kind=kind,
        principal=Principal("dev@example.com", "dev-claude", "t1", "s1", "127.0.0.1"),
        target=Target("files", "tool", "read_file", "sha256:aa"),
        call=call,
        outcome=Outcome(CallStatus.OK, 3) if kind is EntryKind.CALL_OUTCOME else None,
    )


def chain_of(entries: list[Entry], stream: str = "p1") -> list[Row]:
    rows: list[Row] = []
    prev = ""
    for seq, one in enumerate(entries, start=1):
        linked = link(body_of(one), stream=stream, seq=seq, prev=prev)
        prev = linked.digest.hex()
        rows.append(Row(stream, seq, linked.text, linked.digest))
    return rows


def calls(count: int, stream: str = "p1") -> list[Row]:
    """A stream of calls that are forwarded, refused and held in turn; the last intent is still open."""
    entries = []
    for number in range(count):
        kind = CALL_CYCLE[number % 4]
        call = f"{stream}-{number - 1 if kind is EntryKind.CALL_OUTCOME else number}"
        entries.append(entry(kind, call, number))
    return chain_of(entries, stream)


def relinked(rows: list[Row], at: int, text: str) -> list[Row]:
    """The rows with the text of one replaced and all digests from there made to fit, as a careful forger would."""
    out = rows[:at]
    prev = rows[at - 1].digest.hex() if at else "0" * 64
    for index in range(at, len(rows)):
        body = json.loads(text if index == at else rows[index].text)
        body["prev"] = prev
        linked = link(body, stream=body["stream"], seq=body["seq"], prev=prev)
        prev = linked.digest.hex()
        out.append(Row(rows[index].stream, rows[index].seq, linked.text, linked.digest))
    return out


def redigested(row: Row, text: str) -> Row:
    return Row(row.stream, row.seq, text, sha256(b"\x00" + text.encode()).digest())


def broken(rows: list[Row], **known: object) -> BrokenChain:
    with pytest.raises(BrokenChain) as caught:
        verify_stream(iter(rows), **known)
    return caught.value


ROWS = calls(200)


def test_a_whole_stream_is_reported_with_counts_head_and_root() -> None:
    report = verify_stream(iter(calls(201)))
    assert (report.stream, report.entries, report.sealed) == ("p1", 201, False)
    assert report.kinds == {"call.intent": 51, "call.outcome": 50, "call.refused": 50, "call.held": 50}
    assert report.open_intents == ("p1-200",)
    assert report.head == Head(201, calls(201)[-1].digest)
    assert report.root == root_of(row.digest for row in calls(201))
    assert (report.first_at, report.last_at) == ("2026-11-20T00:00:00.000000Z", "2026-11-20T00:00:00.200000Z")


def test_an_empty_stream_holds() -> None:
    report = verify_stream([], stream="p1")
    assert (report.entries, report.head, report.open_intents) == (0, Head(0, b""), ())


def test_every_flipped_byte_is_found_and_its_entry_named() -> None:
    flips = 0
    check = StreamCheck()
    for row in ROWS:
        for text, digest in _flips(row):
            flips += 1
            with pytest.raises(BrokenChain) as caught:
                check.take(Row(row.stream, row.seq, text, digest))
            assert (caught.value.stream, caught.value.seq) == ("p1", row.seq)
        check.take(row)
    assert flips > 50_000
    assert check.report() == verify_stream(ROWS)


def _flips(row: Row) -> Iterator[tuple[str, bytes]]:
    raw = row.text.encode()
    for position in range(len(raw)):
        yield (raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]).decode(), row.digest
    for position in range(len(row.digest)):
        flipped = row.digest[:position] + bytes([row.digest[position] ^ 0x80]) + row.digest[position + 1 :]
        yield row.text, flipped


def test_every_deleted_row_is_found() -> None:
    for index in range(len(ROWS) - 1):
        error = broken(ROWS[:index] + ROWS[index + 1 :])
        assert (error.seq, error.what) == (index + 1, "entry missing or out of order")


def test_every_swap_duplicate_and_insertion_is_found() -> None:
    for index in range(len(ROWS) - 1):
        here, after = ROWS[index], ROWS[index + 1]
        assert broken([*ROWS[:index], after, here, *ROWS[index + 2 :]]).seq == index + 1
        assert broken([*ROWS[: index + 1], here, *ROWS[index + 1 :]]).seq == index + 2
        # The same with the numbers outside the text made to fit.
        moved = [Row("p1", seq, row.text, row.digest) for seq, row in ((index + 1, after), (index + 2, here))]
        assert broken([*ROWS[:index], *moved, *ROWS[index + 2 :]]).seq == index + 1


def test_an_inserted_row_that_is_well_formed_breaks_the_row_after_it() -> None:
    for index in range(1, len(ROWS)):
        prev = ROWS[index - 1].digest.hex()
        body = body_of(entry(EntryKind.CALL_REFUSED, "forged"))
        linked = link(body, stream="p1", seq=index + 1, prev=prev)
        forged = Row("p1", index + 1, linked.text, linked.digest)
        later = [Row("p1", row.seq + 1, row.text, row.digest) for row in ROWS[index:]]
        assert broken([*ROWS[:index], forged, *later]).seq == index + 2


def test_a_cut_tail_holds_by_itself_and_is_found_with_any_known_head() -> None:
    for kept in range(len(ROWS)):
        assert verify_stream(ROWS[:kept]).entries == kept
        error = broken(ROWS[:kept], known_head=Head(len(ROWS), ROWS[-1].digest))
        assert (error.seq, error.what) == (kept + 1, "the tail is cut")


def test_an_earlier_head_that_still_holds_is_accepted() -> None:
    assert verify_stream(ROWS, known_head=Head(50, ROWS[49].digest)).entries == 200


def test_a_rewritten_stream_holds_by_itself_and_is_found_with_a_known_head() -> None:
    forged = relinked(ROWS, 20, ROWS[20].text.replace("read_file", "read_fool"))
    assert verify_stream(forged).entries == 200
    error = broken(forged, known_head=Head(200, ROWS[-1].digest))
    assert (error.seq, error.what) == (200, "differs from the known head")


def test_rows_of_another_stream_are_found() -> None:
    other = calls(200, "p2")
    for index in range(len(ROWS)):
        assert broken([*ROWS[:index], other[index]], stream="p1").seq == index + 1
        relabelled = Row("p1", other[index].seq, other[index].text, other[index].digest)
        error = broken([*ROWS[:index], relabelled], stream="p1")
        assert (error.seq, error.what) == (index + 1, "text names another stream")
    assert broken(other, stream="p1").what == "belongs to another stream"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace('"v":1', '"v":2'), "unknown entry version"),
        (lambda text: text.replace('"v":1', '"v":true'), "unknown entry version"),
        (lambda text: text.replace('"seq":5', '"seq":6'), "text names another seq"),
        (lambda text: text.replace('"kind":"call.intent"', '"kind":"call.forged"'), "unknown kind"),
        (lambda text: text.replace('"kind":"call.intent"', '"kind":["call.intent"]'), "unknown kind"),
        (lambda text: text.replace("T00:00", "T00.00"), "`at` is not a time"),
        (lambda text: text.replace("2026-11-20", "2026-1١-20"), "`at` is not a time"),
        (lambda text: text.replace('"call":"p1-4",', ""), "no call named"),
        (lambda text: text.replace('"call":"p1-4"', '"call":4'), "no call named"),
        (lambda text: text.replace('"prev"', '"prew"'), "text is not an entry"),
        (lambda text: text.replace('"v":1', '"v":1.0'), "text is not an entry"),
        (lambda text: text.replace('"v":1', '"v":1e0'), "text is not an entry"),
        (lambda text: text.replace('"v":1', '"v":1,"x":9007199254740993'), "text is not an entry"),
        (lambda text: text.replace('"v":1', '"v":1,"v":1'), "text is not canonical"),
        (lambda text: text.replace('"v":1', '"v": 1'), "text is not canonical"),
        (lambda text: text.replace("read_file", "read\\u005ffile"), "text is not canonical"),
        (lambda text: text[:-1] + ',"a":1}', "text is not canonical"),
        (lambda text: text[:-1], "text is not an entry"),
        (lambda text: "[]", "text is not an entry"),
        (lambda text: "[" * 100_000, "text is not an entry"),
    ],
)
def test_a_text_that_is_wrong_in_itself_is_found_though_its_digest_fits(change: object, what: str) -> None:
    forged = redigested(ROWS[4], change(ROWS[4].text))
    assert forged.text != ROWS[4].text
    error = broken([*ROWS[:4], forged, *ROWS[5:]])
    assert (error.seq, error.what) == (5, what)


def test_a_lone_surrogate_is_a_break_and_no_crash() -> None:
    assert broken([Row("p1", 1, "\ud800", b"")]).what == "text has no UTF-8 form"


def test_nothing_may_follow_a_seal() -> None:
    sealed = chain_of([entry(EntryKind.SEAL, None)])
    assert verify_stream(sealed).sealed
    assert broken(chain_of([entry(EntryKind.SEAL, None), entry(EntryKind.GAP, None)])).what == "entry after the seal"


INTENT, OUTCOME, REFUSED, HELD, DECIDED = (
    EntryKind.CALL_INTENT,
    EntryKind.CALL_OUTCOME,
    EntryKind.CALL_REFUSED,
    EntryKind.CALL_HELD,
    EntryKind.CALL_DECIDED,
)


@pytest.mark.parametrize(
    "kinds",
    [
        (INTENT,),
        (INTENT, OUTCOME),
        (REFUSED,),
        (HELD,),
        (HELD, DECIDED, INTENT, OUTCOME),
        (HELD, REFUSED),
        (HELD, HELD, DECIDED, INTENT, OUTCOME),
    ],
)
def test_the_records_a_call_may_have_are_accepted(kinds: tuple[EntryKind, ...]) -> None:
    assert verify_stream(chain_of([entry(kind, "c") for kind in kinds])).entries == len(kinds)


@pytest.mark.parametrize(
    ("kinds", "wrong"),
    [
        ((OUTCOME,), "an outcome without an intent"),
        ((HELD, OUTCOME), "an outcome without an intent"),
        ((INTENT, INTENT), "a second intent"),
        ((INTENT, OUTCOME, OUTCOME), "a second closing record"),
        ((INTENT, OUTCOME, INTENT), "an intent after its closing record"),
        ((INTENT, REFUSED), "a refusal after an intent"),
        ((INTENT, OUTCOME, REFUSED), "a second closing record"),
        ((REFUSED, REFUSED), "a second closing record"),
        ((REFUSED, INTENT), "an intent after its closing record"),
        ((HELD, INTENT, OUTCOME, HELD), "a second closing record"),
        ((INTENT, HELD), "a second closing record"),
        ((REFUSED, HELD), "a second closing record"),
    ],
)
def test_a_call_with_two_closing_records_or_none_of_its_own_is_a_break(
    kinds: tuple[EntryKind, ...], wrong: str
) -> None:
    error = broken(chain_of([entry(kind, "c") for kind in kinds]))
    assert (error.seq, error.what) == (len(kinds), f"call c has {wrong}")


def test_refusals_counted_together_need_no_call() -> None:
    assert verify_stream(chain_of([entry(REFUSED, None), entry(REFUSED, None)])).entries == 2


def test_the_message_names_stream_entry_expectation_and_finding() -> None:
    error = broken([ROWS[0], ROWS[2]])
    assert str(error) == "stream p1, entry 2: entry missing or out of order: expected seq 2, found seq 3"
