"""What differs between two manifests of a server that are stored: by number, as approved, as last seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.canonical import strict_json
from governance.canonical.values import JSON
from registry.manifest.canonical import Item, Key, Kind, Manifest, held_digest, read_manifest, whole_digest
from registry.manifest.change import ManifestChanges
from registry.manifest.explain import explain
from registry.models import Server

APPROVED: Final = "approved"
SEEN: Final = "seen"
MEMBERS: Final = 1_000_000


class NoSuchManifest(Exception):
    """The server has no manifest of this number."""


def manifest_of(server: Server, which: str) -> Manifest:
    """A stored manifest: `approved`, `seen`, or the number of one that the server sent. Raises NoSuchManifest."""
    if which in (APPROVED, SEEN):
        return of_items(server, which)
    found = server.manifests.filter(number=int(which)).first() if which.isascii() and which.isdigit() else None
    if found is None:
        raise NoSuchManifest(f"{server.name} has no manifest {which!r}; write approved, seen or a number of its list.")
    return read_manifest(_read(found.document), any_names=True)


def of_items(server: Server, which: str) -> Manifest:
    """The locked items of a server, as they are approved or as they were last seen."""
    rows = server.items.exclude(kind="resource").exclude(**{f"{which}_digest": ""})
    columns = ("kind", "name", f"{which}_digest", f"{which}_document")
    return _manifest((Kind(kind), name, digest, text) for kind, name, digest, text in rows.values_list(*columns))


def approved_to_seen(server: Server) -> ManifestChanges:
    """What the server offers otherwise than approved, in words; only what differs is read."""
    rows = server.items.exclude(kind="resource").values_list("pk", "approved_digest", "seen_digest")
    differing = [pk for pk, approved, seen in rows if approved != seen]
    sides = []
    for which in (APPROVED, SEEN):
        items: list[tuple[Kind, str, str, str]] = []
        columns = ("kind", "name", f"{which}_digest", f"{which}_document")
        for start in range(0, len(differing), 500):
            found = server.items.filter(pk__in=differing[start : start + 500]).exclude(**{f"{which}_digest": ""})
            items += [(Kind(kind), name, digest, text) for kind, name, digest, text in found.values_list(*columns)]
        sides.append(_manifest(items))
    return explain(*sides)


def _manifest(rows: Iterable[tuple[Kind, str, str, str]]) -> Manifest:
    items = []
    for kind, name, digest, text in rows:
        document = _read(text)
        assert isinstance(document, dict)
        items.append(Item(kind, name, document, digest))
    digests: dict[Key, str] = {item.key: item.digest for item in items}
    return Manifest(tuple(items), whole_digest(digests), held_digest(digests))


def _read(text: str) -> JSON:
    return strict_json.parse(text.encode(), max_members=MEMBERS)
