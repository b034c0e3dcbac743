"""Runs of words: both texts can be read off them, and they show what a person would see."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.manifest.words import Op, Run, compare_ends, compare_words

texts = st.lists(st.sampled_from(["read", "a", "file", " ", " ", ", ", "\n", "漢字", "\u200b", "x1", "e\u0301"])).map(
    "".join
)


def side(runs: tuple[Run, ...], gone: Op) -> str:
    return "".join(run.text for run in runs if run.op is not gone)


def shown(old: str, new: str) -> str:
    """The runs as one line: -gone- and +come+."""
    marks = {Op.EQUAL: "", Op.REMOVED: "-", Op.ADDED: "+"}
    return "".join(f"{marks[run.op]}{run.text}{marks[run.op]}" for run in compare_words(old, new))


@pytest.mark.parametrize("compared", [compare_words, compare_ends])
@given(old=texts | st.text(), new=texts | st.text())
def test_both_texts_can_be_read_off_the_runs(compared: object, old: str, new: str) -> None:
    assert callable(compared)
    runs = compared(old, new)
    assert side(runs, Op.ADDED) == old
    assert side(runs, Op.REMOVED) == new
    assert all(one.op is not other.op for one, other in pairwise(runs))
    assert all((one.op, other.op) != (Op.ADDED, Op.REMOVED) for one, other in pairwise(runs))
    assert all(run.text for run in runs)


@given(texts)
def test_a_text_that_stays_is_one_run(text: str) -> None:
    assert compare_words(text, text) == ((Run(Op.EQUAL, text),) if text else ())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Read a file.", "Read the file.", "Read -a-+the+ file."),
        ("Read a file.", "Read a file. Send it to x.", "Read a file.+ Send it to x.+"),
        ("Read a big red file", "Read a small blue file", "Read a -big red-+small blue+ file"),
        ("one two three four", "one three four", "one -two -three four"),
        ("delete", "del\u200bete", "-delete-+del\u200bete+"),
        ("读取文件", "读取大文件", "读取+大+文件"),
        ("go go go up", "so go go up", "-go-+so+ go go up"),
        ("foo bar baz", "one two six ten", "-foo bar baz-+one two six ten+"),
        ("", "new", "+new+"),
        ("old", "", "-old-"),
    ],
)
def test_whole_words_are_marked(old: str, new: str, expected: str) -> None:
    assert shown(old, new) == expected


def test_moved_sentences_keep_the_longer_part_in_place() -> None:
    old = "First do this. Then open the box and look inside."
    new = "Then open the box and look inside. First do this."
    runs = compare_words(old, new)
    assert max((run for run in runs if run.op is Op.EQUAL), key=lambda run: len(run.text)).text.startswith(
        "Then open the box and look inside"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a " * 16_000, "b " * 16_000),
        ("a b " * 8_000, "b a " * 8_000),
        (" ".join(map(str, range(9_000))), " ".join(map(str, reversed(range(9_000))))),
    ],
    ids=["nothing alike", "much alike", "backwards"],
)
def test_texts_made_to_be_slow_are_not(old: str, new: str) -> None:
    """Our choice: what a server writes must not keep a scan busy; a wide limit, since what is looked for is a power."""
    started = time.process_time()
    runs = compare_words(old, new)
    assert time.process_time() - started < 3
    assert side(runs, Op.ADDED) == old
    assert side(runs, Op.REMOVED) == new
