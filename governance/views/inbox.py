"""The inbox: what waits for a person, what was decided, what expired. Lists only; it holds no decision form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from governance.models import Escalation, Vote
from governance.models.escalations import EscalationState
from governance.views.exact import Exact, arguments_of
from governance.views.queue import still_held_until, visible_escalations, waiting_for
from governance.views.rule_words import why

PAGE: Final = 50
TABS: Final = (("waiting", "Waiting"), ("decided", "Decided"), ("expired", "Expired"))


@dataclass(frozen=True, slots=True)
class Row:
    """One escalation in a list. `until` is when the client gives up or the deadline; `rules` are names and reasons."""

    escalation: Escalation
    exact: Exact
    yours: bool
    until: datetime
    client_left: bool
    approvals: int
    required: int
    rules: tuple[tuple[str, str], ...]


def show(request: HttpRequest) -> HttpResponseBase:
    """The page around the list."""
    tab = _tab(request)
    context = {"title": "Inbox", "tab": tab, "tabs": TABS, **_listing(request, tab)}
    return TemplateResponse(request, "governance/inbox.html", context)


def fragment(request: HttpRequest) -> HttpResponseBase:
    """The list alone, for the page's script."""
    tab = _tab(request)
    return TemplateResponse(request, "governance/inbox_list.html", {"tab": tab, **_listing(request, tab)})


def _tab(request: HttpRequest) -> str:
    wanted = request.GET.get("state", "")
    return wanted if wanted in dict(TABS) else "waiting"


def _listing(request: HttpRequest, tab: str) -> dict[str, object]:
    now = timezone.now()
    yours = {escalation.pk for escalation in waiting_for(request)}
    votes = Prefetch("votes", queryset=Vote.objects.filter(approve=True))
    found = _of_tab(visible_escalations(request), tab, now).prefetch_related(votes)
    rows = [_row(escalation, escalation.pk in yours, now) for escalation in found[:PAGE]]
    if tab == "waiting":
        rows.sort(key=lambda row: row.until)
    last = None
    if tab == "waiting" and not rows:
        decided = visible_escalations(request).exclude(decided_by="").filter(decided_at__isnull=False)
        last = decided.defer("arguments_sealed").order_by("-decided_at").first()
    return {"rows": rows, "last_decided": last, "more_than_shown": len(rows) == PAGE}


def _of_tab(found: QuerySet[Escalation], tab: str, now: datetime) -> QuerySet[Escalation]:
    if tab == "waiting":
        return found.filter(state=EscalationState.WAITING, deadline__gt=now).order_by("deadline", "pk")
    if tab == "expired":
        stale = Q(state=EscalationState.WAITING, deadline__lte=now)
        return found.filter(Q(state=EscalationState.EXPIRED) | stale).order_by("-deadline")
    decided = (EscalationState.APPROVED, EscalationState.REDEEMED, EscalationState.DENIED, EscalationState.CANCELLED)
    return found.filter(state__in=decided).order_by("-decided_at")


def _row(escalation: Escalation, yours: bool, now: datetime) -> Row:
    until, client_left = still_held_until(escalation, now)
    required = max((need.approve.required for need in escalation.needs()), default=1)
    return Row(
        escalation=escalation,
        exact=arguments_of(escalation),
        yours=yours,
        until=until,
        client_left=client_left,
        approvals=len(escalation.votes.all()),
        required=required,
        rules=tuple((asked.rule, why(asked)) for asked in escalation.escalate_rules()),
    )
