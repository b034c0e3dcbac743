"""A scan of a server that somebody asks for: handed to a worker, and told as it happens. The scan is in scanning."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance.views.access import person_of
from registry import tasks
from registry.models import ScanRun, ScanState, Server
from registry.views.request_progress import Progress
from registry.views.servers import server_named


def start(request: HttpRequest, name: str) -> HttpResponseBase:
    """Have what the server offers now fetched and compared with what is approved."""
    run = tasks.ask(server_named(name).pk, why="demand", by=person_of(request))
    return redirect("admin:server_run", name=name, pk=run.pk)


def show(request: HttpRequest, name: str, pk: int) -> HttpResponseBase:
    """One scan as it stands."""
    server = server_named(name)
    run = _run(server, pk)
    context: dict[str, Any] = {
        "title": f"Scan of {server.name}",
        "server": server,
        "progress": _progress(run),
        "moved": [(word, run.report[word]) for word in ("new", "changed", "gone", "back") if run.report.get(word)],
    }
    return TemplateResponse(request, "registry/scan_run.html", context)


def fragment(request: HttpRequest, name: str, pk: int) -> HttpResponseBase:
    """The scan alone, for the page's script."""
    context = {"progress": _progress(_run(server_named(name), pk))}
    return TemplateResponse(request, "registry/request_progress.html", context)


def _run(server: Server, pk: int) -> ScanRun:
    found = server.scans.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _progress(run: ScanRun) -> Progress:
    going = run.state in (ScanState.QUEUED, ScanState.RUNNING)
    return Progress(run=run, going=going, slow=False, done=run.state == ScanState.DONE)
