"""Finds in a description what the tool itself does, leaving out what it denies and what it tells others to do.

Pure: no Django, no I/O. One pass over the words, so its time grows with the text and no faster.
"""

from __future__ import annotations

import re
from typing import Final

from governance.policy.intents.aims import BESIDE, aimed, aimed_gerund, only_grants
from governance.policy.intents.clauses import ROLES, Act, Clause, Place, Role, State
from governance.policy.intents.grammar import (
    ADVERBS,
    AFTER_NOUN,
    ASIDE,
    BEING,
    CERTAIN,
    CHOSEN,
    COMPOUND_FIRST,
    COMPOUND_LAST,
    CUTS,
    DETERMINERS,
    DOING,
    ENDS,
    GRANTS,
    HARD,
    JOINS,
    MANUALS,
    MARKS,
    MODALS,
    NO_ACT,
    NOTHING,
    NOUN_FOLLOWS,
    OPEN_THINGS,
    OPENERS,
    OTHERS,
    OUTPUTS,
    PLAINLY,
    PREPOSITIONS,
    SECTIONS,
    SILENT,
    SOFT,
    SUBJECTS,
    SUFFERED,
    THEM,
    TITLE_ENDS,
    TITLES,
    VERBAL,
    WORST,
)
from governance.policy.intents.objects import ACTS, made, meant
from governance.policy.intents.words import KNOWN, Form, Verb
from governance.policy.values import Intent

_TOKENS: Final = re.compile(
    r"[a-z_][a-z_'’\d-]*|[.;:!?](?=\s|$)|[,/()]|\n(?=[ \t\r]*[\n*•#-])|(?<=\s)[-–—|](?=\s)"
).findall
# What stands in brackets before the first sentence: `[admin] Deletes a user`.
_TAG: Final = re.compile(r"\s*[\[(]([^\])]{0,40})[\])][\s:-]*").match

_BEFORE_PAST: Final = JOINS | BEING | ADVERBS
_BEFORE_GERUND: Final = JOINS | GRANTS | {"", "by", ",", "for"}
Known = tuple[Verb | None, Role | None]
# Words that only keep the beginning of a sentence open, such as articles: the commonest of all.
_PLAIN: Final[Known] = (None, None)
_KNOWN: Final[dict[str, Known]] = {
    word: _PLAIN if word not in KNOWN and word not in ROLES else (KNOWN.get(word), ROLES.get(word))
    for word in KNOWN.keys() | ROLES.keys() | OPENERS
}


def acts(description: str) -> tuple[list[Act], list[str]]:
    """What a description says the tool does, in the order of the text, and the words of it."""
    tagged = _TAG(description)
    if tagged is not None:
        description = f"{tagged[1]}. {description[tagged.end() :]}"
    tokens = _TOKENS(description.lower())
    state = State(tokens)
    begun, expected = -1, 0
    for at, known in enumerate(map(_KNOWN.get, tokens)):
        if known is None:
            continue
        if at > expected and at > state.begin:
            state.open = False
        expected = at + 1
        if known is _PLAIN:
            continue
        if begun != state.begin <= at:
            begun = state.begin
            _begin(state, tokens[begun])
        verb, role = known
        if verb is not None:
            previous = tokens[at - 1] if at > state.begin else ""
            if _stands(verb.form, previous) and _counts(state, place := _place(state, at, previous), verb):
                _add(state, place, verb)
        if role is not None:
            role(state, at)
        else:
            state.open = False
    return state.found, tokens


def _stands(form: Form, previous: str) -> bool:
    """Whether a form of a verb can be an act at all behind this word, told before anything else is looked at."""
    if form is Form.PAST:
        return previous in _BEFORE_PAST
    return form is not Form.GERUND or previous in _BEFORE_GERUND or previous.endswith("ly")


def _place(state: State, at: int, previous: str) -> Place:
    tokens = state.tokens
    before = tokens[at - 2] if at - 1 > state.begin else ""
    return Place(at, previous, before, tokens[at + 1] if at + 1 < len(tokens) else ".")


def _begin(state: State, word: str) -> None:
    """Look at the word that a sentence begins with: is it said to the reader, or a title, or a list of parameters?"""
    if word in SECTIONS and state.later(state.begin + 1) == ":":
        state.section = True
    state.aside = word in ASIDE and (not state.first or word not in KNOWN or word == "use")
    if word in ("like", "unlike") or (word == "to" and state.sentence > 0):
        state.aside = True
    if (
        word not in KNOWN
        and word not in ROLES
        and not state.aside
        and state.later(state.begin + 1) in DETERMINERS - SOFT
    ):
        state.last = Form.THIRD if word.endswith("s") else Form.BASE
    if state.sentence == 0:
        state.titled = word in DETERMINERS or word in ASIDE or word in TITLES
    elif state.sentence == 1 and state.begin > 0:
        ended = state.tokens[state.begin - 1]
        state.titled = state.titled or ended in TITLE_ENDS


