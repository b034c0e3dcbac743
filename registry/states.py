"""The lifecycle of servers and their items: every legal move is in these tables. Pure: no Django, no I/O.

An item is held unless it is `approved`. What a scan sees can hold an item, or give back what is identical to its
approved baseline; only a person's act moves the baseline. A refused item stays refused whatever the server sends, and
one that came back UNSTEADY_RETURNS times stays held, identical or not, until a person approves it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class ItemStanding(StrEnum):
    """How an item stands; the values are those of the database."""

    NEW = "new"
    APPROVED = "approved"
    CHANGED = "changed"
    MISSING = "missing"
    REFUSED = "refused"


class Sight(StrEnum):
    """What a scan saw of an item, against its approved baseline."""

    UNREVIEWED = "unreviewed"  # There, and it has no baseline.
    IDENTICAL = "identical"  # There, with the digest of the baseline.
    UNSTEADY = "unsteady"  # The same, once too often: it comes and goes.
    DIFFERENT = "different"  # There, with another digest.
    GONE = "gone"


class ItemAct(StrEnum):
    """What a person decides on an item."""

    APPROVE = "approve"
    REFUSE = "refuse"


class ServerStanding(StrEnum):
    """How a server stands; the values are those of the database."""

    WAITING = "waiting"
    READY = "ready"
    ERROR = "error"
    SYNC_REQUIRED = "sync-required"
    SUSPENDED = "suspended"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class ServerAct(StrEnum):
    """What happens to a server: the first five follow from scans and approvals, the others are a person's.

    Suspended is out of use for a while, or because an approval ran out; quarantined is out of use on suspicion.
    """

    AWAIT_REVIEW = "await-review"
    AGREE = "agree"
    DRIFT = "drift"
    UNREACHED = "unreached"
    ANSWER_WRONG = "answer-wrong"
    SUSPEND = "suspend"
    RESUME = "resume"
    QUARANTINE = "quarantine"
    RELEASE = "release"
    RETIRE = "retire"


class IllegalMove(Exception):
    """The table has no such move; nothing was changed."""

    def __init__(self, state: StrEnum, act: StrEnum) -> None:
        super().__init__(f"what is {state.value} cannot {act.value.replace('-', ' ')}")
        self.state = state
        self.act = act


UNSTEADY_RETURNS: Final = 3
RETURNS_WITHIN: Final = timedelta(hours=24)

_N, _A, _C, _M, _R = ItemStanding

SEEN: Final[dict[tuple[ItemStanding, Sight], ItemStanding]] = {
    (_N, Sight.UNREVIEWED): _N,
    (_N, Sight.GONE): _M,
    (_M, Sight.UNREVIEWED): _N,
    **{(state, Sight.IDENTICAL): _A for state in (_A, _C, _M)},
    **{(state, Sight.UNSTEADY): _C for state in (_A, _C, _M)},
    **{(state, Sight.DIFFERENT): _C for state in (_A, _C, _M)},
    **{(state, Sight.GONE): _M for state in (_A, _C, _M)},
    **{(_R, sight): _R for sight in Sight},
}

DECIDED: Final[dict[tuple[ItemStanding, ItemAct], ItemStanding]] = {
    **{(state, ItemAct.APPROVE): _A for state in (_N, _C, _R)},
    **{(state, ItemAct.REFUSE): _R for state in (_N, _A, _C, _M)},
}

_OPEN = (ServerStanding.WAITING, ServerStanding.READY, ServerStanding.ERROR, ServerStanding.SYNC_REQUIRED)

_SHUT = (ServerStanding.SUSPENDED, ServerStanding.QUARANTINED)

SERVER: Final[dict[tuple[ServerStanding, ServerAct], ServerStanding]] = {
    **{(state, ServerAct.AWAIT_REVIEW): ServerStanding.WAITING for state in _OPEN},
    **{(state, ServerAct.AGREE): ServerStanding.READY for state in _OPEN},
    **{(state, ServerAct.DRIFT): ServerStanding.SYNC_REQUIRED for state in _OPEN},
    **{(state, ServerAct.UNREACHED): ServerStanding.ERROR for state in _OPEN},
    (ServerStanding.WAITING, ServerAct.UNREACHED): ServerStanding.WAITING,
    **{(state, ServerAct.ANSWER_WRONG): ServerStanding.ERROR for state in _OPEN},
    **{(state, ServerAct.SUSPEND): ServerStanding.SUSPENDED for state in _OPEN},
    (ServerStanding.SUSPENDED, ServerAct.RESUME): ServerStanding.WAITING,
    **{(state, ServerAct.QUARANTINE): ServerStanding.QUARANTINED for state in (*_OPEN, ServerStanding.SUSPENDED)},
    (ServerStanding.QUARANTINED, ServerAct.RELEASE): ServerStanding.WAITING,
    **{(state, ServerAct.RETIRE): ServerStanding.RETIRED for state in (*_OPEN, *_SHUT)},
}


def after_sight(state: str, sight: Sight) -> ItemStanding:
    """The state of an item once a scan saw it so. Raises IllegalMove for what the table does not name."""
    try:
        return SEEN[ItemStanding(state), sight]
    except KeyError:
        raise IllegalMove(ItemStanding(state), sight) from None


def after_decision(state: str, act: ItemAct) -> ItemStanding:
    """The state of an item after a person's decision. Raises IllegalMove."""
    try:
        return DECIDED[ItemStanding(state), act]
    except KeyError:
        raise IllegalMove(ItemStanding(state), act) from None


