"""Take findings out of a value and say where something was taken out. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from governance.canonical.values import JSON
from governance.inspection.finding import Finding, Hit, Step


@dataclass(frozen=True, slots=True)
class Redaction:
    """`count` secrets of one class taken out at one place; `path` as in the finding."""

    cls: str
    path: str
    count: int

    def wire(self) -> dict[str, JSON]:
        """The form of `_meta["io.gatehouse/redactions"]` (contract section 5)."""
        return {"class": self.cls, "path": self.path, "count": self.count}


_Places: TypeAlias = "dict[tuple[Step, ...], list[Finding]]"


def redact(value: JSON, findings: Iterable[Finding]) -> tuple[JSON, tuple[Redaction, ...]]:
    """A copy of `value` with `[redacted:class]` in place of each finding in a string or name, and 0 for a number.

    `findings` must come from inspecting this very value; one whose place does not exist raises LookupError.
    """
    values: _Places = {}
    names: _Places = {}
    counts: dict[tuple[str, str], int] = {}
    for finding in findings:
        (names if finding.in_key else values).setdefault(finding.steps, []).append(finding)
        counts[finding.cls, finding.path] = counts.get((finding.cls, finding.path), 0) + 1
    if not counts:
        return value, ()
    places = _Rewrite(values, names)
    redacted = places.rewrite(value, ())
    places.require_all_met()
    return redacted, tuple(Redaction(cls, path, count) for (cls, path), count in counts.items())


def redacted_text(text: str, hits: Sequence[Hit | Finding]) -> str:
    """`text` with `[redacted:class]` in place of each hit. Overlapping hits become one, of the first one's class."""
    parts: list[str] = []
    position = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= position:
            parts += (text[position : hit.start], f"[redacted:{hit.cls}]")
        position = max(position, hit.end)
    return "".join((*parts, text[position:]))


class _Rewrite:
    """Rebuilds the parts of a value that lead to a finding and keeps the rest as it is."""

    __slots__ = ("_inside", "_met", "_names", "_values")

    def __init__(self, values: _Places, names: _Places) -> None:
        self._values = values
        self._names = names
        self._met = 0
        # Every place that a finding lies under, so that untouched branches are not walked.
        self._inside = {steps[:depth] for steps in (*values, *names) for depth in range(len(steps))}

    def rewrite(self, value: JSON, steps: tuple[Step, ...]) -> JSON:
        hits = self._values.get(steps)
        if hits is not None:
            self._met += 1
            return redacted_text(value, hits) if isinstance(value, str) else 0
        if steps not in self._inside:
            return value
        if isinstance(value, dict):
            members: dict[str, JSON] = {}
            for name, member in value.items():
                shown = self._name(name, (*steps, name), value, members)
                members[shown] = self.rewrite(member, (*steps, name))
            return members
        if isinstance(value, list):
            return [self.rewrite(item, (*steps, index)) for index, item in enumerate(value)]
        return value

    def require_all_met(self) -> None:
        if self._met != len(self._values) + len(self._names):
            raise LookupError("redaction: a finding points at a place that this value does not have")

    def _name(self, name: str, steps: tuple[Step, ...], before: dict[str, JSON], after: dict[str, JSON]) -> str:
        """The name to show for `name`, one that no other member has."""
        hits = self._names.get(steps)
        if hits is None:
            return name
        self._met += 1
        shown = redacted_text(name, hits)
        number = 2
        unique = shown
        while unique in before or unique in after:
            unique = f"{shown} {number}"
            number += 1
        return unique
