"""What a scan of a manifest reports: which rule, where, in which words, and what to do. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from governance.canonical.values import JSON
from governance.inspection.finding import Severity, pointer
from governance.text.visible import one_line
from registry.manifest.canonical import Kind

QUOTE_LENGTH: Final = 240
NAME_LENGTH: Final = 120

HOLDING: Final = frozenset((Severity.HIGH, Severity.CRITICAL))
"""Severities of which one finding is enough for an item to be held until a person has looked."""

RANK: Final = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}

Step: TypeAlias = "str | int"
Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the rule pack. `why` is one sentence about what was found, `action` what a reviewer should do."""

    id: str
    severity: Severity
    why: str
    action: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that applies at a place of an item. `quote` is the server's own text, `note` what `why` cannot know."""

    rule: str
    steps: Steps
    quote: str
    note: str = ""


Hits: TypeAlias = Iterator[Hit]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in one item that a reviewer should see. `path` is a JSON Pointer within the item's document.

    `quote` has every invisible character spelled out and is cut to QUOTE_LENGTH; it stays hostile text nonetheless.
    """

    rule: str
    severity: Severity
    kind: Kind
    name: str
    path: str
    quote: str
    why: str
    action: str

    @property
    def item(self) -> str:
        """Kind and name as one text."""
        return f"{self.kind.value}:{one_line(self.name, NAME_LENGTH)}"

    def record(self) -> dict[str, JSON]:
        """The finding as `gatehouse scan` shows it."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "item": self.item,
            "path": self.path,
            "quote": self.quote,
            "why": self.why,
            "action": self.action,
        }


def finding(rule: Rule, hit: Hit, kind: Kind, name: str) -> Finding:
    """The finding that a hit of `rule` in one item is."""
    why = f"{rule.why} ({one_line(hit.note, QUOTE_LENGTH)})" if hit.note else rule.why
    path = one_line(pointer(hit.steps), 4 * QUOTE_LENGTH)
    return Finding(rule.id, rule.severity, kind, name, path, one_line(hit.quote, QUOTE_LENGTH), why, rule.action)


def held(findings: Iterable[Finding]) -> bool:
    """Whether one of the findings is reason enough to hold."""
    return any(found.severity in HOLDING for found in findings)
