"""One item of a server: what it says, what it takes, how it is judged, who can call it, and how it came to be so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance.canonical.strict_json import Malformed, parse
from governance.rights import NotAllowed
from governance.views.access import ADMIN, SEES_ALL_CALLS, has_role, person_of
from governance.views.forms import REASON_LENGTH
from governance.views.marked import json_lines
from registry import item_votes, lifecycle
from registry.conditions import KINDS as CONDITIONED
from registry.conditions import BadCondition, read_condition
from registry.manifest.canonical import Item as Offered
from registry.manifest.canonical import Kind, ManifestError, read_manifest
from registry.models import Item, ItemState, Server
from registry.models.servers import OUT_OF_USE
from registry.narrowing import set_condition
from registry.views import catalogue, changes, documents
from registry.views.condition_form import SavedConditionForm, initial_of
from registry.views.tones import INTENTS, ITEM_TONES
from registry.views.usages import usage_for

VERSIONS: Final = 20
DECIDABLE: Final = frozenset({ItemState.NEW, ItemState.CHANGED, ItemState.REFUSED})
COMPARED_BYTES: Final = 8 * 1024 * 1024
"""Manifests are read whole to find one item in them; beyond this much the older ones are left out."""


class IntentForm(forms.Form):
    """What a reviewer says that the item does, and why."""

    intent = forms.ChoiceField(label="What it does", choices=[(intent, intent) for intent in INTENTS])
    reason = forms.CharField(label="Reason", max_length=REASON_LENGTH)


@dataclass(frozen=True, slots=True)
class Version:
    """One definition that the item had, when it first came, and how it differs from the one before."""

    digest: str
    number: int
    at: datetime
    rows: changes.ItemRows | None
    approved: bool
    current: bool


def detail(request: HttpRequest, name: str, pk: int) -> HttpResponseBase:
    """The page of one item."""
    return _page(request, _item(name, pk))


def override(request: HttpRequest, name: str, pk: int) -> HttpResponseBase:
    """Say what an item does, in place of what its definition was read as."""
    item = _item(name, pk)
    form = IntentForm(request.POST)
    if not form.is_valid():
        return _page(request, item, form=form, status=400)
    given = form.cleaned_data
    try:
        lifecycle.override_intent(
            item=item,
            intent=given["intent"],
            by=person_of(request),
            reason=given["reason"],
            shown=request.POST.get("shown", ""),
        )
    except (lifecycle.ChangedSinceShown, lifecycle.NotPossible, NotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"It is {given['intent']} from now on, until its definition changes.")
    return redirect("admin:tool", name=name, pk=pk)


def condition(request: HttpRequest, name: str, pk: int) -> HttpResponseBase:
    """Let a condition stand on an item from now on, or none."""
    item = _item(name, pk)
    form = SavedConditionForm(request.POST, auto_id="id_condition_%s")
    if not form.is_valid():
        return _page(request, item, condition_form=form, status=400)
    given = form.cleaned_data
    try:
        set_condition(
            server=item.server,
            kind=item.kind,
            name=item.name,
            condition=given["condition"],
            by=person_of(request),
            reason=given["reason"],
        )
    except (BadCondition, lifecycle.NotPossible, NotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The condition holds from now on." if given["condition"] else "It has no condition.")
    return redirect("admin:tool", name=name, pk=pk)


def _item(name: str, pk: int) -> Item:
    found = Item.objects.select_related("server", "server__team", "server__owner").filter(server__name=name, pk=pk)
    item = found.first()
    if item is None:
        raise Http404
    return item


def _page(
    request: HttpRequest,
    item: Item,
    *,
    form: IntentForm | None = None,
    condition_form: SavedConditionForm | None = None,
    status: int = 200,
) -> HttpResponseBase:
    document = documents.of_text(item.seen_document or item.approved_document, item.kind)
    intent, reviewed = intent_shown(item)
    calls = catalogue.calls_of(request, item.server.name, item.name)
    found = item.condition
    context: dict[str, Any] = {
        "title": f"{item.server.name}.{item.name}",
        "item": item,
        "server": item.server,
        "tone": ITEM_TONES[ItemState(item.state)],
        "why_not": why_nobody(item),
        "document": document,
        "changed": changes.of_item(item) if item.state == ItemState.CHANGED else None,
        "intent": intent,
        "reviewed": reviewed,
        "stale_review": bool(item.reviewed_intent) and not reviewed,
        "form": form or IntentForm(initial={"intent": intent}),
        "condition": condition_words(found),
        "constraints": json_lines(found["constraints"]) if found.get("constraints") else None,
        "condition_form": condition_form or SavedConditionForm(initial=initial_of(found), auto_id="id_condition_%s"),
        "findings": list(item.server.findings.filter(kind=item.kind, name=item.name)),
        "versions": versions_of(item),
        "calls": calls.counts.get(item.server.name, 0),
        "last_call": calls.last.get(item.server.name) if calls.complete else None,
        "calls_complete": calls.complete,
        "own_only": not has_role(request, *SEES_ALL_CALLS),
        "usage": usage_for(request, [item])[item.pk],
        **_may(request, item),
    }
    return TemplateResponse(request, "registry/tool.html", context, status=status)


def _may(request: HttpRequest, item: Item) -> dict[str, Any]:
    """What the person could do here, and who approved it where that takes two people; the acts ask again."""
    admin = has_role(request, ADMIN)
    tally = item_votes.tallies(item.server, [item]).get(item.pk) if item.state in DECIDABLE else None
    in_use = item.server.state not in OUT_OF_USE
    adds = item_votes.adds(person_of(request), item, tally, admin=admin) and speaks(request, item.server)
    approves = in_use and item.state in DECIDABLE and adds
    refuses = admin and item.state != ItemState.REFUSED
    return {
        "tally": tally,
        "may_decide": (approves or refuses) and item.kind != "resource",
        "may_approve": approves,
        "may_refuse": refuses,
        "may_override": admin and item.kind == "tool" and bool(item.seen_digest),
        "may_condition": admin and item.kind in CONDITIONED,
    }


def speaks(request: HttpRequest, server: Server) -> bool:
    """Whether the person may approve items of the server: all of them, or for its team those that take two people."""
    return has_role(request, ADMIN) or not item_votes.why_not(server, person_of(request))


def intent_shown(item: Item) -> tuple[str, bool]:
    """What the definition that is shown does, and whether that is a reviewer's word about this very definition."""
    digest = item.seen_digest or item.approved_digest
    if item.reviewed_intent and item.reviewed_intent_digest == digest:
        return item.reviewed_intent, True
    return item.intent, False


