"""The OAuth endpoints: a page for people, three addresses for programs. They parse, call one act, and answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oauth2_provider.oauth2_backends import get_oauthlib_core

from governance.agents import BadAgent
from governance.canonical.strict_json import parse
from governance.oauth import consent, limits, registration
from governance.oauth.asking import Asked, NotAsked, Refused, granted, read
from governance.oauth.forms import ConsentForm, is_answer, question
from governance.oauth.metadata import SCOPE, SCOPE_SAYS, server_of
from governance.rights import NotAllowed, may
from governance.views.access import person_of
from governance.views.factors import is_owed

MAX_DOCUMENT: Final = 16 * 1024
MAX_FORM: Final = 16 * 1024


def authorize(request: HttpRequest, is_server: Callable[[str], bool]) -> HttpResponseBase:
    """Ask the signed-in person whether a client may act as an agent of theirs; on their answer, send a code.

    The console wraps it: sign-in pages, protection of forms, and the shell's context are its own.
    """
    if not request.user.is_active:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if is_owed(request):
        return redirect("admin:second_factor")
    if not may(person_of(request), *consent.MAY_CONSENT):
        roles = " or ".join(sorted(consent.MAY_CONSENT))
        return _nothing(request, f"Connecting a client takes the role {roles}.", status=403)
    if _has_nul(request.GET):
        return _nothing(request, "The request has a NUL, which no value of it may have.", status=400)
    try:
        asked = read(request, is_server)
        return _answered(request, asked) if request.method == "POST" else _page(request, asked)
    except NotAsked as problem:
        return _nothing(request, str(problem), status=400)
    except Refused as refused:
        return HttpResponseRedirect(refused.location)


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code, or rotate a refresh token. What a refused request used up, or ended, stays so."""
    with transaction.atomic():
        return _served(request, get_oauthlib_core().create_token_response)


@csrf_exempt
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End what a token belongs to (RFC 7009)."""
    with transaction.atomic():
        return _served(request, get_oauthlib_core().create_revocation_response)


@csrf_exempt
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """Register a public client (RFC 7591)."""
    if len(request.body) > MAX_DOCUMENT:
        return _json(413, {"error": "invalid_client_metadata", "error_description": "the document is too large"})
    try:
        wanted = registration.read(parse(request.body))
    except ValueError as problem:
        code = problem.code if isinstance(problem, registration.BadRegistration) else "invalid_client_metadata"
        says = str(problem) if isinstance(problem, registration.BadRegistration) else "the document is not JSON"
        return _json(400, {"error": code, "error_description": says})
    now = timezone.now()
    try:
        client = registration.register(wanted, address=request.META.get("REMOTE_ADDR", ""), now=now)
    except limits.TooMany as problem:
        refused = _json(429, {"error": limits.CODE, "error_description": str(problem)})
        refused["Retry-After"] = limits.AFTER
        return refused
    return _json(201, registration.described(client, now))


def _answered(request: HttpRequest, asked: Asked) -> HttpResponseBase:
    person = person_of(request)
    form = ConsentForm(request.POST, roles=consent.roles_to_give(person))
    if not is_answer(request.POST.get("question", ""), request, person):
        problem = "This page was shown to somebody else, for another request, or too long ago. Look at it again."
        return _page(request, asked, problem=problem, status=403)
    if not form.is_valid():
        return _page(request, asked, problem="Choose among the roles that are offered.", status=400)
    if form.cleaned_data["decision"] != "allow":
        return HttpResponseRedirect(asked.refusal("access_denied", "the person refused"))
    try:
        with transaction.atomic():
            consent.give(
                client=asked.client,
                person=person,
                place=asked.place,
                roles=form.cleaned_data["roles"],
                now=timezone.now(),
            )
            return HttpResponseRedirect(granted(request, asked))
    except (NotAllowed, BadAgent) as problem:
        return _page(request, asked, problem=str(problem), status=403)


def _nothing(request: HttpRequest, problem: str, *, status: int) -> HttpResponseBase:
    context = {"title": "No client was connected", "problem": problem}
    return TemplateResponse(request, "governance/oauth/not_asked.html", context, status=status)


def _page(request: HttpRequest, asked: Asked, *, problem: str = "", status: int = 200) -> HttpResponseBase:
    person = person_of(request)
    agent = consent.becomes(asked.client, person, asked.place)
    offered = consent.roles_to_give(person)
    context: dict[str, Any] = {
        "title": "Connect a client",
        "client": asked.client,
        "redirect_host": consent.host_of(asked.redirect_uri),
        "redirect_uri": asked.redirect_uri,
        "person": person,
        "agent": agent,
        "place": asked.place,
        "server": server_of(asked.place),
        "scope": SCOPE,
        "scope_says": SCOPE_SAYS,
        "offered": [(role, role.name in agent.roles) for role in offered],
        "may_give": consent.may_give_roles(person),
        "question": question(request, person),
        "problem": problem,
    }
    page = TemplateResponse(request, "governance/oauth/consent.html", context, status=status)
    # Browsers hold the redirect that answers a form against the page's policy, and the answer goes to the client.
    page._csp_update = {"form-action": [_source(asked.redirect_uri)]}  # type: ignore[attr-defined]
    return page


def _source(uri: str) -> str:
    """Where an address leads, as a content security policy says it: it has no form for a literal of IPv6."""
    parts = urlsplit(uri)
    return f"{parts.scheme}:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"


def _served(request: HttpRequest, serve: Callable[[HttpRequest], Any]) -> HttpResponse:
    """Hand a form to the library. Forms only, none too large to be one, and nothing beside them in the address."""
    if request.META.get("QUERY_STRING"):
        return _json(400, {"error": "invalid_request", "error_description": "send everything in the form"})
    if request.content_type != "application/x-www-form-urlencoded" or len(request.body) > MAX_FORM:
        return _json(400, {"error": "invalid_request", "error_description": "send a form, urlencoded"})
    if _has_nul(request.POST):
        return _json(400, {"error": "invalid_request", "error_description": "a value of the form has a NUL"})
    _, headers, body, status = serve(request)
    response = HttpResponse(body or "", status=status, content_type="application/json")
    for name, value in headers.items():
        response[name] = value
    response["Cache-Control"] = "no-store"
    if status == 429:
        response["Retry-After"] = limits.AFTER
    return response


def _has_nul(sent: QueryDict) -> bool:
    """PostgreSQL keeps no NUL, and fails on looking for one."""
    return any("\0" in value for _, values in sent.lists() for value in values)


def _json(status: int, answer: dict[str, object]) -> JsonResponse:
    return JsonResponse(answer, status=status, headers={"Cache-Control": "no-store"})
