"""Finds what makes a tool worse than the act that it is for. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from governance.policy.intents.addresses import by_address
from governance.policy.intents.clauses import Act
from governance.policy.intents.consequences import consequences, kept, side_effects
from governance.policy.intents.evidence import Finding
from governance.policy.intents.parameters import Part, Taken
from governance.policy.intents.queries import only_reads
from governance.policy.intents.tables import word_set
from governance.policy.intents.words import split
from governance.policy.values import Intent

_NAMES_A_THING: Final = "the description names"
_CARRYING: Final = word_set("copy sync mirror backup push move replicate upload transfer export")
_JUDGING: Final = word_set("check validate simulate preview explain lint estimate verify")
_KEEPING: Final = word_set(
    "keep repair fix edit import rename archive assign register install create save store write update mark "
    "modify insert append persist"
)
SENDING: Final = word_set("send email mail post publish upload forward transmit broadcast notify")
# Verbs that a reading uses of what it shows as often.
_STATES: Final = word_set(
    "run execute invoke call order block drain lose expire exit disable suspend reset clear transfer deactivate "
    "restart invalidate ban purchase sell withdraw empty truncate"
)
_PUBLIC: Final = frozenset({"public", "publicly", "anonymous", "ipfs"})
_SHARED: Final = frozenset({"share", "public"})
_FORWARDING: Final = frozenset({"forwarding", "forwarder", "autoforward", "autoreply", "responder"})
_SIGNED: Final = frozenset({"presigned", "presign", "signed", "shareable"})
_LINKS: Final = frozenset({"url", "urls", "link", "links", "post"})
_PRESIGNED: Final = frozenset({"presigned", "presign"})
_GOT: Final = [["get"], ["obtain"], ["fetch"], ["request"], ["retrieve"], ["produce"]]
_OPENING: Final = word_set("share sharing shareable public presigned signed invite")
_SINKS: Final = word_set(
    "webhook webhooks hook hooks destination drain sink endpoint callback forwarder mirror remote subscription "
    "notification integration"
)
_COMMANDS: Final = word_set("command cmd commands shell argv program")
_LOOKING_AT_CODE: Final = _JUDGING | word_set("parse format find search list describe analyze analyse audit scan")
_SEEKING: Final = frozenset({"find", "search", "list", "describe"})
# What carries content and with force replaces what is there.
_FORCED: Final = frozenset({"push", "deploy", "publish", "upload", "sync", "release"})
_COMPUTING: Final = frozenset({"start", "call", "compute", "calculate", "evaluate"})
# What is new has nothing yet that a state could end.
_BEGINNING: Final = word_set("create add make insert register new upload import")
_PLANNING: Final = word_set("plan preview simulate dry check validate diff estimate")
_MAILED: Final = [["email"], ["mail"], ["message"], ["sms"], ["share"], ["post"], ["deliver"]]
_REQUESTS: Final = frozenset({"request", "api", "proxy", "rest", "http", "endpoint"})


class Text(NamedTuple):
    """A description, and the words that it was cut into."""

    whole: str
    words: Sequence[str]


def raises(
    main: Finding | None, words: Sequence[str], text: Text, said: Sequence[Act], parameters: Taken
) -> Iterator[Finding]:
    """What else is said that makes a tool worse than its first act."""
    description = text.whole
    reads = main is not None and main.reads
    payee = parameters.parts.get(Part.PAYEE)
    if payee is not None and Part.AMOUNT in parameters.parts and (main is None or main.intent is Intent.WRITE):
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{payee}` lets the caller choose where an amount goes")
    for act in said:
        if not act.main and act.intent is not Intent.READ and _adds(act, main, reads):
            yield Finding(act.intent, f"the description says {act.word}")
    only_named = main is not None and (
        main.why.startswith(_NAMES_A_THING) or (main.intent is Intent.READ and _of_a_link(text, said))
    )
    if text.words and (main is None or main.intent is Intent.WRITE or only_named):
        told = consequences(description, text.words)
        yield from (found for found in told if "draft" not in words or found.intent is not Intent.EXFILTRATIVE)
    if main is not None and main.intent is Intent.READ and text.words:
        yield from side_effects(description, text.words)
    if main is not None and main.intent is Intent.READ and " into " in description[:300]:
        found = kept(description)
        if found is not None:
            yield found
    yield from _by_choice(main, parameters)
    opened = any(act.base in ("publish", "create") and act.intent is not Intent.READ for act in said)
    yield from _by_recipient(main, words, parameters, opened=opened)
    yield from by_address(main, words, description, parameters)
    yield from _by_code(main, words, description, parameters)
    yield from _by_parameter(main, words, parameters)


def _of_a_link(text: Text, said: Sequence[Act]) -> bool:
    """Whether a description has no act and names an address: `Link for people without an account`."""
    return not said and text.words[:1] in (["link"], ["address"], ["url"])


def _adds(act: Act, main: Finding | None, reads: bool) -> bool:
    """Whether what a description says later makes its tool worse; one that reads by its name needs plain words."""
    if act.hint:
        return main is not None and (main.intent is Intent.WRITE or (act.base == "reach" and not reads))
    if act.intent is Intent.WRITE:
        return main is not None and act.firm and act.sure and (act.base in _KEEPING or not reads)
    if not act.firm or not act.sure:
        return False
    if not reads:
        return True
    if act.base in _STATES:
        return False
    return act.intent is Intent.DESTRUCTIVE or act.base in SENDING


def _by_choice(main: Finding | None, parameters: Taken) -> Iterator[Finding]:
    if main is not None and main.intent is Intent.READ and main.base in _JUDGING:
        return
    reaching = parameters.http and Part.ADDRESS in parameters.parts
    for intent in (Intent.DESTRUCTIVE, Intent.EXFILTRATIVE, Intent.WRITE):
        chosen = parameters.choices.get(intent)
        if intent is Intent.WRITE and main is not None and main.firm and main.intent is Intent.READ:
            continue
        if chosen is None or (reaching and intent is Intent.DESTRUCTIVE):
            continue
        if (
            intent is Intent.EXFILTRATIVE
            and main is not None
            and main.intent is Intent.READ
            and not parameters.parts.get(Part.ACT)
        ):
            continue
        yield Finding(intent, f"the parameter `{chosen[0]}` can be {chosen[1]}")


def _by_recipient(main: Finding | None, words: Sequence[str], parameters: Taken, *, opened: bool) -> Iterator[Finding]:
    parts = parameters.parts
    sink = parts.get(Part.SINK)
    if sink is not None:
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{sink}` lets the caller choose where content goes")
    writes = (main is None or main.intent is Intent.WRITE) and "draft" not in words and "drafts" not in words
    recipient = parts.get(Part.RECIPIENT) or parts.get(Part.GUESTS)
    mailed = main is not None and main.intent is Intent.READ and not main.firm and words[:1] in _MAILED
    if recipient is not None and mailed:
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{recipient}` lets the caller choose who gets the content")
    if recipient is not None and writes and (Part.CONTENT in parts or Part.GUESTS in parts):
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{recipient}` lets the caller choose who gets the content")
    audience = parts.get(Part.AUDIENCE)
    if audience in ("public", "is_public", "make_public", "isPublic", "makePublic") and writes:
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{audience}` lets the caller make it public")
    address = parts.get(Part.ADDRESS)
    if address is not None and main is not None and main.intent is Intent.WRITE and not _SINKS.isdisjoint(words):
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{address}` lets the caller choose where content goes")
    yield from _by_link(main, words, opened=opened)
    if (main is None or main.intent is Intent.WRITE) and not _FORWARDING.isdisjoint(words):
        yield Finding(Intent.EXFILTRATIVE, "the name says that something is forwarded")
    to_public = list(words[-2:]) == ["to", "public"]
    if to_public or (main is not None and main.intent is Intent.WRITE and not _PUBLIC.isdisjoint(words)):
        yield Finding(Intent.EXFILTRATIVE, "the name says that it becomes public")
    if main is not None and main.intent is Intent.WRITE and not {"ftp", "sftp"}.isdisjoint(words):
        yield Finding(Intent.EXFILTRATIVE, "the name says ftp, which carries content to another host")
    host = parts.get(Part.HOST)
    if host is not None and main is not None and main.intent is Intent.WRITE and main.base in _CARRYING:
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{host}` lets the caller choose where content goes")


def _by_link(main: Finding | None, words: Sequence[str], *, opened: bool) -> Iterator[Finding]:
    """A link with which others get at what it leads to."""
    if not _SIGNED.isdisjoint(words) and not _LINKS.isdisjoint(words):
        yield Finding(Intent.EXFILTRATIVE, "the name says that a link is signed, with which anybody gets at it")
    if words[:1] in _GOT and not _PRESIGNED.isdisjoint(words):
        yield Finding(Intent.EXFILTRATIVE, "the name says that an address is signed, with which anybody gets at it")
    if words[:1] in _GOT and words[-1] in ("link", "url") and not _OPENING.isdisjoint(words):
        yield Finding(Intent.EXFILTRATIVE, "the name says that a link is got with which others get at it")
    if not _SHARED.isdisjoint(words) and not _LINKS.isdisjoint(words) and (main is None or not main.reads or opened):
        yield Finding(Intent.EXFILTRATIVE, "the name says that a link is shared, with which others get at it")


def _by_code(main: Finding | None, words: Sequence[str], description: str, parameters: Taken) -> Iterator[Finding]:
    """What is run or stated, whatever the tool does beside."""
    parts = parameters.parts
    intent = None if main is None else main.intent
    code = parts.get(Part.CODE)
    if code is not None and _runs(main, code, described=bool(description)):
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{code}` can be any code or command")
    sql = parts.get(Part.SQL)
    if sql is not None and intent in (None, Intent.WRITE) and not only_reads(words, description):
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{sql}` takes a statement that can do anything")
    if parts.get(Part.EXEC) is not None:
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{parts[Part.EXEC]}` can be any code or command")
    if (
        parameters.run is not None
        and not only_reads(words, description)
        and (main is None or main.base not in _LOOKING_AT_CODE or main.base in _SEEKING)
    ):
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{parameters.run}` is run, whatever it is")


def _by_parameter(main: Finding | None, words: Sequence[str], parameters: Taken) -> Iterator[Finding]:
    parts = parameters.parts
    intent = None if main is None else main.intent
    force = parts.get(Part.FORCE)
    if force is not None and (intent is Intent.WRITE or (main is not None and main.base in _FORCED)):
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{force}` lets the caller overwrite or remove what is there")
    removal = parts.get(Part.REMOVAL)
    if removal is not None and _PLANNING.isdisjoint(words) and intent in (Intent.READ, Intent.WRITE, None):
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{removal}` makes it remove something")
    for part, what in ((Part.SAVING, "keep a file"), (Part.KEEPING, "change something beside")):
        key = parts.get(part)
        if key is not None and intent is Intent.READ:
            yield Finding(Intent.WRITE, f"the parameter `{key}` makes it {what}")
    carried = parts.get(Part.CARRYING)
    if carried is not None and intent in (Intent.READ, Intent.WRITE):
        yield Finding(Intent.EXFILTRATIVE, f"the parameter `{carried}` makes it send or publish what it made")
    if parameters.value is not None and main is None:
        yield Finding(Intent.WRITE, f"the parameter `{parameters.value}` is set")
    begun = main is not None and main.base in _BEGINNING
    if parameters.strategy is not None and intent in (Intent.WRITE, None) and not begun:
        yield Finding(Intent.DESTRUCTIVE, f"the parameter `{parameters.strategy[0]}` can be {parameters.strategy[1]}")
    if intent is Intent.READ and main is not None and main.firm and not parameters.http:
        return
    method = parts.get(Part.METHOD) or parts.get(Part.ACT)
    if method is not None and Part.ADDRESS not in parts and method.lower().endswith("method"):
        asked = not _REQUESTS.isdisjoint(words) and not {"pull", "merge"} & set(words)
        if parameters.http or ((asked or main is None) and not parameters.named):
            yield Finding(Intent.DESTRUCTIVE, f"the parameter `{method}` lets the caller choose any request")


def _runs(main: Finding | None, code: str, *, described: bool) -> bool:
    """Whether what a parameter of code or commands takes is run, as far as the rest of the manifest does not tell."""
    if main is None or main.base in _COMPUTING:
        return True
    if main.intent is Intent.WRITE:
        return any(word in _COMMANDS for word in split(code))
    return main.intent is Intent.READ and not described and main.base not in _LOOKING_AT_CODE
