"""Parameters that want what the tool has no use for: secrets, the conversation, a fixed recipient. Pure: no Django."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from governance.canonical.values import JSON
from registry.manifest.canonical import Item, Kind
from registry.scan.finding import Hit, Hits, Steps
from registry.scan.plain import name_words, plain
from registry.scan.texts import parameters
from registry.scan.words import asked

LONGEST: Final = 4_000


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_CONVERSATION_NAME, _CONVERSATION_PROSE = _any(asked.CONVERSATION_NAMES), _any(asked.CONVERSATION_PROSE)
_USER_WORDS, _ENVIRONMENT, _MOVED = _any(asked.USER_WORDS), _any(asked.ENVIRONMENT), _any(asked.MOVED)
_DEEP, _PLAIN, _OF_THE_USER = _any(asked.DEEP_SECRETS), _any(asked.PLAIN_SECRETS), _any(asked.OF_THE_USER)
_RECIPIENT, _SENDER, _ONLY_NAMED = _any(asked.RECIPIENT), re.compile(asked.SENDER), re.compile(asked.ONLY_NAMED)
_IDENTIFIER: Final = re.compile(
    r"\b(?:ids?|uuids?|count|limit|mode|type|format|level|name|names|number|size|path|url|version|order)$"
)
_FIXED: Final = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.]{2,64}|\b(?:https?|wss?|ftp)://\S|\+\d[\d ().-]{7,}|\b[A-Z]{2}\d{2}[A-Z0-9 "
    r"]{11,30}\b"
    r"|\b0x[0-9a-fA-F]{40}\b|\bbc1[a-z0-9]{20,}\b"
)
_WEB: Final = re.compile(r"(?:https?|wss?|ftp)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PLACEHOLDER: Final = re.compile(
    r"https?://(?:localhost|127\.|0\.0\.0\.0|\[::1\]|api\.|your[-.]|\{|<|host\b)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A parameter in plain words, beside what the tool says that it is about."""

    steps: Steps
    name: str
    prose: str
    quote: str
    about: frozenset[str]
    opening: frozenset[str]

    def says(self, pattern: re.Pattern[str]) -> bool:
        return pattern.search(self.name) is not None or pattern.search(self.prose) is not None


def asking(item: Item) -> Hits:
    """What the parameters of a tool or prompt, or the variables of a template, give."""
    about = _about(item)
    if item.kind is Kind.TEMPLATE:
        yield from _reporting(item)
        for names in re.findall(r"\{[+#./;?&]?([^{}]{1,200})\}", item.name):
            for variable in names.split(","):
                yield from _wanted(_asked(item, ("uriTemplate",), variable.strip("*"), {}, about))
        return
    for steps, name, schema in parameters(item.document):
        if schema.get("type") != "boolean":
            yield from _wanted(_asked(item, steps, name, schema, about))
        yield from _fixed(steps, name, schema)


def _reporting(item: Item) -> Hits:
    """A template that is an address of the web and takes what is nobody's business there."""
    if item.name.lower().startswith(("file:///{", "file://{")):
        yield Hit("open-file-template", ("uriTemplate",), item.name)
    elif match := _WEB.match(item.name):
        host, rest = match.groups()
        wanted = {word for name in re.findall(r"\{[+#./;?&]?([^{}]{1,200})\}", rest) for word in name_words(name)}
        if "{" in host or not wanted.isdisjoint(asked.PRIVATE_VARIABLES):
            yield Hit("reporting-template", ("uriTemplate",), item.name)


def _about(item: Item) -> frozenset[str]:
    title = item.document.get("title")
    return frozenset((*name_words(item.name), *(name_words(title) if isinstance(title, str) else ())))


def _asked(item: Item, steps: Steps, name: str, schema: Mapping[str, JSON], about: frozenset[str]) -> _Asked:
    description, title, whole = schema.get("description"), schema.get("title"), item.document.get("description")
    prose = " ".join(plain(text[:LONGEST]) for text in (title, description) if isinstance(text, str))
    first = whole.split(". ")[0][:300] if isinstance(whole, str) else ""
    quote = f"{name}: {description if isinstance(description, str) else ''}"
    return _Asked(steps, " ".join(name_words(name)), prose, quote, about, frozenset(plain(first).split()))


