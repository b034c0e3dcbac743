"""Stops: what holds, setting one after its reach was stated, and votes to lift one. The acts are in switches."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from governance import switches
from governance.closing import in_scope
from governance.models import Agent, Person, Switch
from governance.rights import NotAllowed
from governance.views.access import ADMIN, APPROVER, has_role, person_of
from governance.views.forms import StopForm
from governance.workflow.switches import RELEASES_NEEDED

LIFTED_SHOWN: Final = 20


def index(request: HttpRequest) -> HttpResponseBase:
    """What holds now, the form to stop something, and what was lifted lately."""
    return _page(request, StopForm())


def confirm(request: HttpRequest) -> HttpResponseBase:
    """State what the stop would reach; nothing is stopped yet."""
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    wanted = form.cleaned_data
    context = {
        "title": "Stop this?",
        "wanted": wanted,
        "fields": [form[name].as_hidden() for name in form.fields],
        "mode": dict(StopForm.MODES)[wanted["mode"]],
        **_reach(wanted["scope_kind"], wanted["scope_name"]),
    }
    return TemplateResponse(request, "governance/stop_confirm.html", context)


def put(request: HttpRequest) -> HttpResponseBase:
    """Stop it."""
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        switches.stop(**form.cleaned_data, by=person_of(request))
    except switches.BadScope as problem:
        form.add_error(None, str(problem))
        return _page(request, form, status=400)
    messages.warning(request, "Stopped. Two security administrators can lift it.")
    return redirect("admin:stops")


def release(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Vote to lift a stop; the second person's vote lifts it."""
    try:
        outcome = switches.release(switch_id=pk, by=person_of(request))
    except Switch.DoesNotExist:
        raise Http404 from None
    except (switches.AlreadyVoted, switches.AlreadyReleased, switches.BadScope, NotAllowed) as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:stops")
    if outcome.needs:
        messages.info(request, f"Your vote is counted. {outcome.needs} more person has to agree.")
    else:
        messages.success(request, "Lifted.")
    return redirect("admin:stops")


def _page(request: HttpRequest, form: StopForm, status: int = 200) -> HttpResponseBase:
    held = Switch.objects.filter(released_at__isnull=True).prefetch_related("release_votes")
    person = person_of(request)
    context: dict[str, Any] = {
        "title": "Stops",
        "form": form,
        "held": [(switch, any(vote.person == person.email for vote in switch.release_votes.all())) for switch in held],
        "lifted": Switch.objects.filter(released_at__isnull=False).order_by("-released_at")[:LIFTED_SHOWN],
        "may_set": has_role(request, ADMIN, APPROVER),
        "may_release": has_role(request, ADMIN),
        "too_few": Person.objects.filter(is_active=True, groups__name=ADMIN).distinct().count() < RELEASES_NEEDED,
    }
    return TemplateResponse(request, "governance/stops.html", context, status=status)


def _reach(scope_kind: str, scope_name: str) -> dict[str, Any]:
    """What the stop covers, in numbers: agents that act, and held calls that would be cancelled."""
    agents = Agent.objects.filter(active=True)
    if scope_kind == "agent":
        agents = agents.filter(name=scope_name)
    elif scope_kind == "person":
        agents = agents.filter(owner__email__iexact=scope_name)
    elif scope_kind == "team":
        agents = agents.filter(team__name=scope_name) | agents.filter(owner__teams__name=scope_name)
    return {
        "agents": agents.distinct().count(),
        "held": in_scope(scope_kind, scope_name).waiting(timezone.now()).count(),
    }
