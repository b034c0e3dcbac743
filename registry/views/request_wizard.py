"""Asking for a server in four steps, each with an address of its own and a saved draft: where, scan, tools, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance.models import Agent, Person
from governance.policy.values import Intent
from governance.views.access import ADMIN, person_of
from registry import requests as acts
from registry.models import RequestItem, Server, ServerRequest, ServerState, StoredFinding
from registry.models.requests import SPEAKS_FOR_TEAM
from registry.request_fields import BadRequest, read_fields, require_address
from registry.request_scans import RANK, quorum_of
from registry.request_states import OPEN
from registry.views import documents, own_reach
from registry.views.request_drafts import frame, own_draft
from registry.views.request_forms import ImportForm, WhereForm, WhyForm, initial_where, initial_why, name_for
from registry.views.request_progress import begin
from registry.views.request_queue import visible_requests
from registry.views.requests import REFUSALS
from registry.views.servers import cut
from registry.views.tones import GRAVE, SEVERITIES

ROWS: Final = 100
NAMED: Final = 12
LATER: Final = ("data_class", "days", "agents", "environment", "description", "tags", "category")
FIELD_OF: Final = {"url": "where", "command": "where", "transport": "where", "sandbox": "no_network"}


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One seen item in the table of step 3; `choices` are the intents that it can be raised to."""

    item: RequestItem
    document: documents.Document
    findings: list[StoredFinding]
    choices: list[str]


def new(request: HttpRequest) -> HttpResponseBase:
    """The first page: an address or a command, nothing else needed."""
    return where_page(request, WhereForm())


def create(request: HttpRequest) -> HttpResponseBase:
    """Make a draft of what was pasted; what is public and asks for no secret is looked at at once."""
    form = WhereForm(request.POST)
    if not form.is_valid():
        return where_page(request, form, status=400)
    fields = form.asked()
    problem = _address_problem(fields)
    if problem is not None:
        _blame(form, problem)
        return where_page(request, form, status=400)
    known = _known(request, fields)
    if (known["servers"] or known["requests"]) and request.POST.get("again") != "1":
        return where_page(request, form, known=known)
    try:
        found = acts.create_draft(by=person_of(request), fields={**fields, "name": free_name(name_for(fields))})
    except REFUSALS as refusal:
        _blame(form, refusal)
        return where_page(request, form, status=400)
    return begin(request, found)


