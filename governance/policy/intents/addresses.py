"""Judges tools that reach an address which their caller chooses. Pure: no Django, no I/O."""

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


def by_address(main: Finding | None, words: Sequence[str], description: str, parameters: Taken) -> Iterator[Finding]:
    """Reaching an address that the caller chooses carries what stands in it to the host behind it."""
    key = parameters.parts.get(Part.ADDRESS)
    place = parameters.parts.get(Part.PLACE)
    if key is None and place is not None and _ANY_HOST.search(description[:1000]):
        key = place
    if key is None and main is not None and main.intent is Intent.READ:
        key = parameters.parts.get(Part.CONTENTS)
    if key is None:
        return
    why = f"the parameter `{key}` lets the caller choose the host that is reached"
    if (
        parameters.http
        or Part.METHOD in parameters.parts
        or ((main is None or not main.firm or main.intent is not Intent.READ) and Part.BODY in parameters.parts)
    ):
        yield Finding(Intent.EXFILTRATIVE, why)
        return
    verbs = {main.base} if main is not None else set()
    verbs.update(word for word in words if word in _REACHING)
    text = f"{_SENTENCE.split(description, 1)[0][:1000]} | {parameters.address_text[:500]}"
    free = _ANY_HOST.search(text) is not None
    if (key.lower() in ("uri", "uris") and not free) or _MATCHED.search(parameters.address_text):
        return
    fixed = any(_ONE_HOST.search(part.partition(" ")[2]) for part in (text, parameters.address_text[:500]))
    if main is not None and main.intent is not Intent.READ and verbs.isdisjoint(_REACHING):
        opens = main.base in _OPENING and not _PAGES.isdisjoint(words)
        looks = not main.firm and not fixed and main.base in _LOOKING and _A_PAGE.search(text) is not None
        if main.base == "submit" or opens or looks:
            yield Finding(Intent.EXFILTRATIVE, why)
    elif not verbs.isdisjoint(_REACHING | _TAKING):
        if free or not fixed:
            yield Finding(Intent.EXFILTRATIVE, why)
    elif not fixed and (not verbs.isdisjoint(_LOOKING) or key.lower() in _WHOLE) and (free or _A_PAGE.search(text)):
        yield Finding(Intent.EXFILTRATIVE, why)
