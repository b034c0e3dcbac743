"""The form of bearer tokens."""

from __future__ import annotations

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.tokens import (
    AGENT,
    ALPHABET,
    LENGTH,
    NOBODY,
    PERSON,
    BadToken,
    Presented,
    digest,
    matches,
    mint,
    random_text,
    read_token,
)

FORM = re.compile(r"gh[ap]_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}")


@pytest.mark.parametrize("prefix", [AGENT, PERSON])
def test_a_minted_token_has_the_documented_form_and_reads_back(prefix) -> None:
    minted = mint(prefix, secrets.token_bytes)
    assert FORM.fullmatch(minted.text)
    assert len(minted.text) == LENGTH == 55
    assert read_token(minted.text) == Presented(prefix, minted.public_id, minted.secret)


def test_a_person_token_is_not_mistaken_for_another_vendors() -> None:
    assert not re.search("ghp_" + "[A-Za-z0-9]{36}", mint(PERSON, secrets.token_bytes).text)


def test_the_same_randomness_makes_the_same_token_and_none_of_it_is_lost() -> None:
    assert mint(AGENT, lambda n: b"\x01" * n) == mint(AGENT, lambda n: b"\x01" * n)
    assert mint(AGENT, lambda n: b"\x01" * n) != mint(AGENT, lambda n: b"\x02" * n)
    assert set(random_text(5000, secrets.token_bytes)) == set(ALPHABET)


@given(st.integers(min_value=0, max_value=LENGTH - 1), st.sampled_from(ALPHABET + "_-é "))
def test_any_single_changed_character_is_noticed_without_a_look_up(place, character) -> None:
    text = mint(AGENT, lambda n: bytes(range(n))).text
    changed = text[:place] + character + text[place + 1 :]
    if changed != text:
        with pytest.raises(BadToken):
            read_token(changed)


@given(st.text(max_size=80))
def test_no_text_makes_the_reader_fail_otherwise(text) -> None:
    with pytest.raises(BadToken) as refused:
        read_token(text)
    assert len(text) < 12 or text not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "gha_", "x" * 55, "ghx_" + "0" * 51, "gha_" + "0" * 51, "gha_" + "0" * 12 + "_" + "٣" * 38]
)
def test_what_is_no_token_is_refused(text) -> None:
    with pytest.raises(BadToken):
        read_token(text)


def test_a_token_is_never_shown_by_its_representation() -> None:
    minted = mint(AGENT, secrets.token_bytes)
    for shown in (repr(minted), repr(read_token(minted.text)), str(minted)):
        assert minted.secret not in shown
        assert minted.public_id in shown


def test_a_digest_depends_on_secret_and_key() -> None:
    key, other = b"k" * 32, b"o" * 32
    assert digest("s", key) != digest("s", other)
    assert digest("s", key) != digest("t", key)
    assert matches("s", digest("s", key), key)
    assert not matches("t", digest("s", key), key)
    assert not matches("s", NOBODY, key)


def test_an_unknown_prefix_is_not_minted() -> None:
    with pytest.raises(ValueError, match="prefix"):
        mint("ghz_", secrets.token_bytes)
