"""The floors that the judgement of intent keeps: `python -m tests.corpus.score_intents`."""

from __future__ import annotations

import json

import pytest

from governance.policy.values import Intent
from tests.corpus.score_intents import FLOORS, REAL, SECOND, THIRD, Row, rows, score

EVERY = list(rows())
HELD_BACK = [row for row in EVERY if row.held_back]
SECOND_SET = list(rows(SECOND))
THIRD_SET = list(rows(THIRD))
THIRD_FLOORS = {Intent.DESTRUCTIVE: 0.98, Intent.EXFILTRATIVE: 0.97, Intent.READ: 0.98}


@pytest.mark.parametrize(
    ("tools", "floors"),
    [(EVERY, FLOORS), (HELD_BACK, FLOORS), (SECOND_SET, FLOORS), (THIRD_SET, THIRD_FLOORS)],
    ids=["all", "odd", "second", "third"],
)
def test_labelled_tools_are_found(tools: list[Row], floors: dict[Intent, float]) -> None:
    """Of the tools that destroy, carry content out or only read, at least this part is called so."""
    result = score(tools)
    assert {intent: result.recall(intent) for intent, floor in floors.items() if result.recall(intent) < floor} == {}


def test_nothing_that_is_not_read_is_called_read() -> None:
    """The one error that lets a call pass where nobody was asked."""
    assert score(EVERY).called_read == []
    assert score(SECOND_SET).called_read == []
    assert score(THIRD_SET).called_read == []


def test_labels_of_real_tools_hold_no_text_of_a_server() -> None:
    """Only names, digests and our own reasons are kept of public servers."""
    labels = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
    assert len(labels) >= 150
    assert {key for label in labels for key in label} == {"server", "tool", "digest", "intent", "why"}
    assert all(label["intent"] in list(Intent) and label["digest"].startswith("sha256:") for label in labels)
    assert max(len(label["why"]) for label in labels) < 80
