"""Agents and their tokens: list, issue (shown once), revoke. The acts are in governance.agents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from governance import agents as acts
from governance.models import Agent, AgentToken, LedgerEntry
from governance.rights import NotAllowed
from governance.views.access import ADMIN, AUDITOR, has_role, person_of

LONGEST_DAYS: Final = 365


class TokenForm(forms.Form):
    """How long a new token lives."""

    days = forms.IntegerField(label="Days until it expires", min_value=1, max_value=LONGEST_DAYS)


class RevokeForm(forms.Form):
    """Why a token ends."""

    reason = forms.CharField(label="Reason", max_length=500)


def index(request: HttpRequest) -> HttpResponseBase:
    """The agents this person may look at: all, or those of theirs and their teams."""
    last = LedgerEntry.objects.filter(kind="call.intent", agent=OuterRef("name")).order_by("-at").values("at")[:1]
    now = timezone.now()
    live = Q(tokens__revoked_at__isnull=True, tokens__expires_at__gt=now)
    found = (
        _visible(request)
        .select_related("owner", "team")
        .annotate(
            live_tokens=Count("tokens", live), expires=Max("tokens__expires_at", filter=live), last_call=Subquery(last)
        )
    )
    context = {"title": "Agents", "agents": found, "all": has_role(request, ADMIN, AUDITOR)}
    return TemplateResponse(request, "governance/agents.html", context)


def detail(request: HttpRequest, name: str) -> HttpResponseBase:
    """One agent with its tokens."""
    return _page(request, _agent(request, name))


def issue(request: HttpRequest, name: str) -> HttpResponseBase:
    """Issue a token and show it, this once, with snippets for clients."""
    agent = _agent(request, name)
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, agent, form=form, status=400)
    try:
        text = acts.issue_token(
            agent=agent, expires_in=timedelta(days=form.cleaned_data["days"]), by=person_of(request)
        )
    except (NotAllowed, acts.BadAgent) as refusal:
        form.add_error(None, str(refusal))
        return _page(request, agent, form=form, status=403)
    return _page(request, agent, token=text)


def confirm_revoke(request: HttpRequest, name: str, public_id: str) -> HttpResponseBase:
    """Ask before a token is revoked."""
    agent = _agent(request, name)
    token = agent.tokens.filter(public_id=public_id).first()
    if token is None or not _may_change(request, agent):
        raise Http404
    context = {"title": "Revoke this token?", "agent": agent, "token": token, "form": RevokeForm()}
    return TemplateResponse(request, "governance/token_revoke.html", context)


def revoke(request: HttpRequest, name: str, public_id: str) -> HttpResponseBase:
    """Revoke a token; it is refused everywhere within a second."""
    agent = _agent(request, name)
    token = agent.tokens.filter(public_id=public_id).first()
    if token is None:
        raise Http404
    form = RevokeForm(request.POST)
    if not form.is_valid():
        context = {"title": "Revoke this token?", "agent": agent, "token": token, "form": form}
        return TemplateResponse(request, "governance/token_revoke.html", context, status=400)
    try:
        done = acts.revoke_token(public_id=public_id, by=person_of(request), reason=form.cleaned_data["reason"])
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Revoked." if done else "It was revoked before.")
    return redirect("admin:agent", name=name)


def _visible(request: HttpRequest) -> QuerySet[Agent]:
    if has_role(request, ADMIN, AUDITOR):
        return Agent.objects.all()
    person = person_of(request)
    return Agent.objects.filter(Q(owner=person) | Q(team__in=person.teams.all())).distinct()


def _agent(request: HttpRequest, name: str) -> Agent:
    found = _visible(request).select_related("owner", "team").filter(name=name).first()
    if found is None:
        raise Http404
    return found


def _may_change(request: HttpRequest, agent: Agent) -> bool:
    return has_role(request, ADMIN) or agent.owner_id == person_of(request).pk


def _page(
    request: HttpRequest, agent: Agent, *, form: TokenForm | None = None, token: str = "", status: int = 200
) -> HttpResponseBase:
    last = LedgerEntry.objects.filter(kind="call.intent", agent=agent.name).order_by("-at").values_list("at", flat=True)
    context: dict[str, Any] = {
        "title": agent.name,
        "agent": agent,
        "roles": agent.roles.all(),
        "tokens": [(each, _standing(each)) for each in agent.tokens.order_by("-created_at")],
        "last_call": last.first(),
        "may_change": _may_change(request, agent),
        "form": form or TokenForm(initial={"days": settings.TOKEN_DAYS}),
        "token": token,
    }
    return TemplateResponse(request, "governance/agent.html", context, status=status)


def _standing(token: AgentToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at <= timezone.now() else "live"
