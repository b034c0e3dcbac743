"""What security administrators do to a server as a whole: out of use and back, and back to an earlier baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from governance.rights import NotAllowed
from governance.views.access import person_of
from governance.views.forms import REASON_LENGTH
from registry import baselines, lifecycle
from registry.models import Server
from registry.states import ServerAct
from registry.views.servers import server_named

ACTS: Final[Mapping[str, tuple[str, Callable[..., Any]]]] = {
    ServerAct.SUSPEND: ("Suspend", lifecycle.suspend),
    ServerAct.RESUME: ("Resume", lifecycle.resume),
    ServerAct.QUARANTINE: ("Quarantine", lifecycle.quarantine),
    ServerAct.RELEASE: ("Release", lifecycle.release),
    ServerAct.RETIRE: ("Retire for good", lifecycle.retire),
}


class StandingForm(forms.Form):
    """What to do with a server, and why."""

    act = forms.ChoiceField(choices=[(act, words) for act, (words, _) in ACTS.items()])
    reason = forms.CharField(max_length=REASON_LENGTH)
    days = forms.IntegerField(required=False, min_value=1, max_value=730)


def stand(request: HttpRequest, name: str) -> HttpResponseBase:
    """Take a server out of use, or put it back."""
    server = server_named(name)
    form = StandingForm(request.POST)
    if not form.is_valid():
        problem = next(iter(form.errors.values()))[0]
        messages.error(request, f"Choose what to do and say why. {problem}")
        return redirect("admin:server", name=name)
    given = form.cleaned_data
    words, act = ACTS[given["act"]]
    further = {"days": given["days"]} if given["act"] == ServerAct.RESUME and given["days"] else {}
    try:
        act(server=server, by=person_of(request), reason=given["reason"], **further)
    except (lifecycle.NotPossible, NotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        now = Server.objects.get(pk=server.pk)
        messages.success(request, f"{words}: done. {now.name} is {now.get_state_display().lower()}.")
    return redirect("admin:server", name=name)


def roll_back(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    """Make what was approved after an earlier decision the baseline again."""
    server = server_named(name)
    reason = request.POST.get("reason", "").strip()[:REASON_LENGTH]
    if not reason:
        messages.error(request, "Say why it goes back to an earlier baseline.")
        return redirect("admin:server", name=name)
    try:
        baselines.roll_back(server=server, number=number, by=person_of(request), reason=reason)
    except (lifecycle.NotPossible, NotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"What was approved after decision {number} holds again; what differs is held.")
    return redirect("admin:server", name=name)
