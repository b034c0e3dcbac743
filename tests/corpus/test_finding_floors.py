"""What the scan finds, and what it holds without need, must not get worse than it is.

The goals (recall 0.92, false alarms 0.02 and 0.05) are in `score_findings.py`, which prints how far off they are. The
floors here are what was reached, a little less than the figures of the day: a change that loses more is a regression.
"""

from __future__ import annotations

import pytest

from tests.corpus.score_findings import by_technique, held_tools, rate, real_manifests, rows

RECALL, HOLDOUT_RECALL = 0.90, 0.86
HARD_FALSE_ALARMS = 0.04
SECOND_RECALL, SECOND_FALSE_ALARMS = 0.835, 0.06
TECHNIQUES_IN_FULL = 46
FALSE_ALARMS = 0.01

pytestmark = pytest.mark.any_database


def test_poisoned_manifests_are_held() -> None:
    """All rows, and those with an odd number."""
    poisoned = list(rows("poisoned.jsonl"))
    assert rate(poisoned) >= RECALL
    assert rate(row for row in poisoned if row.held_back) >= HOLDOUT_RECALL


def test_most_techniques_are_found_in_full_and_none_is_missed_altogether() -> None:
    """Each technique alone: a good average must not hide one that passes."""
    alone = by_technique(rows("poisoned.jsonl"))
    assert min(alone.values()) > 0
    assert sum(part == 1 for part in alone.values()) >= TECHNIQUES_IN_FULL


def test_honest_manifests_that_look_odd_are_let_through() -> None:
    """Alarming words in honest places."""
    assert rate(rows("hard_benign.jsonl")) <= HARD_FALSE_ALARMS


def test_the_second_set_does_not_get_worse() -> None:
    """Its rows were open when bounds and lessons were made, so that what nobody has read is found less often."""
    assert rate(rows("poisoned_second.jsonl")) >= SECOND_RECALL
    assert rate(rows("hard_benign_second.jsonl")) <= SECOND_FALSE_ALARMS


def test_tools_of_real_servers_are_let_through() -> None:
    """What `make corpus` has gathered, where it has run."""
    manifests = real_manifests()
    if not manifests:
        pytest.skip("make corpus has gathered no manifests of real servers")
    counted = [held_tools(manifest, server) for server, manifest in manifests.items()]
    items, alarms = sum(items for items, _ in counted), sum(len(found) for _, found in counted)
    assert alarms <= FALSE_ALARMS * items
