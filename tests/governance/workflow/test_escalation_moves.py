"""The life of an escalation (contract section 6): what the table does not name cannot happen."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.workflow.escalation import MOVES, OPEN, Act, IllegalMove, State, move, sources

LEGAL = {
    ("waiting", "approve"): "approved",
    ("waiting", "deny"): "denied",
    ("waiting", "expire"): "expired",
    ("waiting", "cancel"): "cancelled",
    ("approved", "redeem"): "redeemed",
    ("approved", "expire"): "expired",
    ("approved", "cancel"): "cancelled",
}


@pytest.mark.parametrize(("state", "act"), list(itertools.product(State, Act)))
def test_every_pair_of_state_and_act_moves_as_listed_or_is_refused(state: State, act: Act) -> None:
    wanted = LEGAL.get((state.value, act.value))
    if wanted is None:
        with pytest.raises(IllegalMove, match=f"{state} cannot be moved by {act}"):
            move(state, act)
    else:
        assert move(state, act) == wanted


def test_what_is_final_has_no_way_out() -> None:
    assert {State.WAITING, State.APPROVED} == OPEN
    for state in State:
        assert (state in OPEN) == any(start is state for start, _ in MOVES)


def test_the_states_to_update_from_are_those_of_the_table() -> None:
    assert sources(Act.REDEEM) == {State.APPROVED}
    assert sources(Act.APPROVE) == sources(Act.DENY) == {State.WAITING}
    assert sources(Act.EXPIRE) == sources(Act.CANCEL) == {State.WAITING, State.APPROVED}


def test_an_unknown_state_is_an_error_not_a_move() -> None:
    with pytest.raises(ValueError, match="detached"):
        move("detached", Act.APPROVE)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.sampled_from(Act), max_size=50))
def test_whatever_is_tried_it_is_redeemed_at_most_once_and_only_after_an_approval(acts: list[Act]) -> None:
    state, done = State.WAITING, []
    for act in acts:
        try:
            state = move(state, act)
        except IllegalMove:
            continue
        done.append(act)
    assert done.count(Act.REDEEM) <= 1
    assert done.count(Act.APPROVE) <= 1
    assert Act.REDEEM not in done or done == [Act.APPROVE, Act.REDEEM]
    assert len(done) <= 2