def _wanted(asked_for: _Asked) -> Hits:
    if not asked_for.about & asked.CONVERSING:
        yield from _conversation(asked_for)
    if asked_for.says(_ENVIRONMENT) and not (asked_for.about | asked_for.opening) & asked.RUNNING:
        yield Hit("secret-parameter", asked_for.steps, asked_for.quote, "the environment of a process")
    yield from _secret(asked_for)


def _conversation(asked_for: _Asked) -> Hits:
    identifier = _IDENTIFIER.search(asked_for.name)
    if (_CONVERSATION_NAME.search(asked_for.name) and not identifier) or _CONVERSATION_PROSE.search(asked_for.prose):
        if not (asked_for.opening & asked.CONVERSING and not _CONVERSATION_NAME.search(asked_for.name)):
            yield Hit("conversation-parameter", asked_for.steps, asked_for.quote)
    elif _USER_WORDS.search(asked_for.name) and not identifier:
        yield Hit("user-words-parameter", asked_for.steps, asked_for.quote)


def _secret(asked_for: _Asked) -> Hits:
    moved, named = asked_for.says(_MOVED), _ONLY_NAMED.search(asked_for.prose) is not None
    expected = bool((asked_for.about | asked_for.opening) & asked.AUTHENTICATING)
    if asked_for.says(_DEEP):
        if moved and not asked_for.about & asked.AUTHENTICATING:
            yield Hit("secret-parameter", asked_for.steps, asked_for.quote, "the contents of what nobody hands on")
        elif not expected and not named and not _IDENTIFIER.search(asked_for.name):
            yield Hit("secret-parameter", asked_for.steps, asked_for.quote)
    elif asked_for.says(_PLAIN) and not expected:
        if _OF_THE_USER.search(asked_for.prose) and not _own_service(asked_for):
            yield Hit("secret-parameter", asked_for.steps, asked_for.quote)
        elif _PLAIN.search(asked_for.name):
            yield Hit("credential-parameter", asked_for.steps, asked_for.quote)


def _own_service(asked_for: _Asked) -> bool:
    """Whether the description says for which service the credential is, as an honest one does."""
    said = f" {asked_for.prose} "
    obtained = " from " in said and (" get " in said or " obtain" in said)
    return obtained or " optional " in said or bool(asked_for.about & set(asked_for.prose.split()))


def _fixed(steps: Steps, name: str, schema: Mapping[str, JSON]) -> Hits:
    said = " ".join(name_words(name))
    if not _RECIPIENT.search(said) or _SENDER.search(said):
        return
    values = [(("default",), schema.get("default")), (("const",), schema.get("const"))]
    enum = schema.get("enum")
    if isinstance(enum, list) and len(enum) == 1:
        values.append((("enum",), enum[0]))
    for where, value in values:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and _FIXED.search(text) and not _PLACEHOLDER.search(text):
                yield Hit("fixed-recipient", (*steps, *where), f"{name}: {text}")


TRIGGERS: Final = frozenset(
    """
    conversation chat chats dialog dialogue discussion message messages prompt prompts context history
    transcript session sessions thoughts reasoning thought scratchpad tools tool servers mcps model env
    environment dotenv printenv environ rsa ed25519 private ssh seed recovery mnemonic mnemonics master keychain
    keyring cookie cookies jar aws credential credentials secret secrets passwd shadow npm password passwords
    pwd passphrase passphrases backup otp cvv cvc pin card ssn social passport maiden wallet signing vault key
    keys apikey apikeys token tokens bearer jwt login authorization monologue interaction utterance query
    request memory everything anything whatever sms code codes banking answers replies
    """.split()
)
"""Words without which no parameter can be one of these."""
SENDS: Final = re.compile(r"\w@[\w-]+\.|://|\+\d|\b[A-Z]{2}\d{2}[A-Z0-9 ]{11}|0x[0-9a-fA-F]{40}|bc1")
