"""What a bridge reads of a message, and the headers it makes of it; the official SDK is the other opinion."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import find_invalid_x_mcp_header, mcp_param_headers, x_mcp_header_map

from gateway.stdio import messages
from gateway.stdio.address import BadAddress, read_address
from gateway.stdio.endpoint import Backoff
from gateway.stdio.parameters import Annotated, annotated
from gateway.stdio.pipes import LineSplitter
from gateway.stdio.request_ids import HEAD_BYTES, Ends, request_ids
from registry.mcp import jsonrpc
from registry.mcp.revisions import header_name

# Lines.


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.integers(1, 30))
def test_lines_come_out_whole_however_they_are_cut(written: list[bytes], size: int) -> None:
    """A pipe cuts where it likes."""
    data, splitter = b"\n".join(written), LineSplitter()
    found = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])] + splitter.end()
    assert found == [line.strip() for line in written if line.strip()]


def test_a_line_past_the_limit_is_told_once_and_the_next_is_read() -> None:
    """At the limit it passes, one byte past it does not, and only its ends are kept."""
    splitter = LineSplitter(cap=10)
    assert splitter.feed(b"0123456789\n") == [b"0123456789"]
    assert splitter.feed(b"01234") == [] and splitter.feed(b"567890") == [] and splitter.feed(b"1234567") == []
    skipped, following = splitter.feed(b"\nnext\n")
    assert isinstance(skipped, Ends) and (bytes(skipped.head), skipped.size) == (b"012345678901234567", 18)
    assert following == b"next"


# Addresses.


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://gate.example.com/mcp/git", "/mcp/git", "gate.example.com"),
        ("https://gate.example.com:8443/mcp?profile=dev", "/mcp?profile=dev", "gate.example.com:8443"),
        ("http://127.0.0.1:8000/mcp/git", "/mcp/git", "127.0.0.1:8000"),
        ("http://localhost/mcp", "/mcp", "localhost"),
        ("http://[::1]:8000/mcp", "/mcp", "[::1]:8000"),
    ],
)
def test_an_address_is_taken_apart(url: str, target: str, authority: str) -> None:
    """What goes into the request line and the Host header."""
    address = read_address(url, allow_http=False)
    assert (address.target, address.authority) == (target, authority)


@pytest.mark.parametrize(
    "url",
    [
        "http://gate.example.com/mcp",
        "http://192.168.1.5/mcp",
        "http://127.0.0.1.example.com/mcp",
        "https://user:word@gate.example.com/mcp",
        "https://gate.example.com/mcp#part",
        "https://gate.example.com/mcp\r\nX-Other: 1",
        "https://gate.example.com/a b",
        "https://gate.example.com:99999/mcp",
        "ftp://gate.example.com/mcp",
        "https:///mcp",
        "/mcp/git",
        "",
    ],
)
def test_an_address_where_a_token_must_not_go_is_refused(url: str) -> None:
    """Plain http beyond this machine, smuggled headers, and what is no endpoint."""
    with pytest.raises(BadAddress):
        read_address(url, allow_http=False)


def test_plain_http_beyond_this_machine_is_a_choice() -> None:
    """--allow-http."""
    assert read_address("http://192.168.1.5:8000/mcp", allow_http=True).authority == "192.168.1.5:8000"


# Mcp-Param headers.

SCALARS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6)
TOKENS = st.sampled_from(["Region", "region", "Tenant", "X-1", "bad token", "", "ü"]) | st.integers()
TYPES = st.sampled_from(["string", "integer", "boolean", "number", "object"]) | st.just(["string", "null"])


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas one level deeper."""
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    keywords = {"properties": named, "items": inner, "anyOf": st.lists(inner, max_size=2), "$defs": named}
    return st.fixed_dictionaries({}, optional={**keywords, "default": inner, "type": TYPES})


