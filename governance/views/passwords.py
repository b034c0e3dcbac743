"""Changing one's own password: the old one, then a new one twice. The act is in governance.people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance import people
from governance.views.access import person_of


class PasswordForm(forms.Form):
    """The old password where there is one, and the new one twice."""

    old = forms.CharField(
        label="Present password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 12 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean(self) -> dict[str, Any]:
        """Both new ones are the same."""
        cleaned = super().clean() or {}
        if cleaned.get("new") and cleaned.get("again") and cleaned["new"] != cleaned["again"]:
            self.add_error("again", "The two new passwords differ.")
        return cleaned


def show(request: HttpRequest, form: PasswordForm | None = None) -> HttpResponseBase:
    """The form."""
    context = {
        "title": "Password",
        "form": form or PasswordForm(),
        "has_password": person_of(request).has_usable_password(),
    }
    return TemplateResponse(request, "governance/password.html", context, status=400 if form else 200)


def put(request: HttpRequest) -> HttpResponseBase:
    """Set the new password; this session stays, every other one ends."""
    person = person_of(request)
    form = PasswordForm(request.POST)
    if form.is_valid() and person.has_usable_password() and not person.check_password(form.cleaned_data["old"]):
        form.add_error("old", "This is not your present password.")
    if not form.is_valid():
        return show(request, form)
    try:
        people.set_password(person=person, password=form.cleaned_data["new"], by=person)
    except people.BadPerson as problem:
        form.add_error("new", str(problem))
        return show(request, form)
    update_session_auth_hash(request, person)
    messages.success(request, "The password is changed. Other sessions are signed out.")
    return redirect("admin:account")
