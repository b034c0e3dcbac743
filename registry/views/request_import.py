"""Drafts from a pasted configuration: a client's settings, or a `server.json` of the official registry."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from governance.views.access import person_of
from registry import requests as acts
from registry.imports.draft import CannotRead
from registry.views.request_forms import ImportForm, WhereForm
from registry.views.request_wizard import where_page
from registry.views.requests import REFUSALS


def take(request: HttpRequest) -> HttpResponseBase:
    """Make a draft of each server that the text describes, or none of them."""
    form = ImportForm(request.POST)
    if not form.is_valid():
        return where_page(request, WhereForm(), import_form=form, status=400)
    try:
        made = acts.drafts_from_import(text=form.cleaned_data["text"], filename="", by=person_of(request))
    except (CannotRead, *REFUSALS) as refusal:
        form.add_error("text", str(refusal))
        return where_page(request, WhereForm(), import_form=form, status=400)
    if not made:
        form.add_error("text", "The configuration has a place for servers, and none in it.")
        return where_page(request, WhereForm(), import_form=form, status=400)
    if len(made) == 1:
        messages.success(request, "One draft was made. Look it through, then have it scanned.")
        return redirect("admin:request_where", pk=made[0].pk)
    messages.success(request, f"{len(made)} drafts were made. Each is looked through and submitted by itself.")
    response = redirect("admin:requests")
    response["Location"] += "?show=mine"
    return response
