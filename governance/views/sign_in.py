"""Sign-in: password, then the second factor; a demo link; sign-out. Checks who somebody is, never what they may do."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth import authenticate
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp import devices_for_user
from django_otp import login as remember_device

from governance import ledger, people
from governance.models import Person
from governance.views import attempts, authenticator, factors
from governance.views.forms import CodeForm, SignInForm

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
PENDING: Final = "sign_in"
PENDING_SECONDS: Final = 300
WRONG: Final = "E-mail address or password is wrong."
WRONG_CODE: Final = (
    "This code is wrong or was used before. Check that the clock of your phone is right, and try the next code."
)


def login(request: HttpRequest) -> HttpResponseBase:
    """The first step: e-mail address and password."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    after = _after(request)
    if request.user.is_active and request.method != "POST":
        return redirect(after)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, password = form.cleaned_data["username"], form.cleaned_data["password"]
        until = attempts.locked_until(request, email)
        if until is not None:
            at = datetime.fromtimestamp(until, UTC)
            form.add_error(None, f"Too many attempts. Try again after {at:%H:%M} UTC.")
        elif (person := authenticate(request, username=email, password=password)) is None:
            attempts.note_failure(request, email)
            form.add_error(None, WRONG)
        else:
            attempts.forget(request, email)
            return _after_password(request, _as_person(person), after)
    return TemplateResponse(request, "admin/login.html", {"title": "Sign in", "form": form, "next": after})


def code(request: HttpRequest) -> HttpResponseBase:
    """The second step for somebody with an authenticator."""
    pending = _pending(request)
    if pending is None:
        return redirect("admin:login")
    person, after, _ = pending
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = authenticator.check(person, form.cleaned_data["code"])
        if device is not None:
            _start(request, person, "password and second factor")
            remember_device(request, device)
            factors.mark_fresh(request)
            return redirect(after)
        form.add_error("code", WRONG_CODE)
    return TemplateResponse(
        request, "governance/sign_in_code.html", {"title": "Second factor", "form": form, "email": person.email}
    )


def enrol(request: HttpRequest) -> HttpResponseBase:
    """The second step for somebody who must have an authenticator and has none yet."""
    pending = _pending(request)
    if pending is None or not pending[2]:
        return redirect("admin:login")
    person, after, key = pending
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        enrolled = authenticator.enrol(person, key, form.cleaned_data["code"])
        if enrolled is not None:
            device, codes = enrolled
            _start(request, person, "password and second factor")
            remember_device(request, device)
            factors.mark_fresh(request)
            return TemplateResponse(
                request, "governance/recovery_codes.html", {"title": "Recovery codes", "codes": codes, "next": after}
            )
        form.add_error("code", WRONG_CODE)
    context = {
        "title": "Set up a second factor",
        "form": form,
        "picture": authenticator.picture(person, key),
        "typed": authenticator.typed(key),
        "action": reverse("admin:login_enrol"),
        "why": "Your role decides over calls, so your account needs a second factor.",
    }
    return TemplateResponse(request, "governance/second_factor_enrol.html", context)


def link(request: HttpRequest, secret: str) -> HttpResponseBase:
    """A sign-in link (demo mode): looking shows a button; only pressing it uses the link."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    try:
        if request.method != "POST":
            context = {"title": "Sign in", "email": people.look_at_link(secret).email}
            return TemplateResponse(request, "governance/sign_in_link.html", context)
        person = people.consume_link(secret)
    except people.LinkRefused as refused:
        return TemplateResponse(
            request, "governance/sign_in_link.html", {"title": "Sign in", "problem": str(refused)}, status=403
        )
    if request.user.is_authenticated:
        end_session(request)
    start_session(request, person, backend=BACKEND)
    return redirect("admin:index")


def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; only a POST does."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    end_session(request)
    return redirect("admin:login")


def _after_password(request: HttpRequest, person: Person, after: str) -> HttpResponse:
    pending: dict[str, Any] = {"person": person.pk, "after": after, "until": time.time() + PENDING_SECONDS, "key": ""}
    if next(iter(devices_for_user(person)), None) is not None:
        step = "admin:login_code"
    elif not factors.APPROVING_ROLES.isdisjoint(person.console_roles()) and not factors.is_waived(request):
        pending["key"] = authenticator.new_key()
        step = "admin:login_enrol"
    else:
        _start(request, person, "password")
        return redirect(after)
    if request.user.is_authenticated:
        end_session(request)
    request.session.cycle_key()
    request.session[PENDING] = pending
    return redirect(step)


def _pending(request: HttpRequest) -> tuple[Person, str, str] | None:
    """Who has given the right password within the last five minutes, where they go next, and a key to enrol."""
    pending = request.session.get(PENDING)
    if not isinstance(pending, dict) or pending["until"] < time.time():
        return None
    person = Person.objects.filter(pk=pending["person"], is_active=True).first()
    return None if person is None else (person, str(pending["after"]), str(pending["key"]))


@transaction.atomic
def _start(request: HttpRequest, person: Person, how: str) -> None:
    request.session.pop(PENDING, None)
    start_session(request, person, backend=BACKEND)
    ledger.append(
        kind="change.sign_in",
        by=person.email,
        change={"what": f"signed in with {how}", "name": person.email},
        via="console",
    )


def _after(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else reverse("admin:index")


def _as_person(user: object) -> Person:
    assert isinstance(user, Person)
    return user
