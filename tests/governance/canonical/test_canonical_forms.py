"""Paths, URLs, addresses and amounts: laws beside the vectors, and a bound on the time any input takes."""

from __future__ import annotations

import contextlib
import time
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.canonical.emails import email_domain
from governance.canonical.ip import address_of, special_range
from governance.canonical.numbers import decimal_of
from governance.canonical.paths import canonical_path, is_under
from governance.canonical.strict_json import parse
from governance.canonical.urls import Url, canonical_domain, canonical_url, domain_matches
from governance.canonical.values import NotCanonical


@settings(max_examples=500)
@given(st.text(st.sampled_from("ab/.\\%2eEfFcC0u~: ;é．／‥∕\x00")))
def test_a_canonical_path_has_no_component_that_leads_elsewhere(value: str) -> None:
    try:
        path = canonical_path(value, cwd="/w")
    except NotCanonical:
        return
    assert path.startswith("/")
    assert path == "/" or not path.endswith("/")
    assert not {"", ".", ".."} & set(path[1:].split("/")) or path == "/"
    assert "\\" not in path
    assert canonical_path(path, cwd=None) == path


@settings(max_examples=200)
@given(st.integers(1, 3), st.sampled_from(["/", "\\", ".", "\x00", "／", "．", "∕"]))
def test_no_separator_or_dot_hides_behind_three_rounds_of_percent_signs(rounds: int, hidden: str) -> None:
    value = "".join(f"%{byte:02x}" for byte in hidden.encode())
    for _ in range(rounds - 1):
        value = quote(value, safe="")
    with pytest.raises(NotCanonical):
        canonical_path(f"/w/{value}", cwd=None)


@settings(max_examples=200)
@given(st.integers(0, 2**32 - 1), st.data())
def test_every_spelling_of_an_ipv4_address_is_the_same_address(number: int, data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, 4))
    values = [number >> 8 * (3 - place) & 0xFF for place in range(parts - 1)]
    values.append(number & (1 << 8 * (5 - parts)) - 1)
    spell = st.sampled_from([str, hex, lambda value: f"0{value:o}" if value else "0", lambda value: f"0X{value:X}"])
    host = ".".join(data.draw(spell)(value) for value in values)
    address = address_of(host)
    assert address is not None
    assert int(address) == number


def test_a_folder_covers_itself_and_whole_components_below() -> None:
    assert is_under("/tmp", "/tmp/")
    assert is_under("/tmp/a", "/tmp")
    assert is_under("/a", "/")
    assert not is_under("/tmpfile", "/tmp")
    assert not is_under("/", "/tmp")


def test_a_refused_path_says_why() -> None:
    with pytest.raises(NotCanonical) as refusal:
        canonical_path("/tmp/a\u202eb", cwd=None)
    assert refusal.value.reason == "the control or format character U+202E"


def test_a_url_comes_apart_into_its_parts() -> None:
    assert canonical_url("https://Example.com:8443/a/b?x=1#y") == Url(
        "https", "example.com", 8443, "/a/b", False, "x=1", "y"
    )
    assert canonical_url("https://example.com").path == "/"


def test_a_host_pattern_is_brought_into_the_form_hosts_have() -> None:
    assert canonical_domain("*.B\u00fccher.Example") == "*.xn--bcher-kva.example"
    assert canonical_domain("EXAMPLE.com") == "example.com"
    assert canonical_domain("0x7f.1") == "127.0.0.1"
    assert canonical_domain("::1") == canonical_domain("[::1]") == "::1"
    assert domain_matches(
        canonical_url("https://a.b\u00fccher.example/").host, canonical_domain("*.b\u00fccher.example")
    )


@pytest.mark.parametrize(
    "pattern", ["", "*", "*.", "*.*.com", "a.*", "*.127.0.0.1", "exa mple.com", "example.com.", "a/b", "x:1"]
)
def test_a_host_pattern_that_can_match_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(NotCanonical):
        canonical_domain(pattern)


def test_amounts_are_exact_decimals() -> None:
    assert decimal_of(parse(b"500.000000000000000000001")) > Decimal(500)
    assert decimal_of(parse(b"1e400")) > Decimal(500)
    assert decimal_of(parse(b"-0")) == Decimal(0)
    assert decimal_of(12) == Decimal(12)


@pytest.mark.parametrize(
    "body", [b"true", b"false", b"null", b'"5"', b'"1_000"', '"\uff15"'.encode(), b"[5]", b'{"a":5}']
)
def test_nothing_but_a_number_is_an_amount(body: bytes) -> None:
    with pytest.raises(NotCanonical, match="where a number is needed"):
        decimal_of(parse(body))


@pytest.mark.alone
@pytest.mark.parametrize(
    "value",
    [
        "/" + "a" * 10**6,
        "/é" * 32_000,
        "/" + "%41" * 10**5,
        "/" + "%2541" * 6_000,
        "/ " * 16_000,
        "%" * 10**6,
        "\uff21" * 32_000,
        "/.x" * 10_000 + " ",
    ],
)
def test_no_path_takes_longer_than_a_quarter_second(value: str) -> None:
    began = time.process_time()
    with contextlib.suppress(NotCanonical):
        canonical_path(value, cwd="/w")
    assert time.process_time() - began < 0.25


@pytest.mark.alone
@pytest.mark.parametrize(
    "value",
    [
        "https://" + "a." * 10**6,
        "https://" + "ü." * 30_000,
        "https://" + "a" * 65_000,
        "https://" + "xn--a." * 40,
        "https://" + "0." * 30_000,
        "a" * 10**6,
        "https://a/" + "é" * 65_000,
    ],
)
def test_no_url_takes_longer_than_a_quarter_second(value: str) -> None:
    began = time.process_time()
    for read in (canonical_url, email_domain):
        with contextlib.suppress(NotCanonical):
            read(value)
    assert time.process_time() - began < 0.25


def test_public_addresses_are_in_no_special_range() -> None:
    for host in ("8.8.8.8", "2606:4700::1"):
        address = address_of(host)
        assert address is not None
        assert special_range(address) is None


@settings(max_examples=500)
@given(
    st.text(st.sampled_from("abx-n0127.:/@[]%#?\\\u00fc\u0301\u3042\u05d0\u0660\u3002\u00df \uff0e"), max_size=20).map(
        lambda rest: "https://" + rest
    )
    | st.text()
)
def test_any_text_is_a_url_with_an_ascii_host_or_not_canonical(value: str) -> None:
    try:
        url = canonical_url(value)
    except NotCanonical:
        return
    assert url.host.isascii()
    assert url.host == url.host.lower()
    again = canonical_url(f"{url.scheme}://{f'[{url.host}]' if ':' in url.host else url.host}/")
    assert (again.host, again.is_address) == (url.host, url.is_address)
