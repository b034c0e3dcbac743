"""The account page and what a browser remembers: theme and keyboard shortcuts, in cookies, without script."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme

from governance.views import factors
from governance.views.access import person_of, roles_of

YEAR: Final = 365 * 86_400
CHOICES: Final = {"theme": ("light", "dark", "auto"), "keys": ("on", "off")}


def account(request: HttpRequest) -> HttpResponseBase:
    """Who one is here, the second factor, and preferences."""
    context = {
        "title": "Account",
        "roles": sorted(roles_of(request)),
        "teams": sorted(person_of(request).team_names()),
        "has_device": factors.has_device(request),
    }
    return TemplateResponse(request, "gateway/account.html", context)


def save(request: HttpRequest) -> HttpResponseBase:
    """Remember a preference in this browser and go back."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    response = redirect(wanted if safe and wanted.startswith("/") else "admin:account")
    for name, allowed in CHOICES.items():
        value = request.POST.get(name, "")
        if value in allowed:
            response.set_cookie(
                f"gatehouse_{name}", value, max_age=YEAR, httponly=True, samesite="Lax", secure=request.is_secure()
            )
    return response
