"""Where the gateway may connect to, by literal and by connected peer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.egress.addresses import METADATA, Refused, judge_address, judge_url

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "canonical" / "addresses.json").read_text("utf-8"))
ROWS = [pytest.param(row, id=f"{form}-{row['address']}") for form, rows in VECTORS["forms"].items() for row in rows]


def passes(address: str, *, allow_private: bool) -> bool:
    try:
        judge_address(address, allow_private=allow_private)
    except Refused as refusal:
        assert refusal.reason
        return False
    return True


@pytest.mark.parametrize("row", ROWS)
def test_an_address_is_judged_as_its_vector_says(row: dict[str, Any]) -> None:
    assert passes(row["address"], allow_private=False) is row["public"]
    assert passes(row["address"], allow_private=True) is row["private"]


@given(st.ip_addresses())
def test_whatever_is_permitted_without_private_addresses_is_permitted_with_them(address: Any) -> None:
    assert passes(str(address), allow_private=True) or not passes(str(address), allow_private=False)


@given(
    st.ip_addresses(v=4, network="224.0.0.0/3")
    | st.ip_addresses(v=4, network="10.0.0.0/8")
    | st.ip_addresses(v=6, network="fc00::/7")
)
def test_no_private_or_reserved_address_is_permitted_by_default(address: Any) -> None:
    assert not passes(str(address), allow_private=False)


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_a_metadata_address_is_never_permitted(address: str) -> None:
    assert not passes(address, allow_private=True)
    if "." in address:
        assert not passes(f"::ffff:{address}", allow_private=True)
        assert not passes(f"64:ff9b::{address}", allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://user@example.com/",
        "https://example.com/#x",
        "ftp://example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost/",
        "https://a.localhost/",
        "https://169.254.169.254/",
        "file:///etc/passwd",
        "example.com",
        "",
    ],
)
def test_a_url_that_does_not_lead_to_the_public_internet_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        judge_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://0xA9FEA9FE/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://0/",
        "http://[::]/",
        "http://[fd00:ec2::254]/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1/#x",
        "gopher://127.0.0.1/",
    ],
)
def test_some_urls_are_refused_even_where_private_addresses_are_permitted(url: str) -> None:
    with pytest.raises(Refused):
        judge_url(url, allow_private=True)


def test_permitted_urls_come_back_in_parts() -> None:
    assert judge_url("https://mcp.example.com/mcp", allow_private=False).host == "mcp.example.com"
    local = judge_url("http://127.0.0.1:3001/mcp", allow_private=True)
    assert (local.host, local.port, local.path) == ("127.0.0.1", 3001, "/mcp")
    assert judge_url("http://localhost:3001/mcp", allow_private=True).host == "localhost"
    assert judge_url("wss://example.com/", allow_private=False, schemes={"wss"}).port == 443


def test_a_refusal_names_the_address_and_the_remedy() -> None:
    with pytest.raises(Refused, match=r"10\.0\.0\.1 is a private address; set allow_private_address"):
        judge_address("10.0.0.1", allow_private=False)
