"""Forms of the console. They parse and check the form of input; whether an act is allowed is the act's to say."""

from __future__ import annotations

from typing import Any

from django import forms

from governance.scope_names import known
from governance.switches import BadScope

REASON_LENGTH = 500


class SignInForm(forms.Form):
    """E-mail address and password; the same error whichever is wrong."""

    username = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """One second-factor code: six digits, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        """The code without the spaces apps show in it."""
        return "".join(str(self.cleaned_data["code"]).split()).lower()


class DecisionForm(forms.Form):
    """Approve or deny, with an optional reason."""

    decision = forms.ChoiceField(choices=[("approve", "Approve once"), ("deny", "Deny")])
    reason = forms.CharField(
        label="Reason", required=False, max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2})
    )


class StopForm(forms.Form):
    """What to stop, how, and why."""

    SCOPES = (
        ("everything", "Everything"),
        ("server", "One server"),
        ("tool", "One tool"),
        ("agent", "One agent"),
        ("person", "Every agent of one person"),
        ("team", "Every agent of one team"),
        ("session", "One session"),
    )
    MODES = (
        ("deny", "Deny every call"),
        ("read-only", "Let only reading through"),
        ("escalate", "Ask a person for every call"),
    )
    scope_kind = forms.ChoiceField(label="What", choices=SCOPES)
    scope_name = forms.CharField(
        label="Name",
        required=False,
        max_length=300,
        help_text="Of the server, server/tool, agent, person (e-mail), team or session. Leave empty for everything.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    mode = forms.ChoiceField(label="Effect", choices=MODES)
    reason = forms.CharField(
        label="Reason", max_length=REASON_LENGTH, help_text="Shown on every page and kept in the ledger."
    )

    def clean(self) -> dict[str, Any]:
        """A name goes with every scope but `everything`, and something has it."""
        cleaned = super().clean() or {}
        kind, name = cleaned.get("scope_kind"), str(cleaned.get("scope_name", "")).strip()
        if kind == "everything" and name:
            self.add_error("scope_name", "Everything has no name; leave this empty.")
        if kind and kind != "everything" and not name:
            self.add_error("scope_name", f"Name the {kind} to stop.")
        try:
            cleaned["scope_name"] = known(kind, name) if kind and not self.errors else name
        except BadScope as refusal:
            self.add_error("scope_name", str(refusal))
        return cleaned
