"""The lifecycle tables of items and servers: what they name happens, anything else is refused (architecture 2.10)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from registry.states import (
    DECIDED,
    RETURNS_WITHIN,
    SEEN,
    SERVER,
    UNSTEADY_RETURNS,
    IllegalMove,
    ItemAct,
    ItemStanding,
    ServerAct,
    ServerStanding,
    Sight,
    Stands,
    after_act,
    after_decision,
    after_sight,
    drifted,
    in_use,
    returns_after,
    sight_of,
    standing,
)

DIGESTS = ("", "sha256:a", "sha256:b")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_no_scan_makes_an_item_approved_unless_it_is_identical_to_its_baseline() -> None:
    into = {(state, sight) for (state, sight), after in SEEN.items() if after is ItemStanding.APPROVED}
    assert {sight for _, sight in into} == {Sight.IDENTICAL}
    assert {state for state, _ in into} == {ItemStanding.APPROVED, ItemStanding.CHANGED, ItemStanding.MISSING}


def test_every_sight_that_can_happen_has_a_move() -> None:
    for state, approved, seen in itertools.product(ItemStanding, DIGESTS, DIGESTS):
        possible = {
            ItemStanding.NEW: not approved,
            ItemStanding.APPROVED: bool(approved),
            ItemStanding.CHANGED: bool(approved),
        }
        if possible.get(state, True):
            assert after_sight(state, sight_of(approved=approved, seen=seen)) in ItemStanding


def test_a_refused_item_leaves_that_state_by_a_person_alone() -> None:
    assert all(after_sight("refused", sight) is ItemStanding.REFUSED for sight in Sight)
    assert after_decision("refused", ItemAct.APPROVE) is ItemStanding.APPROVED


@pytest.mark.parametrize("state", ["approved", "missing"])
def test_what_is_approved_or_gone_cannot_be_approved(state: str) -> None:
    with pytest.raises(IllegalMove, match=f"what is {state} cannot approve"):
        after_decision(state, ItemAct.APPROVE)


def test_only_what_the_table_names_is_possible() -> None:
    for state, act in itertools.product(ItemStanding, ItemAct):
        if (state, act) not in DECIDED:
            with pytest.raises(IllegalMove):
                after_decision(state, act)


def test_a_retired_server_never_moves_again() -> None:
    for act in ServerAct:
        with pytest.raises(IllegalMove):
            after_act("retired", act)


def test_a_quarantined_server_is_moved_by_people_alone() -> None:
    possible = set()
    for act in ServerAct:
        try:
            after_act("quarantined", act)
        except IllegalMove:
            continue
        possible.add(act)
    assert possible == {ServerAct.RELEASE, ServerAct.RETIRE}


def test_a_server_that_was_never_reached_waits_and_one_that_was_is_in_error() -> None:
    assert after_act("waiting", ServerAct.UNREACHED) is ServerStanding.WAITING
    assert after_act("ready", ServerAct.UNREACHED) is ServerStanding.ERROR
    assert after_act("waiting", ServerAct.ANSWER_WRONG) is ServerStanding.ERROR


def test_only_suspended_quarantined_and_retired_servers_are_out_of_use() -> None:
    assert {state for state in ServerStanding if not in_use(state)} == {"suspended", "quarantined", "retired"}


@pytest.mark.parametrize(
    ("items", "act", "reason"),
    [
        ([], ServerAct.AGREE, ""),
        ([("approved", False)], ServerAct.AGREE, ""),
        ([("approved", False), ("new", False)], ServerAct.AGREE, "1 not reviewed."),
        ([("new", False), ("new", False)], ServerAct.AWAIT_REVIEW, "Nothing is approved yet; 2 to review."),
        ([("refused", False)], ServerAct.AGREE, ""),
        (
            [("approved", False), ("changed", True), ("missing", True), ("missing", False), ("new", True)],
            ServerAct.DRIFT,
            "The server differs from what was approved: 1 changed, 1 gone, 1 new; held until reviewed.",
        ),
    ],
)
def test_how_a_server_stands_follows_from_its_items(items: list[tuple[str, bool]], act: ServerAct, reason: str) -> None:
    assert standing(Stands(ItemStanding(state), drift) for state, drift in items) == (act, reason)


def test_an_item_drifts_when_it_departs_from_what_was_approved() -> None:
    assert drifted("changed", late=False, baseline=True)
    assert drifted("missing", late=False, baseline=True)
    assert not drifted("missing", late=False, baseline=False)
    assert drifted("new", late=True, baseline=False)
    assert not drifted("new", late=False, baseline=False)
    assert not drifted("refused", late=True, baseline=True)


def back(returns: int, last: datetime | None, state: str = "changed", before: str = "b", seen: str = "a") -> int:
    return returns_after(state, approved="a", before=before, seen=seen, returns=returns, last=last, now=NOW)


def test_returns_are_counted_while_they_follow_one_another_within_a_day() -> None:
    """flapping, and vanish-and-return, are noticed."""
    assert back(0, None) == 1
    assert back(1, NOW - timedelta(hours=1)) == 2
    assert back(2, NOW - RETURNS_WITHIN, state="missing", before="") == 3
    assert back(2, NOW - RETURNS_WITHIN - timedelta(seconds=1)) == 1


def test_only_coming_back_to_the_baseline_counts() -> None:
    assert back(1, NOW, seen="c") == 1
    assert back(1, NOW, state="approved", before="a") == 1
    assert back(1, NOW, state="refused") == 1
    assert returns_after("missing", approved="", before="", seen="a", returns=0, last=None, now=NOW) == 0


def test_what_comes_back_too_often_stays_held_and_does_not_come_free_by_waiting() -> None:
    """A person's approval alone ends it: time does not, and neither does one more change and return."""
    assert sight_of(approved="a", seen="a", returns=UNSTEADY_RETURNS - 1) is Sight.IDENTICAL
    assert sight_of(approved="a", seen="a", returns=UNSTEADY_RETURNS) is Sight.UNSTEADY
    assert {after_sight(state, Sight.UNSTEADY) for state in ("changed", "missing", "approved")} == {"changed"}
    assert back(UNSTEADY_RETURNS, NOW - timedelta(days=300)) == UNSTEADY_RETURNS + 1


def test_a_server_with_unsteady_items_differs_from_what_was_approved_and_says_how() -> None:
    act, reason = standing(
        [Stands(ItemStanding.CHANGED, drift=True, unsteady=True), Stands(ItemStanding.APPROVED, False)]
    )
    assert act is ServerAct.DRIFT
    assert "1 unsteady (comes and goes, or differs by client)" in reason
    assert "changed" not in reason


def test_a_suspended_server_is_resumed_quarantined_or_retired_by_a_person() -> None:
    possible = {act for act in ServerAct if (ServerStanding.SUSPENDED, act) in SERVER}
    assert possible == {ServerAct.RESUME, ServerAct.QUARANTINE, ServerAct.RETIRE}
