"""Ways in which a description says what its tool is for, besides saying that it does it. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.policy.intents.clauses import Clause, Place, State
from governance.policy.intents.grammar import (
    BEING,
    DETERMINERS,
    GIVEN,
    GRANTED,
    GRANTS,
    PURPOSE,
    SOFT,
    STARTING,
    TOOLS,
    WORST,
)
from governance.policy.intents.tables import word_set
from governance.policy.intents.words import KNOWN, Form, Verb

BESIDE: Final = 6
# What a tool is called in its own description: `a wrapper that deletes`, `responsible for deleting`.
_KINDS: Final = PURPOSE | word_set(
    "wrapper helper script service action api server plugin responsible intended designed meant job task worker"
)
# `intended to delete`, `tries to delete`, `in order to delete`.
_AIMING: Final = word_set("intended designed meant built attempts tries seeks serves aims order possible")
# Whoever is told to do something does it: `asks the backend to delete`.
_CAUSING: Final = STARTING | word_set("ask instruct tell request cause force order command make direct prompt")


def aimed(state: State, place: Place, verb: Verb) -> bool:
    """Whether a verb follows a phrase that makes it the aim of the tool: `lets you delete`, `a tool that deletes`."""
    third = verb.form is Form.THIRD
    if place.previous in SOFT:
        return third and _that(state, place, verb)
    if place.at - 1 == state.fronted:
        return third or state.tokens[state.begin] in GIVEN
    if third:
        return False
    if place.previous == "to":
        return purpose(state, place) or _caused(state, place)
    if place.previous in GRANTED:
        return state.grants and state.clause is Clause.MAIN
    return state.sentence == 0 and place.previous in ("can", "may") and place.before == "you"


def purpose(state: State, place: Place) -> bool:
    """`used to delete`, `use this tool to find`, `allows you to send`, `tries to stop`."""
    if place.before in PURPOSE and (place.before in TOOLS or place.at - state.begin < BESIDE):
        if place.before != "used":
            return True
        return state.earlier(place.at - 3) in BEING or place.at - 2 == state.begin
    if place.before in _AIMING:
        return state.first and state.clause is Clause.MAIN
    return place.before in GRANTED and state.grants


def aimed_gerund(state: State, place: Place, verb: Verb) -> bool:
    """`a tool for sending`, `allows deleting`, and `Deleting files` at the very beginning."""
    if not place.previous:
        return state.sentence == 0 and (place.following in DETERMINERS or not (verb.loose or verb.nounlike))
    if place.previous == "for":
        return state.first and (place.before in _KINDS or (not place.before and state.sentence == 0))
    return place.previous in GRANTS and state.first


def only_grants(state: State, place: Place) -> bool:
    """Whether a verb of allowing opens what the tool is for, and is no act itself: `Allows you to list`."""
    if state.tokens[place.at] not in GRANTS:
        return False
    after = KNOWN.get(place.following)
    if after is not None and after.form is Form.GERUND:
        return True
    return place.following in GRANTED or state.later(place.at + 2) in GRANTED


def _that(state: State, place: Place, verb: Verb) -> bool:
    if place.before in _KINDS and place.at - state.begin < BESIDE and state.first and state.last is None:
        return True
    started = state.found and state.found[-1].base in STARTING and state.clause is Clause.RELATIVE
    return bool(started) and verb.intent in WORST


def _caused(state: State, place: Place) -> bool:
    begun = state.tokens[state.begin]
    known = KNOWN.get(begun)
    base = begun.removesuffix("s") if known is None else known.base
    return base in _CAUSING and state.first and place.at - state.begin < BESIDE
