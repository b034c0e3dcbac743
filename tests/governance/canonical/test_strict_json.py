"""Parsing, writing and digesting JSON: laws that hold for every value, and the limits."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import sys
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.canonical.strict_json import Malformed, digest, encode, jcs, jcs_document, parse
from governance.canonical.values import JSON, Number

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = TEXT | st.text(st.sampled_from("a\ue000\uffee\U0001f600\U0010ffff\x00"), max_size=3)
INTEGERS = st.integers(-(10**18) + 1, 10**18 - 1)
LITERALS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?\Z")


def number(literal: str) -> int | Number:
    value = parse(literal.encode())
    assert isinstance(value, (int, Number))
    return value


def documents(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | TEXT | numbers
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
    )


def literals_of(value: JSON) -> list[object]:
    if isinstance(value, dict):
        return [literals_of(value[key]) for key in sorted(value)]
    if isinstance(value, list):
        return [literals_of(part) for part in value]
    return [value.literal] if isinstance(value, Number) else [type(value), value]


@settings(max_examples=300)
@given(documents(INTEGERS | LITERALS.map(number)))
def test_what_is_written_reads_back_the_same_and_writes_the_same_again(value: JSON) -> None:
    written = encode(value)
    again = parse(written)
    assert literals_of(again) == literals_of(value)
    assert encode(again) == written


@settings(max_examples=300)
@given(documents(st.integers(-(2**53) + 1, 2**53 - 1)))
def test_a_ledger_entry_is_written_as_rfc_8785_says(value: Any) -> None:
    expected = rfc8785.dumps(value)
    assert jcs(value) == expected
    assert encode(value) == expected
    assert jcs_document(value) == expected


@settings(max_examples=300)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_in_a_document_is_written_as_rfc_8785_says(value: float) -> None:
    assert jcs_document(parse(json.dumps(value).encode())) == rfc8785.dumps(value)


@settings(max_examples=300)
@given(LITERALS, LITERALS)
def test_two_numbers_in_documents_look_the_same_exactly_when_they_are_equal(first: str, second: str) -> None:
    same = jcs_document(number(first)) == jcs_document(number(second))
    assert same is (Decimal(first) == Decimal(second))


@pytest.mark.parametrize(
    ("literal", "written"),
    [
        ("9007199254740992", "9007199254740992"),
        ("9007199254740993", "9007199254740993"),
        ("9007199254740993.0", "9007199254740993"),
        ("1152921504606846976", "1152921504606846976"),
        ("1152921504606847000", "1152921504606847000"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("123456789012345678901234567891", "123456789012345678901234567891"),
        ("1e30", "1e+30"),
        ("0.10000000000000000001", "10000000000000000001e-20"),
        ("-1e-400", "-1e-400"),
        ("1.10", "1.1"),
        ("-0.0", "0"),
        ("100", "100"),
    ],
)
def test_a_number_its_double_would_round_is_written_exactly(literal: str, written: str) -> None:
    assert jcs_document(number(literal)) == written.encode()
    again = number(written)
    assert again == number(literal)


@settings(max_examples=500)
@given(
    st.binary(max_size=40)
    | st.text(st.sampled_from('{}[]",:\\u0d8ae1.-+ \ud83d')).map(lambda t: t.encode("utf-8", "replace"))
)
def test_no_bytes_make_anything_but_a_value_or_a_refusal(body: bytes) -> None:
    try:
        value = parse(body)
    except Malformed as refusal:
        assert refusal.code in (-32700, -32600)
    else:
        json.loads(encode(value))


@settings(max_examples=300)
@given(documents(INTEGERS), st.data())
def test_a_document_cut_short_is_never_read_as_another(value: JSON, data: st.DataObject) -> None:
    body = encode([value])
    end = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(Malformed):
        parse(body[:end])


def test_bytes_that_are_not_json_are_32700_even_with_a_duplicate_key_in_front() -> None:
    with pytest.raises(Malformed) as refusal:
        parse(b'{"a":1,"a":2')
    assert refusal.value.code == -32700


def test_the_refusal_names_the_key_that_is_written_twice() -> None:
    with pytest.raises(Malformed, match='"path" is written twice'):
        parse(b'{"x":{"path":1,"p\\u0061th":2}}')


@pytest.mark.parametrize(("size", "accepted"), [(10_000, True), (10_001, False)])
def test_members_of_objects_are_counted(size: int, accepted: bool) -> None:
    body = json.dumps({str(key): 0 for key in range(size)}).encode()
    if accepted:
        assert len(parse(body)) == size  # type: ignore[arg-type]
    else:
        with pytest.raises(Malformed, match="more than 10000 members"):
            parse(body)


def test_limits_are_arguments() -> None:
    assert parse(b"[[1]]", max_depth=2, max_members=2) == [[1]]
    with pytest.raises(Malformed, match="deeper than 1"):
        parse(b"[[1]]", max_depth=1)
    with pytest.raises(Malformed, match="more than 1 members"):
        parse(b"[[1]]", max_members=1)


def test_deep_nesting_near_the_end_of_the_stack_is_a_refusal() -> None:
    def descend(frames: int) -> None:
        if frames:
            descend(frames - 1)
            return
        with pytest.raises(Malformed):
            parse(b"[" * 500)

    depth = 0
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        depth += 1
    descend(sys.getrecursionlimit() - depth - 150)


@pytest.mark.parametrize(
    "value", [1.5, 2.0, float("nan"), b"x", {1: "x"}, {"a": {"b": [0.1]}}, {None: 1}, {1, 2}, Decimal(1)]
)
def test_a_ledger_entry_holds_no_floats_or_strangers(value: object) -> None:
    with pytest.raises(TypeError):
        jcs(value)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, {"a": [2**64]}])
def test_a_ledger_integer_beyond_2_to_the_53_must_be_a_string(value: object) -> None:
    with pytest.raises(ValueError, match="string"):
        jcs(value)


def test_a_ledger_integer_of_2_to_the_53_is_written_in_full() -> None:
    assert jcs([2**53, -(2**53)]) == b"[9007199254740992,-9007199254740992]"


def test_string_enumerations_and_tuples_are_written_as_what_they_hold() -> None:
    class Status(enum.StrEnum):
        OK = "ok"

    class Marked(str):
        pass

    assert jcs({Status.OK: (Status.OK, Marked("x"))}) == b'{"ok":["ok","x"]}'


def test_a_lone_surrogate_is_never_written() -> None:
    for write in (encode, jcs, jcs_document):
        with pytest.raises(ValueError, match="surrogate"):
            write({"a": "\ud800"})  # type: ignore[operator]


def test_a_number_keeps_its_literal_and_compares_by_value() -> None:
    written = number("1.10")
    assert isinstance(written, Number)
    assert (written.literal, written.value, repr(written)) == ("1.10", Decimal("1.10"), "Number('1.10')")
    assert written == number("1.1")
    assert hash(written) == hash(number("1.1"))
    assert number("1e3") == 1000
    assert number("1.0") != True  # noqa: E712 - a boolean is no number here
    assert number("1.0") != "1.0"
    assert copy.deepcopy(written) == pickle.loads(pickle.dumps(written)) == written


def test_a_number_cannot_be_changed() -> None:
    written = Number("1.0", Decimal("1.0"))
    with pytest.raises(AttributeError):
        written.literal = "2"
    with pytest.raises(AttributeError):
        del written.value


def test_a_boolean_stays_a_boolean_and_a_short_integer_an_integer() -> None:
    assert [type(part) for part in parse(b"[true,1,-999999999999999999,1.0]")] == [bool, int, int, Number]  # type: ignore[union-attr]


def test_a_digest_names_its_algorithm() -> None:
    assert digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
