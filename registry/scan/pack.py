"""The rule pack: all that a scan goes by, in one value. A change of any row raises PACK_VERSION. Pure: no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from types import ModuleType
from typing import Final

from registry.scan.finding import Rule
from registry.scan.meanings import MEANINGS, Meaning
from registry.scan.rules import RULES
from registry.scan.signs import SIGNS, Sign
from registry.scan.speech import Language
from registry.scan.tone import Tone, read_weights
from registry.scan.words import eastern, english_acts, english_conduct, english_things, germanic, romance, unspaced
from registry.scan.words.further import FURTHER
from registry.scan.words.kinds import KINDS
from registry.scan.words.markers import MARKERS
from registry.scan.words.purposes import PURPOSES

PACK_VERSION: Final = "2"
_WEIGHTS: Final = files("registry.scan.words") / "tone_weights.txt"


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules, and the words, sentences and forms of text that they look for. See `registry.scan.forms` for meanings."""

    version: str
    rules: tuple[Rule, ...]
    meanings: tuple[Meaning, ...]
    signs: tuple[Sign, ...]
    english: Mapping[str, str]
    languages: tuple[Language, ...]
    markers: tuple[tuple[str, str], ...]
    purposes: Mapping[str, str]
    kinds: Mapping[str, str]
    tone: Tone

    def extended(
        self,
        version: str,
        *,
        rules: tuple[Rule, ...] = (),
        meanings: tuple[Meaning, ...] = (),
        signs: tuple[Sign, ...] = (),
        english: Mapping[str, str] | None = None,
        languages: tuple[Language, ...] = (),
    ) -> Pack:
        """This pack with rows added. English words of a concept that exists are added to it."""
        words = dict(self.english)
        for concept, entries in (english or {}).items():
            words[concept] = f"{words[concept]}, {entries}" if concept in words else entries
        return replace(
            self,
            version=version,
            rules=(*self.rules, *rules),
            meanings=(*self.meanings, *meanings),
            signs=(*self.signs, *signs),
            english=words,
            languages=(*self.languages, *languages),
        )


def _joined(words: Mapping[str, str], further: Mapping[str, str]) -> dict[str, str]:
    return {name: ", ".join(filter(None, (words.get(name), further.get(name)))) for name in {**words, **further}}


def _languages(module: ModuleType, *, spaced: bool = True) -> tuple[Language, ...]:
    return tuple(
        Language(name.lower(), _joined(words, FURTHER.get(name.lower(), {})), spaced)
        for name, words in sorted(vars(module).items())
        if name.isupper() and isinstance(words, dict)
    )


PACK: Final = Pack(
    version=PACK_VERSION,
    rules=RULES,
    meanings=MEANINGS,
    signs=SIGNS,
    english={**english_conduct.CONDUCT, **english_things.THINGS, **english_acts.ACTS},
    languages=(
        *_languages(germanic),
        *_languages(romance),
        *_languages(eastern),
        *_languages(unspaced, spaced=False),
    ),
    markers=MARKERS,
    purposes=PURPOSES,
    kinds=KINDS,
    tone=Tone(read_weights(_WEIGHTS.read_text(encoding="utf-8")), enough=110, some=20, less=-50, least=-150),
)
