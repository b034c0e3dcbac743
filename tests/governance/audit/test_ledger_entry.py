"""The form of an entry is contract section 7; whatever a call carries, the entry can be written."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.audit.chain import NO_ENTRY_BEFORE, link
from governance.audit.entry import (
    Approval,
    Arguments,
    CallStatus,
    Change,
    Counted,
    Decision,
    Entry,
    EntryKind,
    Outcome,
    Principal,
    Target,
    body_of,
    plain,
    stamp,
)
from governance.canonical.values import Number

AT = datetime(2026, 11, 20, 6, 5, 4, 3, tzinfo=UTC)
WHO = Principal("dev@example.com", "dev-claude", "t1", "s1", "127.0.0.1")


def full_entry(**changes: object) -> Entry:
    parts: dict[str, object] = {
        "at": AT,
        "kind": EntryKind.CALL_OUTCOME,
        "principal": WHO,
        "target": Target("files", "tool", "read_file", "sha256:aa"),
        "call": "c1",
        "arguments": Arguments("ab", {"path": "/tmp/x", "amount": Number("1.10", Decimal("1.10"))}),
        "decision": Decision(
            "allow", "r1", ("r1", "r2"), "Files are readable", "sha256:bb", "read", ({"class": "x"},), {"minute": 1}
        ),
        "approval": Approval("e1", "approve", ("a@example.com",), AT, "fine", "once", ("r1",)),
        "outcome": Outcome(CallStatus.OK, 12, "cc", ({"class": "y"},)),
    }
    return Entry(**(parts | changes))


def test_an_entry_has_exactly_the_members_of_the_contract() -> None:
    text = link(body_of(full_entry()), stream="p1", seq=7, prev="ab" * 32).text
    entry = json.loads(text)
    assert entry == {
        "v": 1,
        "stream": "p1",
        "seq": 7,
        "at": "2026-11-20T06:05:04.000003Z",
        "kind": "call.outcome",
        "call": "c1",
        "principal": {
            "person": "dev@example.com",
            "agent": "dev-claude",
            "token": "t1",
            "session": "s1",
            "address": "127.0.0.1",
        },
        "target": {"server": "files", "kind": "tool", "name": "read_file", "digest": "sha256:aa"},
        "arguments": {"digest": "ab", "redacted": {"path": "/tmp/x", "amount": "1.10"}},
        "decision": {
            "verdict": "allow",
            "rule": "r1",
            "rules": ["r1", "r2"],
            "reason": "Files are readable",
            "policy": "sha256:bb",
            "intent": "read",
            "findings": [{"class": "x"}],
            "facts": {"minute": 1},
            "would": [],
        },
        "approval": {
            "escalation": "e1",
            "act": "approve",
            "by": ["a@example.com"],
            "at": "2026-11-20T06:05:04.000003Z",
            "reason": "fine",
            "scope": "once",
            "rules": ["r1"],
        },
        "outcome": {"status": "ok", "ms": 12, "result_digest": "cc", "findings": [{"class": "y"}]},
        "prev": "ab" * 32,
    }


def test_parts_that_do_not_apply_are_left_out() -> None:
    entry = Entry(AT, EntryKind.SEAL, Principal())
    assert set(body_of(entry)) == {"v", "at", "kind", "principal"}


def test_a_change_and_a_gap_carry_their_own_part() -> None:
    changed = body_of(Entry(AT, EntryKind.CHANGE_TOKEN, WHO, change=Change("revoked", "t1", None, "lost")))
    assert changed["change"] == {"what": "revoked", "before": "t1", "after": None, "reason": "lost"}
    gap = body_of(Entry(AT, EntryKind.GAP, Principal(), counted=Counted("refused", 3, AT, AT)))
    assert gap["counted"] == {"what": "refused", "count": 3, "since": stamp(AT), "until": stamp(AT)}


def test_the_text_is_rfc_8785_and_the_digest_an_rfc_6962_leaf() -> None:
    body = body_of(full_entry(target=Target("files", "resource", "\ue000 \U0001f600 \x7f\x1f/\u2028")))
    body["facts"] = {"\U0001f600": 1, "\ue000": 2, "a": 3}
    linked = link(body, stream="p1", seq=1, prev="")
    whole = {**body, "stream": "p1", "seq": 1, "prev": NO_ENTRY_BEFORE}
    assert linked.text.encode() == rfc8785.dumps(whole)
    assert linked.digest == sha256(b"\x00" + linked.text.encode()).digest()


def test_the_first_entry_follows_sixty_four_zeros() -> None:
    assert json.loads(link({}, stream="p1", seq=1, prev="").text)["prev"] == "0" * 64


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        stamp(datetime(2026, 11, 20))


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    assert stamp(datetime(2026, 11, 20, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-19T23:00:00.000000Z"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**53) - 1, "-9007199254740993"),
        (Number("1e3", Decimal("1e3")), "1e3"),
        (Number("-0", Decimal("-0")), "-0"),
        (True, True),
        (["\ud800", {"\udfff": "x"}], ["\\ud800", {"\\udfff": "x"}]),
        ("NUL \x00", "NUL \x00"),
    ],
)
def test_every_value_has_a_plain_form(value: object, written: object) -> None:
    assert plain(value) == written


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(st.characters(codec=None), max_size=20)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda d: Number(str(d), d)),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None), max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(json_values)
def test_serialise_parse_serialise_is_stable_for_any_arguments(value: object) -> None:
    """Security A4: surrogates, NUL, big integers and fractions included."""
    linked = link(body_of(full_entry(arguments=Arguments("ab", value))), stream="p1", seq=1, prev="")
    again = json.loads(linked.text)
    prev, stream, seq = again.pop("prev"), again.pop("stream"), again.pop("seq")
    assert link(again, stream=stream, seq=seq, prev=prev) == linked
    assert rfc8785.dumps(json.loads(linked.text)) == linked.text.encode()
