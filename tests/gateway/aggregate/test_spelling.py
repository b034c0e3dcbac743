"""Single texts changed inside raw JSON: nothing beside them moves, however the document is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.aggregate.spelling import renamed, respelled

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def test_only_the_name_changes_byte_for_byte() -> None:
    """Spaces, number literals, escapes, order and names further down stay."""
    before = (
        b'{ "title":"N\\u0061me", "na\\u006de" : "re\\"ad", "x": {"name":"kept", "n": 1.50e+2}, "y":["name","name"] }\n'
    )
    after = before.replace(b'"re\\"ad"', b'"desk__re\\"ad"')
    assert renamed(before, ("name",), 'desk__re"ad') == after


def test_every_element_of_an_array_is_met() -> None:
    """`contents[].uri` of a resource that was read; uris deeper or shallower are others."""
    contents = b'[{"uri":"a","_meta":{"uri":"a"}},{"text":"\\"uri\\":\\"a\\""},{"uri":"b"}]'
    before = b'{"uri":"a","contents":%b,"more":[{"uri":"a"}]}' % contents
    after = respelled(before, ("contents", None, "uri"), str.upper)
    assert after == before.replace(b'[{"uri":"a"', b'[{"uri":"A"', 1).replace(b'"b"', b'"B"')


@pytest.mark.parametrize(
    "document",
    [b"{}", b'{"name":1}', b'{"name":null}', b'{"name":{"name":"x"}}', b'{"name":["x"]}', b'["name"]', b'"name"', b"1"],
)
def test_what_is_no_text_there_stays(document: bytes) -> None:
    """A server can send anything."""
    assert respelled(document, ("name",), str.upper) == document


def test_half_of_a_surrogate_pair_goes_through() -> None:
    """JSON can hold it as an escape; it must not break an answer."""
    assert json.loads(respelled(b'{"name":"\\ud800"}', ("name",), lambda text: "x" + text))["name"] == "x\ud800"


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5), st.text(), st.booleans())
def test_a_parser_sees_the_same_document_with_one_change(document: dict[str, Any], name: str, ascii_only: bool) -> None:
    """Against the standard parser, for any document."""
    before = document | {"name": "old"}
    raw = json.dumps(before, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert json.loads(respelled(raw, ("name",), lambda _: name)) == before | {"name": name}
