"""Reads a description that has no verb: it names what its tool answers, or an act. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from governance.policy.intents.evidence import Finding
from governance.policy.intents.names import ANSWERING, THING_FIRST
from governance.policy.intents.objects import ACTS, ANSWERS
from governance.policy.intents.tables import word_set
from governance.policy.intents.words import KNOWN, Form, singular
from governance.policy.values import Intent

_PHRASE: Final = re.compile(r"[\w'-]+|[,.]").findall
_VAGUE: Final = word_set(
    "tool tools helper helpers function functions utility utilities operation operations command commands action "
    "actions thing things stuff feature features purpose purposes plugin"
)
_BEFORE: Final = word_set("for to from in with of by at on as")
_ASKS: Final = frozenset({"who", "what", "where", "when", "how", "which", "whether"})
# Words that say of a thing how it stands, and things that are only known.
_STANDING: Final = word_set(
    "latest current known available recent upcoming next nearby historical live popular similar related random past "
    "pending"
)
_FACTS: Final = word_set(
    "level index rating score reading fact temperature price position location condition description definition "
    "meaning picture text timetable sentiment title name owner version synonym duration population size colour color"
)
_NEAR: Final = word_set("of for in from on at near between around per by about within across over under")
_WHICH: Final = [["that"], ["which"], ["who"]]
_STAND: Final = [["are"], ["were"], ["have"], ["would"], ["can"], ["may"]]
_CLAUSE: Final = word_set("you it this can will once given if is are please lets helps asks tells with its")
_ACT_ENDINGS: Final = ("ion", "ment", "al", "ance", "ence", "ure", "ing", "age", "off", "out", "up")
_NOUN_ENDINGS: Final = (
    "ion",
    "ity",
    "ness",
    "ment",
    "ance",
    "ence",
    "ic",
    "ical",
    "ous",
    "ology",
    "ship",
    "ism",
    "ary",
)
_ARTICLES: Final = word_set("the a an this that your all every its")
_OF: Final = word_set("of with in from below at on and , near between around per about within across under near")

_NO_VERBS: Final = (
    _OF
    | _ASKS
    | word_set(
        "for to as if all both only just when while once after before this that use using based via through like than "
        "is are was were be being not no do does did without unlike instead within during given per than into onto"
    )
)


def noun_phrase(description: str) -> Finding | None:
    """What a description without a verb tells: `Payments of a customer` reads, `Deletion of a user` does not."""
    words = _PHRASE(description[:200].lower())[:8]
    if not words:
        return None
    first = words[0]
    if ACTS.get(first, Intent.READ) is not Intent.READ and not (len(words) > 1 and _plural(words[1])):
        return Finding(ACTS[first], f"the description says {first}", firm=False)
    answered = first if first in _ASKS else None
    if answered is None and _VAGUE.isdisjoint(words) and first not in _BEFORE:
        answered = _answered(words)
    why = f"the description names what is answered: {answered}"
    return Finding(Intent.READ, why, answered, firm=False) if answered else None


def _answered(words: list[str]) -> str | None:
    """The word that names what a tool answers: a thing that is known to be one, or several of something."""
    if _states(words):
        return words[0]
    if words[0] in _ARTICLES:
        named = any(_plural(word) or singular(word) in ANSWERS for word in words[1:4])
        return words[1] if named and "of" in words[2:6] else None
    if len(words) > 1 and words[1] in _ARTICLES:
        return None
    first = KNOWN.get(words[0])
    if first is None and _plural(words[0]) and words[1:2] and not _follows(words[1]):
        return None
    if first is None or first.intent is Intent.READ or first.nounlike:
        if _plural(words[0]) and words[1:2] and _follows(words[1]):
            return words[0]
        for word in words:
            if word in (".", "for", "to") or word in _CLAUSE or _is_act(word):
                break
            if singular(word) in ANSWERS:
                return word
    if 1 < len(words) < 5 and _plural(words[-1]) and not any(word in KNOWN or word in _OF for word in words):
        return words[-1]
    return _headed(words)


def _states(words: list[str]) -> bool:
    """`Users that are blocked`: several of something, and how they stand."""
    verb = KNOWN.get(words[0])
    several = _plural(words[0]) and (verb is None or verb.nounlike)
    if not several or words[1:2] not in _WHICH or len(words) < 3:
        return False
    stands = KNOWN.get(words[2])
    return words[2:3] in _STAND or words[2].endswith("ed") or (stands is not None and stands.form is not Form.THIRD)


def answers_by_phrase(words: Sequence[str], description: str) -> str | None:
    """The word by which a description makes the verb of a name a noun: `restart_count`, "How often it restarted"."""
    said: list[str] = _PHRASE(description[:200].lower())[:8]
    verb = KNOWN.get(words[0])
    if len(words) < 2 or len(said) < 2 or verb is None:
        return None
    last = singular(words[-1])
    answer = last in ANSWERS or last in _FACTS
    if verb.base in THING_FIRST and (last in ANSWERING or answer):
        if said[0] in ("is", "are", "whether") or said[0] in _ASKS:
            return said[0]
        if words[-1] in said[:4] and not any(_is_act(word) for word in said[:2] if word not in words):
            return words[-1]
    if answer and said[0] in _ASKS:
        return said[0]
    if words[-1] in said[:3] and answer and verb.nounlike:
        end = said.index(words[-1])
        if said[end + 1 : end + 2] and said[end + 1] in _NEAR and not any(_is_act(word) for word in said[:end]):
            return words[-1]
    told = _states(said) or (said[0] in _STANDING and not _is_act(said[1]))
    return said[0] if verb.nounlike and answer and told else None


def _headed(words: list[str]) -> str | None:
    """The noun that a phrase is about: `Timetable of a line`, `Nutrition facts of a food`, `Latest block`."""
    if words[0] in _STANDING and len(words) > 1 and not any(_is_act(word) for word in words[1:4]):
        return words[1]
    end = next((at for at, word in enumerate(words[1:4], start=1) if word in _NEAR), 0)
    if not end or any(_is_act(word) for word in words[:end]):
        return None
    head = singular(words[end - 1])
    told = head in ANSWERS or head in _FACTS
    if end == 1:
        return words[0] if words[1] == "of" and (told or not head.endswith(_ACT_ENDINGS)) else None
    if not (words[0].endswith(_NOUN_ENDINGS) or words[0] in _FACTS or words[0] in ANSWERS):
        return None
    return words[end - 1] if told or _plural(words[end - 1]) else None


def _is_act(word: str) -> bool:
    """Whether a word of a phrase may be the act itself."""
    verb = KNOWN.get(word)
    if verb is None:
        return word in ACTS and ACTS[word] is not Intent.READ
    noun = singular(word)
    if verb.nounlike and verb.form is Form.THIRD:
        return False
    return verb.intent is not Intent.READ and noun not in ANSWERS and noun not in _FACTS


def named_in(words: Iterable[str], description: str) -> bool:
    """Whether a description is plainly a phrase, or begins with things of the name: `shared_files`, "Files shared"."""
    first = _PHRASE(description[:80].lower())[:3]
    if first and (first[0] in _ASKS or _states(first) or first[1:2] == ["of"]):
        return True
    return not set(words).isdisjoint(_PHRASE(description[:80].lower())[:3])


def acts_somehow(description: str, name: Iterable[str] = ()) -> bool:
    """Whether a description begins with a verb that the tables do not hold: `Tweaks the report`.

    A thing that the name has is none: `list_schemas`, "Schemas the current role may see".
    """
    words = description[:80].lower().split(None, 2)
    unknown = bool(words) and words[0] not in KNOWN and words[0] not in _NO_VERBS and words[0] not in name
    return len(words) > 1 and words[1] in _ARTICLES and unknown and words[0].isalpha()


def _plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _follows(word: str) -> bool:
    verb = KNOWN.get(word)
    return word in _OF or (verb is not None and verb.form is Form.PAST)
