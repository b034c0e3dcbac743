"""The ledger for people: streams and heads, entries, and a verification run for display. Reads only."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from governance import verification
from governance.audit.verify import BrokenChain, Head, StreamReport
from governance.models import LedgerEntry, LedgerStream
from governance.views import call_rows
from governance.views.marked import json_lines

PAGE: Final = 50
NOTHING_VERIFIED: Final[Mapping[str, Head]] = {}


def index(request: HttpRequest) -> HttpResponseBase:
    """Every stream with its head."""
    return _page(request)


def verify(request: HttpRequest) -> HttpResponseBase:
    """Recompute every chain now and say what was found; nothing is written."""
    started = time.monotonic()
    reports: list[StreamReport] = []
    broken: list[BrokenChain] = []
    for stream in LedgerStream.objects.order_by("pk"):
        try:
            reports.append(verification.verify(stream))
        except BrokenChain as found:
            broken.append(found)
    try:
        verification.require_streams()
    except BrokenChain as found:
        broken.append(found)
    result = {"reports": reports, "broken": broken, "seconds": round(time.monotonic() - started, 1)}
    return _page(request, result, {report.stream: report.head for report in reports if report.entries})


def stream(request: HttpRequest, stream: str) -> HttpResponseBase:
    """The entries of one stream, newest first, 50 a page by sequence number."""
    found = LedgerStream.objects.filter(name=stream).first()
    if found is None:
        raise Http404
    entries = LedgerEntry.objects.filter(stream=found).order_by("-seq")
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        entries = entries.filter(seq__lt=int(before))
    shown = list(entries[: PAGE + 1])
    context = {
        "title": f"Stream {found.name}",
        "stream": found,
        "entries": [(entry, _what(entry)) for entry in shown[:PAGE]],
        "more": shown[PAGE - 1].seq if len(shown) > PAGE else 0,
    }
    return TemplateResponse(request, "governance/ledger_stream.html", context)


def entry(request: HttpRequest, stream: str, seq: int) -> HttpResponseBase:
    """One entry, whole, with its digest."""
    found = LedgerEntry.objects.filter(stream__name=stream, seq=seq).select_related("stream").first()
    if found is None:
        raise Http404
    context = {
        "title": f"Entry {found.seq} of {stream}",
        "entry": found,
        "digest": bytes(found.digest).hex(),
        "lines": json_lines(call_rows.document(found)),
    }
    return TemplateResponse(request, "governance/ledger_entry.html", context)


def _page(
    request: HttpRequest, result: dict[str, object] | None = None, verified: Mapping[str, Head] = NOTHING_VERIFIED
) -> HttpResponseBase:
    last = LedgerEntry.objects.filter(stream=OuterRef("pk")).order_by("-seq")
    streams = LedgerStream.objects.order_by("-pk").annotate(
        last_seq=Subquery(last.values("seq")[:1]), last_digest=Subquery(last.values("digest")[:1])
    )
    context = {
        "title": "Ledger",
        "streams": [(stream, verified.get(stream.name) or _head(stream)) for stream in streams[:PAGE]],
        "result": result,
    }
    return TemplateResponse(request, "governance/ledger.html", context)


def _head(stream: Any) -> Head | None:
    """The last entry. Where a process writes, its stream's own row learns the head only when the process ends."""
    if stream.head_seq >= (stream.last_seq or 0):
        return Head(stream.head_seq, bytes.fromhex(stream.head_digest)) if stream.head_seq else None
    return Head(stream.last_seq, bytes(stream.last_digest))


def _what(entry: LedgerEntry) -> str:
    """A few words on what the entry records."""
    if entry.kind.startswith("call."):
        return f"{entry.agent} → {entry.server}.{entry.item}" if entry.server else entry.item or entry.agent
    body = call_rows.document(entry)
    change = body.get("change") or body.get("counted") or {}
    what, name = change.get("what", ""), change.get("name", "")
    by = (body.get("principal") or {}).get("person") or ""
    return " · ".join(str(part) for part in (what, name, by) if part)
