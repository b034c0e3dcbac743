"""Finds what becomes of things and who gets to see them, where no verb of the tool says so. Pure: no Django, no I/O.

`Makes the target a mirror of the source; surplus files vanish`: the act is harmless by its verb, what follows is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from governance.policy.intents.evidence import Finding
from governance.policy.intents.tables import word_set
from governance.policy.values import Intent

_READ_OF_A_TEXT: Final = 8000
_BEFORE: Final = 120
_MOST: Final = 6
_SENTENCE: Final = re.compile(r"[.;!?]\s|\n")
_WORDS: Final = re.compile(r"[a-z]+").findall
# Of these one stands in everything that the patterns below find, so that other texts are not searched.
_TELLING_OF_LOSS: Final = word_set(
    "cease ceases vanish vanishes disappear disappears perish perishes working running functioning lost gone wiped "
    "discarded destroyed erased evicted undone recovered restored reversed reverted back split separated "
    "retrieved reopened "
    "rolled reactivated recalled longer backup undo older old oldest earlier previous former surplus remaining rest "
    "extra out off replaced overwritten replacing retention down offline service factory scratch "
    "away removed deleted dropped "
    "money rights right license licence invalid than privileges place kept come whatever everything over goes stops"
)
_TELLING_OF_OUTSIDERS: Final = word_set(
    "anyone anybody everyone everybody whoever login password credentials authentication who reachable visible "
    "accessible readable public outside paste pastebin sharing subscribers subscriber customers contacts recipients "
    "followers audience readers choice mailing live internet whom others signing logging account goes going "
    "guest guests"
)
_LOST: Final = re.compile(
    r"\bceases? to exist\b|\b(?:vanish|disappear|perish)(?:e?s)?\b|\b(?:stops?|ceases?|quits?) (?:working|"
    r"running|functioning)\b|"
    r"\b(?:is|are|gets?|will be|being) (?:irretrievably |permanently |then |also )?(?:lost|gone|wiped|discarded|"
    r"destroyed|erased|evicted)\b|"
    r"\b(?:cannot|can't|can not|could not|never|no longer) be (?:\w+ )?"
    r"(?:undone|recovered|restored|reversed|reverted|brought back|taken back|got back|gotten back|split|separated|"
    r"retrieved|reopened|rolled back|reactivated|recalled)\b|"
    r"\bcan(?:not|'t| not) (?:come|go|get it|be had|sign|log) (?:back|in)\b|\bcan no longer\b|"
    r"\bno longer (?:works?|valid|usable|able)\b|"
    r"\b(?:without|no) (?:a |any |keeping )?(?:backup|previous version|old version|undo|version kept|copy kept|"
    r"recycle bin|way back|going back)\b|"
    r"\bin place of (?:everything|all|what|whatever)\b|"
    r"\b(?:loads?|writes?|puts?|copies|restores?|imports?) [^.;]{1,40} over (?:the|an|a|whatever|what) |"
    r"\bpoint of no return\b|\bmore than (?:that|this) (?:is|are|will be) (?:deleted|removed|dropped)\b|"
    r"\b(?:is|are|becomes?) (?:then |thereby )?invalid\b|\b(?:the )?(?:older|old|oldest|earlier|existing|"
    r"previous|present|current|surplus|"
    r"extra|remaining|rest|former) "
    r"(?:\w+ ){0,2}(?:go|goes|is replaced|are replaced|is overwritten|are overwritten|fall away|falls away|"
    r"is cut|are cut|"
    r"stops?|expires?|drops? out)\b|"
    r"\b(?:cuts?|kicks?|throws?|locks?|signs?|logs?|shuts?) (?:\w+ ){1,4}(?:off|out)\b(?! of)|\b(?:replaces?|"
    r"replacing) (?:whatever|what|everything)\b|"
    r"\b(?:shorten|reduc|lower|cut)(?:s|es|ed|ing|e)? (?:\w+ ){0,3}retention\b|"
    r"\b(?:takes?|brings?|pulls?|put|puts) (?:\w+ ){1,4}(?:down|offline|out of service)\b|\bout of service\b|"
    r"\b(?:tables?|files?|contents?|data|records?|documents?|rows?|configuration|"
    r"settings) (?:that \w+ there )?(?:is|are) (?:simply |then )?(?:replaced|overwritten)\b(?! by placeholders)|"
    r"\b(?:rights?|access|licen[cs]es?|permissions?|privileges?|roles?) (?:\w+ )?(?:ends?|lapses?|is withdrawn|"
    r"are withdrawn|is taken away)\b|"
    r"\bto (?:its )?factory (?:settings|defaults)\b|\bback to (?:a|an|the|its) (?:clean|empty|blank|earlier|"
    r"previous|initial|original)\b(?! (?:page|screen|view|tab|step|menu|location|url|entry))|"
    r"\b(?:go|goes) away\b|\bget (?:removed|deleted|dropped)\b|"
    r"\b(?:is|are|gets?) (?:also |then )?(?:dropped|removed|deleted) from the (?:target|destination|mirror|copy)\b|"
    r"\bstart(?:s|ing)? over\b|\bmoney (?:moves|leaves|is|goes)\b",
    re.IGNORECASE,
)
_OUTSIDE: Final = re.compile(
    r"\b(?:anyone|anybody|everyone|everybody|people|whoever|any person)\b[^.;]{0,24}\b(?:with|who has|having|"
    r"gets) (?:the |this |that )?(?:link|url|address)\b|"
    r"\bwithout (?:an account|a login|login|logging in|signing in|sign-in|authentication|a password|credentials)\b|"
    r"\bwho (?:may|can|is allowed to|gets to|has access|could) (?:see|read|view|access|open|find|use)\b|"
    r"\b(?:reachable|visible|accessible|available|readable|open) (?:from|to|by|on|for) (?:the )?(?:\w+ )?"
    r"(?:internet|web|world|public|anyone|anybody|everyone|everybody|outside)\b|"
    r"\b(?:with|to) which (?:anyone|anybody|everyone|others)\b|"
    r"\b(?:reached|reachable|accessible|visible|served|exposed) (?:\w+ ){0,2}(?:under|at|on|by|through|via|over) "
    r"(?:a |an |the )?public\b|\bin any (?:\w+ )?(?:account|tenant|organi[sz]ation)\b|"
    r"\bwith whom\b|\b(?:to|for) (?:every|all|each)(?: \w+){0,2} (?:subscribers?|customers?|contacts?|"
    r"recipients?|followers?|"
    r"addressees?|readers|members)\b|"
    r"\bto the (?:audience|mailing list|subscribers|followers)\b|"
    r"\ba public (?:comment|review|post|answer|reply|page|profile|story|gist|paste|link|url|album|message|"
    r"thread)\b|\blink sharing\b|\bto public\b(?! ?key)|"
    r"\b(?:goes?|going|gets?) out to\b|\b(?:somebody|someone|people|person|guests?|partners?) (?:from )?outside\b|"
    r"\boutside (?:of )?(?:the |your )?(?:organi[sz]ation|company|team|workspace|tenant)\b|\bpaste ?(?:site|bin)\b|"
    r"\b(?:on|to) (?:the |a )?(?:public|open) (?:internet|web|site|page|feed|timeline|profile)\b|\bgoes? live\b|"
    r"\bto (?:a|an|the|any|one's) (?:own |given |chosen )?(?:collector|listener|endpoint|webhook|e-?mail address|"
    r"phone number|mailbox) "
    r"(?:of (?:your|the caller's) choice|you (?:choose|name)|given|named)\b|\bof (?:your|one's|the caller's) choice\b",
    re.IGNORECASE,
)
# What only leaves a list is still there.
_OUT_OF_SIGHT: Final = re.compile(
    r" (?:\w+ )?from (?:\w+ ){0,3}(?:lists?|views?|inbox|sidebar|overviews?|search|feeds?|menus?|timelines?)\b",
    re.IGNORECASE,
)
# What stands before such words and makes them a denial, a state or somebody else's case.
_DENIED: Final = re.compile(
    r"\b(?:not|never|nothing|none|nobody|without|no one|neither|nor|no(?! longer)|if|when|unless|whether|"
    r"that|which|who|where|after|"
    r"once|because|before|instead|wait\w*|warn\w*|check\w*|find\w*|show\w*|list\w*|report\w*|tells?)\b[^.;,:]{0,100}$",
    re.IGNORECASE,
)
_KEPT: Final = re.compile(
    r"^[^.;]{0,60}?\b(reads?|loads?|fetch(?:es)?|pulls?|crawls?|scans?|scrapes?|retrieves?|gets?|takes?|"
    r"collects?|brings?)\b[^.;]{1,80}"
    r"\binto (?:\w+ ){0,4}?(index|database|table|store|memory|knowledge base|collection|cache|folder|workspace|"
    r"project|repository|"
    r"vault|library|sheet|spreadsheet|warehouse|scene|session|account|graph)\b",
    re.IGNORECASE,
)
_NOT_OUTSIDE: Final = re.compile(
    r"\b(?:not|never|nothing|none|nobody|no one|neither|nor|no|if|unless|whether|instead|check\w*|find\w*|"
    r"show\w*|list\w*|"
    r"report\w*|tells?)\b[^.;,:]{0,100}$",
    re.IGNORECASE,
)


def consequences(description: str, words: Sequence[str]) -> Iterator[Finding]:
    """What a description says of the things that its tool changes: that they are lost, or get outside."""
    loses, opens = not _TELLING_OF_LOSS.isdisjoint(words), not _TELLING_OF_OUTSIDERS.isdisjoint(words)
    if not (loses or opens):
        return
    for sentence in _SENTENCE.split(description[:_READ_OF_A_TEXT]):
        spoken = _WORDS(sentence.lower())
        if loses and not _TELLING_OF_LOSS.isdisjoint(spoken):
            said = _said(sentence, _LOST, _DENIED)
            if said is not None:
                loses = False
                yield Finding(Intent.DESTRUCTIVE, f"the description says {said}")
        if opens and not _TELLING_OF_OUTSIDERS.isdisjoint(spoken):
            said = _said(sentence, _OUTSIDE, _NOT_OUTSIDE)
            if said is not None:
                opens = False
                yield Finding(Intent.EXFILTRATIVE, f"the description says {said}")


def _said(sentence: str, phrases: re.Pattern[str], denied: re.Pattern[str]) -> str | None:
    for match in islice(phrases.finditer(sentence), _MOST):
        if _OUT_OF_SIGHT.match(sentence, match.end()) is not None:
            continue
        if denied.search(sentence[max(0, match.start() - _BEFORE) : match.start()]) is None:
            return " ".join(match[0].lower().split())[:60]
    return None


# What a reading does to the things it reads, and to what was valid before it.
_MARKED: Final = re.compile(
    r"\b(?:is|are|gets?) (?:then |thereby |automatically )?(?:(?:assigned|leased|locked|reserved) (?:to|for) (?:the "
    r"(?:caller|agent|worker|consumer)|you)\b|(?:marked|flagged) (?:as )?(?:read|seen|done|processed|handled|delivered|"
    r"viewed|consumed|taken)\b)|"
    r"\band (?:then |also )?(?:leases|claims|locks|reserves|marks|acknowledges|flags|consumes|dequeues) "
    r"(?:it|them|those|these)\b",
    re.IGNORECASE,
)
_MADE_INVALID: Final = re.compile(
    r"\b(?:former|previous|old|older|earlier|prior|issued before|given before)\b[^.;,]{0,40}\b"
    r"(?:(?:becomes?|is|are|will be) (?:then |thereby |immediately )?(?:invalid(?:ated)?|void(?:ed)?|revoked|unusable)|"
    r"stops? working|no longer (?:works?|valid))\b",
    re.IGNORECASE,
)
_NOTED: Final = re.compile(r"\s*(?:please )?(?:note|mind|remember|be aware):? that\b", re.IGNORECASE)
_TELLING_OF_EFFECTS: Final = word_set(
    "marked flagged assigned leased locked reserved leases claims locks reserves marks acknowledges flags consumes "
    "dequeues invalid invalidated void voided revoked unusable longer working"
)
_OF_OTHERS: Final = re.compile(
    r"\b(?:not|never|if|whether|that|which|who|where|tells?|shows?|lists?|finds?|checks?|only)\b[^.;,:]{0,60}$",
    re.IGNORECASE,
)


def side_effects(description: str, words: Sequence[str]) -> Iterator[Finding]:
    """What a tool that reads does besides to what it reads: it is marked, or what was got before is invalid."""
    if _TELLING_OF_EFFECTS.isdisjoint(words):
        return
    for sentence in _SENTENCE.split(description[:_READ_OF_A_TEXT]):
        if (said := _said(sentence, _MADE_INVALID, _OF_OTHERS)) is not None:
            yield Finding(Intent.DESTRUCTIVE, f"the description says {said}")
        start = _NOTED.match(sentence)
        if (said := _said(sentence[start.end() :] if start else sentence, _MARKED, _OF_OTHERS)) is not None:
            yield Finding(Intent.WRITE, f"the description says {said}")


def kept(description: str) -> Finding | None:
    """What a reading keeps: `Reads the files of a folder into the search index`."""
    match = _KEPT.search(description[:300])
    return (
        None
        if match is None
        else Finding(Intent.WRITE, f"the description says {match[1].lower()} into {match[2].lower()}")
    )
