"""The servers of a snapshot, from one rebuild to the next: only what differs is read and parsed again.

A rebuild asks the database for one seal for each server, which covers what its items depend on, then for the marks of
the items of those whose seal is new, then for the definitions of those alone whose mark is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from gateway.snapshot import build
from gateway.snapshot.model import ApprovedItem, ServerRecord
from governance.policy.values import Kind
from registry.approved import KINDS
from registry.models import Item, ItemState, Server

MARK: Final = ("kind", "approved_digest", "intent", "reviewed_intent", "reviewed_intent_digest", "position", "name")
"""Columns of an item that its part of a snapshot depends on; the digest stands for the definition."""

UNMARKED: Final = frozenset(
    (
        *("id", "server", "state", "approved_document", "seen_digest", "seen_document", "late", "returns"),
        *("approved_by", "approved_at", "intent_reason", "last_return_at"),
        *("reviewed_intent_by", "reviewed_intent_at", "reviewed_intent_reason"),
        *("condition", "condition_by"),  # They stand among the rules.
    )
)
"""The other columns: every column is in one of the two, which a test holds."""

BOOKKEEPING: Final = frozenset(
    (
        *("id", "state", "state_reason", "capabilities", "manifest_digest", "provenance", "created_at"),
        *("scanned_at", "scan_lease", "scan_every_seconds", "next_scan_at", "failures", "checked_at"),
        *("approved_until", "description", "owner", "environment", "accepted_launch", "accepted_by", "accepted_at"),
    )
)
"""Columns of a server that none of its items depends on; a new column is taken to matter."""

FEW: Final = 200

Mark = tuple[Any, ...]

# Nothing but constants of this module stands in these statements (S608). The name comes last and with its length: its
# text is a server's, and no part of it may be taken for another column.
_COLUMNS: Final = ("id", *MARK[:-1], "length(name)", "name")
_JOINED: Final = " || ',' || ".join(_COLUMNS)
_ROWS: Final = f"SELECT server_id, id, {_JOINED} AS mark FROM registry_item WHERE state = 'approved'"  # noqa: S608
_LISTED: Final = "group_concat(mark, ';')"
_HASHED: Final = "encode(sha256(convert_to(string_agg(mark, ';' ORDER BY id), 'UTF8')), 'hex')"
SEALS: Final = {
    "postgresql": f"SELECT server_id, {_HASHED} FROM ({_ROWS}) AS marks GROUP BY server_id",  # noqa: S608
    "sqlite": f"SELECT server_id, {_LISTED} FROM ({_ROWS} ORDER BY server_id, id) GROUP BY server_id",  # noqa: S608
}
"""One text for each server that tells its marks apart."""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one row: an approved item, or the text of the server's instructions."""

    mark: Mark
    approved: ApprovedItem | None
    text: str


@dataclass(frozen=True, slots=True)
class Known:
    """One server as it was read last: what its items depend on, their seal, their parts by row, and the record."""

    around: Mark
    seal: str
    parts: Mapping[int, Part]
    record: ServerRecord


@dataclass(slots=True)
class ServerReader:
    """Reads the servers in use with their approved items, and remembers them. One per thread."""

    _known: dict[int, Known] = field(default_factory=dict)
    _records: dict[str, ServerRecord] = field(default_factory=dict)
    _until: datetime | None = None

    def outlived(self, now: datetime) -> bool:
        """Whether the approval of a server that was read has run out since, so that it has to be read again."""
        return self._until is not None and self._until <= now

    def read(self, now: datetime) -> dict[str, ServerRecord]:
        """Every server in use by name; the same object as before where nothing differs. Raises django.db.Error."""
        rows = list(Server.objects.in_use(now))
        self._until = min((row.approved_until for row in rows if row.approved_until is not None), default=None)
        seals = _seals()
        self._known = {row.pk: _read(row, seals.get(row.pk, ""), self._known.get(row.pk)) for row in rows}
        records = {known.record.name: known.record for known in self._known.values()}
        before = self._records
        if list(records) != list(before) or any(records[name] is not before[name] for name in before):
            self._records = records
        return self._records


def _seals() -> dict[int, str]:
    """One text for each server with approved items, which differs whenever a mark of any of them does."""
    with connection.cursor() as cursor:
        cursor.execute(SEALS[connection.vendor])
        return dict(cursor.fetchall())


def _seal(parts: Mapping[int, Part]) -> str:
    """The seal of what was read, as the database makes it: what it gave a moment before may be about other rows."""
    if not parts:
        return ""
    marks = [(row, *part.mark[:-1], len(part.mark[-1]), part.mark[-1]) for row, part in sorted(parts.items())]
    text = ";".join(",".join(map(str, mark)) for mark in marks)
    return text if connection.vendor == "sqlite" else hashlib.sha256(text.encode()).hexdigest()


def _marks(server: Server) -> dict[int, Mark]:
    """The marks of the approved items of a server by row, straight from the columns."""
    rows = Item.objects.filter(state=ItemState.APPROVED, server=server).order_by()
    return {row: tuple(mark) for row, *mark in rows.values_list("id", *MARK)}


def _read(server: Server, seal: str, was: Known | None) -> Known:
    around = _around(server)
    if was is not None and was.around == around and was.seal == seal:
        parts: Mapping[int, Part] = was.parts
        items = was.record.items
    else:
        kept = was.parts if was is not None and was.around == around else {}
        parts = _parts(server, _marks(server) if seal else {}, kept)
        items, seal = _items(parts), _seal(parts)
    record = build.server(server, items, _instructions(parts))
    if was is not None and was.record.items is items and was.record == record:
        record = was.record  # With equal items in another order it would be equal too, and is another one.
    return Known(around, seal, parts, record)


def _around(server: Server) -> Mark:
    columns = server._meta.concrete_fields
    return tuple(getattr(server, column.attname) for column in columns if column.name not in BOOKKEEPING)


def _parts(server: Server, marks: Mapping[int, Mark], kept: Mapping[int, Part]) -> dict[int, Part]:
    """The parts of all rows; what was kept under the same mark is not read again.

    A row that changes between the two questions is taken as it is at the second, with the mark that it has there.
    """
    wanted = {row for row, mark in marks.items() if row not in kept or kept[row].mark != mark}
    rows = Item.objects.filter(server=server, state=ItemState.APPROVED).only(*MARK, "approved_document", "server")
    if len(wanted) < FEW:
        rows = rows.filter(pk__in=wanted)
    found = {row: part for row, part in kept.items() if row in marks and row not in wanted}
    for item in rows if wanted else ():
        if item.pk in wanted:
            item.server = server
            found[item.pk] = _part(item)
    return found


def _part(item: Item) -> Part:
    mark = tuple(getattr(item, column) for column in MARK)
    if item.kind == "instructions":
        return Part(mark, None, item.approved_document)
    return Part(mark, build.approved_item(item) if item.kind in KINDS else None, "")


def _items(parts: Mapping[int, Part]) -> dict[tuple[Kind, str], ApprovedItem]:
    """The approved items in the server's own order."""
    kind, name, position = (MARK.index(column) for column in ("kind", "name", "position"))
    ordered = sorted(parts.values(), key=lambda part: (part.mark[kind], part.mark[position], part.mark[name]))
    return {(part.approved.item.kind, part.approved.item.name): part.approved for part in ordered if part.approved}


def _instructions(parts: Mapping[int, Part]) -> str:
    return next((part.text for part in parts.values() if part.text), "")
