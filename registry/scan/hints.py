"""Annotations and titles that say something else than the tool does. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Final

from governance.canonical.values import JSON
from registry.manifest.canonical import Item, Kind
from registry.scan.finding import Hit, Hits
from registry.scan.plain import name_words, plain

DESTROYING: Final = frozenset(
    "delete deletes remove removes drop drops destroy destroys purge purges truncate wipe wipes erase erases "
    "uninstall revoke "
    "revokes terminate terminates kill kills overwrite overwrites shred unlink rm prune reset "
    "cancel refund pay charge transfer withdraw buy sell purchase deploy shutdown reboot".split()
)
CHANGING: Final = frozenset(
    "write writes create creates update updates insert inserts modify modifies edit edits append rename move moves "
    "upload uploads send sends post posts publish publishes "
    "put set add adds execute executes exec run runs eval install merge push commit patch save saves store submit "
    "share invite grant assign book order schedule trigger email".split()
)
LOOKING: Final = frozenset(
    "get gets list lists read reads search searches find finds show shows view views fetch fetches describe "
    "describes count check checks query lookup inspect preview status export download "
    "browse explore compare calculate validate".split()
)
_GRAVELY: Final = re.compile(
    r"\b(?:permanent(?:ly)?|irreversibl[ey]|cannot be undone|can not be undone|deletes?|deleting|overwrites?"
    r"|overwriting|destroys?"
    r"|drops? (?:the|a|all)|wipes?|purges?|transfers? (?:money|funds|the)|charges? the"
    r"|(?:executes?|runs?) (?:arbitrary |any |the |a |shell )?(?:commands?|code|sql|scripts?)"
    r"|sends? (?:an? |the )?(?:e ?mail|message|payment|money)|publishes|erases?|removes? (?:all|every|any)|revokes?"
    r"|resets the password|pays)\b"
)
_SAYS_SO: Final = re.compile(
    rf"{_GRAVELY.pattern}|\b(?:removes? (?:the|a|an|all|every|any)|revokes?|terminates?|writes? (?:to|the|a)|sends? "
    rf"(?:an? |the )?request)\b"
)
LONGEST: Final = 600
_NEGATED: Final = re.compile(
    r"\b(?:not|never|without|no|cannot|doesnt|wont|deleted|which|that were|if|whether|dry run|preview|would)\b"
)


def hints(item: Item) -> Hits:
    """What the annotations and the titles of a tool give."""
    if item.kind is not Kind.TOOL:
        return
    annotations = item.document.get("annotations")
    annotations = annotations if isinstance(annotations, dict) else {}
    description = item.document.get("description")
    verb, says_so, gravely = _verb(item.name), _says(_SAYS_SO, description), _says(_GRAVELY, description)
    read_only, destructive = annotations.get("readOnlyHint"), annotations.get("destructiveHint")
    quote, why = (
        f"{item.name}: readOnlyHint {read_only}, destructiveHint {destructive}",
        says_so or f"its name says {verb!r}",
    )
    if read_only is True:
        if verb in DESTROYING or (verb in CHANGING and gravely) or (gravely and verb not in LOOKING):
            yield Hit("lying-annotation", ("annotations", "readOnlyHint"), quote, gravely or why)
        elif verb in CHANGING or says_so:
            yield Hit("doubtful-annotation", ("annotations", "readOnlyHint"), quote, why)
        elif destructive is True:
            yield Hit("doubtful-annotation", ("annotations", "destructiveHint"), quote, "it cannot be both")
    elif destructive is False and (verb in _CERTAIN or (verb in DESTROYING and gravely)):
        yield Hit("lying-annotation", ("annotations", "destructiveHint"), quote, gravely or why)
    elif destructive is False and says_so:
        yield Hit("doubtful-annotation", ("annotations", "destructiveHint"), quote, says_so)
    yield from _titles(item, annotations, verb)


_CERTAIN: Final = frozenset("delete drop destroy purge truncate wipe erase shred kill overwrite".split())
_LOOKERS: Final = frozenset("reader viewer status info list logs history".split())


def _verb(name: str) -> str:
    """The word of a name that says what is done: the first that is an act. A reader of deployments reads."""
    words = name_words(name)
    if words and words[-1] in _LOOKERS and words[0] not in _CERTAIN:
        return "read"
    return next((word for word in words if word in DESTROYING or word in CHANGING or word in LOOKING), "")


def _says(pattern: re.Pattern[str], description: JSON) -> str:
    """What a description says by the pattern where it begins, negations left out; or nothing."""
    if not isinstance(description, str):
        return ""
    for sentence in re.split(r"[.!?\n;]", description[:LONGEST]):
        said = plain(sentence)
        match = pattern.search(said)
        if match and not _NEGATED.search(said[: match.start()]) and not said.startswith(("use ", "see ")):
            return f"its description says {match[0].strip()!r}"
    return ""


def _titles(item: Item, annotations: dict[str, JSON], verb: str) -> Hits:
    if verb not in DESTROYING:
        return
    for steps, title in (
        (("title",), item.document.get("title")),
        (("annotations", "title"), annotations.get("title")),
    ):
        if isinstance(title, str) and (shown := _verb(title)) in LOOKING and shown:
            yield Hit("misleading-title", steps, f"{title} ({item.name})")
