"""How states, severities and risks look and read on the pages of the registry. Renders only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.models import ItemState, RequestState, ScanState, ServerState

TONES: Final = {
    ServerState.READY: "good",
    ServerState.WAITING: "held",
    ServerState.SYNC_REQUIRED: "held",
    ServerState.ERROR: "bad",
    ServerState.SUSPENDED: "off",
    ServerState.QUARANTINED: "bad",
    ServerState.RETIRED: "off",
}
ITEM_TONES: Final = {
    ItemState.APPROVED: "good",
    ItemState.NEW: "held",
    ItemState.CHANGED: "held",
    ItemState.MISSING: "off",
    ItemState.REFUSED: "bad",
}
REQUEST_TONES: Final = {
    RequestState.DRAFT: "off",
    RequestState.SUBMITTED: "held",
    RequestState.SCANNED: "held",
    RequestState.IN_REVIEW: "held",
    RequestState.CHANGES_REQUESTED: "held",
    RequestState.APPROVED: "good",
    RequestState.DENIED: "bad",
    RequestState.WITHDRAWN: "off",
    RequestState.EXPIRED: "off",
}
SCAN_TONES: Final = {
    ScanState.QUEUED: "held",
    ScanState.RUNNING: "held",
    ScanState.DONE: "good",
    ScanState.FAILED: "bad",
}
INTENTS: Final = ("read", "write", "destructive", "exfiltrative", "unknown")
"""From the mildest to what is not known; the order of every list of them."""
LETTERS: Final = {"read": "r", "write": "w", "destructive": "d", "exfiltrative": "x", "unknown": "?"}
SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
"""Of findings, the worst first."""
GRAVE: Final = ("critical", "high")


def by_intent(counts: Mapping[str, int]) -> tuple[str, str]:
    """Tools by intent, short (`7r 3w 2d`) and in words (`7 read, 3 write, 2 destructive`)."""
    there = [(intent, counts[intent]) for intent in INTENTS if counts.get(intent)]
    short = " ".join(f"{count}{LETTERS[intent]}" for intent, count in there)
    return short, ", ".join(f"{count} {intent}" for intent, count in there)


def by_severity(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Findings by severity, the worst first, those that there are."""
    return [(severity, counts[severity]) for severity in SEVERITIES if counts.get(severity)]


def counted(count: int, one: str, many: str = "") -> str:
    """`1 tool`, `2 tools`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
