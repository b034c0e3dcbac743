"""Weighs what name, description, parameters and annotations of a tool say. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from governance.canonical.values import JSON
from governance.policy.intents.clauses import Act
from governance.policy.intents.evidence import RANK, WORST, Finding, worse
from governance.policy.intents.names import Named, named
from governance.policy.intents.objects import ANSWERS, GROUPS, MOVED
from governance.policy.intents.parameters import Part, Taken, taken
from governance.policy.intents.phrases import acts_somehow, answers_by_phrase, named_in, noun_phrase
from governance.policy.intents.queries import weighed
from governance.policy.intents.raising import SENDING, Text, raises
from governance.policy.intents.selecting import by_parameters, only_computes, only_tries, shown, tried
from governance.policy.intents.sentences import acts
from governance.policy.intents.tables import word_set
from governance.policy.intents.tongues import is_foreign, told
from governance.policy.intents.verbless import is_given, is_valued, named_things, set_by
from governance.policy.intents.verbs import ACTING, LOWERED, NOUNLIKE
from governance.policy.intents.words import KNOWN, singular, split
from governance.policy.values import Intent

LONGEST_NAME: Final = 256
LONGEST_DESCRIPTION: Final = 65_536

_ANYTHING: Final = re.compile(
    r"\b(?:anything|whatever|any (?:action|command|operation|request)|"
    r"(?:full|raw|direct|root|unrestricted) (?:access|control))\b",
    re.IGNORECASE,
)
_NAMES_A_THING: Final = "the description names"
_SILENCE: Final = "neither name, description nor schema says what it does"
# What MCP takes where a tool says nothing. Some SDKs write all four for tools whose authors said nothing.
_DEFAULTS: Final = (
    ("readOnlyHint", False),
    ("destructiveHint", True),
    ("idempotentHint", False),
    ("openWorldHint", True),
)
_COMPOSING: Final = word_set("build compose design format generate make plan prepare produce propose render")
_NOT_KEPT: Final = re.compile(
    r"\b(?:nothing|not|never|without)\b[^.;]{0,24}\b(?:sav|stor|chang|creat|writ|run\b|execut|appl|persist|modif|"
    r"book|plac)",
    re.IGNORECASE,
)
_LOOKED_UP: Final = re.compile(
    r"\bby (?:its |their |the )?(?:id|name|key|number|slug|path|hash|address|height)\b", re.IGNORECASE
)
# Verbs that say little of what is done, so that a name that says more stands.
_GENERIC: Final = word_set("make set put change turn switch mark give take bring move do")
_SENT_ON: Final = frozenset({"post", "mirror"})
# Words that no other language has that is looked at.
_IN_ENGLISH: Final = frozenset({"the", "and", "which", "with", "from"})
_MANAGING: Final = word_set("manage handle control operate administer navigate use")
_OUTSIDE: Final = word_set("channel external online outside third buyer marketplace sale")
_PROGRAMS: Final = word_set("code script shell javascript python bash powershell arbitrary any playbook program")


def judge(
    name: str, description: str, schema: Mapping[str, JSON], annotations: Mapping[str, JSON]
) -> tuple[Intent, str]:
    """The worst that a tool can do and what says so."""
    if len(name) > LONGEST_NAME or len(description) > LONGEST_DESCRIPTION:
        intent, why = judge(name[:LONGEST_NAME], description[:LONGEST_DESCRIPTION], schema, annotations)
        return (intent, why) if intent in WORST else (Intent.UNKNOWN, "name or description is too long to be judged")
    words = split(name)
    said, tokens = acts(description) if description else ([], [])
    if said and is_foreign(tokens):
        said = [act for act in said if act.intent in WORST]
    said = tried(words, description, said)
    parameters = taken(schema)
    main = _main(words, description, tokens, said)
    if description:
        main = _named(main, words, Text(description, tokens), said, schema)
    main = _lessened(main, words, Text(description, tokens), said, schema)
    if _only_composes(main, description, said):
        main = Finding(Intent.READ, "the description says that what it makes is not kept", firm=False)
    if main is not None and main.intent is Intent.READ and not main.firm and main.why.startswith(_NAMES_A_THING):
        valued = not said and is_valued(words, tokens, schema)
        main = set_by(words, schema) or (None if valued else main)
    if _only_looks(main, said, parameters):
        main = Finding(Intent.READ, "all that can be chosen only looks", firm=False)
    main = weighed(main, words, description, parameters)
    for found in raises(main, words, Text(description, tokens), said, parameters):
        main = worse(main, found)
    return _annotated(main, annotations)


def _lessened(
    main: Finding | None, words: Sequence[str], text: Text, said: Sequence[Act], schema: Mapping[str, JSON]
) -> Finding | None:
    """What is left where an act is only tried, computed or shown, or where only the parameters tell of one."""
    if main is None:
        return None if said else by_parameters(words, text.whole, schema)
    if main.intent in (Intent.WRITE, Intent.DESTRUCTIVE) and only_tries(words, text.whole, said):
        return Finding(Intent.READ, "the name and the description say that it only shows", firm=False)
    if main.intent is not Intent.WRITE:
        return main
    if only_computes(main, text.whole, said, schema):
        return Finding(Intent.READ, "the description says that what is given is turned and returned", firm=False)
    return shown(main, words, text.whole, said) or main


def _named(
    main: Finding | None, words: Sequence[str], text: Text, said: Sequence[Act], schema: Mapping[str, JSON]
) -> Finding | None:
    """What a description without a verb names, where the name of the tool leaves it open what it does."""
    description = text.whole
    open_still = not said and "new" not in text.words[:12] and _may_answer(main, words)
    if open_still and (schema.get("properties") or named_in(words, description)):
        found = noun_phrase(description)
        if found is not None and not (found.intent is Intent.READ and is_given(schema, found.base)):
            main = found
    if not said and main is not None and main.intent is not Intent.READ and words:
        noun = answers_by_phrase(words, description)
        if noun is not None:
            main = Finding(Intent.READ, f"the description names what is answered: {noun}", firm=False)
    if main is None and _ANYTHING.search(description):
        return Finding(Intent.DESTRUCTIVE, "the description says that it can do anything")
    like_a_thing = main is None or _nounlike(main) or _ends_like_a_thing(main, words, description)
    if words and like_a_thing and _only_reading(said):
        main = named_things(words, description, schema, made=main is not None) or main
    return main


def _only_looks(main: Finding | None, said: Sequence[Act], parameters: Taken) -> bool:
    """Whether every act that can be chosen reads, of a tool that only manages: `manage_x` with `list` and `get`."""
    act = parameters.parts.get(Part.ACT)
    if act is None or main is None or main.base not in _MANAGING or not _only_reading(said):
        return False
    firsts = [words[0] for words in map(split, parameters.options.get(act, [])) if words]
    return bool(firsts) and all(singular(first) in ANSWERS or _reads(first) for first in firsts)


def _reads(word: str) -> bool:
    verb = KNOWN.get(word)
    return verb is not None and verb.intent is Intent.READ


def _nounlike(main: Finding) -> bool:
    """Whether only a word that is a noun as often makes a tool one that writes."""
    return main.intent is Intent.WRITE and not main.firm and main.base in NOUNLIKE


def _ends_like_a_thing(main: Finding, words: Sequence[str], description: str) -> bool:
    """Whether the verb of a name stands at its end as a thing does: `printer_queue`; of `block`, that it is "
    "looked up."""
    if len(words) < 2 or words[-1] != main.base or main.base not in NOUNLIKE or main.base in ACTING:
        return False
    return main.intent is Intent.WRITE or (main.intent in WORST and _LOOKED_UP.search(description[:80]) is not None)


