"""Every form of the threat table, as vectors: accepted exactly, or refused."""

from __future__ import annotations

from typing import Any

import pytest
from canonical_vectors import forms, rows, text

from governance.canonical.emails import email_domain
from governance.canonical.paths import canonical_path, is_under
from governance.canonical.strict_json import Malformed, encode, parse
from governance.canonical.urls import canonical_url, domain_matches
from governance.canonical.values import NotCanonical


@pytest.mark.parametrize("name", ["paths", "urls", "domains", "emails", "messages", "addresses"])
def test_every_form_has_at_least_five_vectors(name: str) -> None:
    assert {form: len(members) for form, members in forms(name).items() if len(members) < 5} == {}


@pytest.mark.parametrize("row", rows("paths"))
def test_a_path_is_canonical_as_its_vector_says(row: dict[str, Any]) -> None:
    value = text(row["path"])
    if row.get("refused"):
        with pytest.raises(NotCanonical):
            canonical_path(value, cwd=row["cwd"])
        return
    path = canonical_path(value, cwd=row["cwd"])
    assert path == text(row["canonical"])
    assert is_under(path, "/srv/data") is row["under"]
    assert canonical_path(path, cwd=None) == path


@pytest.mark.parametrize("row", rows("urls"))
def test_a_url_is_canonical_as_its_vector_says(row: dict[str, Any]) -> None:
    value = text(row["url"])
    if row.get("refused"):
        with pytest.raises(NotCanonical):
            canonical_url(value)
        return
    url = canonical_url(value)
    assert (url.scheme, url.host, url.port) == (row["scheme"], row["host"], row["port"])
    assert (url.is_address, url.is_global) == (row["address"], row["global"])


@pytest.mark.parametrize("row", rows("domains"))
def test_a_host_pattern_covers_what_its_vector_says(row: list[Any]) -> None:
    host, pattern, covered = row
    assert domain_matches(host, pattern) is covered


@pytest.mark.parametrize("row", rows("emails"))
def test_an_address_has_the_domain_its_vector_says(row: dict[str, Any]) -> None:
    value = text(row["value"])
    if row["domain"] is None:
        with pytest.raises(NotCanonical):
            email_domain(value)
        return
    assert email_domain(value) == row["domain"]


@pytest.mark.parametrize("row", rows("messages"))
def test_a_message_is_read_as_its_vector_says(row: dict[str, Any]) -> None:
    body = bytes.fromhex(row["hex"]) if "hex" in row else text(row["text"]).encode("utf-8")
    if "code" in row:
        with pytest.raises(Malformed) as refusal:
            parse(body)
        assert refusal.value.code == row["code"]
        assert refusal.value.message
        return
    assert encode(parse(body)) == text(row["encoded"]).encode("utf-8")
