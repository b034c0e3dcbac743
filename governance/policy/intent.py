"""Judges the worst that a tool can do from what its manifest says. Pure: no Django, no I/O, no model.

Name, description and schema are all claims of the server: what they admit to raises the class, and an annotation that
promises harmlessness never lowers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from governance.canonical.values import JSON
from governance.policy.values import Intent

_RANK: Final = {
    Intent.UNKNOWN: 0,
    Intent.READ: 1,
    Intent.WRITE: 2,
    Intent.EXFILTRATIVE: 3,
    Intent.DESTRUCTIVE: 4,
}

_VERBS: Final[Mapping[Intent, str]] = {
    Intent.READ: (
        "get list read search find show describe view count status diff log tree info lookup check inspect explain "
        "validate preview convert calculate compute compare resolve summarize analyze analyse retrieve load query "
        "select head stat whoami ping echo watch poll history verify test suggest estimate translate parse scan "
        "discover detect measure fetch browse download open display print dump enumerate filter identify returns "
        "return shows lists reads gets searches finds retrieves calculates checks fetches converts displays"
    ),
    Intent.WRITE: (
        "create add write update edit set put insert append rename move copy save store commit checkout merge init "
        "initialize tag label assign comment mark enable configure register schedule start patch modify change upsert "
        "import apply restore reopen close open_issue generate build make fork clone stage attach link pin star join "
        "subscribe follow bookmark resize convert_file upload_local creates adds updates edits writes sets inserts "
        "appends renames moves copies saves stores commits"
    ),
    Intent.DESTRUCTIVE: (
        "delete remove drop destroy purge truncate wipe erase clear reset revoke kill stop terminate shutdown "
        "uninstall overwrite execute exec run eval shell bash pay refund charge transfer withdraw purchase buy "
        "cancel disable rebase unlink prune rm expire ban block deactivate restart reboot format flush empty evict "
        "discard rollback force invoke evaluate deletes removes drops destroys executes runs clears resets revokes "
        "stops cancels overwrites terminates"
    ),
    Intent.EXFILTRATIVE: (
        "send publish share email mail tweet notify upload push export broadcast forward invite submit reply post "
        "message dm sms webhook announce sends publishes shares uploads pushes exports forwards posts"
    ),
}
_INTENT_OF: Final = {verb: intent for intent, verbs in _VERBS.items() for verb in verbs.split()}

_TOKENS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", re.ASCII).findall
_FIRST_WORDS: Final = re.compile(r"[A-Za-z]+", re.ASCII).findall
_READING_ENDS: Final = frozenset({"list", "get", "search", "status", "info", "history"})
_MONEY: Final = frozenset({"refund", "payment", "payout", "transfer", "charge", "withdrawal", "order", "purchase"})
_JOINING: Final = frozenset({"and", "or", "then"})

_NOT: Final = r"(?<!not )(?<!never )(?<!without )(?<!cannot )(?<!n't )(?<!no )"
_PHRASES: Final[tuple[tuple[Intent, re.Pattern[str]], ...]] = tuple(
    (intent, re.compile(_NOT + pattern, re.IGNORECASE | re.ASCII))
    for intent, pattern in (
        (Intent.DESTRUCTIVE, r"\b(?:permanently|irreversibl[ey]|cannot be undone|can ?not be recovered)\b"),
        (Intent.DESTRUCTIVE, r"\b(?:completely )?overwrit(?:e|es|ing)\b"),
        (Intent.DESTRUCTIVE, r"\b(?:delet(?:e|es|ing)|remov(?:e|es|ing)) (?:the|a|an|all|any|one|files?|records?)\b"),
        (Intent.DESTRUCTIVE, r"\b(?:arbitrary|shell|bash|terminal|system) (?:code|commands?|scripts?)\b"),
        (
            Intent.DESTRUCTIVE,
            r"\b(?:run|runs|execute|executes|executing) (?:\w+ ){0,3}(?:sql|code|scripts?|commands?)\b",
        ),
        (Intent.DESTRUCTIVE, r"\b(?:mov(?:e|es|ing)|transfer(?:s|ring)?) (?:money|funds)\b"),
        (
            Intent.EXFILTRATIVE,
            r"\bsend(?:s|ing)? (?:\w+ ){0,3}(?:e-?mails?|messages?|requests?|notifications?)\b",
        ),
        (Intent.EXFILTRATIVE, r"\b(?:publicly (?:available|accessible|visible)|make \w+ public|public link)\b"),
    )
)

_CODE_ARGUMENTS: Final = frozenset({"sql", "command", "cmd", "code", "script", "shell", "statement", "expression_js"})
_RECIPIENT_ARGUMENTS: Final = frozenset({"recipient", "recipients", "to", "cc", "bcc", "webhook", "webhook_url"})
_HOST_ARGUMENTS: Final = frozenset({"url", "urls", "uri", "endpoint", "host", "hostname"})
_CONTENT_ARGUMENTS: Final = frozenset({"body", "message", "text", "content", "subject", "payload", "data", "html"})
_REACHING_VERBS: Final = frozenset(
    {"fetch", "fetches", "request", "get", "open", "navigate", "browse", "download", "http", "visit", "crawl", "scrape"}
)
_OVERWRITING_ARGUMENTS: Final = frozenset({"force", "overwrite", "hard", "recursive"})


def classify(
    name: str,
    description: str | None = None,
    schema: Mapping[str, JSON] | None = None,
    annotations: Mapping[str, JSON] | None = None,
) -> tuple[Intent, str]:
    """The worst that a tool can do, and why in a few words. The same manifest always gets the same answer."""
    evidence = list(_evidence(name, description or "", schema or {}))
    evidence.extend(_from_annotations(annotations or {}, evidence))
    if not evidence:
        return Intent.UNKNOWN, "neither name, description nor schema says what it does"
    return max(evidence, key=lambda found: _RANK[found[0]])


def _evidence(name: str, description: str, schema: Mapping[str, JSON]) -> Iterator[tuple[Intent, str]]:
    named = list(_from_name(name))
    yield from named
    if not named:
        yield from _from_first_words(description)
    for intent, phrase in _PHRASES:
        match = phrase.search(description)
        if match is not None:
            yield intent, f"the description says {match[0]!r}"
    yield from _from_schema(name, description, schema)


def _from_name(name: str) -> Iterator[tuple[Intent, str]]:
    """The leading verb decides; after `and` another one counts as well. Nouns behind a verb say nothing."""
    words = [word.lower() for word in _TOKENS(name)]
    fresh = True
    for place, word in enumerate(words):
        if word in _JOINING:
            fresh = True
        elif fresh and word in _INTENT_OF:
            intent = _INTENT_OF[word]
            # `message_list` and `run_status` begin with a noun: the reading at the end names the act.
            last = words[-1]
            if place == 0 and len(words) == 2 and last in _READING_ENDS:
                yield Intent.READ, f"the name says {last!r}"
            elif intent is Intent.WRITE and not _MONEY.isdisjoint(words):
                yield Intent.DESTRUCTIVE, f"the name says {word!r} and what follows moves money"
            else:
                yield intent, f"the name says {word!r}"
            fresh = False


def _from_first_words(description: str) -> Iterator[tuple[Intent, str]]:
    for word in _FIRST_WORDS(description)[:3]:
        intent = _INTENT_OF.get(word.lower())
        if intent is not None:
            yield intent, f"the description begins with {word!r}"
            return


def _from_schema(name: str, description: str, schema: Mapping[str, JSON]) -> Iterator[tuple[Intent, str]]:
    properties = schema.get("properties")
    arguments = {key.lower() for key in properties} if isinstance(properties, dict) else set()
    words = {word.lower() for word in _TOKENS(name)}
    code = sorted(arguments & _CODE_ARGUMENTS)
    if code:
        yield Intent.DESTRUCTIVE, f"it takes {code[0]!r}, which can be anything"
    if "query" in arguments and re.search(r"\bsql\b", description + " " + " ".join(words), re.IGNORECASE):
        yield Intent.DESTRUCTIVE, "it takes an SQL query, which can be anything"
    recipients = sorted(arguments & _RECIPIENT_ARGUMENTS)
    if recipients and arguments & _CONTENT_ARGUMENTS:
        yield Intent.EXFILTRATIVE, f"it takes content and {recipients[0]!r}"
    hosts = sorted(arguments & _HOST_ARGUMENTS)
    if hosts and words & _REACHING_VERBS:
        yield Intent.EXFILTRATIVE, f"it reaches the {hosts[0]!r} that the caller names"
    forcing = sorted(arguments & _OVERWRITING_ARGUMENTS)
    if forcing and any(_INTENT_OF.get(word) is Intent.WRITE for word in words):
        yield Intent.DESTRUCTIVE, f"it writes and takes {forcing[0]!r}"


def _from_annotations(
    annotations: Mapping[str, JSON], evidence: list[tuple[Intent, str]]
) -> Iterator[tuple[Intent, str]]:
    """What annotations admit. `destructiveHint` is true by default in MCP, so only a written one says something."""
    if annotations.get("destructiveHint") is True and annotations.get("readOnlyHint") is not True:
        yield Intent.DESTRUCTIVE, "its annotations say destructiveHint"
    elif annotations.get("readOnlyHint") is False and evidence:
        yield Intent.WRITE, "its annotations say that it is not read-only"
