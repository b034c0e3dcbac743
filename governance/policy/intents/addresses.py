"""Judges tools that reach an address which their caller chooses. Pure: no Django, no I/O.

Whoever chooses an address chooses what stands in it, so that even a page that is only fetched carries content away. A
request whose method the caller chooses does whatever the host behind it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from governance.policy.intents.evidence import Finding
from governance.policy.intents.parameters import Part, Taken
from governance.policy.intents.tables import word_set
from governance.policy.values import Intent

# Verbs that reach an address by themselves, that take what stands there, and that look at it perhaps.
_REACHING: Final = word_set(
    "fetch scrape crawl navigate browse visit goto request open curl wget download load http https spider webhook"
)
_TAKING: Final = word_set("extract convert capture screenshot render summarize summarise parse read enumerate map")
_LOOKING: Final = _TAKING | word_set(
    "get analyze analyse retrieve take check test audit inspect view monitor search find process run validate look "
    "preview verify expand classify detect compare translate transcribe describe explain diff lint resolve "
    "ping introspect measure query run"
)
# Words of an address anywhere, of some page, and of one named service: `an AWS documentation page`.
_ANY_HOST: Final = re.compile(
    r"\b(?:web ?pages?|websites?|web ?sites?|internet|any urls?|arbitrary urls?|web content|"
    r"any (?:web)? ?page|any site|from (?:\w+ ){0,3}urls?|https? (?:get |head )?requests?)\b",
    re.IGNORECASE,
)
_A_PAGE: Final = re.compile(r"\b(?:links?|endpoints?|web|pages?|sites?|urls?|feeds?|addresse?s?)\b", re.IGNORECASE)
_ONE_HOST: Final = re.compile(
    r"\b(?!(?:www\.)?example\.)[\w-]+\.(?:com|org|net|io|dev|gov|edu|ai|co|app)\b|"
    r"\b(?!(?:Web|The|An?|This|HTML|PDF|Any|MCP|HTTPS?|Markdown|Get|Fetch|Open|Read|Visit|Navigate|Scrape|Crawl|Page|"
    r"Target|URL|JSON|XML|RSS|API|Remote|GET|POST|PUT|HEAD|PATCH|Full|Website|Webpage|Image|Source|Optional)\b)"
    r"[A-Z]\w+ (?:\w+ ){0,2}"
    r"(?:documentation|docs|pages?|articles?|videos?|issues?|files?|posts?|urls?|URLs?|links?|repo\w*|designs?|boards?|"
    r"projects?|meetings?|resources?|sites?|transcripts?|blogs?|trace|event|project|listing)\b",
)
_WHOLE: Final = frozenset({"url", "urls", "endpoint", "website", "website_url", "target_url", "page_url"})
_MATCHED: Final = re.compile(r"\b(?:patterns?|globs?|filters?|match(?:es|ing)?)\b", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[.;!?]\s|\n")
_OPENING: Final = word_set("open new create launch start import load ingest add")
_PAGES: Final = word_set("tab page browser window url session webpage")


# What a request does where no verb says it: a page is opened, a host is called.
_REQUESTING: Final = word_set("request http https curl rest api proxy endpoint webhook")
_ANY_METHOD: Final = re.compile(
    r"\b(?:any|arbitrary|custom|chosen|given|every|all) (?:http )?(?:methods?|verbs?|requests?)\b|"
    r"\b(?:get|head)\b[ ,/|]+(?:\w+[ ,/|]+){0,3}(?:or )?(?:post|put|patch|delete)\b",
    re.IGNORECASE,
)
# What keeps a request for later, and what sends one with content.
_KEEPING: Final = word_set("create update add insert save register modify edit set")
_SENT: Final = re.compile(r"\b(?:http )?(?:POST|PUT|PATCH) request\b")
_HARMLESS: Final = frozenset({"get", "head", "options"})


def by_address(main: Finding | None, words: Sequence[str], description: str, parameters: Taken) -> Iterator[Finding]:
    """A request to an address that the caller chooses, by what may be sent there; reaching it alone carries content."""
    key = parameters.parts.get(Part.ADDRESS)
    place = parameters.parts.get(Part.PLACE)
    if key is None and place is not None and _ANY_HOST.search(description[:1000]):
        key = place
    if key is None and main is not None and main.intent is Intent.READ:
        key = parameters.parts.get(Part.CONTENTS)
    if key is None:
        return
    sent = _sent(key, main, words, description, parameters) if Part.ADDRESS in parameters.parts else None
    if sent is not None:
        yield sent
    elif _reached(key, main, words, description, parameters):
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{key}` lets the caller choose the host that is reached")


def _sent(key: str, main: Finding | None, words: Sequence[str], description: str, parameters: Taken) -> Finding | None:
    """What a request of the caller's making can do."""
    method = parameters.parts.get(Part.METHOD)
    if method is None and parameters.parts.get(Part.ACT, "").lower() == "method":
        method = parameters.parts[Part.ACT]
    looks = main is not None and main.intent is Intent.READ and main.firm and not parameters.http
    kept = main is not None and main.intent is Intent.WRITE and main.base in _KEEPING
    if method is not None and not looks and not kept and not _only_asks(parameters, method):
        return Finding(Intent.DESTRUCTIVE, f"the parameter `{method}` lets the caller choose any request")
    if parameters.http or (_ANY_METHOD.search(description[:600]) and not _REQUESTING.isdisjoint(words)):
        return Finding(Intent.DESTRUCTIVE, f"with the parameter `{key}` the caller chooses any request")
    if (
        (Part.BODY in parameters.parts and not looks)
        or (method is not None and kept)
        or _SENT.search(description[:300])
    ):
        return Finding(Intent.EXFILTRATIVE, f"the parameter `{key}` lets the caller choose where content goes")
    return None


def _reached(key: str, main: Finding | None, words: Sequence[str], description: str, parameters: Taken) -> bool:
    """Whether a host that the caller chooses is asked for what it holds."""
    verbs = {main.base} if main is not None else set()
    verbs.update(word for word in words if word in _REACHING)
    text = f"{_SENTENCE.split(description, 1)[0][:1000]} | {parameters.address_text[:500]}"
    free = _ANY_HOST.search(text) is not None
    if (key.lower() in ("uri", "uris") and not free) or _MATCHED.search(parameters.address_text):
        return False
    fixed = any(_ONE_HOST.search(part.partition(" ")[2]) for part in (text, parameters.address_text[:500]))
    if main is not None and main.intent is not Intent.READ and verbs.isdisjoint(_REACHING):
        opens = main.base in _OPENING and not _PAGES.isdisjoint(words)
        looks = not main.firm and not fixed and main.base in _LOOKING and _A_PAGE.search(text) is not None
        return (main.base == "submit" and "feedback" not in words) or opens or looks
    if not verbs.isdisjoint(_REACHING | _TAKING):
        return free or not fixed
    return (
        not fixed
        and (not verbs.isdisjoint(_LOOKING) or key.lower() in _WHOLE)
        and (free or _A_PAGE.search(text) is not None)
    )


def _only_asks(parameters: Taken, method: str) -> bool:
    """Whether all methods that can be chosen only ask."""
    options = parameters.options.get(method)
    return bool(options) and _HARMLESS.issuperset(option.lower() for option in options or ())