def _only_reading(said: Sequence[Act]) -> bool:
    return all(act.intent is Intent.READ for act in said)


def _only_composes(main: Finding | None, description: str, said: Sequence[Act]) -> bool:
    """Whether a tool makes something that it only answers: `Builds a query; it is not run`."""
    if main is None or main.intent is not Intent.WRITE or main.base not in _COMPOSING:
        return False
    others = (act for act in said if act.intent is not Intent.READ and act.base not in _COMPOSING)
    return _NOT_KEPT.search(description[:1000]) is not None and next(others, None) is None


def _may_answer(main: Finding | None, words: Sequence[str]) -> bool:
    """Whether a name leaves it open that its tool only answers: it has no verb, or one that ends it like a noun."""
    if main is None or not words:
        return main is None
    begun = KNOWN.get(words[0])
    noun = _nounlike(main) and (main.base not in ACTING or singular(words[-1]) in ANSWERS)
    return noun and (begun is None or begun.intent is Intent.READ)


def _main(words: Sequence[str], description: str, tokens: Sequence[str], said: Sequence[Act]) -> Finding | None:
    """What the tool is for: by its name where that is firm, else by what its description says first."""
    by_name = named(words)
    first = _first(said)
    if first is None and description and _IN_ENGLISH.isdisjoint(tokens[:24]):
        foreign = max(told(description), key=lambda found: RANK[found[0]], default=None)
        if foreign is not None:
            first = Finding(foreign[0], f"the description says {foreign[1]}")
    elif first is not None and first.intent is Intent.READ and _open(by_name) and acts_somehow(description, words[1:]):
        first = None
    if by_name is None or (
        first is None and not by_name.firm and by_name.base in ANSWERS and acts_somehow(description, words[1:])
    ):
        return first
    mine = Finding(by_name.intent, by_name.why, by_name.base, by_name.firm)
    if first is None:
        return mine
    if by_name.firm and by_name.intent is Intent.EXFILTRATIVE and _moves_money(said):
        return first
    if by_name.firm and not _same_act(by_name, said):
        return worse(mine, _first(said, by_name) or mine)
    if first.intent is Intent.READ and by_name.intent is not Intent.READ and not _lowers(by_name, said):
        return mine
    if (
        by_name.base not in _SENT_ON
        and by_name.intent in WORST
        and first.intent is Intent.WRITE
        and first.base in _GENERIC
    ):
        return mine
    return first._replace(base=by_name.base, firm=False)


