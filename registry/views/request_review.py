"""The page of one request, for whoever may read it: what is asked, what was seen, who said what, and the decision.

The acts are in request_review; whether one is allowed is theirs to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance.models import Person, Secret
from governance.views.access import ADMIN, has_role, person_of
from governance.views.forms import REASON_LENGTH
from registry import request_review as acts
from registry import tasks
from registry.conditions import KINDS as CONDITIONED
from registry.models import RequestItem, RequestState, Server, ServerRequest, ServerState, StoredFinding
from registry.request_approval import choice_of
from registry.request_fields import MOST_DAYS
from registry.request_people import counted, still_needed, why_not
from registry.request_scans import quorum_of
from registry.request_states import EDITABLE, OPEN, REVIEWABLE
from registry.request_thread import reach_digest, shown_digest
from registry.views import documents
from registry.views.condition_form import ConditionForm, initial_of
from registry.views.request_evidence import changed_since_submission, provenance_rows, timeline
from registry.views.requests import visible
from registry.views.servers import cut
from registry.views.tones import GRAVE, REQUEST_TONES, SEVERITIES, by_intent
from registry.views.tones import counted as number_of

ROWS: Final = 50


class DecisionForm(forms.Form):
    """Approve, ask for changes, or deny."""

    decision = forms.ChoiceField(choices=[("approve", "Approve"), ("changes", "Request changes"), ("deny", "Deny")])
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=REASON_LENGTH,
        help_text="Needed to deny or to ask for changes. It goes into the thread and the ledger.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    days = forms.IntegerField(label="Approved for days", required=False, min_value=1, max_value=MOST_DAYS)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One asked-for item: ticked where it is to be approved, with what its approval is to demand."""

    item: RequestItem
    intent: str
    ticked: bool
    document: documents.Document
    findings: list[StoredFinding]
    condition: ConditionForm | None
    conditioned: bool


