"""The two eras: whose request is whose, header values, `_meta`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import decode_header_value, encode_header_value

from registry.mcp.revisions import (
    LEGACY,
    MODERN,
    Era,
    era_of_header,
    further_meta,
    header_name,
    header_value,
    modern_meta,
)


@pytest.mark.parametrize("version", [None, *LEGACY])
def test_no_header_or_a_session_revision_is_the_legacy_era(version: str | None) -> None:
    assert era_of_header(version) is Era.LEGACY


@pytest.mark.parametrize("version", [MODERN, "2027-01-01", "", "nonsense"])
def test_every_other_header_is_the_modern_era(version: str) -> None:
    assert era_of_header(version) is Era.MODERN


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_survives_the_header(name: str) -> None:
    value = header_value(name)
    assert value.isascii()
    assert value.isprintable()
    assert value == value.strip()
    assert header_name(value) == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_the_header_value_is_the_one_the_sdk_writes_and_reads(name: str) -> None:
    assert decode_header_value(header_value(name)) == name
    assert header_name(encode_header_value(name)) == name


@pytest.mark.parametrize("value", ["=?base64?x?=", "=?base64?eA=?=", "=?base64?/w==?=", "=?base64?eB==?="])
def test_a_bad_encoding_stands_for_no_name(value: str) -> None:
    assert header_name(value) is None


def test_the_modern_envelope_says_version_capabilities_and_client() -> None:
    members = json.loads(b"{" + modern_meta(b'{"roots":{}}', b'{"name":"n"}') + b"}")
    assert members == {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        "io.modelcontextprotocol/clientInfo": {"name": "n"},
    }


def test_reserved_keys_are_dropped_from_a_callers_meta_however_they_are_written() -> None:
    meta = b'{"a":1.10,"progressToken":1,"io.modelcontextprotocol/x":1,"io.modelcontextprotoco\\u006c/y":1,"b":{}}'
    assert further_meta(meta) == b'"a":1.10,"b":{}'
    assert further_meta(b"{}") == b""


@pytest.mark.parametrize("meta", [b"[]", b"", b"{", b"null"])
def test_a_meta_that_is_no_object_is_refused(meta: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's error, which the caller catches by this kind.
        further_meta(meta)


def test_the_log_level_is_the_callers_own_and_passes() -> None:
    meta = b'{"io.modelcontextprotocol/logLevel":"debug","io.modelcontextprotocol/clientInfo":{}}'
    assert further_meta(meta) == b'"io.modelcontextprotocol/logLevel":"debug"'