def _counts(state: State, place: Place, verb: Verb) -> bool:
    """Whether a verb is an act of the tool where it stands."""
    if verb.form is Form.PAST:
        counted = _passive(state, place, verb)
    elif verb.form is Form.GERUND:
        counted = _gerund(state, place, verb)
    else:
        counted = _active(state, place, verb)
    if not counted or (place.following, verb.base) in NO_ACT or only_grants(state, place):
        return False
    if verb.base in ("read", "ask", "check") and not MANUALS.isdisjoint(state.tokens[place.at + 1 : place.at + 3]):
        return False
    if state.negated or place.following == "nothing":
        state.last = None
        return False
    return True


def _gerund(state: State, place: Place, verb: Verb) -> bool:
    """`by deleting`, `, overwriting the target`, `a tool for sending`, and `Deleting files` at the very beginning."""
    previous, carries = place.previous, verb.intent is Intent.EXFILTRATIVE
    if aimed_gerund(state, place, verb) or (previous in JOINS and state.last is Form.GERUND):
        return True
    if state.clause is Clause.MAIN:
        if previous == "by":
            return True
        if previous == "," and (not verb.loose or verb.base == "replace"):
            return not carries or place.following in CERTAIN
    if not carries or state.clause is Clause.DEPENDENT:
        return False
    return previous == "for" or (place.before == "for" and previous.endswith("ly"))


def _passive(state: State, place: Place, verb: Verb) -> bool:
    """`the job is removed`, `, which is removed`, but neither `items that are removed` nor `removed by somebody`."""
    noted = state.aside and state.tokens[state.begin] in ("note", "notes", "important", "warning")
    if (state.aside and not noted) or state.clause is Clause.DEPENDENT or place.following == "by":
        return False
    if place.previous in JOINS and state.last is Form.PAST:
        return verb.base in SUFFERED
    if place.following == "from" and not OUTPUTS.isdisjoint(state.tokens[place.at + 2 : place.at + 5]):
        return False
    at = place.at - 1
    while at > state.begin and state.tokens[at] in ADVERBS:
        at -= 1
    if at <= state.begin or state.tokens[at] not in BEING:
        return False
    subject, before = state.tokens[at - 1], state.earlier(at - 2)
    if state.tokens[at] == "be" and subject != "will":
        return False
    if (subject in SOFT and (subject, before) != ("which", ",")) or subject in HARD or before in ("which", "what"):
        return False
    if verb.base == "disable" and subject in SUBJECTS:
        return False
    state.last = Form.PAST
    return (
        verb.base in SUFFERED
        and not (verb.base == "append" and subject in MARKS)
        and (verb.base != "write" or place.following == "to")
    )


def _active(state: State, place: Place, verb: Verb) -> bool:
    third = verb.form is Form.THIRD
    if aimed(state, place, verb):
        return not _is_noun(state, place, verb)
    if state.aside or (state.section and not state.listing):
        return False
    if place.previous in DETERMINERS and not (third and place.previous == "this"):
        return False
    if _is_noun(state, place, verb) or (third and place.following in BEING):
        return False
    if state.open:
        return third or state.first or state.agentive or state.listing
    if state.clause is not Clause.MAIN:
        return False
    if place.previous in JOINS and state.last is verb.form:
        if third or not verb.nounlike or verb.base in PLAINLY or place.following in CERTAIN:
            return True
        return place.following in JOINS and verb.intent is not Intent.EXFILTRATIVE
    if place.previous in MODALS:
        return place.before not in OTHERS
    if third:
        joined = place.before in SUBJECTS or place.before in JOINS
        return place.previous in SUBJECTS or place.previous == "but" or (place.previous in ADVERBS and joined)
    return place.previous == "also" and place.before in MODALS


