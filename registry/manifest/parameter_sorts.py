"""What a parameter looks like it takes: a URL, a path, a command, code, a credential, a recipient. Pure: no Django."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from governance.canonical.values import JSON
from registry.manifest.telling import Place

NAME_READ: Final = 200
DESCRIPTION_READ: Final = 200
BESIDE_READ: Final = 200


class Sort(StrEnum):
    """What a free text is likely to be. The words are those of a sentence."""

    URL = "a URL or host"
    PATH = "a file or folder"
    COMMAND = "a command"
    CODE = "code or SQL"
    CREDENTIAL = "a credential"
    RECIPIENT = "a recipient"


_NAMES: Final[Mapping[Sort, re.Pattern[str]]] = {
    sort: re.compile(rf"(?<![^_])(?:{words})(?![^_])")
    for sort, words in {
        Sort.URL: "urls?|uris?|iris?|links?|href|endpoints?|web_?hooks?|callback|host|hosts|hostname|domain|domains|"
        "proxy|website|base_?url|server_(?:address|name)|ip|ip_addr(?:ess)?|redirect",
        Sort.PATH: "paths?|files?|file_?names?|file_?paths?|dir|dirs|director(?:y|ies)|folders?|cwd|workdir|globs?",
        Sort.COMMAND: "commands?|cmds?|shell|bash|powershell|terminal|argv|exec|executable|command_?line",
        Sort.CODE: "code|scripts?|sql|javascript|js|python|lua|eval|expression|snippet|source_code|program|statements?",
        Sort.CREDENTIAL: "passwords?|passwd|pwd|pass_?phrases?|secrets?|credentials?|(?:api|access|private|secret|ssh|"
        "signing|encryption|auth)_?keys?|apikeys?|token|jwt|bearer|auth|authorization|cookies?|otp",
        Sort.RECIPIENT: "recipients?|cc|bcc|e_?mails?|mail_?to|phone|phone_number|channels?|web_?hooks?|invitees?|"
        "attendees|subscribers|share_with|(?:reply|send|forward|deliver|notify|share|post|copy|mail)_to|audience",
    }.items()
}
# `to` is whom something is sent to, or where a range, a way or a conversion ends: what it says of itself and what
# stands beside it tell which.
_TO: Final = "to"
_BEGINNINGS: Final = frozenset(("from", "since", "start", "begin", "beginning"))
_OF_A_MESSAGE: Final = frozenset(
    (
        "subject",
        "body",
        "message",
        "text",
        "content",
        "html",
        "cc",
        "bcc",
        "attachment",
        "attachments",
        "amount",
        "memo",
    )
)
# Compounds whose last word only sounds like one of these.
_HARMLESS: Final = re.compile(
    r"(?<![^_])(?:"
    r"(?:country|zip|postal|post|status|language|lang|currency|error|exit|area|qr|bar|promo|coupon|discount|colou?r|"
    r"airport|state|region|reason|response|dial|product|item|unit|iata|icao|iso|country_iso|verification)_codes?"
    r"|(?:page|next|next_page|continuation|sync|start|cursor|stop|resume|pagination|progress|cancel|max|min)_token"
    r")(?![^_])"
)
_FORMATS: Final[Mapping[str, Sort]] = {
    **dict.fromkeys(("uri", "uri-reference", "iri", "iri-reference", "uri-template", "url"), Sort.URL),
    **dict.fromkeys(("hostname", "idn-hostname", "ipv4", "ipv6", "host"), Sort.URL),
    **dict.fromkeys(("path", "file-path", "directory-path", "file", "directory"), Sort.PATH),
    **dict.fromkeys(("email", "idn-email", "phone"), Sort.RECIPIENT),
    "password": Sort.CREDENTIAL,
}
# A description names what a parameter is within its first words; further on it speaks of other things.
_OPENING: Final = r"\W*(?:\w+\W+){0,4}?"
_NOUNS: Final[Mapping[Sort, re.Pattern[str]]] = {
    sort: re.compile(rf"{_OPENING}(?:{words})\b", re.IGNORECASE)
    for sort, words in {
        Sort.URL: r"urls?|uris?|web ?hooks?|web address(?:es)?|endpoints?|host ?names?",
        Sort.PATH: r"paths?|director(?:y|ies)|folders?|file ?names?|files?",
        Sort.COMMAND: r"(?:shell |bash |system )?commands?|command lines?",
        Sort.CODE: r"sql|javascript|typescript|python|scripts?|source code|code (?:to \w+|snippets?)",
        Sort.CREDENTIAL: r"passwords?|pass ?phrases?|secrets?|(?:api|private|access|ssh)[ _-]?keys?|credentials?"
        r"|cookies?|(?:access|auth\w*|bearer|session|refresh|api) tokens?",
        Sort.RECIPIENT: r"recipients?|e-?mails?|e-?mail address(?:es)?|phone numbers?|web ?hooks?",
    }.items()
}
_ENDS: Final = re.compile(
    rf"{_OPENING}(?:dates?|date ?times?|times?|timestamps?|days?|weeks?|months?|years?|hours?|periods?|ranges?"
    r"|intervals?|ends?|ending|until|bounds?|limits?|values?|numbers?|index|offsets?|lines?|pages?|rows?|positions?|versions?"
    r"|revisions?|releases?|commits?|sha|branch(?:es)?|refs?|tags?|currenc(?:y|ies)|units?|languages?|locales?|formats?"
    r"|zones?|airports?|stations?|stops?|cit(?:y|ies)|places?|locations?|coordinates?|nodes?|stages?|status|states?)\b",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W_a-zA-Z]+").findall
_COMBINED: Final = ("anyOf", "oneOf", "allOf")
_LISTS: Final = ("items", "prefixItems", "additionalItems")


@dataclass(frozen=True, slots=True)
class Sorted:
    """A parameter that takes something a person should know of."""

    place: Place
    sorts: tuple[Sort, ...]


def sorts_of(name: str, schema: JSON, beside: Collection[str] = ()) -> tuple[Sort, ...]:
    """What a parameter looks like it takes, by its name, format and first words; () where it takes no free text.

    `beside` are the names of the parameters that stand beside it.
    """
    if not _free_text(schema, 0):
        return ()
    words = _words(name)
    named = _HARMLESS.sub("", words)
    about = schema if isinstance(schema, dict) else {}
    written = list(_formats(about))
    formats = {_FORMATS.get(word) for word in written}
    texts = [text[:DESCRIPTION_READ] for key in ("title", "description") if isinstance(text := about.get(key), str)]
    sent_to = words == _TO and not written and not _is_an_end(texts, beside)
    return tuple(
        sort
        for sort in Sort
        if (sort is Sort.RECIPIENT and sent_to)
        or sort in formats
        or _NAMES[sort].search(named)
        or any(_NOUNS[sort].match(text) for text in texts)
    )


def _words(name: str) -> str:
    return "_".join(_WORDS(unicodedata.normalize("NFKC", name[:NAME_READ]))).lower()


def _is_an_end(texts: Iterable[str], beside: Collection[str]) -> bool:
    """Whether a parameter named `to` is where something ends: it says so, or is beside a beginning and no message."""
    if any(_ENDS.match(text) for text in texts):
        return True
    others = {_words(other) for other in list(beside)[:BESIDE_READ]}
    return not others.isdisjoint(_BEGINNINGS) and others.isdisjoint(_OF_A_MESSAGE)


def sensitive(
    name: str,
    schema: JSON,
    place: Place,
    root: JSON,
    may_go_on: Callable[[], bool] = lambda: True,
    *,
    beside: Collection[str] = (),
) -> Iterator[Sorted]:
    """A parameter, and those inside it, that look like any of these, as long as `may_go_on`.

    Local references are followed in `root`, each target once; what they lead to has the place of the reference.
    """
    waiting = [(name, schema, place, beside, "")]
    followed: set[str] = set()
    while waiting and may_go_on():
        name, schema, place, beside, reference = waiting.pop()
        sorts = sorts_of(name, schema, beside) if name else ()
        if sorts:
            yield Sorted(replace(place, pointer=reference or place.pointer), sorts)
        if isinstance(schema, dict):
            inside = [(*each, reference) for each in _inside(schema, place)]
            target = schema.get("$ref")
            if isinstance(target, str) and target not in followed:
                followed.add(target)
                inside.append(("", _resolved(target, root), place, (), reference or place.at("$ref").pointer))
            waiting += reversed(inside)


def _inside(schema: Mapping[str, JSON], place: Place) -> Iterator[tuple[str, JSON, Place, Collection[str]]]:
    properties = schema.get("properties")
    declared = properties if isinstance(properties, dict) else {}
    for name, member in declared.items():
        yield name, member, place.into("properties", name, named=name), declared
    for key in _LISTS:
        for step, part in _parts(schema.get(key)):
            yield "", part, place.into(key, *step, named="[]"), ()
    for key in _COMBINED:
        for step, part in _parts(schema.get(key)):
            yield "", part, place.into(key, *step), ()


def _parts(value: JSON) -> Iterator[tuple[tuple[int, ...], JSON]]:
    if isinstance(value, list):
        yield from (((at,), part) for at, part in enumerate(value))
    elif isinstance(value, dict):
        yield (), value


def _resolved(reference: str, root: JSON) -> JSON:
    if not reference.startswith("#/"):
        return None
    node = root
    for token in reference[2:].split("/"):
        node = node.get(token.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return node


def _formats(schema: Mapping[str, JSON]) -> Iterator[str]:
    """The format of a schema, of its elements and of its alternatives."""
    waiting: list[JSON] = [dict(schema)]
    for _ in range(20):
        node = waiting.pop() if waiting else None
        if isinstance(node, dict):
            if isinstance(word := node.get("format"), str):
                yield word
            for key in (*_LISTS, *_COMBINED):
                waiting += [part for _, part in _parts(node.get(key))]


def _free_text(schema: JSON, level: int) -> bool:
    """Whether a caller may put a text of its own choice there, or into elements of a list that stands there."""
    if not isinstance(schema, dict):
        return schema is not False
    if "enum" in schema or "const" in schema:
        return False
    types = schema.get("type")
    named = types if isinstance(types, list) else [types]
    if level < 4 and "array" in named:
        parts = [part for key in _LISTS for _, part in _parts(schema.get(key))]
        if not parts or any(_free_text(part, level + 1) for part in parts):
            return True
    alternatives = [part for key in ("anyOf", "oneOf") for _, part in _parts(schema.get(key))]
    if alternatives and types is None and level < 4:
        return any(_free_text(part, level + 1) for part in alternatives)
    return (types is None and "properties" not in schema) or "string" in named
