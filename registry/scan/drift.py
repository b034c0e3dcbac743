"""What is new in a tool since it was last looked at, and worse than before. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from governance.canonical.values import JSON
from registry.manifest.canonical import Item, Kind
from registry.scan.finding import Hit, Hits
from registry.scan.plain import name_words
from registry.scan.texts import gather, parameters

_REACHING: Final = frozenset(
    "url uri webhook callback endpoint host bcc cc recipient recipients forward notify token password secret key "
    "credential credentials command cmd script "
    "code shell exec eval sql path file conversation context history prompt email telemetry report upload proxy "
    "env environment".split()
)
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+\w|\bhttps?://([^\s/\"'<>)]+)")


def known_texts(item: Item, was: Item | None) -> frozenset[str] | None:
    """The texts that an item had when it was last looked at; None where nothing is known of it or nothing changed."""
    return None if was is None or was.digest == item.digest else frozenset(gather(was.document))


def drift(item: Item, was: Item | None) -> Hits:
    """What `item` has that it had not when it `was` last looked at."""
    if item.kind is not Kind.TOOL or was is None or was.digest == item.digest:
        return
    yield from _hints(item.document, was.document)
    known = {name for _, name, _ in parameters(was.document)}
    for steps, name, _ in parameters(item.document):
        if name not in known and not _REACHING.isdisjoint(name_words(name)):
            yield Hit("new-reaching-parameter", steps, name)
    fresh = _addresses(item.document) - _addresses(was.document)
    if fresh:
        yield Hit("new-address", (), ", ".join(sorted(fresh))[:400])


def _hints(now: Mapping[str, JSON], was: Mapping[str, JSON]) -> Hits:
    new, old = now.get("annotations"), was.get("annotations")
    was_harmless = isinstance(old, dict) and old.get("readOnlyHint") is True
    if was_harmless and not (isinstance(new, dict) and new.get("readOnlyHint") is True):
        yield Hit("no-longer-read-only", ("annotations",), str(now.get("description", ""))[:400])


def _addresses(document: Mapping[str, JSON]) -> set[str]:
    return {match[1] or match[0] for text in gather(document) for match in _ADDRESS.finditer(text)}
