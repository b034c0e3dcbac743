"""Where one detector's secrets stand in one text. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from governance.inspection.detector import Detector, UnusableDetector, compile_pattern
from governance.inspection.finding import Severity
from governance.inspection.validators import VALIDATORS, Proof, Validator

CONTEXT_BEFORE: Final = 80
RETRY_LENGTH: Final = 64
MAX_NEAR_MISSES: Final = 20_000
_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Match:
    """One accepted match in UTF-8 bytes."""

    start: int
    end: int
    severity: Severity


class NearMisses:
    """How many more near misses are worked through in one value; counts down."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_NEAR_MISSES


class Locator:
    """Finds one detector's matches in one text, once the set has said that there may be some."""

    __slots__ = ("_group", "_keywords", "_regex", "_validate", "detector")

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._regex: Any = compile_pattern(detector.id, detector.pattern)
        self._group = min(self._regex.groups, 1)
        self._keywords = tuple(squeezed(keyword) for keyword in detector.keywords)
        self._validate: Validator | None = None
        if detector.validator is not None:
            if detector.validator not in VALIDATORS:
                raise UnusableDetector(
                    f"detector {detector.id}: validator {detector.validator!r} is unknown; "
                    f"use one of {', '.join(sorted(VALIDATORS))}"
                )
            self._validate = VALIDATORS[detector.validator]

    def matches(self, raw: bytes, name: str, misses: NearMisses) -> Iterator[Match]:
        """Matches in `raw`, UTF-8 text that stands under the JSON name `name` ("" for none), left to right."""
        named = bool(self._keywords) and self._holds_keyword(name)
        position = 0
        while (found := self._regex.search(raw, position)) is not None:
            start, end = found.span(self._group)
            severity = self._judge(raw, start, end, named)
            if severity is not None:
                yield Match(start, end, severity)
                position = max(end, position + 1)
                continue
            # A refused short match may hide the start of a real one; a long one is passed as a whole, so that the
            # work stays linear. Whoever buries a text in near misses has the rest of it taken for a hit.
            position = start + 1 if end - start <= RETRY_LENGTH else end
            misses.left -= 1
            if misses.left < 0:
                yield Match(position, len(raw), self.detector.severity)
                return

    def _judge(self, raw: bytes, start: int, end: int, named: bool) -> Severity | None:
        if self._keywords and not named:
            context = raw[max(0, start - CONTEXT_BEFORE) : start]
            if not self._holds_keyword(context.decode("utf-8", "replace")):
                return None
        if self._validate is None:
            return self.detector.severity
        proof = self._validate(raw, start, end)
        if proof is Proof.REFUSED:
            return None
        return Severity.CRITICAL if proof is Proof.PROVEN else self.detector.severity

    def _holds_keyword(self, text: str) -> bool:
        near = squeezed(text)
        return any(keyword in near for keyword in self._keywords)


def squeezed(text: str) -> str:
    """`text` in lower case without anything but ASCII letters and digits, so that spellings of a name agree."""
    return _NOT_A_LETTER.sub("", text.lower())
