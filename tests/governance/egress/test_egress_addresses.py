"""Where the gateway may connect to, by the literal of an address and of a connected peer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.egress.addresses import METADATA, Refused, judge_address

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


def test_a_refusal_names_the_address_and_the_remedy() -> None:
    with pytest.raises(Refused, match=r"10\.0\.0\.1 is a private address; set allow_private_address"):
        judge_address("10.0.0.1", allow_private=False)
