"""Forms of a request for a server: where it is, and why it is wanted. They parse; the acts judge."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from django import forms

from governance.models import Team
from registry.imports.naming import suggested
from registry.models import DataClass, Environment, ServerRequest, Transport
from registry.request_fields import JUSTIFICATION, MOST_DAYS

PLAIN: Final = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
_SEPARATORS: Final = re.compile(r"[\s,]+")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST_ALONE: Final = re.compile(r"[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?", re.ASCII)
_SAYS_NOTHING: Final = frozenset({"mcp", "api", "www", "server", "mcp-server", "stdio"})
_RUNNERS: Final = frozenset({"npx", "uvx", "npm", "pnpm", "bunx", "node", "python", "python3", "uv", "docker", "deno"})
_VERSION: Final = re.compile(r"(?<=.)[@=]+[\w.^~*-]+$")


class WhereForm(forms.Form):
    """An address or a command in one field, and what goes with it. `asked()` is what a draft takes."""

    where = forms.CharField(
        label="Address or command",
        max_length=20_000,
        help_text="Such as https://tickets.example.com/mcp, or npx -y @example/server-notes /srv/notes",
        widget=forms.TextInput(attrs={**PLAIN, "class": "mono"}),
    )
    env = forms.CharField(
        label="Environment variables it needs", required=False, max_length=4_000,
        help_text="Only the names. An administrator chooses the secrets behind them.",
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    headers = forms.CharField(
        label="Headers it needs", required=False, max_length=4_000,
        help_text="Only the names, such as Authorization. An administrator chooses the secrets behind them.",
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    cwd = forms.CharField(
        label="Folder that the command runs in", required=False, max_length=1_000,
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    private_address = forms.BooleanField(
        label="The address is a private one; an administrator has to accept it before it is opened", required=False
    )
    sse = forms.BooleanField(label="It speaks the older transport, HTTP with SSE (2024-11-05)", required=False)
    no_network = forms.BooleanField(label="Run the command without a network", required=False)
    own_account = forms.BooleanField(label="Run the command under an account of its own", required=False)

    def clean_where(self) -> str:
        """What was pasted, without the line breaks and blanks around it."""
        text = str(self.cleaned_data["where"]).strip()
        if not _URL.match(text) and _HOST_ALONE.fullmatch(text) and not text.startswith("."):
            raise forms.ValidationError(f"Write the whole address, beginning with https://, such as https://{text}")
        if not _URL.match(text):
            try:
                words = shlex.split(text)
            except ValueError:
                raise forms.ValidationError("A quotation mark in the command has no end; add it.") from None
            if not words:
                raise forms.ValidationError("Write the address or the command of the server.")
        return text

    def asked(self) -> dict[str, Any]:
        """The cleaned form as fields of a request; those of the other kind of server are emptied."""
        given = self.cleaned_data
        where = given["where"]
        if _URL.match(where):
            return {
                "transport": (Transport.SSE if given["sse"] else Transport.HTTP).value,
                "url": where,
                "command": [],
                "cwd": "",
                "env": [],
                "headers": _words(given["headers"]),
                "private_address": given["private_address"],
                "sandbox": {},
            }
        sandbox: dict[str, Any] = {"network": False} if given["no_network"] else {}
        return {
            "transport": Transport.STDIO.value,
            "url": "",
            "command": shlex.split(where),
            "cwd": given["cwd"],
            "env": _words(given["env"]),
            "headers": [],
            "private_address": False,
            "sandbox": sandbox | ({"uid": True} if given["own_account"] else {}),
        }


class ImportForm(forms.Form):
    """A pasted configuration."""

    text = forms.CharField(
        label="Configuration",
        max_length=400_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, **PLAIN, "class": "mono"}),
    )


class WhyForm(forms.Form):
    """What the server is for and whose it will be. Only the justification has to be written by hand."""

    justification = forms.CharField(
        label="What is it needed for?",
        required=False,
        max_length=4_000,
        help_text=f"At least {JUSTIFICATION} characters. Reviewers read this first.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    name = forms.CharField(
        label="Name", required=False, max_length=40, help_text="Agents see it before each tool.",
        widget=forms.TextInput(attrs=PLAIN),
    )  # fmt: skip
    team = forms.ChoiceField(label="Owning team", required=False)
    data_class = forms.ChoiceField(label="Data that its tools touch", choices=DataClass.choices)
    days = forms.IntegerField(
        label="For how many days", required=False, min_value=1, max_value=MOST_DAYS,
        help_text="Empty: without an end.",
    )  # fmt: skip
    agents = forms.MultipleChoiceField(
        label="Agents it is for", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Those whom an agent acts for cannot approve this request.",
    )  # fmt: skip
    environment = forms.ChoiceField(
        label="Environment", required=False, choices=[("", "not said"), *Environment.choices]
    )
    description = forms.CharField(label="Description", required=False, max_length=2_000)
    tags = forms.CharField(label="Tags", required=False, max_length=2_000, help_text="Separated by commas.")
    category = forms.CharField(label="Categories", required=False, max_length=2_000, help_text="Separated by commas.")

    def __init__(self, *args: Any, agents: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.values_list("name", flat=True)
        self.fields["team"].choices = [("", "Choose a team"), *((name, name) for name in teams)]  # type: ignore[attr-defined]
        self.fields["agents"].choices = [(name, name) for name in agents]  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """The cleaned form as fields of a request."""
        cleaned = dict(self.cleaned_data)
        for name in ("tags", "category"):
            cleaned[name] = [word for part in cleaned[name].split(",") if (word := part.strip())]
        return cleaned


def initial_where(found: ServerRequest) -> dict[str, Any]:
    """A draft as the first form shows it."""
    return {
        "where": found.url or shlex.join(found.command),
        "env": ", ".join(found.env),
        "headers": ", ".join(found.headers),
        "cwd": found.cwd,
        "private_address": found.private_address,
        "sse": found.transport == Transport.SSE,
        "no_network": found.sandbox.get("network") is False,
        "own_account": found.sandbox.get("uid") is True,
    }


def initial_why(found: ServerRequest) -> dict[str, Any]:
    """A draft as the last form shows it."""
    names = ("justification", "name", "data_class", "days", "agents", "environment", "description")
    return {
        **{name: getattr(found, name) for name in names},
        "team": found.team.name if found.team else "",
        "tags": ", ".join(found.tags),
        "category": ", ".join(found.category),
    }


def name_for(fields: dict[str, Any]) -> str:
    """A name for a server that nobody has named yet, from its host or its package."""
    if fields["url"]:
        labels = (urlsplit(fields["url"]).hostname or "").split(".")
        told = [label for label in labels[:-1] if label not in _SAYS_NOTHING and not label.isdigit()]
        return suggested(*told, *labels[:1])
    words = [word for word in fields["command"] if not word.startswith("-")]
    names = [_VERSION.sub("", word).rstrip("/").rsplit("/", 1)[-1] for word in words]
    told = [name for name in names if name not in _RUNNERS and name not in _SAYS_NOTHING]
    short = [re.sub(r"^(mcp-)?server-|-mcp(-server)?$", "", name) for name in told]
    return suggested(*short, *names)


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]
