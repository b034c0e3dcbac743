"""Judges a tool whose name and description have no verb: `Stock on hand per location`. Pure: no Django, no I/O.

What is named is answered if it is a fact or several things, and if nothing among the parameters is a value to set.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from governance.canonical.values import JSON
from governance.policy.intents.evidence import WORST, Finding
from governance.policy.intents.names import compound
from governance.policy.intents.objects import ACTS, ANSWERS
from governance.policy.intents.tables import word_set
from governance.policy.intents.verbs import ACTING
from governance.policy.intents.words import KNOWN, Form, singular, split
from governance.policy.values import Intent

_TOKENS: Final = re.compile(r"[^\W_][\w'’+&/-]*|[,;:.()]").findall
_SENTENCE: Final = re.compile(r"[.;!?](?:\s|$)|\n")
_ARTICLES: Final = word_set("the a an this your all every its each any")
_NEAR: Final = word_set(
    "of for in from on at near between around per by about within across under over with since until as to and "
    "or that below above under beside without "
    "which who whose where behind along inside , ( : than via"
)
# Words that send something somewhere, where a phrase with them may be an act: `Card to another list`.
_MOVING: Final = word_set("to into onto back off away again instead out aloud up down")
_STILL: Final = word_set(
    "according related close closer next due access distance path linked attached assigned visible available "
    "from similar "
    "compared relative open known belonging up way ways answer answers equal specific link links reference references "
    "happened happens done said belongs exposed mapped subscribed relation month year week day date time"
)
_OPENED: Final = word_set(
    "for to from in with by at on as if when given once after before use used using please note see do not no never "
    "does this it you only requires internal deprecated legacy helper tool wrapper utility"
)
_STANDING: Final = word_set("latest newest current next previous last first")
_LEFT: Final = word_set("remaining outstanding pending missing open free planned")
_EVERYTHING: Final = frozenset({"everything", "whatever"})
_TAKEN_OUT: Final = word_set("archive file zip export dump download")
# Names of what is set rather than read, and numbers that only say how much is answered.
_SETTINGS: Final = word_set(
    "expiry expiration policy setting settings level position mode retention visibility preference config "
    "configuration schedule "
    "threshold "
    "limit interval brightness volume speed setpoint target timeout lifetime ttl quota lifecycle period duration"
)
_PAGING: Final = word_set(
    "limit page per_page offset size count top n max first last page_size max_results depth days hours"
)
_CONTENT: Final = word_set("text content body image message html markdown picture file value photo video")
_PEOPLE: Final = word_set("logins mails emails people users members accounts names addresses persons")
_QUESTIONS: Final = word_set("how what which whether where when who why")
_MODAL: Final = frozenset({"may", "should", "must", "whom"})
_SPANS: Final = word_set("days hours year month weeks limit page offset id number version depth top count size")
_KEPT: Final = frozenset({"retention", "lifecycle"})
_PERIODS: Final = word_set("days hours weeks months period duration retention ttl seconds minutes years age")
_ASKED: Final = frozenset({"query", "search", "filter", "status", "type", "text", "list"})
_OFFERING: Final = word_set("a an the no nothing each every one nobody")
_DOING: Final = frozenset({"goes", "gets", "becomes", "new"})
_LATELY: Final = word_set("now today currently right here there too all together . ,")
_VAGUE: Final = word_set(
    "thing things stuff tool tools helper helpers function functions utility utilities operation operations command "
    "commands action actions feature features purpose plugin step phase stage procedure procedures process magic "
    "various misc something anything part handler entry task job work bit magic needed capability capabilities "
    "compatibility purposes advanced use documentation docs "
    "manual readme internal"
)
# Facts, and things that there is only some of.
_FACTS: Final = word_set(
    "abstract age agenda altitude amount angle answer area atlas author authors authority availability average bearing "
    "bio biography bounds breakdown brightness budget bytes calendar cast catalog catalogue cause chain "
    "changelog chart "
    "children chronology circulation citation classification climate composition conclusion condition consumption "
    "content contents context coordinate cost coverage credit curve date deadline declaration definition delay "
    "density depth derivation description diagnosis difference digest dimension direction dosage duration "
    "earnings education efficiency elevation energy equivalent error evidence exchange expiry explanation exposure "
    "extent fact fee feedback fingerprint formula frequency gap geometry glossary grade graph growth height heritage "
    "hierarchy highlight hours humidity identity image impact impedance income index inflation information ingredient "
    "interest inventory issuer journey language latency layout length level lifecycle likelihood limit line lineage "
    "lineup list location lyrics magnitude manifest mass matrix meaning measurement member memory menu metadata "
    "metric mileage mood name nature neighbour neighbor news noise number nutrition occupancy odds offer opinion "
    "orbit order_book origin outage output outline owner ownership parent parents part path pattern payload percentage "
    "performance period permission phase phone picture pollution population portfolio position possibility postcode "
    "prediction presence pressure prevalence price probability profile prognosis progress pronunciation property "
    "provenance proximity purity quality quantity quotation quote radius range ranking rate rating ratio reach reading "
    "reason recipe record reliability rent reputation requirement resolution resource result return revenue risk role "
    "roster rota route saturation schedule schema score season sentiment sequence share shelf siblings sign signature "
    "similarity size slope source spectrum speed spelling split spot stage standard standing state statistic status "
    "stock strength structure style summary sunrise sunset supply surface symptom synonym synopsis syntax table tariff "
    "temperature tempo text throughput tide time timeline timetable title topology total traffic trajectory transcript "
    "transit transmission trend type unit uptime usage utilisation utilization validity value variance variant "
    "velocity "
    "verdict version visibility voltage volume wavelength weather weight width wind yield zone documentation tree "
    "count counts percentage health forecast history log logs detail info overview report rows diff quota balance"
)
# Single things that a phrase may make rather than name: `Note on a ticket`.
_MAKEABLE: Final = word_set(
    "alarm alert alias announcement answer article attachment backup bookmark booking branch call card clone "
    "comment copy "
    "deposit discussion download draft email entry event export fax folder fork group import invitation invite "
    "invoice issue "
    "label letter link mail meeting message note notification order page paste payment photo ping playlist post poll "
    "refund reminder reply report request reservation review rule shortcut sms snapshot story subscription tag task "
    "template ticket timer token transfer tunnel tweet upload vote voucher webhook"
)
_LIKE_ACTS: Final = ("ion", "ment", "al", "ure", "ing", "age", "ance", "ence", "off", "out", "up", "er", "or")
_SETTING: Final = word_set(
    "value values content body payload password secret message html subject recipient recipients attachment "
    "attachments "
    "amount quantity enabled enable brightness celsius comment note reason patch changes fields updates on off new "
    "destination force confirm"
)
# Parameters that tell nothing of what is done with them.
_OPAQUE: Final = word_set(
    "input inputs data ctx context options args arguments request params parameters p1 p2 obj object daten json "
    "arg arg1 "
    "raw blob stuff info config settings"
)
_SHORT: Final = word_set("id q n k a b to at by ip db tz st no iso ns os pr v url lat lon lng x y z from ts cc ym")
_FILTERING: Final = word_set(
    "state level priority assignee role permission permissions policy visibility schedule cron speed volume "
    "temperature "
    "mode title description colour color labels label position"
)
_TO_SET: Final = re.compile(
    r"\bto (?:set|write|store|add|apply|send|post|assign|put|publish|give|use as|change|become)\b|\bnew (?:value|"
    r"name|title)\b|"
    r"\bdesired\b|\bwanted\b",
    re.IGNORECASE,
)
_SPELT: Final[Mapping[str, str]] = {"colour": "color", "centre": "center"}


def named_things(
    words: Sequence[str], description: str, schema: Mapping[str, JSON], *, made: bool = False
) -> Finding | None:
    """The thing that a description without a verb names, as what is answered; None where it may be an act.

    `made`: the name has a verb that is a noun as often, so that a single thing may be what is made.
    """
    tokens = _unqualified(_TOKENS(_SENTENCE.split(description[:300], 1)[0].lower())[:16])
    verb = KNOWN.get(tokens[0]) if tokens[1:2] == ["of"] else None
    if verb is not None and verb.form is Form.BASE and verb.intent in WORST and tokens[0] not in _FACTS:
        return Finding(verb.intent, f"the description says {tokens[0]} of", firm=False)
    if not tokens or _acts(words) or _opens_with_an_act(tokens) or not _DOING.isdisjoint(tokens[:12]):
        return None
    single = tokens[0] in ("one", "single")
    led = tokens[0] in _ARTICLES or tokens[0] in _STANDING or single
    if (single or tokens[0] in _ARTICLES) and len(tokens) > 2:
        tokens = tokens[1:]
    while len(tokens) > 1 and tokens[-1] in _LATELY:
        tokens = tokens[:-1]
    phrase = _phrase(tokens)
    head = phrase[-1]
    several = _plural(head)
    known = singular(head) in _FACTS or head in _FACTS or singular(head) in ANSWERS
    related = len(tokens) > len(phrase) + 1 and tokens[len(phrase)] in _NEAR
    if tokens[0] in _EVERYTHING:
        several = known = tokens[1:2] in (["that"], ["known"], ["which"]) and _TAKEN_OUT.isdisjoint(tokens)
    if len(head) < 2 or not head.isalpha() or not (several or known or related):
        return None
    offered = several and tokens[len(phrase) : len(phrase) + 1] == ["that"] and tokens[len(phrase) + 1] in _OFFERING
    vague = not _VAGUE.isdisjoint(phrase) and not offered and not _is_phase(tokens)
    if vague or _moves(tokens) or _sets(schema, head, _owners(tokens), several=several):
        return None
    if not several and _may_be_an_act(head, tokens, led=led):
        return None
    loosely = made or head == "link" or tokens[len(phrase) : len(phrase) + 1] != ["of"]
    if head in _MAKEABLE and loosely and not (several or single):
        return None
    return Finding(Intent.READ, f"the description names what is answered: {head}", firm=False)


def _unqualified(tokens: list[str]) -> list[str]:
    """A phrase without the states that are listed before its things: `remaining, taken and requested days`."""
    at = 0
    while at + 2 < len(tokens) and tokens[at + 1] in (",", "and", "or"):
        verb = KNOWN.get(tokens[at])
        if tokens[at] not in _LEFT and (verb is None or verb.form is not Form.PAST):
            return tokens
        at += 2
    return tokens[at:]


def _acts(words: Sequence[str]) -> bool:
    """Whether a name has a word that is first of all an act."""
    for place, word in enumerate(words):
        verb = KNOWN.get(word)
        if compound(words, place) or compound(words, place - 1):
            continue
        if verb is None or verb.intent is Intent.READ or verb.form is not Form.BASE:
            if ACTS.get(word, Intent.READ) is not Intent.READ and word == words[-1]:
                return True
            continue
        if verb.base in ACTING or not verb.nounlike or (place == 0 and verb.intent is not Intent.WRITE):
            return True
    return False


def _opens_with_an_act(tokens: Sequence[str]) -> bool:
    first, second = tokens[0], tokens[1] if len(tokens) > 1 else ""
    if first in _OPENED or (first in _VAGUE and second != "that" and not _is_phase(tokens)) or first == "new":
        return True
    if ACTS.get(first, Intent.READ) is not Intent.READ and (second in _NEAR or not second):
        return True
    if second in _ARTICLES and first not in _ARTICLES:
        return True
    verb = KNOWN.get(first)
    if verb is not None and verb.form is Form.PAST and second in _NEAR:
        return True
    if (
        verb is not None
        and verb.form is Form.GERUND
        and singular(second) in ("hour", "time", "price", "balance", "date")
    ):
        return False
    if verb is None or verb.form is Form.PAST:
        return (
            first.endswith("ing")
            and first not in _EVERYTHING
            and singular(first) not in _FACTS
            and second in _NEAR | _ARTICLES
        )
    if verb.nounlike and (verb.form is Form.THIRD or second in _NEAR):
        return False
    return first not in _FACTS and singular(first) not in ANSWERS


def _is_phase(tokens: Sequence[str]) -> bool:
    """Whether a phase is that of a thing: `phase of the moon`, but not `second phase`."""
    return tokens[0] == "phase" and tokens[1:2] in (["of"], [","]) and "of" in tokens[:7]


def _phrase(tokens: Sequence[str]) -> list[str]:
    """The words up to the first that only relates: `stock` of `stock on hand`."""
    phrase = [tokens[0]]
    for at, word in enumerate(tokens[1:], start=1):
        verb = KNOWN.get(word)
        if word in _NEAR or word in ".;)":
            break
        if verb is not None and verb.form is Form.PAST and (at + 1 == len(tokens) or tokens[at + 1] in _NEAR):
            break
        phrase.append(word)
    return phrase


def _moves(tokens: Sequence[str]) -> bool:
    if any(word in ("on", "off") and tokens[at + 1 : at + 2] == ["or"] for at, word in enumerate(tokens)):
        return True
    for at, word in enumerate(tokens[:8]):
        counted = "up" in tokens[at - 1 : at + 1] and any(each.isdigit() for each in tokens[at + 1 : at + 3])
        if word in _MOVING and not counted and not (at and (tokens[at - 1] in _STILL or "from" in tokens[:at])):
            return word != "to" or not (at and (_plural(tokens[at - 1]) or tokens[at - 1] in _FACTS))
    return False


def _may_be_an_act(head: str, tokens: Sequence[str], *, led: bool) -> bool:
    noun = singular(head)
    if noun in _FACTS or head in _FACTS or noun in ANSWERS:
        return False
    known = KNOWN.get(head)
    if tokens[1:2] == [","] and len(tokens) > 4:
        return False
    if not led and known is not None and known.form is not Form.THIRD and known.intent is not Intent.READ:
        return True
    return head.endswith(_LIKE_ACTS) or (len(tokens) < 2)


def _owners(tokens: Sequence[str]) -> set[str]:
    """What the thing that is named belongs to, and is looked up by: `body` in `position of a body`."""
    return {word for at, word in enumerate(tokens) if at > 2 and tokens[at - 2 : at] in (["of", "a"], ["of", "an"])}


def _sets(schema: Mapping[str, JSON], head: str, owners: Collection[str], *, several: bool) -> bool:
    """Whether a parameter is a value that is set, or is the very thing that the phrase names."""
    noun = singular(head)
    for name, value in _parameters(schema):
        if name.lower() in _OPAQUE or (len(name) < 3 and name.lower() not in _SHORT):
            return True
        words = [_SPELT.get(word, word) for word in split(name[:80])]
        if not words:
            continue
        described = value.get("description") if isinstance(value, dict) else None
        if isinstance(described, str) and _TO_SET.search(described[:200]):
            return True
        if name in owners:
            continue
        if words[0] == "new" or words[-1] in _SETTING or name in _SETTING:
            return True
        if not several and (_SPELT.get(noun, noun) in words or words[-1] in _FILTERING):
            return True
    return False


def _parameters(schema: Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        yield from properties.items()


def _plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3


def is_given(schema: Mapping[str, JSON], named: str) -> bool:
    """Whether the very thing that a phrase names is a parameter, and so set rather than answered."""
    noun = _SPELT.get(singular(named), singular(named))
    if noun in _ASKED or _plural(named):
        return False
    for name, value in _parameters(schema):
        described = value.get("description") if isinstance(value, dict) else None
        if noun in [_SPELT.get(word, word) for word in split(name[:80])]:
            return True
        if isinstance(described, str) and _TO_SET.search(described[:200]):
            return True
    return False


def is_valued(words: Sequence[str], tokens: Sequence[str], schema: Mapping[str, JSON]) -> bool:
    """Whether a parameter that the description does not speak of gives the value of what it names.

    `Title of a slide` with `text`, `How urgent a ticket is` with `priority`: there is nothing to look up by it.
    """
    first = set(tokens[:24])
    modal, counted = not _MODAL.isdisjoint(first), not first.isdisjoint(("number", "count")) and tokens[0] == "number"
    for name, value in _parameters(schema):
        low = name.lower()
        if low in first or singular(low) in first or not isinstance(value, dict):
            continue
        kind = value.get("type")
        if (low in _CONTENT and tokens[0] not in _QUESTIONS) or (low in words and len(low) > 3):
            return True
        if kind == "array" and low in _PEOPLE and (modal or "people" in first):
            return True
        if kind in ("integer", "number", "boolean") and (modal or counted) and low not in _SPANS:
            return True
        if len(low) > 3 and tokens and tokens[0].startswith(low):
            return True
    return False


def set_by(words: Sequence[str], schema: Mapping[str, JSON]) -> Finding | None:
    """What a tool sets that seems to answer only: `retention_policy`, "How long messages are kept", with `days`."""
    if not words or _SETTINGS.isdisjoint(map(singular, words)):
        return None
    kept = not _KEPT.isdisjoint(words) or words[-1] in ("expiry", "expiration") or words[-1] in ("ttl", "lifetime")
    for name, value in _parameters(schema):
        if not isinstance(value, dict) or (name.lower() in _PAGING and not kept):
            continue
        if (
            (kept and name.lower() in _PERIODS)
            or value.get("type") in ("integer", "number", "boolean")
            or name.lower() in words
        ):
            return Finding(Intent.DESTRUCTIVE if kept else Intent.WRITE, f"the parameter `{name[:80]}` is what is set")
    return None
