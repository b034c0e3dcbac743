"""What a detector is, and the pack of them compiled into one pass. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import re2

from governance.inspection.finding import Severity

MAX_MEMORY: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of secret. `pattern` is RE2; its first group, or all of it, is the secret.

    `trigger` is a cheaper RE2 pattern that is found wherever `pattern` is, for the one pass over all detectors; it
    may not be anchored. With `keywords` (lower-case words, separated by spaces) a match counts only behind one of
    them: in the 80 bytes before it, or in the JSON name it stands under. `validator` names an entry of VALIDATORS.
    """

    id: str
    cls: str
    severity: Severity
    pattern: str
    trigger: str | None = None
    validator: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A part of a text, from code point `start` to `end`, and what it says when decoded."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """A way to hide text in text. `trigger` is RE2 and found wherever `decode` would yield something."""

    name: str
    trigger: str
    decode: Callable[[str], Iterable[Decoded]]


class UnusableDetector(ValueError):
    """A detector that cannot be used; the message names it and what to change."""


def compile_pattern(owner: str, pattern: str) -> Any:
    """`pattern` as a compiled RE2 over bytes. Raises UnusableDetector naming `owner`."""
    try:
        return re2.compile(pattern.encode(), options())
    except re2.error as error:
        raise UnusableDetector(f"detector {owner}: the pattern is not RE2: {error}") from None


def options() -> Any:
    """RE2 options of this project: bounded memory, nothing written to stderr."""
    chosen = re2.Options()
    chosen.max_mem = MAX_MEMORY
    chosen.log_errors = False
    return chosen


def keyword_trigger(keyword: str) -> str:
    """A pattern for the words of `keyword` in any case, joined or up to two other characters apart."""
    return "(?i)" + "[^A-Za-z0-9]{0,2}".join(re.escape(word) for word in keyword.split())


def require_unanchored(owner: str, pattern: str) -> None:
    """Raise UnusableDetector when `pattern` is bound to the start or end of the text: the pass joins many texts."""
    in_class = False
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            if pattern[index + 1 : index + 2] in {"A", "z", "B"}:
                raise UnusableDetector(f"detector {owner}: \\{pattern[index + 1]} is not possible here; use \\b")
            index += 2
            continue
        if in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
            index += 2 if pattern[index + 1 : index + 2] == "^" else 1
            index += 1 if pattern[index : index + 1] == "]" else 0
            continue
        elif character in "^$":
            raise UnusableDetector(f"detector {owner}: {character} is not possible here; use \\b")
        index += 1
