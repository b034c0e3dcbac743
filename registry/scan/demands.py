"""Sentences where no sentences belong: in names of parameters, lists of values, versions, unknown fields. Pure."""

from __future__ import annotations

import re
from typing import Final

from registry.scan.finding import Hit, Hits
from registry.scan.plain import humps_split, name_words
from registry.scan.speech import Speech
from registry.scan.texts import Role, Text

LONG_KEY: Final = 9
LONG_REQUIRED: Final = 4
_MOVING: Final = re.compile(
    r"\b(?:contents?|reading|read from|dump|paste|send|copy|upload|forward|include|exfil\w*|text of|value of)\b", re.I
)
_ODD: Final = frozenset((Role.KEY, Role.WORD, Role.NAME, Role.LINK))


def demands(texts: list[Text], speech: Speech, *, tool: bool) -> Hits:
    """What texts give that stand where a name or a word is due."""
    for text in texts:
        if (text.role in _ODD and len(text.text) > 11) or (text.role is Role.TITLE and tool and len(text.text) > 60):
            yield from _odd(text, speech)
        elif text.role is Role.OTHER and len(text.text) > 24 and _unknown(text):
            yield from _unknown_field(text, speech)


def _odd(text: Text, speech: Speech) -> Hits:
    said = humps_split(text.text.replace("_", " "))[:2000]
    words = len(name_words(text.text))
    if words < 3 or (text.role is Role.LINK and "://" in text.text and " " not in text.text.strip()):
        return
    leanings = speech.leanings(said)
    if text.key == "enum" and words < 8 and leanings < 3:
        return
    if text.steps == ("name",) and " " not in text.text and leanings < 4:
        return
    if (
        (text.key == "required" and words >= LONG_REQUIRED and " " in text.text.strip())
        or (words >= 5 and leanings >= 3)
        or (words >= 6 and leanings >= 2 and speech.wants_secrets(said))
        or (text.role is Role.KEY and words >= 3 and _MOVING.search(said) and speech.wants_secrets(said))
    ):
        yield Hit("demand-in-a-name", text.steps, text.text[:400])
    elif text.role is not Role.LINK and text.key != "enum" and words >= LONG_KEY:
        yield Hit("prose-in-a-name", text.steps, text.text[:400])


def _unknown(text: Text) -> bool:
    """Whether the text stands in a field that neither MCP nor JSON Schema knows."""
    return bool(text.steps) and text.role is Role.OTHER


def _unknown_field(text: Text, speech: Speech) -> Hits:
    if len(name_words(text.text)) >= 6 and speech.leanings(text.text[:2000]) >= 4:
        yield Hit("demand-in-an-unknown-field", text.steps, text.text[:400])