def _open(by_name: Named | None) -> bool:
    """Whether a name leaves it to the description whether its tool reads."""
    return by_name is None or (by_name.intent is Intent.READ and not by_name.firm)


def _moves_money(said: Sequence[Act]) -> bool:
    """Whether the first thing said moves money, whatever the name calls it: `cast_send`, "Signs a transaction"."""
    act = next((act for act in said if act.main), None)
    return act is not None and act.intent is Intent.DESTRUCTIVE and singular(act.noun) in MOVED | GROUPS["money"]


def _lowers(by_name: Named, said: Sequence[Act]) -> bool:
    """Whether the verb of a name is a noun or a reading as often, so that a description may say that it reads."""
    if by_name.base in ("run", "execute", "perform", "evaluate"):
        return any(act.main and act.base == by_name.base for act in said)
    if by_name.answers:
        return True
    return (by_name.noun and by_name.intent is Intent.WRITE) or by_name.base in LOWERED or _same_act(by_name, said)


def _same_act(by_name: Named, said: Sequence[Act]) -> bool:
    """Whether the description has the same verb and its object makes it a reading: `add` that adds numbers."""
    first = next((act for act in said if act.main), None)
    return first is not None and first.base == by_name.base and bool(first.noun) and first.intent is Intent.READ


def _doubtful(act: Act) -> bool:
    """Whether an act says too little to make a tool worse that reads by its name."""
    if not act.firm or not act.sure:
        return True
    if act.base in ("run", "execute", "perform", "invoke", "call"):
        return act.noun not in _PROGRAMS
    return act.intent is Intent.EXFILTRATIVE and act.base not in SENDING and act.noun not in _OUTSIDE


def _first(said: Sequence[Act], by_name: Named | None = None) -> Finding | None:
    """The worst of what a description says first. Beside a name that reads, a verb of many meanings says nothing."""
    worst: Finding | None = None
    reads = by_name is not None and by_name.firm and by_name.intent is Intent.READ
    for act in said:
        if reads and act.intent is not Intent.READ and _doubtful(act):
            continue
        if act.main and (worst is None or RANK[act.intent] > RANK[worst.intent]):
            worst = Finding(act.intent, f"the description says {act.word}", act.base)
    return worst


def _annotated(main: Finding | None, annotations: Mapping[str, JSON]) -> tuple[Intent, str]:
    """Annotations raise and never lower. All four hints at the defaults of MCP say as much as none."""
    intent, why = (main.intent, main.why) if main else (Intent.UNKNOWN, _SILENCE)
    if not annotations or all(annotations.get(hint) is default for hint, default in _DEFAULTS):
        return intent, why
    read_only, destructive = annotations.get("readOnlyHint"), annotations.get("destructiveHint")
    if destructive is True and read_only is not True and intent not in WORST:
        return Intent.DESTRUCTIVE, "the annotation destructiveHint admits that it destroys"
    if read_only is False and intent is Intent.READ:
        return Intent.WRITE, "the annotation readOnlyHint admits that it changes something"
    return intent, why