def _is_noun(state: State, place: Place, verb: Verb) -> bool:
    """Whether a word that is a verb or a noun is a noun here: `Updates of a task`, `Files shared with you`."""
    if place.following == "of" and verb.form is Form.THIRD and verb.base not in ("dispose", "think"):
        return True
    if not verb.nounlike or place.previous == "then" or state.tokens[place.at] in VERBAL:
        return False
    listed = place.following == "," and place.at == state.begin and state.later(place.at + 2) not in KNOWN
    if listed and verb.form is Form.BASE:
        return True
    if verb.form is not Form.THIRD:
        after = KNOWN.get(place.following)
        if after is not None and after.form is Form.PAST and state.later(place.at + 2) in PREPOSITIONS:
            return True
        return place.following in NOUN_FOLLOWS or (place.at == state.begin and _compound(place, verb))
    after = KNOWN.get(place.following)
    if after is not None and after.form is Form.PAST:
        return True
    listed = state.open or (place.previous in JOINS and state.last is Form.THIRD)
    if listed and place.following in ("and", "or", ","):
        joined = KNOWN.get(state.later(place.at + 2))
        if state.later(place.at + 3) == "of":
            return True
        if joined is not None and joined.form is Form.THIRD:
            return False
    return place.following in AFTER_NOUN


def _compound(place: Place, verb: Verb) -> bool:
    """Whether a sentence begins with a thing of two words, or with how things stand: `Log output`, `Open issues`."""
    if verb.base == "text":
        return place.following in ("and", "or", "of", "from")
    if verb.base == "open":
        return place.following in OPEN_THINGS
    if verb.base == "spend":
        return place.following in PREPOSITIONS
    return verb.base in COMPOUND_FIRST and place.following in COMPOUND_LAST


def _add(state: State, place: Place, verb: Verb) -> None:
    """Note the act that a verb is among the words that follow it."""
    beside, phrase = _objects(state.tokens[place.at + 1 : place.at + 1 + BESIDE])
    intent, noun = made(verb.base, phrase) or meant(verb.base, verb.intent, beside)
    if noun is None and verb.base in ("check", "sign") and place.following in ("in", "out"):
        intent, noun = Intent.WRITE, place.following
    if verb.form is Form.PAST and verb.base == "write":
        intent, noun = Intent.WRITE, None
    joined = place.previous in JOINS and state.last is Form.GERUND
    state.last = verb.form
    state.manages = state.manages or verb.base in ("manage", "control", "handle")
    if noun is None and verb.base in DOING:
        intent, noun = _done(phrase) or (intent, None)
    if noun is None and verb.base in SILENT:
        state.silent = state.silent or state.sentence == 0
        return
    gerund = verb.form is Form.GERUND and not (joined or aimed_gerund(state, place, verb))
    made_beside = place.previous == "," and verb.base in ("create", "save", "store") and place.following in THEM
    if (gerund and intent not in WORST and not made_beside) or (
        intent is Intent.READ and len(beside) < 3 and phrase[:1] in NOTHING
    ):
        return
    if place.previous in MODALS and (state.found or state.sentence):
        state.leading = False
    early = state.sentence == 0 or state.titled or state.silent or state.listing
    hint = gerund and intent is Intent.EXFILTRATIVE
    main = (state.first or state.listing) and state.leading and early
    if main:
        state.main = state.sentence
    token = state.tokens[place.at]
    word = token if noun is None or noun == token else f"{token} and {noun}"
    plain = intent in WORST or verb.base in ("keep", "repair", "fix")
    carried = verb.form is Form.THIRD and plain and place.following in CERTAIN
    firm = noun is not None or not verb.loose or carried
    sure = _sure(state, place, verb, intent, beside)
    state.found.append(Act(intent, word, verb.base, main and not hint, firm, noun or "", sure, hint))


def _done(phrase: list[str]) -> tuple[Intent, str] | None:
    """The act that a noun names: `performs the deletion of a user`."""
    for word in phrase[:2]:
        if ACTS.get(word) in WORST and word != "execution":
            return ACTS[word], word
    return None


def _objects(tokens: list[str]) -> tuple[list[str], list[str]]:
    """The words beside a verb up to the end of its sentence, and those of them that are its object."""
    beside: list[str] = []
    for token in tokens:
        if token in ENDS or token in CUTS:
            break
        beside.append(token)
    phrase: list[str] = []
    for token in beside:
        if token in PREPOSITIONS:
            break
        if token not in DETERMINERS:
            phrase.append(token)
    return beside, phrase


def _sure(state: State, place: Place, verb: Verb, intent: Intent, beside: list[str]) -> bool:
    """Whether a verb is plainly an act: it stands no noun in a list, and what is sent goes where somebody chose."""
    whatever = verb.form is Form.GERUND and place.following in ("what", "whatever", "everything")
    if verb.nounlike and place.previous in JOINS and place.following not in CERTAIN and not whatever:
        return False
    if intent is Intent.WRITE and not state.leading:
        return False
    if verb.nounlike and place.at == state.begin and place.following in JOINS:
        return False
    return not (verb.form is Form.PAST and intent is Intent.EXFILTRATIVE and CHOSEN.isdisjoint(beside))
