"""Sealing and opening: what is bound, what is refused, what a lost key says."""

from __future__ import annotations

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.vault.envelope import (
    BadKeyRing,
    KeyRing,
    NotSealed,
    VaultLocked,
    open_sealed,
    read_key_ring,
    seal,
)

RING = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
OLD = KeyRing("k1", {"k1": b"1" * 32})


def sealed(plain: bytes = b"plain", *, purpose: str = "upstream", row: str = "7", ring: KeyRing = RING) -> str:
    return seal(plain, purpose=purpose, row=row, ring=ring, randomness=secrets.token_bytes)


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_again_and_is_not_seen(plain) -> None:
    text = sealed(plain)
    assert text.startswith("v1.k2.")
    assert open_sealed(text, purpose="upstream", row="7", ring=RING) == plain


def test_the_first_key_seals_and_every_key_opens() -> None:
    old = sealed(ring=OLD)
    assert old.startswith("v1.k1.")
    assert open_sealed(old, purpose="upstream", row="7", ring=RING) == b"plain"


def test_two_sealings_of_the_same_value_differ() -> None:
    assert len({sealed() for _ in range(100)}) == 100


@pytest.mark.parametrize("other", [{"purpose": "escalation"}, {"row": "8"}, {"purpose": "upstream7", "row": ""}])
def test_a_value_moved_to_another_row_or_purpose_does_not_open(other) -> None:
    with pytest.raises(NotSealed):
        open_sealed(sealed(), **({"purpose": "upstream", "row": "7", "ring": RING} | other))


def test_swapping_two_sealed_values_is_noticed() -> None:
    one, two = sealed(row="1"), sealed(row="2")
    for text, row in ((one, "2"), (two, "1")):
        with pytest.raises(NotSealed):
            open_sealed(text, purpose="upstream", row=row, ring=RING)


def test_a_missing_key_is_named_with_the_remedy() -> None:
    with pytest.raises(VaultLocked, match="key k2, which is not in GATEHOUSE_VAULT_KEYS"):
        open_sealed(sealed(), purpose="upstream", row="7", ring=OLD)


def test_another_key_of_the_same_name_does_not_open() -> None:
    with pytest.raises(NotSealed):
        open_sealed(sealed(), purpose="upstream", row="7", ring=KeyRing("k2", {"k2": b"x" * 32}))


def test_any_changed_byte_is_noticed() -> None:
    text = sealed()
    head, box = text.rsplit(".", 1)
    raw = base64.urlsafe_b64decode(box + "=" * (-len(box) % 4))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(NotSealed):
            open_sealed(
                f"{head}.{base64.urlsafe_b64encode(changed).decode().rstrip('=')}",
                purpose="upstream", row="7", ring=RING,
            )  # fmt: skip


@given(st.text(max_size=60))
def test_no_text_opens_by_accident(text) -> None:
    with pytest.raises((NotSealed, VaultLocked)):
        open_sealed(text, purpose="upstream", row="7", ring=RING)


@pytest.mark.parametrize("text", ["v1.k2.", "v1.k2.AAAA", "v2.k2.AAAA", "v1.k2", "", "v1..AAAA", "v1.k2.é"])
def test_a_text_of_another_form_is_refused(text) -> None:
    with pytest.raises(NotSealed):
        open_sealed(text, purpose="upstream", row="7", ring=RING)


def key(byte: bytes = b"k", length: int = 32) -> str:
    return base64.b64encode(byte * length).decode()


def test_a_ring_keeps_its_order() -> None:
    ring = read_key_ring(f"new:{key(b'n')}, old:{key(b'o')}")
    assert (ring.first, sorted(ring.keys)) == ("new", ["new", "old"])
    assert ring.keys["old"] == b"o" * 32


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not written as id:base64"),
        ("justakey", "not written as id:base64"),
        ("a b:" + key(), "not written as id:base64"),
        (f"k1:{key()},", "key 2 is not written"),
        (f"k1:{key()},k1:{key(b'x')}", "comes twice"),
        ("k1:%%%", "not base64"),
        (f"k1:{key(length=16)}", "has 16 bytes"),
        (f"k1:{key(bytes(1))}", "all zeros"),
    ],
)
def test_a_bad_ring_is_refused_without_showing_a_key(text, why) -> None:
    with pytest.raises(BadKeyRing, match=why) as refused:
        read_key_ring(text)
    assert key() not in str(refused.value)


def test_a_ring_never_shows_its_keys() -> None:
    assert "1111" not in repr(RING)


def test_short_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="randomness"):
        seal(b"x", purpose="p", row="r", ring=RING, randomness=lambda n: b"")
