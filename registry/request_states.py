"""The life of a request for a server, as one table, and how many people it takes. Pure: no Django, no I/O.

draft -> submitted -> scanned -> in review -> approved, denied or changes requested; the latter is submitted again.
An approved request becomes a server, whose life is in `registry.states`: active, suspended, quarantined, retired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.states import IllegalMove


class RequestStanding(StrEnum):
    """How a request stands; the values are those of the database."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCANNED = "scanned"
    IN_REVIEW = "in-review"
    CHANGES_REQUESTED = "changes-requested"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RequestAct(StrEnum):
    """What happens to a request. SEE and MISS follow from scans, REVIEW from a reviewer's word short of a decision."""

    SUBMIT = "submit"
    SEE = "see"
    MISS = "miss"
    REVIEW = "review"
    REQUEST_CHANGES = "request-changes"
    APPROVE = "approve"
    DENY = "deny"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_D, _SU, _SC, _R, _C = (
    RequestStanding.DRAFT,
    RequestStanding.SUBMITTED,
    RequestStanding.SCANNED,
    RequestStanding.IN_REVIEW,
    RequestStanding.CHANGES_REQUESTED,
)

EDITABLE: Final = frozenset({_D, _C})
"""States in which the requester may change what is asked for."""
REVIEWABLE: Final = frozenset({_SU, _SC, _R})
"""States in which reviewers are asked for a decision."""
OPEN: Final = EDITABLE | REVIEWABLE

MOVES: Final[dict[tuple[RequestStanding, RequestAct], RequestStanding]] = {
    **{(state, RequestAct.SUBMIT): _SU for state in (_D, _C)},
    # A draft is looked at while it is written; that alone moves nothing.
    **{(state, act): state for state in (_D, _C) for act in (RequestAct.SEE, RequestAct.MISS)},
    # What is seen anew is reviewed anew.
    **{(state, RequestAct.SEE): _SC for state in (_SU, _SC, _R)},
    **{(state, RequestAct.MISS): _SU for state in (_SU, _SC, _R)},
    **{(state, RequestAct.REVIEW): _R for state in (_SC, _R)},
    **{(state, RequestAct.REQUEST_CHANGES): _C for state in (_SU, _SC, _R)},
    **{(state, RequestAct.APPROVE): RequestStanding.APPROVED for state in (_SC, _R)},
    **{(state, RequestAct.DENY): RequestStanding.DENIED for state in (_SU, _SC, _R)},
    **{(state, RequestAct.WITHDRAW): RequestStanding.WITHDRAWN for state in (_D, _SU, _SC, _R, _C)},
    **{(state, RequestAct.EXPIRE): RequestStanding.EXPIRED for state in (_SU, _SC, _R, _C)},
}


def after_request_act(state: str, act: RequestAct) -> RequestStanding:
    """The state of a request after an act. Raises IllegalMove for what the table does not name."""
    try:
        return MOVES[RequestStanding(state), act]
    except KeyError:
        raise IllegalMove(RequestStanding(state), act) from None


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many people must approve, whether one of them must be of the owning team, and why in one sentence."""

    needed: int
    team: bool
    why: str


def quorum(*, intents: Iterable[str], held_findings: int) -> Quorum:
    """What the approval of items with these intents and this many findings of severity high or above takes.

    One security administrator is always among them.
    """
    destructive = sum(intent == "destructive" for intent in intents)
    reasons = []
    if destructive:
        reasons.append(f"{destructive} destructive {'tool' if destructive == 1 else 'tools'}")
    if held_findings:
        reasons.append(f"{held_findings} high {'finding' if held_findings == 1 else 'findings'}")
    if not reasons:
        return Quorum(1, False, "Nothing destructive and no high finding: one security administrator approves.")
    return Quorum(2, True, f"Because of {' and '.join(reasons)}, two people approve, one of the owning team.")


def still_missing(*, needed: int, people: int, admins: int, of_team: int, team: str) -> str:
    """Whose approval is missing, in one sentence; "" when there are enough.

    `people` approved, of them so many `admins` and members `of_team`; `team` is the one of which somebody has to be
    among them ("" where that is not asked).
    """
    missing = max(needed - people, 0)
    wanted = []
    if not admins:
        wanted.append("a security administrator")
    if team and not of_team:
        wanted.append(f"a member of the team {team}")
    if not missing and not wanted:
        return ""
    number = max(missing, 1 if wanted else 0)
    said = "one more person" if number == 1 else f"{number} people"
    if wanted:
        return f"Needs {said} to approve, {' and '.join(wanted)} among them."
    return f"Needs {said} to approve."
