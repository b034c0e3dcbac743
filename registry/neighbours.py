"""The approved tools of other servers, beside which a manifest is judged: of many thousands those that could matter.

What could matter is decided generously here and exactly by the scan: a tool whose name is like one of the manifest's,
or stands in a text of it, and one tool of every server for the server's own name.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from django.db.models import Count, Max

from governance.models import Generation, Part
from registry.manifest.canonical import Kind, Manifest
from registry.models import Item, ItemState, Server
from registry.models.servers import OUT_OF_USE
from registry.scan.lookalikes import skeleton
from registry.scan.names import Neighbour, Neighbourhood, one_slip

Key: TypeAlias = tuple[str, Any]

_PIECE: Final = re.compile(r"[\w-]+")
BATCH: Final = 500


@dataclass(slots=True)
class Index:
    """The approved tools of all servers in use, by what they could be taken for another by."""

    tools: dict[int, tuple[str, Neighbour]] = field(default_factory=dict)
    keys: dict[int, frozenset[Key]] = field(default_factory=dict)
    by_key: dict[Key, dict[int, None]] = field(default_factory=dict)
    by_server: dict[str, dict[int, None]] = field(default_factory=dict)
    dotted: dict[int, None] = field(default_factory=dict)

    def put(self, pk: int, digest: str, tool: Neighbour) -> None:
        """Add a tool, in place of what it was before."""
        self.drop(pk)
        self.tools[pk] = digest, tool
        self.keys[pk] = frozenset((*_alike(tool.name), *_slips(tool.name)))
        self.by_server.setdefault(tool.server, {})[pk] = None
        for key in self.keys[pk]:
            self.by_key.setdefault(key, {})[pk] = None
        if "." in tool.name:
            self.dotted[pk] = None

    def drop(self, pk: int) -> None:
        """Forget a tool."""
        if pk not in self.tools:
            return
        _, tool = self.tools.pop(pk)
        self.by_server[tool.server].pop(pk)
        if not self.by_server[tool.server]:
            del self.by_server[tool.server]
        for key in self.keys.pop(pk):
            self.by_key[key].pop(pk)
            if not self.by_key[key]:
                del self.by_key[key]
        self.dotted.pop(pk, None)

    def beside(self, server: str, manifest: Manifest) -> tuple[Neighbour, ...]:
        """The tools of other servers that a scan of `manifest` could have something to say of, in a fixed order."""
        chosen: set[int] = {next(iter(tools)) for name, tools in self.by_server.items() if name != server}
        for item in manifest.of(Kind.TOOL):
            for key in _alike(item.name):
                chosen.update(self.by_key.get(key, ()))
            for key in _slips(item.name, near=True):
                for pk in self.by_key.get(key, ()):
                    if pk not in chosen and one_slip(item.name.lower(), self.tools[pk][1].name.lower()):
                        chosen.add(pk)
        if len(chosen) == len(self.tools):
            pieces: set[str] = set()
        else:
            whole = "\n".join(text for item in manifest.items for text in _texts(item.document))
            pieces = set(_PIECE.findall(whole))
        for piece in pieces:
            chosen.update(self.by_key.get(("name", piece), ()))
        chosen.update(pk for pk in self.dotted if pieces.issuperset(_PIECE.findall(self.tools[pk][1].name)))
        return self._in_order(chosen, server)

    def _in_order(self, chosen: set[int], server: str) -> tuple[Neighbour, ...]:
        return tuple(tool for pk in sorted(chosen) if (tool := self.tools[pk][1]).server != server)


def _alike(name: str) -> Iterator[Key]:
    """What names that pass for one another have in common, by the scan's own measures."""
    yield "name", name
    yield "skeleton", skeleton(name)
    alone = Neighbourhood.of("", (Neighbour("", name),))
    yield from (("core", core) for core in alone.by_core)


def _slips(name: str, *, near: bool = False) -> Iterator[Key]:
    """Of names one slip apart the begins or the ends are equal. `near`: for names a letter shorter or longer too."""
    lower = name.lower()
    for length in range(len(lower) - 1, len(lower) + 2) if near else (len(lower),):
        part = (length - 3) // 2
        if part > 0:
            yield "begin", (length, lower[:part])
            yield "end", (length, lower[-part:])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)


# The index of this process follows what is approved.

_index: Final = Index()
_followed: list[tuple[object, ...]] = []
_using: Final = threading.Lock()


def beside(server: str, manifest: Manifest) -> tuple[Neighbour, ...]:
    """The approved tools of other servers in use that matter for a scan of this manifest."""
    with _using:
        _follow()
        return _index.beside(server, manifest)


def _follow() -> None:
    servers = dict(Server.objects.exclude(state__in=OUT_OF_USE).values_list("pk", "name"))
    rows = Item.objects.filter(kind="tool", state=ItemState.APPROVED, server__in=servers).order_by()
    number = Generation.objects.get(part=Part.REGISTRY).value
    # The number alone would do, were a database never put back to what it was before.
    mark = (number, *rows.aggregate(Count("pk"), Max("approved_at")).values())
    if _followed == [mark]:
        return
    found = rows.values_list("pk", "approved_digest", "server_id")
    standing = {pk: (digest, servers[server]) for pk, digest, server in found}
    for pk in [pk for pk in _index.tools if pk not in standing]:
        _index.drop(pk)
    fresh = [pk for pk, named in standing.items() if _known(pk) != named]
    for start in range(0, len(fresh), BATCH):
        chosen = Item.objects.filter(pk__in=fresh[start : start + BATCH])
        for pk, name, text in chosen.values_list("pk", "name", "approved_document"):
            document = json.loads(text) if text else {}
            said = document.get("description") if isinstance(document, dict) else None
            digest, server = standing[pk]
            _index.put(pk, digest, Neighbour(server, name, said if isinstance(said, str) else ""))
    _followed[:] = [mark]


def _known(pk: int) -> tuple[str, str] | None:
    found = _index.tools.get(pk)
    return (found[0], found[1].server) if found is not None else None
