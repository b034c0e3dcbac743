"""JSON-RPC envelopes: one message exactly, and what it carries byte for byte."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.mcp import jsonrpc
from registry.mcp.jsonrpc import Notification, NotJsonRpc, Request, Response


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', Response(b"1", b"{}", None)),
        (b' {"id" : "a" , "result" : {"x" : 1.10} , "jsonrpc" : "2.0"}\n', Response(b'"a"', b'{"x" : 1.10}', None)),
        (
            b'{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m","data":[1]}}',
            Response(b"null", None, b'{"code":-1,"message":"m","data":[1]}'),
        ),
        (b'{"jsonrpc":"2.0","error":{"code":-1,"message":"m"}}', Response(b"null", None, b'{"code":-1,"message":"m"}')),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"error":null}', Response(b"1", b"{}", None)),
        (b'{"jsonrpc":"2.0","method":"a/b"}', Notification("a/b", b"{}")),
        (b'{"jsonrpc":"2.0","method":"a","params":{"b":1e400}}', Notification("a", b'{"b":1e400}')),
        (b'{"jsonrpc":"2.0","id":-7,"method":"a"}', Request(b"-7", "a", b"{}")),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"more":[{}]}', Response(b"1", b"{}", None)),
    ],
)
def test_a_message_is_read_with_its_contents_untouched(payload: bytes, message: object) -> None:
    assert jsonrpc.decode(payload) == message


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"   ",
        b"null",
        b"1",
        b'"text"',
        b"[]",
        b'[{"jsonrpc":"2.0","id":1,"result":{}}]',
        b"{}",
        b'{"id":1,"result":{}}',
        b'{"jsonrpc":"1.0","id":1,"result":{}}',
        b'{"jsonrpc":2.0,"id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"result":null}',
        b'{"jsonrpc":"2.0","id":1,"result":[]}',
        b'{"jsonrpc":"2.0","id":1,"result":"text"}',
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}',
        b'{"jsonrpc":"2.0","id":1,"error":{}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"m"}}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":"m"}}',
        b'{"jsonrpc":"2.0","id":1,"error":"text"}',
        b'{"jsonrpc":"2.0","id":{},"result":{}}',
        b'{"jsonrpc":"2.0","id":[1],"result":{}}',
        b'{"jsonrpc":"2.0","id":true,"result":{}}',
        b'{"jsonrpc":"2.0","id":"' + b"x" * 300 + b'","result":{}}',
        b'{"jsonrpc":"2.0","id":null,"method":"a"}',
        b'{"jsonrpc":"2.0","method":"a","params":[1]}',
        b'{"jsonrpc":"2.0","method":"a","result":{}}',
        b'{"jsonrpc":"2.0","method":1}',
        b'{"jsonrpc":"2.0","id":1,"result":{}} {}',
        b'{"jsonrpc":"2.0","id":1,"result":{}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":01}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\xff"}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\n"}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud800"}}',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    ],
)
def test_what_is_not_exactly_one_message_is_refused(payload: bytes) -> None:
    with pytest.raises(NotJsonRpc):
        jsonrpc.decode(payload)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_not_json_rpc(payload: bytes) -> None:
    with contextlib.suppress(NotJsonRpc):
        jsonrpc.decode(payload)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(), values), st.integers(min_value=1))
def test_a_result_comes_out_as_it_went_in(result: dict[str, object], number: int) -> None:
    raw = json.dumps(result, ensure_ascii=False).encode("utf-8", "replace")
    message = jsonrpc.decode(jsonrpc.response(b"%d" % number, result=raw))
    assert message == Response(b"%d" % number, raw, None)


def test_params_are_carried_into_a_request_byte_for_byte() -> None:
    params = b'{"name":"t","arguments":{"a": 1.10}}'
    assert jsonrpc.request(7, "tools/call", params) == (
        b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":' + params + b"}"
    )


@pytest.mark.parametrize(
    ("params", "members", "expected"),
    [
        (b"{}", b'"a":1', b'{"_meta":{"a":1}}'),
        (b"{ }", b'"a":1', b'{"_meta":{"a":1}}'),
        (b'{"x":1}', b'"a":1', b'{"x":1,"_meta":{"a":1}}'),
        (b'{"x":1 }', b"", b'{"x":1 }'),
    ],
)
def test_meta_is_put_behind_the_params(params: bytes, members: bytes, expected: bytes) -> None:
    assert jsonrpc.with_meta(params, members) == expected


@pytest.mark.parametrize("params", [b"", b"[]", b"null", b"{", b'"{}"', b" {}"])
def test_params_that_are_no_object_are_refused(params: bytes) -> None:
    with pytest.raises(ValueError, match="JSON object"):
        jsonrpc.with_meta(params, b'"a":1')


def test_a_progress_token_is_replaced_and_nothing_else() -> None:
    params = b'{"progressToken":7,"progress":1.10,"message":"caf\xc3\xa9"}'
    assert jsonrpc.progress_token(params) == b"7"
    assert jsonrpc.with_progress_token(params, b'"mine"') == (
        b'{"progressToken":"mine","progress":1.10,"message":"caf\xc3\xa9"}'
    )


@pytest.mark.parametrize("params", [b"[]", b"{}", b"no", b'{"progressToken":', b"[" * 50_000])
def test_params_without_a_token_have_none(params: bytes) -> None:
    assert jsonrpc.progress_token(params) is None


@pytest.mark.parametrize(
    ("params", "left"),
    [
        (b'{"_meta":{"x":1},"n":1.10}', b'{"n":1.10}'),
        (b'{"n":1.10,"_meta":{"x":1,"y":1e400}}', b'{"n":1.10,"_meta":{"y":1e400}}'),
        (b'{"_meta": {"y": 1}}', b'{"_meta": {"y": 1}}'),
        (b'{ "_meta": 7 }', b'{ "_meta": 7 }'),
        (b"{}", b"{}"),
        (b"[", b"["),
    ],
)
def test_a_member_of_meta_is_taken_out_and_the_rest_stays(params: bytes, left: bytes) -> None:
    assert jsonrpc.without_meta_member(params, "x") == left