SCHEMAS = st.recursive(
    st.fixed_dictionaries({}, optional={"type": TYPES, "x-mcp-header": TOKENS, "title": st.text(max_size=3)}),
    nested,
    max_leaves=8,
)


@given(SCHEMAS, st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3))
def test_parameter_headers_are_those_of_the_official_client(schema: Any, arguments: dict[str, Any]) -> None:
    """Which arguments, under which names; a tool with an invalid annotation has none."""
    expected = {} if find_invalid_x_mcp_header(schema) else mcp_param_headers(x_mcp_header_map(schema), arguments)
    known = Annotated()
    known.learn(json.dumps({"tools": [{"name": "t", "inputSchema": schema}]}).encode(), first_page=True)
    got = dict(known.headers("t", json.dumps({"name": "t", "arguments": arguments}).encode()))
    assert got.keys() == expected.keys()
    for name, value in got.items():
        mine, theirs = header_name(value), header_name(expected[name])
        assert mine == theirs or float(mine or "") == float(theirs or "")


def test_an_integer_beyond_floating_point_stands_in_the_header_as_written() -> None:
    """Arguments are read from their own bytes."""
    known = Annotated()
    schema = {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}}
    known.learn(json.dumps({"tools": [{"name": "t", "inputSchema": schema}]}).encode(), first_page=True)
    assert known.headers("t", b'{"arguments":{"n":123456789012345678901234567890}}') == [
        ("Mcp-Param-N", "123456789012345678901234567890")
    ]


