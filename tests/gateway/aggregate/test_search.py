"""The search over tools: names before descriptions, the same order every time."""

from __future__ import annotations

import random

import pytest

from gateway.aggregate import own, search
from gateway.aggregate.search import ranked, words

TOOLS = [
    ("desk__read_file", "Return what stands in a file."),
    ("desk__write_file", "Write a file. Do not use it to read."),
    ("git__gitLog", "Show the commits of a repository."),
    ("tickets__create", "Open a ticket for a customer."),
    ("zoo__feed", "Give food to the animals, as written in the file of the day."),
    ("zoo__read_file", "Return what stands in a file."),
]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("read file", "desk__read_file"),
        ("READ-FILE", "desk__read_file"),
        ("git log", "git__gitLog"),
        ("commits", "git__gitLog"),
        ("customer tickets", "tickets__create"),
        ("animal", "zoo__feed"),
    ],
)
def test_the_best_match_is_first(query: str, best: str) -> None:
    """Words of the name first, then of the description, beginnings of words too."""
    assert ranked(query, TOOLS, 10)[0] == best


def test_equal_matches_go_by_name_whatever_their_order() -> None:
    """Deterministic: the order of the servers changes nothing."""
    expected = ranked("read a file", TOOLS, 10)
    assert expected[:2] == ["desk__read_file", "zoo__read_file"]
    for seed in range(20):
        shuffled = list(TOOLS)
        random.Random(seed).shuffle(shuffled)
        assert ranked("read a file", shuffled, 10) == expected


def test_what_has_no_word_in_common_is_not_found_and_the_limit_holds() -> None:
    """An answer is no list of everything."""
    assert ranked("payroll", TOOLS, 10) == []
    assert len(ranked("file", TOOLS, 2)) == 2


def test_words_are_taken_apart_as_people_write_them() -> None:
    """Snake, camel, hyphens, full width."""
    assert words("readFile") == words("read_file") == words("Read-file ｆｉｌｅ") == ("read", "file")


@pytest.mark.parametrize(
    "arguments",
    [{}, {"query": ""}, {"query": "--"}, {"query": 1}, {"query": "x" * 501}, {"query": "x", "limit": 0},
     {"query": "x", "limit": 51}, {"query": "x", "limit": True}, {"query": "x", "limit": "1"}, {"query": "x", "y": 1}],
)  # fmt: skip
def test_arguments_that_are_none_are_refused(arguments: dict[str, object]) -> None:
    """At the limits, and past them."""
    with pytest.raises(own.BadArguments):
        own.search_of(arguments)  # type: ignore[arg-type]


def test_arguments_at_the_limits_are_taken() -> None:
    """The other side of each limit."""
    assert own.search_of({"query": "x" * 500, "limit": 50}) == ("x" * 500, 50)
    assert own.search_of({"query": "x", "limit": 1}) == ("x", 1)
    assert own.search_of({"query": "x"}) == ("x", 10)


def test_what_agents_ask_is_not_kept() -> None:
    """Tools are asked about again and again; queries would fill the memory with whatever an agent makes up."""
    ranked("read file", TOOLS, 10)
    before = search.words_of_tools.cache_info().currsize
    for number in range(100):
        ranked(f"made up {number}", TOOLS, 10)
        own.search_of({"query": f"made up too {number}"})
    assert search.words_of_tools.cache_info().currsize == before