def detail(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One request."""
    return _page(request, visible(request, pk))


def decide(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Approve what is ticked, ask for changes, or deny; whoever comes second reads who was first."""
    found = visible(request, pk)
    form = DecisionForm(request.POST)
    chosen = _chosen(request, found)
    broken = [bound for bound in chosen.conditions.values() if not bound.is_valid()]
    if not form.is_valid() or (broken and form.cleaned_data["decision"] == "approve"):
        return _page(request, found, form=form, chosen=chosen, status=400)
    given, person = form.cleaned_data, person_of(request)
    try:
        if given["decision"] == "approve":
            outcome = acts.approve(
                request_id=pk,
                by=person,
                shown=request.POST.get("shown", ""),
                items=chosen.items,
                conditions=chosen.demanded(),
                days=given["days"],
                reason=given["reason"],
            )
        else:
            act = acts.deny if given["decision"] == "deny" else acts.request_changes
            outcome = act(request_id=pk, by=person, reason=given["reason"])
    except acts.BadRequest as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _page(request, visible(request, pk), form=form, chosen=chosen, status=400)
    except acts.REFUSALS as refusal:
        status = 403 if isinstance(refusal, acts.NotAllowed) else 409
        return _page(request, visible(request, pk), form=form, refusal=str(refusal), status=status)
    _say(request, outcome)
    return redirect("admin:request", pk=pk)


def accept(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Accept exactly the program or address that was shown, with the secrets that were chosen; then look at it."""
    found = visible(request, pk)
    names = [*found.env, *found.headers]
    secrets = {name: secret for at, name in enumerate(names) if (secret := request.POST.get(f"secret-{at}", ""))}
    person = person_of(request)
    try:
        acts.accept_reach(request_id=pk, by=person, shown=request.POST.get("shown", ""), secrets=secrets)
    except acts.REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:request", pk=pk)
    tasks.ask_for_look(pk, by=person, why="submission")
    messages.success(request, "Accepted exactly as it was shown. It is looked at now.")
    return redirect("admin:request", pk=pk)


def scan(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Have the server looked at again."""
    found = visible(request, pk)
    if why_not(found, person_of(request), act="look at") or found.state not in REVIEWABLE:
        messages.error(request, "Its requester and those who review it can have it looked at.")
    else:
        tasks.ask_for_look(pk, by=person_of(request), why="demand")
        messages.info(request, "It is being looked at again; what differs is shown here.")
    return redirect("admin:request", pk=pk)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a form asks to approve: items by key, and the conditions of those that one can stand on, by row."""

    items: list[tuple[str, str]]
    conditions: dict[int, ConditionForm]
    keys: dict[int, tuple[str, str]]

    def demanded(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        """The valid conditions of the chosen items."""
        wanted = set(self.items)
        return {
            self.keys[pk]: form.cleaned_data["condition"]
            for pk, form in self.conditions.items()
            if self.keys[pk] in wanted and form.is_valid() and form.cleaned_data["condition"]
        }


def _chosen(request: HttpRequest, found: ServerRequest) -> Chosen:
    """The ticked rows of the page, those of other pages that go with them, and what stands in the fold-outs."""
    ticked = set(request.POST.getlist("item")) | set(request.POST.get("elsewhere", "").split(","))
    items, conditions, keys = [], {}, {}
    for row in found.items.only("pk", "kind", "name", "request_id"):
        if str(row.pk) not in ticked:
            continue
        items.append((row.kind, row.name))
        keys[row.pk] = (row.kind, row.name)
        if row.kind in CONDITIONED and f"c{row.pk}-verdict" in request.POST:
            conditions[row.pk] = ConditionForm(request.POST, prefix=f"c{row.pk}")
    return Chosen(items, conditions, keys)


def _page(
    request: HttpRequest,
    found: ServerRequest,
    *,
    form: DecisionForm | None = None,
    chosen: Chosen | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponseBase:
    person = person_of(request)
    votes = counted(found)
    findings = _findings(found)
    reviewed = found.state in REVIEWABLE
    against = why_not(found, person) if reviewed else ""
    context: dict[str, Any] = {
        "title": f"Request for {found.name or 'a server'}",
        "found": found,
        "tone": REQUEST_TONES[RequestState(found.state)],
        "own": found.requester_id == person.pk,
        "editable": found.state in EDITABLE,
        "reviewed": reviewed,
        "refusal": refusal,
        "votes": votes.votes,
        "missing": still_needed(found, votes) if reviewed else "",
        "parties": list(found.parties.select_related("person")),
        "findings": findings,
        "run": found.scans.order_by("-queued_at", "-pk").first(),
        "changed": changed_since_submission(found) if reviewed else None,
        "provenance": provenance_rows(found),
        "events": timeline(found),
        "form": form or DecisionForm(initial={"days": found.days}),
        "wrong": _wrong(form, chosen),
        "may_comment": found.submitted_at is not None,
        "may_withdraw": found.state in OPEN,
        "may_rescan": reviewed and not against and not _waits_for_acceptance(found),
        **_say_in_it(found, person, against),
        **_reach(request, found, against),
        **_items(request, found, findings, votes, chosen),
    }
    return TemplateResponse(request, "registry/request.html", context, status=status)


def _say_in_it(found: ServerRequest, person: Person, against: str) -> dict[str, Any]:
    """Whether the person may decide now, and why not."""
    voted = any(vote.person_id == person.pk for vote in found.votes.filter(round=found.round))
    return {
        "why_not": "Your approval is counted already; somebody else has to add theirs." if voted else against,
        "may_decide": found.state in REVIEWABLE and not against and not voted,
    }


def _wrong(form: DecisionForm | None, chosen: Chosen | None) -> list[tuple[str, str]]:
    """What is wrong with a decision that was sent, each with the place on the page where it is."""
    found = [("decision", str(error)) for errors in (form.errors.values() if form else ()) for error in errors]
    for pk, condition in (chosen.conditions if chosen else {}).items():
        for errors in condition.errors.values():
            found += [(f"row-{pk}", f"{chosen.keys[pk][1]}: {error}") for error in errors] if chosen else []
    return found


def _items(
    request: HttpRequest, found: ServerRequest, findings: list[StoredFinding], votes: Any, chosen: Chosen | None
) -> dict[str, Any]:
    """The table of items with what is preselected: what stood in the form, the first vote's choice, or the wanted.

    What has a high finding is wanted by nobody who has not read it: whoever approves it ticks it.
    """
    every = list(found.items.order_by("kind", "position", "name").defer("document"))
    at = cut(request, "page", len(every), ROWS)
    first = choice_of(votes.votes[0].choice) if votes.votes else None
    if chosen is not None:
        ticked = set(chosen.items)
    else:
        alarming = {(each.kind, each.name) for each in findings if each.severity in GRAVE}
        wanted = {(row.kind, row.name) for row in every if row.wanted}
        ticked = set(first.items) if first else wanted - alarming
    here = list(found.items.filter(pk__in=[row.pk for row in every[at.first : at.last]]))
    here.sort(key=lambda row: (row.kind, row.position, row.name))
    pages = {row.pk for row in here}
    intents = Counter(row.raised_intent or row.intent for row in every if row.kind == "tool")
    return {
        "rows": [_row(row, findings, ticked, first.conditions if first else {}, chosen) for row in here],
        "at": at,
        "ticked": len(ticked),
        "elsewhere": [row.pk for row in every if row.pk not in pages and (row.kind, row.name) in ticked],
        "first_vote": votes.votes[0] if votes.votes else None,
        "verdict": _verdict(found, intents, findings),
        "needs": quorum_of(found, ticked),
        "intents": by_intent(intents),
    }


def _row(
    item: RequestItem,
    findings: list[StoredFinding],
    ticked: set[tuple[str, str]],
    demanded: Mapping[tuple[str, str], Mapping[str, Any]],
    chosen: Chosen | None,
) -> ItemRow:
    condition, conditioned = None, False
    if item.kind in CONDITIONED:
        stood = demanded.get((item.kind, item.name), item.condition)
        condition = chosen.conditions.get(item.pk) if chosen else None
        condition = condition or ConditionForm(initial=initial_of(stood), prefix=f"c{item.pk}")
        conditioned = bool(stood) or condition.is_bound
    return ItemRow(
        item=item,
        intent=item.raised_intent or item.intent,
        ticked=(item.kind, item.name) in ticked,
        document=documents.of_text(item.document, item.kind),
        findings=[found for found in findings if (found.kind, found.name) == (item.kind, item.name)],
        condition=condition,
        conditioned=conditioned,
    )


def _reach(request: HttpRequest, found: ServerRequest, against: str) -> dict[str, Any]:
    """What looking at it would start or open, and whether this person may accept that."""
    names = [*found.env, *found.headers]
    bound = {**found.env, **found.headers}
    may_accept = found.state in REVIEWABLE and has_role(request, ADMIN) and not against
    waits = _waits_for_acceptance(found)
    return {
        "must_accept": waits,
        "may_accept": may_accept and bool(found.reach() or found.headers) and (waits or not found.accepted_at),
        "reach_digest": reach_digest(found),
        "shown_digest": shown_digest(found),
        "names": [(at, name, (bound[name] or {}).get("secret", "")) for at, name in enumerate(names)],
        "secrets": list(Secret.objects.values_list("name", flat=True)) if may_accept and names else [],
    }


def _waits_for_acceptance(found: ServerRequest) -> bool:
    return bool(found.reach()) and not found.reach_accepted()


def _findings(found: ServerRequest) -> list[StoredFinding]:
    rank = {severity: at for at, severity in enumerate(SEVERITIES)}
    return sorted(found.findings.all(), key=lambda each: (rank.get(each.severity, len(rank)), each.pk))


def _verdict(found: ServerRequest, intents: Counter[str], findings: list[StoredFinding]) -> list[str]:
    """What a reviewer should know first, in a few words each."""
    if not found.manifest_digest:
        return ["not seen yet"]
    grave = sum(each.severity in GRAVE for each in findings)
    other = len(findings) - grave
    said = [f"{number_of(grave, 'high finding')}" if grave else "no high finding"]
    said += [number_of(other, "other finding")] if other else []
    said.append(number_of(intents.total(), "tool"))
    said += [f"{intents[intent]} {intent}" for intent in ("destructive", "exfiltrative", "unknown") if intents[intent]]
    return [*said, "new host" if found.url else "new program"] if _is_new(found) else said


def _is_new(found: ServerRequest) -> bool:
    """Whether no server that is in use has this host or program."""
    others = Server.objects.exclude(state=ServerState.RETIRED).exclude(pk=found.server_id)
    if not found.url:
        return found.command[:1] not in [each[:1] for each in others.values_list("command", flat=True)]
    host = _host(found.url)
    return all(_host(url) != host for url in others.exclude(url="").values_list("url", flat=True))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _say(request: HttpRequest, outcome: acts.RequestOutcome) -> None:
    if outcome.state == RequestState.APPROVED:
        messages.success(request, "Approved. Agents whose roles reach the server can see what was approved.")
    elif outcome.state == RequestState.DENIED:
        messages.success(request, "Denied. The requester is told, with your reason.")
    elif outcome.state == RequestState.CHANGES_REQUESTED:
        messages.success(request, "Given back. The requester is told what to change.")
    else:
        messages.info(request, f"Your approval is counted. {outcome.still_needed}")
