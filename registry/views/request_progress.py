"""Step 2 of asking for a server: the look at it, as it happens, and what to do when it brings nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from governance.views.access import person_of
from registry import tasks
from registry.models import ScanRun, ScanState, ServerRequest, Transport
from registry.views.request_drafts import frame, own_draft

TAKEN_UP_WITHIN: Final = 15
"""Seconds after which a look that no worker has taken up is said to wait for one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How the look stands. `going` while it goes on by itself, and the page asks again."""

    run: ScanRun | None
    going: bool
    slow: bool
    done: bool


def show(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The look as it stands; whoever watched it to its good end goes on to what was seen."""
    found = own_draft(request, pk)
    progress = progress_of(request, found)
    if progress.done and "asked" in request.GET:
        return redirect("admin:request_tools", pk=pk)
    context = {
        **frame(found, "scan"),
        "title": "What is there?",
        "progress": progress,
        "must_accept": bool(found.reach()) and not found.reach_accepted(),
        "stdio": found.transport == Transport.STDIO,
        "diagnosis": diagnosis(found, progress.run),
        "again": request.get_full_path(),
    }
    return TemplateResponse(request, "registry/request_scan.html", context)


def fragment(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The look alone, for the page's script."""
    found = own_draft(request, pk)
    context = {"found": found, "progress": progress_of(request, found)}
    return TemplateResponse(request, "registry/request_progress.html", context)


def start(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Have the server looked at."""
    return begin(request, own_draft(request, pk))


def begin(request: HttpRequest, found: ServerRequest) -> HttpResponseBase:
    """Hand the look to a worker and go to where it is told; what nobody accepted yet is not looked at."""
    address = reverse("admin:request_scan", args=[found.pk])
    if found.reach() and not found.reach_accepted():
        return redirect(address)
    asked = int(time.time())  # Before the look, which may be over when this comes back.
    tasks.ask_for_look(found.pk, by=person_of(request), why="demand")
    return redirect(f"{address}?{urlencode({'asked': asked})}")


def progress_of(request: HttpRequest, found: ServerRequest) -> Progress:
    """How the last look stands, or the one that was asked for and has not begun."""
    asked = _asked(request)
    run = found.scans.order_by("-queued_at", "-pk").first()
    if run is not None and asked and run.queued_at.timestamp() < asked - 1:
        run = None  # An earlier one; the one that was asked for has not begun.
    waits = run is None and asked > 0
    going = waits or (run is not None and run.state in (ScanState.QUEUED, ScanState.RUNNING))
    return Progress(
        run=run,
        going=going,
        slow=waits and time.time() - asked > TAKEN_UP_WITHIN,
        done=run is not None and run.state == ScanState.DONE and bool(found.manifest_digest),
    )


def diagnosis(found: ServerRequest, run: ScanRun | None) -> str:
    """What a look that brought nothing most likely means, and what to do about it."""
    if run is None or run.state != ScanState.FAILED:
        return ""
    failed = next((step for step in run.steps if step.get("outcome") == "failed"), None)
    at = str(failed.get("step", "")) if failed else ""
    return _DIAGNOSES.get(_sort(at, run.cause.lower()), "")


def _sort(step: str, cause: str) -> str:
    for sort, words in _SIGNS:
        if any(word in cause for word in words):
            return sort
    return step


_SIGNS: Final = (
    ("accept", ("has to accept",)),
    ("credentials", (" 401", " 403", "credentials")),
    ("path", (" 404", " 405")),
    ("tls", ("tls", "certificate", "ssl")),
    ("timeout", ("within", "timed out", "timeout")),
    ("private", ("private", "metadata", "loopback", "link-local")),
)
_DIAGNOSES: Final[dict[str, str]] = {
    "credentials": "The server wants to know who asks. Name the header that carries its credentials in step 1; an"
    " administrator binds a secret to it, and the scan follows then.",
    "path": "Something answers there, but not at this path. MCP servers often answer at /mcp; compare the address with"
    " the server's documentation.",
    "tls": "No encrypted connection came about: the certificate may have run out, be for another name, or be signed by"
    " an authority that this gateway does not know. Whoever runs the server can mend that.",
    "timeout": "The server took too long. It may be asleep or overloaded; scan again in a minute.",
    "private": "The address leads inside. If that is meant, say in step 1 that it is a private address; an"
    " administrator has to accept it before it is opened.",
    "resolve": "The name leads nowhere. Look for a typing error in the address; a name of an inner network is not known"
    " to this gateway.",
    "connect": "Nothing accepts connections there. Look at the port, and whether the server is running.",
    "handshake": "Something answers, but not as an MCP server does. Look at the path, or choose the older transport in"
    " step 1 if the server is an old one.",
    "list": "The server answered the greeting and then failed to list what it offers. Whoever runs it will find the"
    " cause in its log.",
}


def _asked(request: HttpRequest) -> int:
    text = request.GET.get("asked", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
