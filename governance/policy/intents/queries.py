"""Judges tools that take a whole statement of SQL and the like. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from governance.policy.intents.evidence import Finding
from governance.policy.intents.parameters import Part, Taken
from governance.policy.values import Intent

_AT_STAKE: Final = re.compile(r"\b(?:sql|graphql|cypher|gremlin|sparql update|ddl|dml|mutations?)\b", re.IGNORECASE)
_ONLY_READING: Final = re.compile(
    r"\bread[- ]?only\b|\bselect[- ](?:\w+ )?(?:quer(?:y|ies)|statements?|only)\b|\bonly (?:select|read|queries)\b|"
    r"\bread (?:cypher )?quer(?:y|ies)\b|"
    r"\b(?:promql|logql|nrql|kql|kusto|soql|sosl|esql|traceql|flux)\b|"
    r"\b(?:insights|logs?|search|find|range|instant|metrics?) quer(?:y|ies)\b",
    re.IGNORECASE,
)
_CHANGING: Final = re.compile(
    r"\b(?:insert|update|delete|drop|alter|truncate|ddl|dml|write|writes|writing|mutations?|any sql|arbitrary)\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(
    r"\b(?:no|not|never|cannot|can't|without|only|reject\w*|block\w*|forbid\w*|forbidden|prohibit\w*|prevent\w*|"
    r"disallow\w*|refus\w*|isn't|aren't|don't|doesn't|excluding|instead|except)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"[.;!?]\s|\n")
_ONLY_WEIGHED: Final = frozenset({"dry", "validate", "lint", "parse", "estimate", "plan"})
_ASKING: Final = frozenset({"query", "select", "read", "run", "execute", "perform", "view", "show"})


def weighed(main: Finding | None, words: Sequence[str], description: str, parameters: Taken) -> Finding | None:
    """A tool that takes a whole statement can do what the statement does, unless it says that it only reads."""
    statement = parameters.parts.get(Part.SQL)
    key = statement or parameters.queried or parameters.parts.get(Part.QUERY)
    if key is None or (main is not None and main.intent is Intent.EXFILTRATIVE):
        return main
    if not _ONLY_WEIGHED.isdisjoint(words):
        return main
    if main is not None and main.base not in _ASKING:
        return main
    if main is not None and main.intent is Intent.WRITE:
        return main
    at_stake = (
        statement is not None
        or parameters.queried
        or _AT_STAKE.search(" ".join(words))
        or _AT_STAKE.search(description)
    )
    reading = only_reads(words, description)
    if main is not None and main.intent is Intent.DESTRUCTIVE:
        if reading and (
            at_stake or "query" in words or "queries" in description.lower() or "query" in description.lower()
        ):
            return Finding(Intent.READ, "it says that its queries only read", main.base, False)
        return main
    if at_stake and not reading:
        return Finding(Intent.DESTRUCTIVE, f"the parameter `{key}` takes a statement that can do anything")
    return main


def only_reads(words: Sequence[str], description: str) -> bool:
    """Whether a tool says that the statements it takes only read."""
    if not (
        _ONLY_READING.search(description)
        or "select" in words
        or "readonly" in words
        or ("read" in words and not description)
    ):
        return False
    if "readonly" in words or "select" in words or ("read" in words and "only" in words):
        return True
    for sentence in _SENTENCE.split(description):
        if _CHANGING.search(sentence) and not _DENIED.search(sentence):
            return False
    return True
