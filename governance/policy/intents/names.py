"""Finds in the name of a tool what it does. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from governance.policy.intents.evidence import RANK
from governance.policy.intents.objects import ACTS, ANSWERS, made, meant
from governance.policy.intents.tables import word_set
from governance.policy.intents.tongues import FOREIGN
from governance.policy.intents.verbs import ACTING
from governance.policy.intents.words import KNOWN, Form, Verb, singular, unglued
from governance.policy.values import Intent

_JOINS: Final = frozenset({"and", "or", "then"})
_QUESTIONS: Final = word_set("dry can is are has have does should could how what who where why when if whether")
_MODIFIERS: Final = word_set(
    "bulk batch mass multi many all safe async quick auto fast simple smart deep advanced api tool mcp the a an"
)
# Words that are things before they are acts, and the answers that may stand behind them: `order_history`.
_THINGS: Final = word_set(
    "order message post transfer comment charge refund purchase release email mail sms backup snapshot record tag "
    "label webhook invite bid bet stake swap trash track vote cache queue file link map plan trade project issue star "
    "review branch commit report process place contact alert phone design call like watch book "
    "note segment caption subtitle bundle anchor spot mine score nest pad judge sequence hand arm park pair "
    "strand courier "
    "herald sanction stamp fingerprint sense study"
)
_ASKED: Final = word_set(
    "status history detail info information count listing metadata stat statistic list query search log result "
    "summary report read get policy reason eligibility estimate rule fee"
)
# Things that acts are named after, and what is told of them: `restart_policy`, `webhook_deliveries`.
THING_FIRST: Final = word_set(
    "restart transfer kill drop email mail webhook order share exit backup call message sms post purge shutdown "
    "refund charge "
    "trade stop block ban crash failover lock burn sell buy build deploy run sync test import export upload "
    "download phone "
    "fax bid stake swap payment broadcast alert"
)
ANSWERING: Final = word_set(
    "attempt book code condition count delay delivery fee field format frequency header hour interval limit "
    "method name "
    "option order_type point policy quote rate reason receipt requirement rule size slot state stat step time "
    "type window"
)
# Behind these a name only says by what, or what comes afterwards: `user_by_email`, `check_before_delete`.
_BY: Final = word_set("by before after without until since per")
_STANDING: Final = word_set("latest newest last current next previous recent upcoming past pending active scheduled")
# Things of two words whose first is no act: `open_ports`, `release_notes`.
COMPOUNDS: Final[Mapping[str, frozenset[str]]] = {
    word: word_set(seconds)
    for word, seconds in {
        "open": "port issue incident ticket position order connection invoice alert bug session vulnerability "
        "deal case pr "
        "interest graph api",
        "slow": "query log request statement endpoint",
        "release": "note asset artifact date train",
        "review": "comment thread score",
        "order": "item line detail book",
        "queue": "depth length size stat message metric",
        "cache": "entry key stat size hit",
        "test": "case suite result coverage failure",
        "trade": "fill history",
        "build": "log artifact failure status",
        "call": "graph stack log hierarchy tree",
        "change": "log history set",
        "commit": "history message sha activity",
        "transfer": "fee history rate",
        "payment": "method term",
        "press": "release",
        "push": "rule",
        "access": "log",
        "audit": "log trail event",
        "search": "volume trend",
        "sync": "status state",
        "backup": "list status",
        "deploy": "history log status",
        "run": "history log status",
        "exit": "code node",
        "drop": "rate",
        "exchange": "rate",
        "burn": "rate down",
        "stop": "word time",
        "lock": "file status",
        "share": "price holder count",
        "post": "code office count",
        "ban": "list",
        "block": "list height time reward number",
        "sell": "side price",
        "buy": "side price",
        "bid": "price",
    }.items()
}
_RUNS: Final = word_set("run build deploy sync test play merge schedule trigger patch change export upload share")
_ENDED: Final = word_set("history detail info information count log result stat statistic format option type")
_STOPS: Final = frozenset({"departure", "arrival"})
_PROGRAMS: Final = word_set(
    "lua groovy procedure adb gdb psql pwsh terminal kubectl cli repl bash sh zsh cmd ssh powershell osascript "
    "applescript interpreter"
)
# What is brought back rather than answered.
_BROUGHT_BACK: Final = word_set("book item order product parcel car loan purchase equipment shipment")
_FORMS_OF_TEXT: Final = word_set("text markdown md json html csv xml yaml number string base latex ascii")


class Named(NamedTuple):
    """What a name says. `firm`: no description makes it less. `base`: the verb or the noun that says it. `noun`: the
    verb stands among other words like a noun. `answers`: what is answered ends the name, as in `restart_count`."""

    intent: Intent
    why: str
    firm: bool
    base: str
    noun: bool = False
    answers: bool = False


def named(words: Sequence[str]) -> Named | None:
    """The act that a name names: its first verb, and any other behind `and`; the worst of them. None without one."""
    if len(words) > 1 and words[0] in _QUESTIONS:
        return Named(Intent.READ, f"the name only asks: {words[0]}", words[0] != "dry", words[0])
    if len(words) > 2 and words[-2] == "to" and words[-1] in _FORMS_OF_TEXT and not _changing(words[:-2]):
        return Named(Intent.READ, f"the name says what is turned to {words[-1]}", False, "convert")
    if len(words) > 2 and words[-1] == "tool":
        words = words[:-1]
    if len(words) == 1 and words[0] not in KNOWN and words[0] not in FOREIGN:
        words = unglued(words[0])
    for place, word in enumerate(words):
        if place and word in _BY:
            words = words[:place]
            break
    worst: Named | None = None
    fresh = True
    for place, word in enumerate(words):
        if word in _JOINS:
            fresh = True
        elif fresh and word not in _MODIFIERS:
            found = _verb(words, place)
            if found is not None:
                fresh = False
                if worst is None or RANK[found.intent] > RANK[worst.intent]:
                    worst = found
    return worst or _verbless(words)


def compound(words: Sequence[str], place: int) -> bool:
    """Whether a thing of two words begins here, whose first is no act."""
    seconds = COMPOUNDS.get(words[place]) if place >= 0 else None
    return seconds is not None and place + 1 < len(words) and singular(words[place + 1]) in seconds


def _verb(words: Sequence[str], place: int) -> Named | None:
    word = words[place]
    verb = KNOWN.get(word)
    if (word == "text" and place) or compound(words, place) or (place and compound(words, place - 1)):
        return None
    if word in ("merge", "pull") and words[place + 1 : place + 2] in (["request"], ["requests"]):
        return None
    if word in ("check", "sign", "log") and words[place + 1 : place + 2] and words[place + 1] in ("in", "out", "off"):
        return Named(Intent.WRITE, f"the name says {word} {words[place + 1]}", True, word)
    if word == "return" and singular(words[-1]) in _BROUGHT_BACK:
        return Named(Intent.WRITE, f"the name says return and {words[-1]}", True, word)
    if verb is None:
        foreign = FOREIGN.get(word)
        return None if foreign is None else Named(foreign, f"the name says {word}", False, word)
    if verb.form is Form.PAST or verb.form is Form.GERUND:
        return None
    if verb.form is Form.THIRD and verb.nounlike:
        return None
    if verb.nounlike and place and words[place - 1] in _STANDING:
        return None
    if verb.nounlike and len(words) > 1:
        return _doubtful(words, place, verb)
    return _settled(words, place, verb, firm=not verb.loose)


def _doubtful(words: Sequence[str], place: int, verb: Verb) -> Named | None:
    """A verb that is a noun as often: another verb behind it makes it one, and so does an answer at the end."""
    rest = words[place + 1 :]
    for word in rest if verb.intent is not Intent.READ else words[-1:]:
        other = KNOWN.get(word)
        if other is None or other.form is not Form.BASE or other.nounlike:
            continue
        if other.intent is not Intent.READ or verb.intent is Intent.READ or verb.base not in ACTING:
            return None
    last = singular(words[-1])
    if rest and (
        (verb.base in _THINGS and last in _ASKED)
        or (verb.base in _RUNS and (last in _ENDED or (last == "status" and verb.base != "change")))
        or last in _STOPS
    ):
        return Named(Intent.READ, f"the name ends in {words[-1]}", False, words[-1])
    acting = KNOWN.get(words[-1])
    if rest and verb.base in _THINGS and verb.intent is not Intent.EXFILTRATIVE and acting and acting.base in ACTING:
        return None
    if place and not rest and meant(verb.base, verb.intent, words[:place])[0] is Intent.READ:
        return Named(Intent.READ, f"the name ends in {words[-1]}", False, words[-1])
    answers = bool(rest) and (last in ANSWERS or (verb.base in THING_FIRST and last in ANSWERING))
    settled = _settled(words, place, verb, firm=not verb.loose and not answers and (place == 0 or not rest))
    settled = settled._replace(answers=answers)
    return settled._replace(noun=place > 0 and (bool(rest) or verb.base == "request"))


def _settled(words: Sequence[str], place: int, verb: Verb, *, firm: bool) -> Named:
    nouns = [word for word in words[place + 1 :] if word not in _JOINS] or list(words[:place])
    making = made(verb.base, nouns)
    if making is not None:
        return Named(making[0], f"the name says {words[place]} and {making[1]}", True, verb.base)
    beside = [word for at, word in enumerate(words) if at != place]
    intent, noun = meant(verb.base, verb.intent, beside)
    if noun is not None:
        return Named(intent, f"the name says {words[place]} and {noun}", firm or intent is not Intent.READ, verb.base)
    if intent is Intent.READ and "replace" in words[place + 1 :]:
        return Named(Intent.WRITE, "the name says replace", True, "replace")
    if intent is Intent.EXFILTRATIVE:
        for word in words[place + 1 :]:
            other = KNOWN.get(word)
            if word == "force" or (other is not None and other.intent is Intent.DESTRUCTIVE and not other.nounlike):
                return Named(Intent.DESTRUCTIVE, f"the name says {words[place]} and {word}", True, verb.base)
    return Named(intent, f"the name says {words[place]}", firm, verb.base)


def _changing(words: Sequence[str]) -> bool:
    verbs = (KNOWN.get(word) for word in words)
    return any(verb is not None and verb.form is Form.BASE and verb.intent is not Intent.READ for verb in verbs)


def _verbless(words: Sequence[str]) -> Named | None:
    if not words:
        return None
    if words[0] == "new" or words[-1] in ACTS:
        word = "new" if words[0] == "new" else words[-1]
        return Named(ACTS[word], f"the name says {word}", False, word)
    if words[-1] in _PROGRAMS:
        return Named(Intent.DESTRUCTIVE, f"the name ends in {words[-1]}, which runs anything", False, "run")
    if singular(words[-1]) in ANSWERS:
        return Named(Intent.READ, f"the name ends in {words[-1]}", False, words[-1])
    return None