def test_a_list_begun_anew_forgets_what_is_gone() -> None:
    """Further pages add; a first page replaces; what is no list teaches nothing."""
    known = Annotated()
    page = {"tools": [{"name": "t", "inputSchema": {"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}}]}
    other = {"tools": [{"name": "u", "inputSchema": {}}, {"name": 7}, "x"]}
    params = b'{"arguments":{"a":"1"}}'
    known.learn(json.dumps(page).encode(), first_page=True)
    known.learn(json.dumps(other).encode(), first_page=False)
    known.learn(b'{"tools": 5}', first_page=False)
    assert known.headers("t", params)
    known.learn(json.dumps(other).encode(), first_page=True)
    assert not known.headers("t", params)


def test_a_property_may_be_called_like_a_keyword() -> None:
    """Below `properties` stand names, not keywords."""
    schema = {"properties": {"items": {"type": "string", "x-mcp-header": "I"}, "default": {"x-mcp-header": "D"}}}
    assert annotated(schema) == {}, "the second one has no type"
    schema["properties"]["default"]["type"] = "boolean"
    assert annotated(schema) == {("items",): "I", ("default",): "D"}


# Pauses.


def test_pauses_grow_to_a_bound_and_begin_small_after_something_that_lasted() -> None:
    """An endpoint that ends every stream at once is not asked five times a second for ever."""
    backoff = Backoff(random=lambda: 1.0)
    assert [backoff.after(0.0) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert backoff.after(60.0) == 0.2
    assert Backoff(random=lambda: 0.0).pause() == 0.1


# Messages.


@pytest.mark.parametrize(
    "raw", [b"", b"nonsense", b"[]", b"5", b'{"jsonrpc":"2.0"}', b'{"jsonrpc":"1.0","method":"x"}']
)
def test_a_line_that_is_no_message_is_answered(raw: bytes) -> None:
    """With an error that names no request."""
    with pytest.raises(messages.NotAMessage) as problem:
        messages.read_line(raw)
    [answer] = map(json.loads, problem.value.answers)
    assert answer["id"] is None and answer["error"]["code"] == -32700


@pytest.mark.parametrize(
    ("raw", "ids"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":5}', [7]),
        (b'{"jsonrpc":"1.0","id":1,"method":"x"}', [1]),
        (b'[{"jsonrpc":"2.0","id":8,"method":"ping"}]', [8]),
        (b'[{"id":1,"method":"a"},{"method":"b"},{"id":"c","method":"c"},{"id":4,"result":{}}, 5]', [1, "c"]),
        (b'{"jsonrpc":"2.0","id":"a\\u00fc","method":"x","params":[]}', ["aü"]),
        (b'{"jsonrpc":"2.0","id":7,"method":"x","params":', [7]),
        (b'{"id":7,"method":"x","params":{"id":8,"y":[{"id":9}]}', [7]),
        (b'{"id":7,"id":7,"method":"x"', [7]),
        (b'{"id":7,"id":8,"method":"x"}', [None]),
        (b'{"id":7', [None]),
        (b'{"id":true,"method":5}', [None]),
        (b'{"id":{"id":3},"method":5}', [None]),
        (b'{"id":"\\ud800","method":5}', [None]),
        (b'{"id":"' + b"a" * 300 + b'","method":5}', [None]),
        (b'{"params":{"id":3},"method":5}', [None]),
        (b'{"id":7,"result":5}', [None]),
    ],
)
def test_an_error_bears_the_id_of_what_could_not_be_read(raw: bytes, ids: list[Any]) -> None:
    """Where the outermost object has exactly one; a caller on a pipe waits for nothing else."""
    with pytest.raises(messages.NotAMessage) as problem:
        messages.read_line(raw)
    assert [json.loads(answer)["id"] for answer in problem.value.answers] == ids


@pytest.mark.parametrize("filling", [b'"', b'\\"', b"[", b'{"id":', b",", b'"id":8,', b" ", b'}"id"'])
def test_the_look_for_an_id_is_bounded_whatever_it_looks_at(filling: bytes) -> None:
    """Only the ends are kept of megabytes, and no filling makes the look at them slow or makes up an id."""
    ends, text = Ends(), b'{"method":"x","params":["' + filling * (4_000_000 // len(filling))
    for at in range(0, len(text), 100_000):
        ends.add(text[at : at + 100_000])
    begun = time.process_time()
    found = request_ids(ends)
    assert time.process_time() - begun < 1.0
    assert len(ends.head) == HEAD_BYTES and found in ([], [b"8"])


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\id17 ', max_size=80).map(str.encode))
def test_whatever_is_found_may_stand_in_an_answer(raw: bytes) -> None:
    """A string or a whole number, on one line."""
    for number in request_ids(Ends.of(raw)):
        answer = messages.error_answer(number, -32700, "x")
        assert isinstance(json.loads(answer)["id"], str | int) and b"\n" not in answer


def test_only_an_id_is_put_into_an_answer_that_has_none() -> None:
    """Everything else of it stays the bytes that came."""
    payload = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600, "message":"no","data":{"n":1.50}}}'
    message = jsonrpc.decode(payload)
    assert isinstance(message, jsonrpc.Response)
    put_in = messages.for_request(message, payload, b'"a-1"')
    assert put_in == b'{"jsonrpc":"2.0","id":"a-1","error":{"code":-32600, "message":"no","data":{"n":1.50}}}'


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [(b"1", b"1", True), (b'"a"', b'"\\u0061"', True), (b"1", b'"1"', False), (b"1", b"2", False)],
)
def test_ids_are_compared_by_value(asked: bytes, answered: bytes, same: bool) -> None:
    """A server may write an id another way; a string is never a number."""
    payload = b'{"jsonrpc":"2.0","id":%s,"result":{}}' % answered
    message = jsonrpc.decode(payload)
    assert isinstance(message, jsonrpc.Response)
    assert messages.for_request(message, payload, asked) == (payload if same else None)


@given(VALUES)
def test_a_pretty_printed_message_keeps_its_meaning_on_one_line(value: Any) -> None:
    """Line breaks stand between tokens only."""
    pretty = json.dumps(value, indent=2).replace("\n", "\r\n").encode()
    one = messages.one_line(pretty)
    assert b"\n" not in one and b"\r" not in one
    assert json.loads(one) == value
