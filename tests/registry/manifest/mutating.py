"""Places in a manifest, and what has to be true of everything that is told of a change in one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from governance.canonical.strict_json import parse
from governance.text.visible import visible
from registry.manifest.canonical import Manifest
from registry.manifest.change import Absent, Change
from registry.manifest.change_kinds import WEIGHTS
from registry.manifest.explain import explain
from registry.manifest.words import Op
from tests.registry.manifest.documents import LISTS, manifest

LABEL = re.compile(r"⟦U\+[0-9A-F]{4,6}⟧")

Path = tuple[str | int, ...]


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inner:
        yield (*at, key)
        yield from paths(member, (*at, key))


def at_path(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def fields(document: Any) -> list[Path]:
    """Every place inside the one item of a document, the fields that name it left out."""
    (field,) = document
    start: Path = (field, 0) if field in LISTS else (field,) if isinstance(document[field], dict) else ()
    named = {(*start, LISTS[field])} if field in LISTS else set()
    return [(*start, *path) for path in paths(at_path(document, start)) if (*start, *path) not in named]


def readable(document: Any) -> Manifest | None:
    """The manifest, or None where the mutation left none (instructions that are no text, and the like)."""
    try:
        return manifest(document)
    except ValueError:
        return None


def require_told(old: Manifest, new: Manifest) -> None:
    """Equal digests tell nothing; others tell every item that differs, with sound fields, risks and sentences."""
    told = explain(old, new)
    before, after = old.by_key, new.by_key
    differing = {key for key in before.keys() | after.keys() if digest_of(before, key) != digest_of(after, key)}
    assert {(item.kind, item.name) for item in told.items} == differing
    assert (told.risk is None) == (old.digest == new.digest)
    for item in told.items:
        assert item.changes
        for change in item.changes:
            require_sound(
                change,
                [of.document for of in (before.get((item.kind, item.name)), after.get((item.kind, item.name))) if of],
            )
    assert parse(told.encoded(), max_depth=200, max_members=10**6)


def digest_of(found: Any, key: Any) -> str:
    return found[key].digest if key in found else ""


def require_sound(change: Change, documents: list[Any]) -> None:
    assert any(leads_somewhere(change.field, document) for document in documents), change
    assert change.risk in (WEIGHTS[change.kind].arguments, WEIGHTS[change.kind].results)
    assert change.sentence.endswith(".") and len(change.sentence) < 1500
    assert visible(LABEL.sub("", change.sentence)) == LABEL.sub("", change.sentence)
    if change.words:
        texts = ["".join(run.text for run in change.words if run.op is not gone) for gone in (Op.ADDED, Op.REMOVED)]
        assert texts == ["" if isinstance(value, Absent) else value for value in (change.before, change.after)]


def leads_somewhere(pointer: str, value: Any) -> bool:
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return False
    return True


def covers(change: Change, pointer: str) -> bool:
    """Whether a change is about a field: at, around or inside it; for `required`, also a parameter beside it."""
    beside = pointer.rpartition("/required")[0]
    places = [change.field, *([change.moved_from] if change.moved_from else [])]
    if "/required" in pointer and any(place.startswith(f"{beside}/properties/") for place in places):
        return True
    return any(f"{pointer}/".startswith(f"{place}/") or f"{place}/".startswith(f"{pointer}/") for place in places)


def escaped(path: Path) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
