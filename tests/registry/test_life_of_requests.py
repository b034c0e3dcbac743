"""The life of a server request, and how many people its approval takes."""

from __future__ import annotations

import pytest

from registry.models import RequestState
from registry.request_states import (
    EDITABLE,
    MOVES,
    OPEN,
    REVIEWABLE,
    RequestAct,
    RequestStanding,
    after_request_act,
    quorum,
)
from registry.states import IllegalMove


def test_the_states_of_the_table_are_those_of_the_database() -> None:
    assert {state.value for state in RequestStanding} == set(RequestState.values)


def test_a_clean_request_goes_from_draft_to_approved() -> None:
    state = "draft"
    for act in (RequestAct.SUBMIT, RequestAct.SEE, RequestAct.REVIEW, RequestAct.APPROVE):
        state = after_request_act(state, act).value
    assert state == "approved"


def test_what_nobody_has_seen_cannot_be_approved() -> None:
    with pytest.raises(IllegalMove):
        after_request_act("submitted", RequestAct.APPROVE)


@pytest.mark.parametrize("state", ["approved", "denied", "withdrawn", "expired"])
@pytest.mark.parametrize("act", list(RequestAct))
def test_what_is_decided_stays_decided(state: str, act: RequestAct) -> None:
    with pytest.raises(IllegalMove):
        after_request_act(state, act)


def test_what_was_asked_to_change_is_submitted_again() -> None:
    assert after_request_act("in-review", RequestAct.REQUEST_CHANGES) in EDITABLE
    assert after_request_act("changes-requested", RequestAct.SUBMIT) in REVIEWABLE


def test_what_is_seen_anew_is_reviewed_anew_and_what_is_lost_cannot_be_approved() -> None:
    assert after_request_act("in-review", RequestAct.SEE) is RequestStanding.SCANNED
    assert after_request_act("in-review", RequestAct.MISS) is RequestStanding.SUBMITTED


def test_every_open_state_has_a_way_out() -> None:
    for state in OPEN:
        ends = {after for (before, _), after in MOVES.items() if before is state} - OPEN
        assert ends, state


def test_a_clean_request_takes_one_person() -> None:
    found = quorum(intents=["read", "write", "exfiltrative", "unknown"], held_findings=0)
    assert (found.needed, found.team) == (1, False)


@pytest.mark.parametrize(
    ("intents", "findings", "said"),
    [
        (["read", "destructive"], 0, "1 destructive tool,"),
        (["read"], 2, "2 high findings,"),
        (["destructive", "destructive"], 1, "2 destructive tools and 1 high finding,"),
    ],
)
def test_destructive_items_and_high_findings_take_two_one_of_the_owning_team(
    intents: list[str], findings: int, said: str
) -> None:
    found = quorum(intents=intents, held_findings=findings)
    assert (found.needed, found.team) == (2, True)
    assert said in found.why


def test_intents_may_come_as_a_generator() -> None:
    assert quorum(intents=(intent for intent in ("read", "destructive")), held_findings=0).needed == 2
