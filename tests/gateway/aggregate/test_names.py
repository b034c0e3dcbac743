"""Names over many servers: joined, cut, taken apart, and never two items under one name (contract section 2)."""

from __future__ import annotations

import string
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.aggregate import names
from gateway.aggregate.view import by_name
from gateway.snapshot.model import ApprovedItem
from governance.policy.values import Item, Kind

SERVERS = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)


@given(SERVERS, st.text(min_size=1, max_size=90))
def test_a_name_ends_its_server_at_the_first_two_underscores(server: str, item: str) -> None:
    """Whatever the server calls its item, the server is what stands before the first `__`."""
    name = names.joined(server, item)
    assert len(name) <= 64
    parts = names.split(name)
    assert parts is not None and parts[0] == server
    assert (parts[1] == item) is names.fits(server, item)


def test_names_are_cut_past_64_characters_and_not_before() -> None:
    """At the limit, and past it: 55 characters, `_`, 8 hex digits of SHA-256 over the whole name."""
    fitting, longer = "x" * (64 - len("desk__")), "x" * (65 - len("desk__"))
    assert names.joined("desk", fitting) == f"desk__{fitting}"
    full = f"desk__{longer}"
    assert names.joined("desk", longer) == f"{full[:55]}_{sha256(full.encode()).hexdigest()[:8]}"


@pytest.mark.parametrize(
    "name", ["", "read", "desk", "desk_read", "desk__", "__read", "Desk__read", "de sk__x", "ü__x"]
)
def test_what_names_no_server_is_taken_for_nothing(name: str) -> None:
    """No item of any server has such a name."""
    assert names.split(name) is None


@given(SERVERS, st.text(min_size=1))
def test_uris_come_back_as_they_went(server: str, uri: str) -> None:
    """The server's own URI is not touched, colons and all."""
    assert names.split_uri(names.joined_uri(server, uri)) == (server, uri)


@pytest.mark.parametrize(
    "uri",
    ["", "file:///x", "gatehouse+desk", "gatehouse+desk:", "gatehouse+:x", "gatehouse+Desk:x", "Gatehouse+desk:x"],
)
def test_what_is_no_uri_of_a_server_is_taken_for_nothing(uri: str) -> None:
    """Only the exact form."""
    assert names.split_uri(uri) is None


def items(*called: str) -> list[ApprovedItem]:
    """Approved tools of the server desk."""
    return [ApprovedItem(Item("desk", Kind.TOOL, name), "sha256:0", b"{}") for name in called]


def test_a_whole_name_wins_over_one_that_was_cut_to_it() -> None:
    """A server that names a tool like the cut name of another cannot be called for it."""
    long = "read_" + "x" * 80
    taken = names.joined("desk", long).removeprefix("desk__")
    found = by_name("desk", items(long, taken))
    assert {name: item.item.name for name, item in found.items()} == {f"desk__{taken}": taken}


def test_names_that_are_cut_alike_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight digits can be made to agree; then neither of the two is guessed at."""
    one, other = "a" * 80, "b" + "a" * 79
    monkeypatch.setattr(names, "joined", lambda server, name: "cut" if len(name) == 80 else f"{server}__{name}")
    assert set(by_name("desk", items(one, "short", other))) == {"desk__short"}


def test_cut_names_of_one_server_differ_by_their_ends() -> None:
    """The digest is over the whole name."""
    made = {names.joined("desk", "x" * 70 + letter) for letter in string.ascii_letters}
    assert len(made) == len(string.ascii_letters)
