"""One held call: everything an approver needs, then Approve once or Deny. It decides nothing itself."""

from __future__ import annotations

import secrets
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from governance import approvals, ledger, local_mode
from governance.escalations import team_members
from governance.models import Agent, Escalation, Person
from governance.models.escalations import EscalationState
from governance.views import call_rows, factors
from governance.views.access import person_of
from governance.views.exact import arguments_of
from governance.views.forms import DecisionForm
from governance.views.queue import still_held_until, visible_escalations
from governance.views.rule_words import looked_at, stated
from governance.workflow.authority import still_needed

RECENT_CALLS: Final = 10


def escalation(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The page of one held call."""
    return _page(request, _visible(request, pk))


def state(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The state block alone, for the page's script."""
    found = _visible(request, pk)
    return TemplateResponse(request, "governance/escalation_state.html", _standing(found))


def decide(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Approve once or deny; whoever comes second reads who was first."""
    found = _visible(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=400)
    person, reason = person_of(request), form.cleaned_data["reason"]
    try:
        if form.cleaned_data["decision"] == "approve":
            outcome = approvals.approve(
                escalation_id=pk, by=person, reason=reason, via="console", stepped_up=factors.is_fresh(request)
            )
        else:
            outcome = approvals.deny(escalation_id=pk, by=person, reason=reason, via="console")
    except approvals.StepUpNeeded:
        return redirect(f"{reverse('admin:step_up')}?next={reverse('admin:escalation', args=[pk])}")
    except approvals.AlreadyDecided:
        found.refresh_from_db()
        return _page(request, found, too_late=True, status=409)
    except approvals.NotYours as refusal:
        return _page(request, found, refusal=str(refusal), status=403)
    except approvals.AlreadyVoted as refusal:
        return _page(request, found, refusal=str(refusal), status=409)
    _say(request, outcome)
    return redirect("admin:escalation", pk=pk)


@transaction.atomic
def reveal(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Open what is masked, once, for whoever may decide or read it; opening is recorded."""
    found = _visible(request, pk)
    change = {"what": "masked values of a held call opened", "name": str(found.pk)}
    ledger.append(kind="change.secret", by=person_of(request).email, change=change, via="console")
    return _page(request, found, revealed=True)


def _visible(request: HttpRequest, pk: UUID) -> Escalation:
    owned = Agent.objects.filter(name=OuterRef("agent"), owner=person_of(request))
    rows = visible_escalations(request).annotate(owned_now=Exists(owned)).prefetch_related("votes")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest,
    found: Escalation,
    *,
    form: DecisionForm | None = None,
    revealed: bool = False,
    too_late: bool = False,
    refusal: str = "",
    status: int = 200,
) -> HttpResponseBase:
    person = person_of(request)
    exact = arguments_of(found, looked_at=looked_at(found), revealed=revealed)
    why_not = exact.problem or refusal or _why_not(found, person)
    context: dict[str, Any] = {
        "title": f"{found.server}.{found.item}",
        **_standing(found),
        "exact": exact,
        "revealed": revealed,
        "rules": stated(found),
        "detail": _detail(found),
        "recent": _recent(found),
        "votes": found.votes.all(),
        "why_not": why_not,
        "too_late": too_late,
        "needs_step_up": approvals.needs_step_up(found.intent) and not factors.is_fresh(request),
        "form": form or DecisionForm(),
        "local": local_mode.holds(),
        "mark": local_mode.MARK,
        "form_key": secrets.token_hex(4),
    }
    return TemplateResponse(request, "governance/escalation.html", context, status=status)


def _standing(found: Escalation) -> dict[str, Any]:
    now = timezone.now()
    expired = found.is_stale(now) and found.state == EscalationState.WAITING
    waiting = found.state == EscalationState.WAITING and not expired
    missing = ""
    if waiting:
        missing = still_needed(
            found.needs(),
            [vote.as_value() for vote in found.votes.all()],
            owner=local_mode.apart_from(found.person or None),
        )
    until, client_left = still_held_until(found, now)
    return {
        "escalation": found,
        "waiting": waiting,
        "expired": expired,
        "missing": missing,
        "until": until,
        "client_left": client_left,
    }


def _why_not(found: Escalation, person: Person) -> str:
    """Why this person cannot decide, in one sentence; empty when they can."""
    if found.state != EscalationState.WAITING or found.is_stale(timezone.now()):
        return "This call is decided already."
    if any(vote.person == person.email for vote in found.votes.all()):
        return "Your approval is counted already; somebody else has to add theirs."
    owners = {found.person, person.email} if found.owned_now else {found.person}  # type: ignore[attr-defined]
    members = frozenset() if found.person else team_members(found.agent)
    try:
        approvals.require_apart(found, person, owners, members)
    except approvals.NotYours as refusal:
        return refusal.reason
    return ""


def _detail(found: Escalation) -> str:
    """What the recorded reason says beyond the reasons of the rules, which stand beside it."""
    for asked in found.escalate_rules():
        before, after = asked.reason or "\0", f" (rule {asked.rule})"
        if found.reason.startswith(before) and found.reason.endswith(after):
            return found.reason[len(before) : -len(after)].removeprefix(": ")
    return found.reason


def _recent(found: Escalation) -> list[call_rows.CallRow]:
    """The last calls of the same session, newest first, without the request that opened this escalation."""
    if not found.session:
        return []
    closing = call_rows.closers().filter(agent=found.agent, session=found.session).exclude(call=found.call)
    return call_rows.rows(list(closing.order_by("-at", "-stream_id", "-seq")[:RECENT_CALLS]))


def _say(request: HttpRequest, outcome: approvals.Outcome) -> None:
    if outcome.state == EscalationState.DENIED:
        messages.success(request, "Denied. The agent is told, with your reason.")
    elif outcome.still_needed:
        messages.info(request, f"Your approval is counted. {outcome.still_needed}")
    else:
        messages.success(request, "Approved once. The call goes on if its client still waits, or when it asks again.")
