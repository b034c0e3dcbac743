"""The account's second factor: enrol, recovery codes, and proving it again before a strong decision."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp import login as remember_device

from governance.views import authenticator, factors
from governance.views.access import person_of
from governance.views.forms import CodeForm
from governance.views.sign_in import WRONG_CODE

NEW_KEY: Final = "new_second_factor"


def show(request: HttpRequest, form: CodeForm | None = None) -> HttpResponseBase:
    """What there is, and how to set one up; a key in the making is shown again until it is confirmed."""
    key = request.session.get(NEW_KEY)
    if key:
        context = {
            "title": "Set up a second factor",
            "form": form or CodeForm(),
            "picture": authenticator.picture(person_of(request), key),
            "typed": authenticator.typed(key),
            "action": reverse("admin:second_factor_finish"),
            "next": request.session.get("after_second_factor", ""),
        }
        return TemplateResponse(request, "governance/second_factor_enrol.html", context)
    has_device = factors.has_device(request)
    if has_device and factors.is_owed(request):
        return redirect("admin:step_up")
    context = {
        "title": "Second factor",
        "has_device": has_device,
        "fresh": factors.is_fresh(request),
        "owed": factors.is_owed(request),
    }
    return TemplateResponse(request, "governance/second_factor.html", context)


def begin(request: HttpRequest) -> HttpResponseBase:
    """Start setting up an authenticator; replacing one needs the old one first."""
    if factors.has_device(request) and not factors.is_fresh(request):
        return _to_step_up(reverse("admin:second_factor"))
    request.session[NEW_KEY] = authenticator.new_key()
    request.session["after_second_factor"] = _next(request)
    return redirect("admin:second_factor")


def finish(request: HttpRequest) -> HttpResponseBase:
    """Confirm the new authenticator with its first code; shows the recovery codes, this once."""
    key = request.session.get(NEW_KEY)
    if not key:
        return redirect("admin:second_factor")
    form = CodeForm(request.POST)
    enrolled = authenticator.enrol(person_of(request), key, form.cleaned_data["code"]) if form.is_valid() else None
    if enrolled is None:
        if not form.errors:
            form.add_error("code", WRONG_CODE)
        return show(request, form)
    device, codes = enrolled
    del request.session[NEW_KEY]
    remember_device(request, device)
    factors.mark_fresh(request)
    context = {"title": "Recovery codes", "codes": codes, "next": request.session.pop("after_second_factor", "")}
    return TemplateResponse(request, "governance/recovery_codes.html", context)


def renew_codes(request: HttpRequest) -> HttpResponseBase:
    """Ten new recovery codes, shown this once."""
    if not factors.is_fresh(request):
        return _to_step_up(reverse("admin:second_factor"))
    codes = authenticator.renew_codes(person_of(request))
    return TemplateResponse(request, "governance/recovery_codes.html", {"title": "Recovery codes", "codes": codes})


def ask(request: HttpRequest, form: CodeForm | None = None) -> HttpResponseBase:
    """Ask for a code from the authenticator; without one, the way to set it up."""
    if not factors.has_device(request):
        context = {"title": "Second factor", "has_device": False, "needed": True, "next": _next(request)}
        return TemplateResponse(request, "governance/second_factor.html", context)
    context = {"title": "Confirm it is you", "form": form or CodeForm(), "next": _next(request)}
    return TemplateResponse(request, "governance/step_up.html", context)


def check(request: HttpRequest) -> HttpResponseBase:
    """Check the code; five minutes of strong decisions follow."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return ask(request, form)
    device = authenticator.check(person_of(request), form.cleaned_data["code"])
    if device is None:
        form.add_error("code", WRONG_CODE)
        return ask(request, form)
    remember_device(request, device)
    factors.mark_fresh(request)
    messages.success(request, "Confirmed. The next five minutes need no further code.")
    return redirect(_next(request) or "admin:index")


def _to_step_up(after: str) -> HttpResponseBase:
    return redirect(f"{reverse('admin:step_up')}?next={after}")


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else ""
