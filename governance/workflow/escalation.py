"""The life of an escalation as one table. Pure: no Django, no I/O."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where an escalation stands (contract section 2). Being detached is a mark beside the state, never a state."""

    WAITING = "waiting"
    APPROVED = "approved"
    REDEEMED = "redeemed"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What may be done to an escalation. Only the clock expires; only a call redeems."""

    APPROVE = "approve"
    DENY = "deny"
    EXPIRE = "expire"
    CANCEL = "cancel"
    REDEEM = "redeem"


# An approved escalation still expires when nobody redeems it in time, and a stop or a revocation still cancels it.
MOVES: Final[dict[tuple[State, Act], State]] = {
    (State.WAITING, Act.APPROVE): State.APPROVED,
    (State.WAITING, Act.DENY): State.DENIED,
    (State.WAITING, Act.EXPIRE): State.EXPIRED,
    (State.WAITING, Act.CANCEL): State.CANCELLED,
    (State.APPROVED, Act.REDEEM): State.REDEEMED,
    (State.APPROVED, Act.EXPIRE): State.EXPIRED,
    (State.APPROVED, Act.CANCEL): State.CANCELLED,
}

OPEN: Final = frozenset(state for state, _ in MOVES)
"""States that something can still happen to."""


class IllegalMove(Exception):
    """The act is not possible in this state; nothing was written."""

    def __init__(self, state: State, act: Act) -> None:
        super().__init__(f"an escalation that is {state} cannot be moved by {act}")
        self.state = state
        self.act = act


def move(state: State, act: Act) -> State:
    """The state after `act`. Raises IllegalMove for anything that MOVES does not name."""
    try:
        return MOVES[State(state), Act(act)]
    except KeyError:
        raise IllegalMove(State(state), Act(act)) from None


def sources(act: Act) -> frozenset[State]:
    """The states that `act` is possible in, for a conditional UPDATE."""
    return frozenset(state for state, possible in MOVES if possible is act)
