"""Where private keys, vendor keys and cards stand in arguments, so that a page can mask them. Reads nothing stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from governance.canonical.values import JSON
from governance.inspection.finding import Finding
from governance.inspection.scan import Detectors, compile_detectors
from governance.keys import derive
from governance.policy.addresses import Steps

CONSOLE_MASKS: Final = "console-masks"


@dataclass(frozen=True, slots=True)
class Span:
    """Code points `start` to `end` of one text hold a secret of class `cls`; 0 to 0 is a number as a whole."""

    start: int
    end: int
    cls: str


@dataclass(frozen=True, slots=True)
class Masks:
    """The spans of every string or number, and of every member name, by the exact place in the value."""

    values: Mapping[Steps, tuple[Span, ...]] = field(default_factory=dict)
    names: Mapping[Steps, tuple[Span, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.values or self.names)


NOTHING: Final = Masks()


def masks_of(value: JSON) -> Masks:
    """The secrets in a call's arguments. Raises TooManyFindings past 1,000; such a call is never held."""
    if not isinstance(value, dict):
        return NOTHING
    findings = _detectors().scan_arguments(value)
    if not findings:
        return NOTHING
    return Masks(
        values=_by_place(found for found in findings if not found.in_key),
        names=_by_place(found for found in findings if found.in_key),
        classes=tuple(sorted({found.cls for found in findings})),
    )


def merged(spans: tuple[Span, ...]) -> list[Span]:
    """The spans in order, overlapping ones as one."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if out and span.start < out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end), out[-1].cls)
        else:
            out.append(span)
    return out


def _by_place(findings: Iterable[Finding]) -> dict[Steps, tuple[Span, ...]]:
    places: dict[Steps, tuple[Span, ...]] = {}
    for found in findings:
        places[found.steps] = (*places.get(found.steps, ()), Span(found.start, found.end, found.cls))
    return places


@cache
def _detectors() -> Detectors:
    return compile_detectors(key=derive(CONSOLE_MASKS))
