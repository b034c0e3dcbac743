"""Bytes and headers in: vectors for every rung, and what the read message is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.mcp import inbound
from gateway.mcp.verbs import judged
from gateway.refusal import Malformed

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "gateway" / "inbound.json").read_text())
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    "io.modelcontextprotocol/clientInfo": {"name": "n" * 100, "version": 7},
}
HEADERS = {
    b"content-type": b"application/json",
    b"mcp-protocol-version": b"2026-07-28",
    b"mcp-method": b"tools/call",
    b"mcp-name": b"echo",
}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["what"])
def test_each_rung_refuses_what_it_is_there_for(vector: dict[str, Any]) -> None:
    """Contract 4.22 and protocol 1.2, as plain vectors."""
    headers = {name.encode(): value.encode() for name, value in vector["headers"].items()}
    if "error" in vector:
        with pytest.raises(Malformed) as refused:
            inbound.read(vector["body"].encode(), headers)
        problem = refused.value
        assert (problem.form.code, problem.form.http) == (vector["error"]["code"], vector["error"]["http"])
        assert (problem.rpc_id.decode() if problem.rpc_id else None) == vector["error"]["id"]
        return
    message = inbound.read(vector["body"].encode(), headers)
    told = {"era": message.era.value, "method": message.method, "id": message.id.decode() if message.id else None}
    assert told == vector["message"]


def message(params: dict[str, Any], body: str = "") -> inbound.Message:
    """A modern call with these params."""
    whole = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"_meta": META, **params}}
    return inbound.read((body or json.dumps(whole)).encode(), HEADERS)


def test_the_client_is_cut_to_a_size_that_can_be_kept() -> None:
    """Self-reported text is stored and shown, so it has an end; what is no text is left out."""
    client = message({"name": "echo"}).client
    assert (client.name, client.version) == ("n" * 80, "")
    assert client.capabilities == {"elicitation": {}}


@pytest.mark.parametrize(
    ("token", "kept"), [(5, b"5"), ("p", b'"p"'), (True, None), (1.5, None), (None, None), ([], None)]
)
def test_a_progress_token_is_a_text_or_a_whole_number(token: object, kept: bytes | None) -> None:
    """Protocol 1.3: anything else is as good as none."""
    assert message({"name": "echo", "_meta": {**META, "progressToken": token}}).progress_token == kept


def test_only_what_belongs_to_the_call_is_passed_on() -> None:
    """Protocol section 6: envelope, progress token and our own names stay here; trace context goes on."""
    meta = {**META, "progressToken": 1, "traceparent": "00-1", "io.gatehouse/decision": {}, "com.example/x": {"a": 1}}
    passed = message({"name": "echo", "_meta": meta}).passed_on_meta()
    assert json.loads(passed or b"{}") == {"traceparent": "00-1", "com.example/x": {"a": 1}}
    assert message({"name": "echo"}).passed_on_meta() is None


def test_what_was_judged_is_what_will_be_sent() -> None:
    """Contract 4.22: one canonical form of the arguments, number literals as they were written."""
    written = '{"text": "\\u0061",  "n": 1.10, "big": 12345678901234567890, "e": 1e3, "list": [ 1, 2 ]}'
    whole = f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {{"name": "echo", "arguments": {written},'
    params = judged(message({}, f'{whole} "_meta": {json.dumps(META)}}}}}'))
    expected = b'{"big":12345678901234567890,"e":1e3,"list":[1,2],"n":1.10,"text":"a"}'
    assert params.canonical == expected


@pytest.mark.parametrize("params", [{"arguments": []}, {"arguments": "x"}, {"requestState": 5}, {"requestState": {}}])
def test_call_params_of_the_wrong_type_are_invalid(params: dict[str, Any]) -> None:
    """Rung 6: -32602."""
    with pytest.raises(Malformed) as refused:
        judged(message({"name": "echo", **params}))
    assert refused.value.form.code == -32602


def test_absent_and_null_arguments_are_none() -> None:
    """Some clients leave them out, some write null."""
    for params in ({}, {"arguments": None}, {"arguments": {}}):
        assert judged(message({"name": "echo", **params})).canonical == b"{}"


def test_a_name_has_an_end() -> None:
    """2,000 characters are a name, one more is none."""
    headers = dict(HEADERS)
    for length, fine in ((2000, True), (2001, False)):
        headers[b"mcp-name"] = b"x" * length
        whole = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x" * length, "_meta": META}}
        read = inbound.read(json.dumps(whole).encode(), headers)
        if fine:
            assert judged(read).item == "x" * length
        else:
            with pytest.raises(Malformed):
                judged(read)
