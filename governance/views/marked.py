"""Hostile text and JSON as inert HTML: every unseen character is a labelled chip. Renders only; reads nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from governance.canonical.values import JSON, Number
from governance.policy.addresses import EACH, Steps
from governance.text.visible import visible
from governance.views.masks import NOTHING, Masks, Span, merged

_LABEL: Final = re.compile("⟦U\\+([0-9A-F]{4,6})⟧")
_WORD: Final = re.compile(r"\w+")
_LOOKALIKE_SCRIPTS: Final = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "FULLWIDTH", "MATHEMATICAL")
INDENT: Final = "  "
_WORDS: Final = {None: "null", True: "true", False: "false"}
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TO_ESCAPE: Final = re.compile(r'[\\"\n\r\t]')
_ESCAPED_FEED: Final = '<span class="j-escape">\\n</span>'


def chips(text: str, *, lines: bool = False) -> SafeString:
    """`text` escaped, with unseen characters as chips and lookalike letters inside Latin words underlined.

    `lines` keeps line feeds and tabs.
    """
    shown = _LABEL.sub(_chip, escape(visible(text, lines=lines)))
    if not text.isascii():
        shown = _WORD.sub(_underline_lookalikes, shown)
    return mark_safe(shown)  # noqa: S308  Everything was escaped above; only our own spans were added.


def json_lines(value: JSON, *, looked_at: Iterable[Steps] = (), masks: Masks = NOTHING) -> SafeString:
    """The whole of `value`, indented, one element per line; nothing is cut.

    Lines whose place is one of `looked_at` (EACH for any index) are marked; secrets named by `masks` become labels.
    """
    writer = _Writer(frozenset(looked_at), masks)
    writer.value(value, _Place())
    return mark_safe("".join(writer.out))  # noqa: S308  The writer escapes every text it is given.


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the writer stands; `before` and `after` are finished HTML around the value."""

    steps: Steps = ()
    before: str = ""
    after: str = ""


class _Writer:
    """Writes one line element after the other."""

    def __init__(self, looked_at: frozenset[Steps], masks: Masks) -> None:
        self.out: list[str] = []
        self._looked_at = looked_at
        self._masks = masks

    def value(self, value: JSON, place: _Place) -> None:
        if isinstance(value, dict) and value:
            self._line(place.steps, place.before + "{")
            for index, (name, member) in enumerate(value.items(), 1):
                steps = (*place.steps, name)
                key = _quoted(name, self._masks.names.get(steps, ()))
                after = "," if index < len(value) else ""
                self.value(member, _Place(steps, f'<span class="j-key">{key}</span>: ', after))
            self._line(place.steps, "}" + place.after, closing=True)
        elif isinstance(value, list) and value:
            self._line(place.steps, place.before + "[")
            for index, member in enumerate(value):
                after = "," if index + 1 < len(value) else ""
                self.value(member, _Place((*place.steps, index), "", after))
            self._line(place.steps, "]" + place.after, closing=True)
        else:
            spans = self._masks.values.get(place.steps, ())
            self._line(place.steps, place.before + _leaf(value, spans) + place.after)

    def _line(self, steps: Steps, inner: str, *, closing: bool = False) -> None:
        general = tuple(EACH if isinstance(step, int) else step for step in steps)
        ruled = not closing and bool(steps) and general in self._looked_at
        mark = ' <span class="tag rule-tag">RULE</span>' if ruled else ""
        style = "j-line ruled" if ruled else "j-line"
        self.out.append(f'<span class="{style}">{INDENT * len(steps)}{inner}{mark}\n</span>')


def _leaf(value: JSON, spans: tuple[Span, ...]) -> str:
    if isinstance(value, str):
        return f'<span class="j-text">{_quoted(value, spans)}</span>'
    if spans:
        return _mask(spans[0])
    if value is None or isinstance(value, bool):
        return f'<span class="j-word">{_WORDS[value]}</span>'
    if isinstance(value, Number):
        return f'<span class="j-number">{escape(value.literal)}</span>'
    if isinstance(value, (int, float)):
        return f'<span class="j-number">{value}</span>'
    return "{}" if isinstance(value, dict) else "[]"


def _quoted(text: str, spans: tuple[Span, ...] = ()) -> str:
    """The JSON string literal of `text`; several lines go into a ruled-off block, so that they cannot pose as JSON."""
    if spans:
        return f'"{_masked(text, spans)}"'
    if "\n" not in text.rstrip("\n"):
        return f'"{_escaped(text)}"'
    lines = text.split("\n")
    last = len(lines) - 1
    body = "".join(
        f'<span class="j-textline">{_escaped(line)}{"" if index == last else _ESCAPED_FEED}\n</span>'
        for index, line in enumerate(lines)
    )
    return f'"<span class="j-block">{body}</span>"'


def _masked(text: str, spans: tuple[Span, ...]) -> str:
    parts: list[str] = []
    at = 0
    for span in merged(spans):
        parts += [_escaped(text[at : span.start]), _mask(span)]
        at = span.end
    return "".join([*parts, _escaped(text[at:])])


def _mask(span: Span) -> str:
    return f'<span class="j-mask">masked: {escape(span.cls)}</span>'


def _escaped(text: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _TO_ESCAPE.finditer(text):
        parts += [chips(text[at : match.start()]), f'<span class="j-escape">{escape(_ESCAPES[match[0]])}</span>']
        at = match.end()
    return "".join([*parts, chips(text[at:])])


def _chip(match: re.Match[str]) -> str:
    code = match[1]
    name = unicodedata.name(chr(int(code, 16)), "unnamed character")
    return f'<span class="chip" title="{escape(name)}">U+{code}</span>'


def _underline_lookalikes(match: re.Match[str]) -> str:
    word = match[0]
    if word.isascii() or not any(char.isascii() and char.isalpha() for char in word):
        return word
    return "".join(char if char.isascii() else _underlined(char) for char in word)


def _underlined(char: str) -> str:
    name = unicodedata.name(char, "")
    if not name.startswith(_LOOKALIKE_SCRIPTS):
        return char
    return f'<span class="lookalike" title="{escape(name)}">{char}</span>'
