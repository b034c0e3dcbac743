"""Judges tools by parameters that only select or that set, and acts that are only tried. Pure: no Django, no I/O.

It is asked where name and description leave it open what a tool does, and where what they say happens to no real thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from governance.canonical.values import JSON
from governance.policy.intents.clauses import Act
from governance.policy.intents.evidence import Finding
from governance.policy.intents.tables import word_set
from governance.policy.intents.words import KNOWN, Form, split
from governance.policy.values import Intent

# What narrows an answer down and would be of no use to an act.
_NARROWING: Final = word_set(
    "season year limit page offset cursor sort lang language locale fields units depth include"
)
_KEYS: Final = word_set(
    "id ids tag key code region country city lat lon latitude longitude date from to since until start end month week "
    "league team club player league number symbol ticker q query filter order per count top max min radius timezone "
)
# Names that are views of data, whatever is in them.
_VIEWS: Final = word_set(
    "chart timetable calendar roster ephemeris glossary leaderboard standings almanac outline graph"
)
_SWITCHES: Final = word_set(
    "on off activate active enable enabled brightness volume temperature dim colour color setpoint"
)
# What is only tried out: neither running nor executing it does anything to the real thing.
_TRYING_FIRST: Final = word_set("simulate backtest preview forecast estimate rehearse")
_TRYING_LAST: Final = word_set("preview plan simulation forecast estimate")
_RUNNING: Final = word_set("run execute perform evaluate")
_RUN: Final = word_set("code script shell javascript python bash powershell arbitrary any playbook program command sql")
_UNTOUCHED: Final = re.compile(
    r"\b(?:nothing|none of (?:it|this|them)) (?:is|are|gets?|will be) (?:ever |actually |really )?"
    r"(?:\w+ed|sent|written|run|made|done|kept|built)\b|"
    r"\b(?:stays?|remains?|(?:is|are) (?:left|kept)) (?:untouched|unchanged|alone|as (?:it is|they are))\b|"
    r"\b(?:on|against|in|with) an? (?:forked|throwaway|scratch|virtual|simulated|temporary|read[- ]only) "
    r"(?:copy|state|fork|environment|clone)\b|"
    r"\bwould (?:\w+ )?(?:be|change|make|remove|add|touch|bring|do|take|happen|delete|create|run)\b|\brolled back\b|"
    r"\bno \w+ (?:is|are) (?:touched|changed|made|removed|written|sent)\b|\b(?:speculative|hypothetical)\b|"
    r"\bwithout (?:changing|touching|applying|modifying|installing|merging)\b",
    re.IGNORECASE,
)
# A view of a page is nothing that is kept.
_OF_A_PAGE: Final = re.compile(
    r"\b(?:snapshot|screenshot|capture|picture|image|outline|tree) of (?:the |a |an )?(?:current |open |whole |active |"
    r"visible |entire )?(?:web ?page|page|screen|viewport|tab|window|dom|document)\b",
    re.IGNORECASE,
)
_RETURNED: Final = re.compile(r"\b(?:returns?|gives?|answers?) (?:the|a|an|it|its|them)\b", re.IGNORECASE)
_WHERE: Final = re.compile(r"\s*(?:where|when) (?:is|are|was|does|do|did|will)\b", re.IGNORECASE)
_GIVEN: Final = word_set("text input value values amount content data source target unit units number quantity string")
_DIRECTED: Final = frozenset({"from", "to", "in", "out", "format", "style", "direction", "precision", "encoding"})
# What a look at something takes on its way.
_CHECKING: Final = word_set("check probe test status info")
_CONNECTION: Final = re.compile(
    r"\bopens? (?:a |an |the )?(?:\w+ ){0,2}(?:connection|socket|handshake)\b", re.IGNORECASE
)
_TESTED: Final = re.compile(r"\btests? (?:whether|if|how)\b", re.IGNORECASE)


def tried(words: Sequence[str], description: str, said: list[Act]) -> list[Act]:
    """The acts of a description without those that only try something out, or that a look at it takes."""
    if not words or not said:
        return said
    if any(act.base in _RUNNING for act in said) and not _RUN.isdisjoint(description.split()):
        return said
    looks = not any(map(_changes, words)) and any(act.main and act.intent is Intent.READ for act in said)
    if looks or words[-1] in _CHECKING:
        connecting = {"connect"} | ({"open"} if _CONNECTION.search(description[:200]) else set())
        asking = {"test"} if _TESTED.search(description[:200]) else set()
        said = [act for act in said if act.base not in connecting | asking]
    acting = any(_changes(word) for word in words[:-1])
    dry = words[0] == "dry" or (words[-1] in _TRYING_LAST and not acting)
    if words[0] in _TRYING_FIRST or (dry and _only_would(description)):
        return [act for act in said if act.base not in _RUNNING]
    return said


def only_tries(words: Sequence[str], description: str, said: Sequence[Act]) -> bool:
    """Whether a name ends in what is only shown beforehand, and the description agrees: `rename_preview`."""
    if len(words) < 2 or words[-1] not in _TRYING_LAST or not _only_would(description):
        return False
    shows = any(act.main and act.intent is Intent.READ for act in said)
    return shows and all(act.intent is Intent.READ or not (act.main or act.firm) for act in said)


def _only_would(description: str) -> bool:
    """Whether nothing real is touched: `what it would change`, `Files stay untouched`, `against a forked copy`."""
    return _UNTOUCHED.search(description[:1500]) is not None


def shown(main: Finding | None, words: Sequence[str], description: str, said: Sequence[Act]) -> Finding | None:
    """What a verb that is a noun as often names: a view of a page, or where a thing is."""
    if main is None or main.intent is not Intent.WRITE or main.base not in ("snapshot", "track", "capture"):
        return None
    if any(act.intent is not Intent.READ and act.base != main.base for act in said):
        return None
    if _OF_A_PAGE.search(description[:120]) or (main.base == "track" and _WHERE.match(description)):
        return Finding(Intent.READ, "the description names what is shown", firm=False)
    return None


def only_computes(main: Finding | None, description: str, said: Sequence[Act], schema: Mapping[str, JSON]) -> bool:
    """Whether a tool turns what it is given into another form and answers that: no parameter names a stored thing."""
    if main is None or main.intent is not Intent.WRITE or main.base not in ("convert", "transform", "format"):
        return False
    returned = _RETURNED.search(description[:300]) is not None
    others = any(act.intent is not Intent.READ and act.base != main.base for act in said)
    if not returned or others:
        return False
    names = [name for name, _ in _named(schema) if name]
    return bool(names) and all(name[-1] in _GIVEN or name[0] in _DIRECTED or name[-1] in _DIRECTED for name in names)


def by_parameters(words: Sequence[str], description: str, schema: Mapping[str, JSON]) -> Finding | None:
    """What a name without a verb stands for: read where all parameters select, written where one switches or sets."""
    if not words or any(_changes(word) for word in words):
        return None
    parameters = list(_named(schema))
    for name, value in parameters:
        if set(name) <= _SWITCHES and value.get("type") in ("boolean", "integer", "number") and len(parameters) > 1:
            return Finding(Intent.WRITE, f"the parameter `{'_'.join(name)[:80]}` is what is set", firm=False)
    if not parameters or not all(_selects(name, value) for name, value in parameters):
        return None
    narrowed = any(not _NARROWING.isdisjoint(name) for name, _ in parameters)
    viewed = words[-1] in _VIEWS and bool(description)
    if (narrowed and not description and len(parameters) > 1) or (viewed and narrowed):
        return Finding(Intent.READ, "all parameters only select what is answered", firm=False)
    return None


def _selects(name: Sequence[str], value: Mapping[str, JSON]) -> bool:
    if not name:
        return False
    if name[0] == "include" or not _NARROWING.isdisjoint(name):
        return True
    return value.get("type") != "boolean" and (name[-1] in _KEYS or name[0] == "root")


def _named(schema: Mapping[str, JSON]) -> Iterator[tuple[list[str], Mapping[str, JSON]]]:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, value in properties.items():
            yield split(name[:80]), value if isinstance(value, dict) else {}


def _changes(word: str) -> bool:
    verb = KNOWN.get(word)
    return verb is not None and verb.form is Form.BASE and verb.intent is not Intent.READ
