"""Escalations that end without a decision: expired by the clock, cancelled by an act. Also how an end is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import ledger, local_mode
from governance.audit.entry import plain
from governance.canonical.values import JSON
from governance.generation import bump
from governance.models import Agent, Escalation, Part, Vote
from governance.models.escalations import EscalationQuerySet, EscalationState
from governance.nudges import INBOX, nudge
from governance.rights import Actor, Machine, NotAllowed, may, name_of
from governance.workflow.escalation import Act, sources

BATCH = 500


def expire(*, escalation_id: UUID, now: datetime | None = None) -> bool:
    """Expire one escalation whose deadline, or time to redeem, has passed; False when there was nothing to expire."""
    now = now or timezone.now()
    with transaction.atomic():
        found = _overdue(now).select_for_update().filter(pk=escalation_id).first()
        if found is None:
            return False
        _end([found], Act.EXPIRE, by=Machine.SYSTEM, reason="", now=now)
        bump(Part.ESCALATIONS)
        record([found], Act.EXPIRE, by=Machine.SYSTEM, reason="", now=now)
        return True


def expire_due(now: datetime | None = None) -> int:
    """Expire everything whose time has passed, each in a transaction of its own. Returns how many."""
    now = now or timezone.now()
    overdue = list(_overdue(now).order_by("deadline").values_list("pk", flat=True)[:BATCH])
    return sum(expire(escalation_id=key, now=now) for key in overdue)


def cancel(*, escalation_id: UUID, reason: str, by: Actor, now: datetime | None = None) -> bool:
    """Cancel one open escalation; False when it was not open any more.

    For the system, for the owner of the agent, and for security administrators and approvers; else NotAllowed.
    """
    escalation = Escalation.objects.get(pk=escalation_id)
    own = not isinstance(by, Machine) and escalation.person.casefold() == by.email.casefold()
    if not own and not may(by, "security-admin", "approver"):
        raise NotAllowed("You may cancel calls of your own agents only.")
    return _cancel(Escalation.objects.filter(pk=escalation_id), reason, by, now) == 1


def cancel_matching(
    *,
    agent: str | None = None,
    server: str | None = None,
    everything: bool = False,
    reason: str,
    by: Actor,
    now: datetime | None = None,
) -> int:
    """Cancel every open escalation of an agent, of a server, or all; answers how many. The caller checks rights."""
    matching = Escalation.objects.all()
    if agent is None and server is None and not everything:
        raise ValueError("say which escalations to cancel: agent=, server= or everything=True")
    if agent is not None:
        matching = matching.filter(agent=agent)
    if server is not None:
        matching = matching.filter(server=server)
    return _cancel(matching, reason, by, now)


def announce(escalation_id: UUID) -> None:
    """Have open inbox pages look again; call on commit."""
    nudge(INBOX, {"type": "inbox.changed", "escalation": str(escalation_id)})


def in_scope(scope_kind: str, scope_name: str) -> EscalationQuerySet:
    """The escalations that a stop over this scope covers."""
    rows = Escalation.objects.all()
    if scope_kind == "everything":
        return rows
    if scope_kind == "tool":
        server, slash, item = scope_name.partition("/")
        exact = Q(server=server, item=item) if slash else Q(pk__in=[])
        return rows.filter(exact | Q(item=scope_name), kind="tool")
    if scope_kind == "person":
        return rows.filter(person__iexact=scope_name)
    if scope_kind == "team":
        of_team = Agent.objects.filter(Q(team__name=scope_name) | Q(owner__teams__name=scope_name)).values("name")
        return rows.filter(agent__in=of_team)
    return rows.filter(**{{"server": "server", "agent": "agent", "session": "session"}[scope_kind]: scope_name})


def end_open(rows: EscalationQuerySet, *, by: Actor, reason: str, now: datetime) -> list[Escalation]:
    """Cancel the open ones of `rows` without recording: the caller bumps, then calls `record`, so that generation rows
    are always locked before the ledger's head.
    """
    found = list(rows.filter(state__in=sources(Act.CANCEL)).order_by("pk").select_for_update())
    _end(found, Act.CANCEL, by=by, reason=reason, now=now)
    return found


def record(
    rows: Sequence[Escalation],
    act: Act,
    *,
    by: Actor,
    reason: str,
    now: datetime,
    via: str = "",
    votes: Sequence[Vote] = (),
    refused: Mapping[str, JSON] | None = None,
) -> None:
    """Write one `call.decided` per escalation. `refused` marks an attempt that changed nothing and says why."""
    for row in rows:
        approval: dict[str, JSON] = {
            "escalation": str(row.pk),
            "act": act.value,
            "by": [vote.person for vote in votes] or [name_of(by)],
            "at": ledger.stamp(now),
            "reason": plain(reason),
            "scope": "once" if act is Act.APPROVE else None,
            "rules": [stored["rule"] for stored in row.rules],
            "state": str(row.state),
            "via": via or None,
            "votes": [
                {"person": vote.person, "approve": vote.approve, "via": vote.via, "at": ledger.stamp(vote.at)}
                for vote in votes
            ],
        }
        if via == local_mode.VIA:
            approval["mark"] = local_mode.MARK
        if refused is not None:
            approval["refused"] = dict(refused)
        ledger.append(
            kind="call.decided", by=name_of(by), call=row.call, target=_target(row), extra={"approval": approval},
            via=via, at=now,
        )  # fmt: skip


def _cancel(rows: EscalationQuerySet, reason: str, by: Actor, now: datetime | None) -> int:
    now = now or timezone.now()
    with transaction.atomic():
        found = end_open(rows, by=by, reason=reason, now=now)
        if found:
            bump(Part.ESCALATIONS)
            record(found, Act.CANCEL, by=by, reason=reason, now=now)
    return len(found)


def _overdue(now: datetime) -> EscalationQuerySet:
    return Escalation.objects.filter(
        Q(state=EscalationState.WAITING, deadline__lte=now)
        | Q(state=EscalationState.APPROVED, redeem_until__lte=now)
        | Q(state=EscalationState.APPROVED, redeem_until__isnull=True)
    )


def _end(rows: Sequence[Escalation], act: Act, *, by: Actor, reason: str, now: datetime) -> None:
    """Move locked rows. Who approved, and why, stays on a row that expires or is cancelled after its approval."""
    for row in rows:
        decided = {"decided_at": now, "decided_by": name_of(by), "decision_reason": reason}
        row.move(act, **(decided if row.state == EscalationState.WAITING else {}))
        transaction.on_commit(partial(announce, row.pk))


def _target(row: Escalation) -> dict[str, JSON]:
    return {
        "agent": row.agent,
        "server": row.server,
        "kind": row.kind,
        "name": plain(row.item),
        "digest": row.item_digest,
    }