def where(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Step 1 of a draft that is there."""
    found = own_draft(request, pk)
    return where_page(request, WhereForm(initial=initial_where(found)), found=found)


def save_where(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Write another address or command; what was seen of the old one is let go."""
    found = own_draft(request, pk)
    form = WhereForm(request.POST)
    if not form.is_valid():
        return where_page(request, form, found=found, status=400)
    fields = form.asked()
    refusal = _address_problem(fields)
    if refusal is None:
        try:
            found = acts.edit_draft(request_id=pk, by=person_of(request), fields=fields)
        except REFUSALS as said:
            refusal = said
    if refusal is not None:
        _blame(form, refusal)
        return where_page(request, form, found=found, status=400)
    return redirect("admin:request_scan", pk=pk) if found.manifest_digest else begin(request, found)


def tools(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Step 3: which of the seen items are wanted, and what they do."""
    found = own_draft(request, pk)
    if not found.manifest_digest:
        return redirect("admin:request_scan", pk=pk)
    items = found.items.order_by("kind", "position", "name")
    at = cut(request, "page", items.count(), ROWS)
    rows = list(items[at.first : at.last])
    context = {
        **frame(found, "tools"),
        "title": "Which tools are wanted?",
        "rows": [_row(row, findings) for row, findings in _with_findings(found, rows)],
        "findings": _grave_elsewhere(found),
        "at": at,
        "wanted": items.filter(wanted=True).count(),
    }
    return TemplateResponse(request, "registry/request_tools.html", context)


def save_tools(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Take over what was ticked and raised on the page that was shown; the rest stays as it was."""
    found = own_draft(request, pk)
    shown = {key for key in request.POST.getlist("shown") if key.isascii() and key.isdigit()}
    ticked = set(request.POST.getlist("item"))
    wanted: list[tuple[str, str]] = []
    raised: dict[tuple[str, str], str] = {}
    for row in found.items.only("pk", "kind", "name", "wanted", "intent", "raised_intent", "request_id"):
        key, here = str(row.pk), str(row.pk) in shown
        if (key in ticked) if here else row.wanted:
            wanted.append((row.kind, row.name))
        says = request.POST.get(f"raise-{key}", "") if here else row.raised_intent
        if says and says != row.intent:
            raised[row.kind, row.name] = says
    try:
        acts.choose_items(request_id=pk, by=person_of(request), wanted=wanted, raised=raised)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:request_tools", pk=pk)
    further = request.POST.get("further", "")
    if further.isascii() and further.isdigit():
        response = redirect("admin:request_tools", pk=pk)
        response["Location"] += f"?page={further}"
        return response
    return redirect("admin:request_why", pk=pk)


def why(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Step 4: what it is for, whose it will be, and what will happen."""
    found = own_draft(request, pk)
    return _why(request, found, WhyForm(initial=initial_why(found), agents=_agents(request, found)))


def save_why(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Save the last step, and submit unless only saving was asked for."""
    found = own_draft(request, pk)
    form = WhyForm(request.POST, agents=_agents(request, found))
    if not form.is_valid():
        return _why(request, found, form, status=400)
    person = person_of(request)
    try:
        found = acts.edit_draft(request_id=pk, by=person, fields=form.given())
        if request.POST.get("act") != "save":
            acts.submit(request_id=pk, by=person)
    except REFUSALS as refusal:
        if isinstance(refusal, BadRequest) and refusal.field not in form.fields:
            messages.error(request, str(refusal))
            return redirect("admin:request_where", pk=pk)
        _blame(form, refusal)
        return _why(request, found, form, status=400)
    if request.POST.get("act") == "save":
        messages.success(request, "Saved. You can go on whenever you like.")
        return redirect("admin:request_why", pk=pk)
    messages.success(request, "Submitted. You are told what is decided.")
    return redirect("admin:request", pk=pk)


def where_page(
    request: HttpRequest,
    form: WhereForm,
    *,
    found: ServerRequest | None = None,
    known: dict[str, Any] | None = None,
    import_form: ImportForm | None = None,
    status: int = 200,
) -> HttpResponseBase:
    """The page of step 1, for a new request or a draft that is there."""
    more = ("env", "headers", "cwd", "private_address", "sse", "no_network", "own_account")
    context: dict[str, Any] = {
        "title": "Where is the server?" if found else "Request a server",
        "form": form,
        "import_form": import_form or ImportForm(),
        "found": found,
        "known": known,
        "more_open": any(form[name].value() for name in more) or any(form[name].errors for name in more),
        **(frame(found, "where") if found else {}),
    }
    return TemplateResponse(request, "registry/request_where.html", context, status=status)


def _why(request: HttpRequest, found: ServerRequest, form: WhyForm, *, status: int = 200) -> HttpResponseBase:
    chosen = list(found.items.filter(wanted=True).values_list("kind", "name"))
    needs = quorum_of(found, chosen)
    context = {
        **frame(found, "why"),
        "title": "Why is it needed?",
        "form": form,
        "details_open": any(form[name].errors for name in LATER),
        "items": len(chosen),
        "needs": needs,
        "reviewers": _asked(found, of_team=needs.team),
        "unseen": not found.manifest_digest,
        "must_accept": bool(found.reach()) and not found.reach_accepted(),
    }
    return TemplateResponse(request, "registry/request_why.html", context, status=status)


def _asked(found: ServerRequest, *, of_team: bool) -> list[str]:
    """The first of those whose approval could count, by e-mail."""
    counts = Q(groups__name=ADMIN)
    if of_team and found.team_id is not None:
        counts |= Q(groups__name__in=SPEAKS_FOR_TEAM, teams=found.team_id)
    people = Person.objects.filter(counts, is_active=True).exclude(pk=found.requester_id)
    people = people.exclude(pk__in=found.parties.values("person")).order_by("email").distinct()
    return list(people.values_list("email", flat=True)[:NAMED])


def _agents(request: HttpRequest, found: ServerRequest) -> list[str]:
    """The agents that the person can name: their own and their teams', and those that are named already."""
    own = own_reach.own_agents(request).values_list("name", flat=True)
    return sorted({*own, *Agent.objects.filter(name__in=found.agents).values_list("name", flat=True)})


def _address_problem(fields: dict[str, Any]) -> BadRequest | None:
    """Why nothing can be looked for there, before a draft is made of it."""
    try:
        require_address(ServerRequest(**read_fields(fields, known=fields)))
    except BadRequest as problem:
        return problem
    return None


def _blame(form: forms.Form, refusal: Exception) -> None:
    """Say a refusal at the field that it is about."""
    field = FIELD_OF.get(refusal.field, refusal.field) if isinstance(refusal, BadRequest) else None
    form.add_error(field if field in form.fields else None, str(refusal))


def _known(request: HttpRequest, fields: dict[str, Any]) -> dict[str, Any]:
    """Servers and open requests with this very address or command."""
    place = Q(url=fields["url"]) | Q(url=fields["url"].rstrip("/")) | Q(url=fields["url"].rstrip("/") + "/")
    if not fields["url"]:
        place = Q(transport="stdio")
    servers = [
        server
        for server in Server.objects.exclude(state=ServerState.RETIRED).filter(place).only("name", "command", "state")
        if fields["url"] or _same_command(server.command, fields["command"])
    ]
    mine = visible_requests(request).filter(place, state__in=OPEN).select_related("requester")
    requests = [
        each
        for each in mine.only("pk", "name", "command", "state", "requester__email")
        if fields["url"] or _same_command(each.command, fields["command"])
    ]
    return {"servers": servers, "requests": requests}


def _same_command(known: list[str], asked: list[str]) -> bool:
    """Whether two commands are one, whichever way the program was found."""
    return (known[0].rsplit("/", 1)[-1], known[1:]) == (asked[0].rsplit("/", 1)[-1], asked[1:]) if known else False


def free_name(name: str) -> str:
    """The name, or the next one with a number where a server has it."""
    taken = set(Server.objects.filter(name__startswith=name[:36]).values_list("name", flat=True))
    return next(
        candidate
        for candidate in (name, *(f"{name[:36].rstrip('-')}-{number}" for number in range(2, len(taken) + 3)))
        if candidate not in taken
    )


def _with_findings(found: ServerRequest, rows: list[RequestItem]) -> list[tuple[RequestItem, list[StoredFinding]]]:
    rank = {severity: at for at, severity in enumerate(SEVERITIES)}
    by_item: dict[tuple[str, str], list[StoredFinding]] = {}
    for finding in sorted(found.findings.all(), key=lambda each: rank.get(each.severity, len(rank))):
        by_item.setdefault((finding.kind, finding.name), []).append(finding)
    return [(row, by_item.get((row.kind, row.name), [])) for row in rows]


def _grave_elsewhere(found: ServerRequest) -> list[StoredFinding]:
    """High findings about the server itself, which no row of the table is about."""
    return list(found.findings.filter(severity__in=GRAVE).exclude(kind__in=found.items.values("kind").distinct()))


def _row(item: RequestItem, findings: list[StoredFinding]) -> ToolRow:
    at_least = RANK[Intent(item.intent)]
    choices = [intent.value for intent in sorted(RANK, key=RANK.__getitem__) if RANK[intent] > at_least]
    return ToolRow(item, documents.of_text(item.document, item.kind), findings, choices)
