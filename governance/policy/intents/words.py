"""Cuts names into words and knows the forms of a verb. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from governance.policy.intents.tables import word_set
from governance.policy.intents.verbs import LOOSE, NOUNLIKE, VERBS
from governance.policy.values import Intent


class Form(Enum):
    """How a verb stands in a text."""

    BASE = "delete"
    THIRD = "deletes"
    PAST = "deleted"
    GERUND = "deleting"


class Verb(NamedTuple):
    """What is known of one form of a verb, before its objects are looked at."""

    base: str
    form: Form
    intent: Intent
    loose: bool
    nounlike: bool


_IRREGULAR: Final[Mapping[str, str]] = {
    "send": "sent", "overwrite": "overwritten", "write": "written", "rewrite": "rewritten", "pay": "paid",
    "sell": "sold", "buy": "bought", "lose": "lost", "make": "made", "take": "taken", "give": "given",
    "build": "built", "withdraw": "withdrawn", "draw": "drawn", "hide": "hidden", "find": "found", "get": "got",
    "show": "shown", "choose": "chosen", "undo": "undone", "leave": "left", "bind": "bound",
    "tell": "told", "speak": "spoken", "begin": "begun", "forbid": "forbidden", "outbid": "outbid",
    "shut": "shut", "keep": "kept", "freeze": "frozen", "lend": "lent", "spend": "spent", "ring": "rung",
    "rebuild": "rebuilt", "rewind": "rewound", "redo": "redone", "foresee": "foreseen", "understand": "understood",
    "overthrow": "overthrown", "slay": "slain", "hang": "hung", "hold": "held", "bring": "brought", "throw": "thrown",
    "tear": "torn", "bid": "bid", "steal": "stolen", "shrink": "shrunk", "wind": "wound",
    "put": "put", "set": "set", "cut": "cut", "read": "read", "reset": "reset", "rm": "rm",
}  # fmt: skip
_DOUBLED: Final = word_set(
    "stop drop run set get put ban pin unpin star zip unzip map log tag wrap crop trim plan submit commit strip scan "
    "scrub rebase_ unsubscrib_ transfer refer cancel reset cut shut swap plot ship unset evict_ emit bid bet step "
    "format_ cp_ grep flag expel kill_ skip tap rub nuke_ begin quit tip shred rm unwrap forbid outbid flip "
    "remap rip gut jot chop pad lop rerun retag spam skim spot unban unmap"
)
# Doubled in British spelling only.
_BRITISH: Final = word_set("expel label model tunnel")
_ACCENTS: Final = str.maketrans(
    "áàâãäåéèêëíìîïóòôõöøúùûüñçýąćęłńśźżğşıčďěňřšťůžÁÀÂÃÄÅÉÈÊËÍÌÎÏÓÒÔÕÖØÚÙÛÜÑÇÝŁŚŻĞŞİČŘŠŽ",
    "aaaaaaeeeeiiiioooooouuuuncyacelnszzgsicdenrstuzAAAAAAEEEEIIIIOOOOOOUUUUNCYLSZGSICRSZ",
    "",
) | {ord("ß"): "ss", ord("œ"): "oe", ord("æ"): "ae"}
_SPLIT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+").findall
_ENDINGS: Final = word_set("status info search list history details forecast weather thinking reasoning lookup exec")
_PEOPLE: Final = word_set("user users order orders member members folder folders server servers")
_DERIVED: Final = (
    "ion",
    "ions",
    "ment",
    "ments",
    "er",
    "ers",
    "or",
    "ors",
    "ance",
    "ness",
    "ity",
    "able",
    "al",
    "ees",
    "ing",
    "ed",
    "time",
    "book",
)
_VOWELS: Final = frozenset("aeiou")


def _forms(base: str) -> dict[str, Form]:
    """Every form of a verb; where two are spelt the same, the base form counts."""
    stem = base + base[-1] if base in _DOUBLED else base
    bare = stem[:-1] if stem.endswith("e") and not stem.endswith("ee") else stem
    ending_y = base.endswith("y") and base[-2:-1] not in _VOWELS
    if ending_y:
        third, past = base[:-1] + "ies", base[:-1] + "ied"
    else:
        third = base + ("es" if base.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
        past = bare + "ed"
    past = _IRREGULAR.get(base, past)
    british = {base + "led": Form.PAST, base + "ling": Form.GERUND} if base in _BRITISH else {}
    return british | {bare + "ing": Form.GERUND, past: Form.PAST, third: Form.THIRD, base: Form.BASE}


def _table() -> dict[str, Verb]:
    table: dict[str, Verb] = {}
    for intent, bases in VERBS.items():
        for base in bases.split():
            for word, form in _forms(base).items():
                known = table.get(word)
                if known is None or known.form is not Form.BASE:
                    table[word] = Verb(base, form, intent, base in LOOSE, base in NOUNLIKE)
    return table | {word: verb for word, verb in _prefixed(table) if word not in table}


def _prefixed(table: Mapping[str, Verb]) -> Iterator[tuple[str, Verb]]:
    """Verbs with `un` before them take something back, those with `re` do it once more, those with `de` end it."""
    for word, verb in table.items():
        if verb.intent is not Intent.READ and len(verb.base) > 3:
            yield "un" + word, verb._replace(base="un" + verb.base, intent=Intent.WRITE)
            yield "re" + word, verb._replace(base="re" + verb.base)
            yield "de" + word, verb._replace(base="de" + verb.base, intent=Intent.DESTRUCTIVE)


KNOWN: Final[Mapping[str, Verb]] = _table()


def plain(text: str) -> str:
    """A text without the accents of Latin letters, of the same meaning to every table here."""
    return text if text.isascii() else text.translate(_ACCENTS)


def split(name: str) -> list[str]:
    """The words of a name in lower case, whether it is written in snake_case, camelCase, kebab-case or with dots."""
    return [word.lower() for word in _SPLIT(plain(name))]


def unglued(word: str) -> list[str]:
    """`sendmail` as `send mail`: letters cut behind the longest verb at their beginning, where enough follows."""
    if len(word) > 40:
        return [word]
    for end in range(min(len(word) - 2, 12), 2, -1):
        verb, rest = KNOWN.get(word[:end]), word[end:]
        if verb is None or verb.form is not Form.BASE or verb.intent is Intent.READ:
            continue
        if (verb.intent is Intent.DESTRUCTIVE or end > 3) and (rest in _PEOPLE or not rest.endswith(_DERIVED)):
            return [word[:end], rest]
    for start in range(3, len(word) - 3):
        if word[start:] in _ENDINGS:
            return [word[:start], word[start:]]
    return [word]


@lru_cache(maxsize=8192)
def singular(word: str) -> str:
    """A noun without the ending of its plural, roughly."""
    if len(word) < 4 or word.endswith(("ss", "is", "us")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word
