"""Patterns are called loosened or tightened only where that is certain."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.manifest.pattern_changes import Turn, pattern_turn


@pytest.mark.parametrize(
    ("old", "new", "turn"),
    [
        ("^[a-z]+$", "^[a-z0-9]+$", Turn.LOOSENED),
        ("^[a-z]{1,10}$", "^[a-z]{1,200}$", Turn.LOOSENED),
        ("^[a-z]{3}$", "^[a-z0-9/.]{1,40}$", Turn.LOOSENED),
        ("^abc$", "^abc", Turn.LOOSENED),
        ("^abc$", "abc$", Turn.LOOSENED),
        ("^(a|b)$", "^(a|b|c)$", Turn.LOOSENED),
        ("^a$", "^(?:a|b)$", Turn.LOOSENED),
        ("^(?:a|b)+$", "^(?:a|b|c)+$", Turn.LOOSENED),
        ("^[a-z]+$", ".*", Turn.LOOSENED),
        ("^[a-z]+$", "", Turn.LOOSENED),
        (r"^\d$", r"^\w$", Turn.LOOSENED),
        ("^a?b$", "^a*b$", Turn.LOOSENED),
        ("^[^/]+$", "^.+$", Turn.OTHER),
        ("^(a)$", "^(?:a)$", Turn.SAME),
        ("^(a|b)$", "^(b|a)$", Turn.SAME),
        (r"^[0-9]$", r"^[0123456789]$", Turn.SAME),
        ("^[a-z]+$", "^[A-Z]+$", Turn.OTHER),
        ("^[a-z]+$", "^[a-z0-9]{1,3}$", Turn.OTHER),
        ("^a(?=b)", "^a(?=bc)", Turn.OTHER),
        (r"^(a)\1$", r"^(b)\1$", Turn.OTHER),
        ("^a+?$", "^a*?$", Turn.OTHER),
        ("^a|b$", "a|b$", Turn.OTHER),
        ("^.*$", "^[a-z]+$", Turn.TIGHTENED),
        (".*", "", Turn.SAME),
        ("^[z-a]$", "^[9-0]$", Turn.OTHER),
        (r"^[é]$", r"^[éè]$", Turn.OTHER),
        ("^a{2", "^a{2}", Turn.OTHER),
        ("a" * 1001, "a", Turn.OTHER),
        ("(", ")", Turn.OTHER),
        ("*", "+", Turn.OTHER),
    ],
)
def test_a_turn_is_what_can_be_shown(old: str, new: str, turn: Turn) -> None:
    assert pattern_turn(old, new) is turn
    back = {Turn.LOOSENED: Turn.TIGHTENED, Turn.TIGHTENED: Turn.LOOSENED}
    assert pattern_turn(new, old) is back.get(turn, turn)


atoms = st.sampled_from(["a", "b", "[ab]", "[a-c]", "[^a]", ".", r"\d", r"\w", "[0-9]", "(a|b)", "(?:ab|c)"])
pieces = st.tuples(atoms, st.sampled_from(["", "", "?", "*", "+", "{1,2}", "{2}"])).map("".join)
patterns = st.tuples(
    st.sampled_from(["", "^"]), st.lists(pieces, max_size=3).map("".join), st.sampled_from(["", "$"])
).map("".join)
samples = st.text("abc01\n é", max_size=6)


@settings(max_examples=400, deadline=None)
@given(patterns, patterns, st.lists(samples, max_size=40))
def test_no_text_speaks_against_a_turn(old: str, new: str, texts: list[str]) -> None:
    """What was loosened still admits all, what was tightened admits nothing more."""
    turn = pattern_turn(old, new)
    # `$` of Python also stands before a last line feed, which that of JSON Schema does not.
    before, after = (re.compile(pattern.replace("$", r"\Z")).search for pattern in (old, new))
    for text in texts:
        if turn in (Turn.LOOSENED, Turn.SAME):
            assert not before(text) or after(text)
        if turn in (Turn.TIGHTENED, Turn.SAME):
            assert not after(text) or before(text)