def why_nobody(item: Item) -> str:
    """Why no agent can call the item whatever its roles and rules say; "" where that is up to those."""
    server = item.server
    if server.state in OUT_OF_USE:
        because = f" ({server.state_reason})" if server.state_reason else ""
        return f"Nobody can call it: the server is {server.get_state_display().lower()}{because}."
    return {
        ItemState.NEW: "Nobody can call it: it is not approved yet.",
        ItemState.CHANGED: "Nobody can call it: it changed since it was approved, and is held until that is decided.",
        ItemState.MISSING: "Nobody can call it: the server does not offer it any more.",
        ItemState.REFUSED: "Nobody can call it: it was refused.",
    }.get(ItemState(item.state), "")


def condition_words(condition: dict[str, Any]) -> tuple[str, ...]:
    """What an approval demands, in words; a stored condition that cannot be read says so."""
    try:
        return read_condition(condition).sentences()
    except BadCondition as error:
        return (str(error),)


def versions_of(item: Item) -> list[Version]:
    """The definitions that the item had in the manifests that are kept, newest first, as far as they are compared."""
    rows = item.server.manifests.annotate(size=Length("document")).order_by("-number").only("pk", "number", "server_id")
    within, size = [], 0
    for row in rows[:VERSIONS]:
        size += row.size  # type: ignore[attr-defined]
        if size > COMPARED_BYTES and within:
            break
        within.append(row.pk)
    found: list[Version] = []
    before: Offered | None = None
    for manifest in item.server.manifests.filter(pk__in=within).order_by("number"):
        now = _form_in(manifest.document, item)
        if now is not None and (before is None or now.digest != before.digest):
            found.append(
                Version(
                    digest=now.digest,
                    number=manifest.number,
                    at=manifest.first_seen_at,
                    rows=changes.between(before, now) if before is not None else None,
                    approved=now.digest == item.approved_digest,
                    current=now.digest == item.seen_digest,
                )
            )
        before = now or before
    return found[::-1]


def _form_in(document: str, item: Item) -> Offered | None:
    """The item as a kept manifest has it; None where it is not there."""
    try:
        manifest = read_manifest(parse(document.encode(), max_members=changes.MEMBERS), any_names=True)
    except (Malformed, ManifestError):
        return None
    return manifest.by_key.get((Kind(item.kind), item.name))