def after_act(state: str, act: ServerAct) -> ServerStanding:
    """The state of a server after an act. Raises IllegalMove."""
    try:
        return SERVER[ServerStanding(state), act]
    except KeyError:
        raise IllegalMove(ServerStanding(state), act) from None


def in_use(state: str) -> bool:
    """Whether scans and approvals move the server's state: it is neither suspended, quarantined nor retired."""
    return ServerStanding(state) in _OPEN


def sight_of(*, approved: str, seen: str, returns: int = 0) -> Sight:
    """What a scan saw of one item, from the digests of its baseline and of what is there now ("" = none).

    `returns` is how often it has come back to its baseline, this time included.
    """
    if not seen:
        return Sight.GONE
    if not approved:
        return Sight.UNREVIEWED
    if approved != seen:
        return Sight.DIFFERENT
    return Sight.UNSTEADY if returns >= UNSTEADY_RETURNS else Sight.IDENTICAL


def returns_after(
    state: str, *, approved: str, before: str, seen: str, returns: int, last: datetime | None, now: datetime
) -> int:
    """How often an item has come back to its baseline, once a scan saw it at `now`; `before` is what was seen last.

    Returns that are further apart than RETURNS_WITHIN begin anew, unless it is held for them already.
    """
    came_back = approved != "" and seen == approved != before and ItemStanding(state) in (_C, _M)
    if not came_back:
        return returns
    lately = last is not None and now - last <= RETURNS_WITHIN
    return returns + 1 if lately or returns >= UNSTEADY_RETURNS else 1


@dataclass(frozen=True, slots=True)
class Stands:
    """One item's part in how its server stands. `drift`: it departs from what was approved of the server.

    A new item is drift when it appeared after the first approval, one that is gone when it had a baseline. `unsteady`:
    it is held although it is as it was approved.
    """

    state: ItemStanding
    drift: bool
    unsteady: bool = False


def drifted(state: str, *, late: bool, baseline: bool) -> bool:
    """Whether an item in this state departs from what was approved."""
    return {_C: True, _M: baseline, _N: late}.get(ItemStanding(state), False)


def standing(items: Iterable[Stands]) -> tuple[ServerAct, str]:
    """What the items of a reachable server mean for it, and one sentence that says so ("" where all is well)."""
    found = list(items)
    words = ((_C, "changed"), (_M, "gone"), (_N, "new"))
    steady = [item for item in found if not item.unsteady]
    counts = [(sum(item.drift and item.state is state for item in steady), word) for state, word in words]
    counts.append((len(found) - len(steady), "unsteady (comes and goes, or differs by client)"))
    if any(count for count, _ in counts):
        said = ", ".join(f"{count} {word}" for count, word in counts if count)
        return ServerAct.DRIFT, f"The server differs from what was approved: {said}; held until reviewed."
    unreviewed = sum(item.state is _N for item in found)
    if unreviewed and not any(item.state is _A for item in found):
        return ServerAct.AWAIT_REVIEW, f"Nothing is approved yet; {unreviewed} to review."
    return ServerAct.AGREE, f"{unreviewed} not reviewed." if unreviewed else ""
