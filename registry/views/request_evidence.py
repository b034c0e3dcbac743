"""What a reviewer of a request goes by beside its items: what changed, where it comes from, and the thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from registry.models import RequestEvent, ServerRequest
from registry.views import changes
from registry.views.tones import counted

WORDS: Final = {
    "created": ("draft begun", "off"),
    "submitted": ("submitted", "held"),
    "resubmitted": ("submitted again", "held"),
    "scanned": ("server seen", "good"),
    "missed": ("server not seen", "bad"),
    "changed": ("server changed", "held"),
    "accepted": ("reach accepted", "good"),
    "approval": ("approval counted", "good"),
    "approved": ("approved", "good"),
    "denied": ("denied", "bad"),
    "changes requested": ("changes requested", "held"),
    "withdrawn": ("withdrawn", "off"),
    "comment": ("comment", "off"),
    "expired": ("lapsed", "off"),
}
"""What happened, short enough for a small screen, and how it looks."""
_LABELS: Final = {
    "host": "Host",
    "addresses": "Resolved to",
    "peer": "Connected to",
    "protocol": "Protocol revision",
    "program": "Program",
    "sha256": "SHA-256 of its file",
    "source": "Imported from",
    "entry": "Entry",
    "registry": "Package registry",
    "package": "Package",
    "version": "Version",
    "digest": "Digest",
}
_CERTIFICATE: Final = {
    "subject": "Certificate of",
    "issuer": "Certificate by",
    "names": "Certificate for",
    "not_before": "Certificate from",
    "not_after": "Certificate until",
    "sha256": "Certificate SHA-256",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the thread."""

    at: datetime
    by: str
    words: str
    tone: str
    text: str
    said: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of where the server comes from; `claimed` where only a file or the server itself says so."""

    label: str
    value: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs from what was submitted. `unkept` counts the changes whose earlier form was too large to keep."""

    rows: tuple[changes.ItemRows, ...]
    unkept: int
    words: str


def timeline(found: ServerRequest) -> list[Line]:
    """The thread, oldest first."""
    return [_line(event) for event in found.events.all()]


def changed_since_submission(found: ServerRequest) -> Changed | None:
    """What scans since the submission found otherwise than it was then; None where nothing did."""
    if found.submitted_at is None:
        return None
    before: dict[tuple[str, str], tuple[str, str | None]] = {}
    events = found.events.filter(what="changed", at__gte=found.submitted_at)
    for event in events:
        for each in event.data.get("items", []):
            before.setdefault((str(each["kind"]), str(each["name"])), (str(each["change"]), each.get("before")))
    if not events:
        return None
    now = {(row.kind, row.name): row.document for row in found.items.all()}
    forms, unkept = [], 0
    for (kind, name), (change, document) in before.items():
        if change != "added" and document is None:
            unkept += 1
        elif (document or "") != now.get((kind, name), ""):
            forms.append((kind, name, document or "", now.get((kind, name), "")))
    return Changed(changes.of_forms(forms), unkept, f"{counted(len(forms) + unkept, 'item')} differ")


def provenance_rows(found: ServerRequest) -> list[Fact]:
    """What is known of the program or address, seen by us first, then what others say of themselves."""
    seen: Mapping[str, Any] = found.provenance
    rows = [Fact(label, _text(seen[key]), False) for key, label in _LABELS.items() if seen.get(key)]
    certificate = seen.get("certificate")
    if isinstance(certificate, dict):
        rows += [
            Fact(label, _text(certificate[key]), False) for key, label in _CERTIFICATE.items() if certificate.get(key)
        ]
    server = seen.get("server")
    if isinstance(server, dict):
        rows += [
            Fact(f"Calls itself, {key}", _text(server[key]), True)
            for key in ("name", "title", "version", "websiteUrl")
            if server.get(key)
        ]
    rows += [Fact(label, _text(found.imported[key]), True) for key, label in _LABELS.items() if found.imported.get(key)]
    return rows


def _line(event: RequestEvent) -> Line:
    words, tone = WORDS.get(event.what, (event.what, "off"))
    text = event.text or str(event.data.get("needs", ""))
    return Line(event.at, event.by, words, tone, text, event.what == "comment")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
