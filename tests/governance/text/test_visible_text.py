"""What cannot be seen is spelled out; what can be seen stays."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.text.visible import fold, one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, 100 %", "plain text, 100 %"),
        ("a\u202eb", "a⟦U+202E⟧b"),
        ("\x1b[31mred\x07", "⟦U+001B⟧[31mred⟦U+0007⟧"),
        ("\x9b31m", "⟦U+009B⟧31m"),
        ("a\u200bb\u2060c\ufeff", "a⟦U+200B⟧b⟦U+2060⟧c⟦U+FEFF⟧"),
        ("\U000e0041\U000e007f", "⟦U+E0041⟧⟦U+E007F⟧"),
        ("x\ufe0f\U000e0100", "x⟦U+FE0F⟧⟦U+E0100⟧"),
        ("a\u00a0b\u3000c\u3164d\u2800", "a⟦U+00A0⟧b⟦U+3000⟧c⟦U+3164⟧d⟦U+2800⟧"),
        ("\ud800", "⟦U+D800⟧"),
        ("\ue000\uffff", "⟦U+E000⟧⟦U+FFFF⟧"),
        ("⟦U+202E⟧", "⟦U+27E6⟧U+202E⟧"),
        ("Übersicht 日本語 😀 تقرير é", "Übersicht 日本語 😀 تقرير é"),
    ],
)
def test_text_is_shown_as_its_row_says(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_character_of_an_unseen_category_is_labelled_and_every_letter_stays() -> None:
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        category = unicodedata.category(char)
        if category in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"} and char != " ":
            assert visible(char) == f"⟦U+{point:04X}⟧"
        elif category in {"Lu", "Ll", "Nd", "Pd", "Po", "Sc", "Sm"}:
            assert visible(char) == char


def test_line_feeds_and_tabs_stay_only_when_asked_for() -> None:
    assert visible("a\n\tb\r") == "a⟦U+000A⟧⟦U+0009⟧b⟦U+000D⟧"
    assert visible("a\n\tb\r", lines=True) == "a\n\tb⟦U+000D⟧"


@given(st.text(), st.text())
def test_two_different_texts_never_look_the_same(first: str, second: str) -> None:
    assert (visible(first) == visible(second)) is (first == second)


@given(st.text(), st.integers(0, 20))
def test_folding_says_exactly_how_much_is_not_shown(text: str, limit: int) -> None:
    head, hidden = fold(text, limit)
    assert text.startswith(head)
    assert len(head) + hidden == len(text)
    assert len(head) <= limit


@given(st.text(), st.none() | st.integers(1, 20))
def test_one_line_is_one_line_without_control_characters(text: str, limit: int | None) -> None:
    line = one_line(text, limit)
    assert line.splitlines() in ([], [line])
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs"} for char in line)


def test_one_line_shrinks_padding_and_counts_what_it_leaves_out() -> None:
    assert one_line("  a\r\n\n   b\t c  ") == "a b c"
    assert one_line("abcdefgh", 3) == "abc… (+5)"
    assert one_line("abc", 3) == "abc"
