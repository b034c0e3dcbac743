"""Where the writer's batches go: the ledger's tables, one statement a batch, over the writer thread's connection."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gateway.adapters.prepared import Prepared
from gateway.adapters.writer import Line, StoreDown
from gateway.refusal import Denied, Refusal, Unavailable
from gateway.snapshot.changes import QUESTION, ChangeReader
from gateway.snapshot.model import Changes
from governance.audit.chain import NO_ENTRY_BEFORE, link
from governance.ledger import stamp
from governance.ledger_guard import weak_durability
from governance.models.ledger import LedgerEntry, LedgerStream

LEASE = timedelta(seconds=5)
COLUMNS = "stream_id, seq, at, kind, call, agent, session, server, item, status, digest, text, body"
# Each column travels as one text, its rows between separators: the driver would dump arrays element by element in
# Python. No column may hold the separator or NUL: entry texts are JSON, which escapes both, and the others lose them.
SEPARATOR = "\x1e"
# The sealed bodies travel as one run of bytes, each row saying where its own lies in it.
POSTGRES = f"""INSERT INTO governance_ledgerentry ({COLUMNS})
SELECT $1::bigint, q::bigint, a::timestamptz, k, NULLIF(c, '')::uuid, COALESCE(g, ''), COALESCE(s, ''), COALESCE(v, ''),
COALESCE(i, ''), COALESCE(u, ''), decode(d, 'hex'), t,
CASE WHEN l <> '0' THEN substring(p.bodies FROM f::int FOR l::int) END
FROM (SELECT $2::bytea AS bodies) AS p,
unnest({", ".join(f"string_to_array(${number}, chr(30))" for number in range(3, 16))})
AS n(q, a, k, c, g, s, v, i, u, d, t, f, l)"""  # noqa: S608  Nothing but constants of this module.
BINARY = [number == 2 for number in range(1, 16)]
SQLITE = f"INSERT INTO governance_ledgerentry ({COLUMNS}) VALUES ({', '.join('?' * 13)})"  # noqa: S608  As above.
FAULTS = (DatabaseError, psycopg.Error, sqlite3.Error, OSError)
COLLISIONS = (IntegrityError, psycopg.IntegrityError, sqlite3.IntegrityError)

Row = tuple[Any, ...]


class LedgerStore:
    """The Store of one process. Every method runs in the writer's thread.

    `process` and `address` stand in the row of each of its epochs: by them other processes know and reach this one.
    """

    def __init__(self, *, process: str = "", address: str = "", on_epoch: Callable[[int], None] | None = None) -> None:
        self._process = process
        self._address = address
        self._stream: LedgerStream | None = None
        self._seq = 0
        self._prev = NO_ENTRY_BEFORE
        self._unsure: list[Line] = []
        self._on_epoch = on_epoch
        self._reader = ChangeReader()
        self._inserting: Prepared | None = None

    @property
    def epoch(self) -> str:
        """The name of the stream that is being written."""
        return self._stream.name if self._stream else ""

    def open(self) -> list[Line]:
        """Connect, check that commits are durable, and go on with our epoch, or start one."""
        try:
            connection.close()
            connection.ensure_connection()
            weak = weak_durability(connection)
            if weak is not None:
                raise StoreDown(f"commits are not durable: {weak}")
            self._prepare()
            found = self._take_up() if self._stream is not None else None
            if found is None:
                self._begin()
            return found or []
        except FAULTS as problem:
            raise StoreDown(_said(problem)) from problem

    def _prepare(self) -> None:
        if connection.vendor != "postgresql":
            self._reader = ChangeReader()
            return
        raw = connection.connection
        raw.prepare_threshold = None  # See Prepared.
        raw.execute("SET statement_timeout = '10s'")
        self._inserting = Prepared(raw, "gatehouse_insert", POSTGRES, binary=BINARY)
        looking = Prepared(raw, "gatehouse_look", QUESTION)
        self._reader = ChangeReader(partial(_numbers, looking))

    def _take_up(self) -> list[Line] | None:
        """Go on after a lost connection; None when our epoch was sealed meanwhile."""
        assert self._stream is not None
        unsure, self._unsure = self._unsure, []
        last = LedgerEntry.objects.filter(stream=self._stream).order_by("-seq").first()
        seq, digest = (last.seq, bytes(last.digest).hex()) if last else (0, NO_ENTRY_BEFORE)
        if last is not None and last.kind == "seal":
            return None
        committed = unsure if seq > self._seq else []
        self._seq, self._prev = seq, digest
        return committed

    def _begin(self) -> None:
        name = f"{socket.gethostname()[:16]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stream = LedgerStream.objects.create(
            name=name, process=self._process, address=self._address, lease_until=timezone.now() + LEASE
        )
        self._seq, self._prev, self._unsure = 0, NO_ENTRY_BEFORE, []
        if self._on_epoch is not None:
            self._on_epoch(self._stream.pk)

    def write(self, lines: list[Line]) -> Changes | None:
        """Commit one batch; raises StoreDown when the database did not confirm it."""
        head = self._seq, self._prev
        try:
            if any(line.effect is not None for line in lines):
                self._write_with_effects(lines)
            else:
                self._insert(lines)
            changes = self._reader.read()
            self._unsure = []
            return changes
        except COLLISIONS as problem:
            raise StoreDown(f"this epoch was sealed by another process: {_said(problem)}") from problem
        except FAULTS as problem:
            self._seq, self._prev = head  # Whether the batch is there is asked when the ledger is opened again.
            raise StoreDown(_said(problem)) from problem

    def _write_with_effects(self, lines: list[Line]) -> None:
        with transaction.atomic():
            for line in sorted((one for one in lines if one.effect is not None), key=lambda one: one.locks):
                _run_effect(line)
            self._insert([line for line in lines if line.refusal is None])

    def _insert(self, lines: list[Line]) -> None:
        """Link and insert; the head moves only when the statement returned."""
        assert self._stream is not None
        rows, seq, prev = [], self._seq, self._prev
        for line in lines:
            seq += 1
            linked = link(line.body, stream=self._stream.name, seq=seq, prev=prev)
            prev = linked.digest.hex()
            rows.append(_row(line, seq, linked.digest, linked.text))
        if not rows:
            return
        self._unsure = lines
        if self._inserting is not None:
            bodies, places, lengths = _bodies(rows)
            columns = [*map(_column, list(zip(*rows, strict=True))[:-1]), _column(places), _column(lengths)]
            self._inserting.run([b"%d" % self._stream.pk, bodies, *columns])
        else:
            self._insert_sqlite(connection.connection, rows)
        self._seq, self._prev = seq, prev

    def _insert_sqlite(self, raw: Any, rows: list[Row]) -> None:
        assert self._stream is not None
        values = [(self._stream.pk, *row[:3], row[3].hex if row[3] else None, *row[4:]) for row in rows]
        if connection.in_atomic_block:
            raw.executemany(SQLITE, values)
            return
        raw.execute("BEGIN IMMEDIATE")
        try:
            raw.executemany(SQLITE, values)
            raw.execute("COMMIT")
        except BaseException:  # Whatever ends it goes on, but leaves no transaction open on the connection.
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise

    def keep_lease(self) -> None:
        """Push the lease ahead; a sealed epoch is given up, and the next batch starts a new one."""
        assert self._stream is not None
        try:
            kept = LedgerStream.objects.filter(pk=self._stream.pk, sealed_at=None)
            if kept.update(lease_until=timezone.now() + LEASE) == 0:
                raise StoreDown("this epoch was sealed by another process")
        except FAULTS as problem:
            raise StoreDown(_said(problem)) from problem

    def close(self) -> None:
        """Seal the epoch: nothing more will be written to it."""
        assert self._stream is not None
        now = timezone.now()
        body = {"v": 1, "at": stamp(now), "kind": "seal", "principal": {"person": "gatehouse"}}
        try:
            with transaction.atomic():
                self._insert([Line(body=body, at=stamp(now), kind="seal")])
                LedgerStream.objects.filter(pk=self._stream.pk).update(
                    sealed_at=now, lease_until=None, head_seq=self._seq, head_digest=self._prev
                )
        except FAULTS:
            return  # The lease runs out, and the next process seals this epoch.
        finally:
            connection.close()


def _run_effect(line: Line) -> None:
    """Run one effect in its own savepoint, so that a refused one does not spoil the batch."""
    assert line.effect is not None
    try:
        with transaction.atomic():
            if not line.effect():
                line.refusal = Denied("The approval was used by another identical call. Call again to ask anew.")
    except Refusal as refusal:
        line.refusal = refusal
    except IntegrityError:
        line.refusal = Unavailable("The same call is being held already. Call again to join it.")


def _row(line: Line, seq: int, digest: bytes, text: str) -> Row:
    return (
        seq,
        line.at,
        line.kind,
        line.call,
        line.agent,
        line.session,
        line.server,
        line.item[:2000],
        line.status,
        digest,
        text,
        line.sealed,
    )


def _bodies(rows: list[Row]) -> tuple[bytes, list[str], list[str]]:
    """The sealed bodies in one run, and for each row where its own begins, from 1, and how long it is."""
    parts, places, lengths, place = [], [], [], 1
    for row in rows:
        body = row[-1] or b""
        parts.append(body)
        places.append(str(place))
        lengths.append(str(len(body)))
        place += len(body)
    return b"".join(parts), places, lengths


def _column(values: Iterable[Any]) -> bytes:
    """One column as one text."""
    return SEPARATOR.join(map(_cell, values)).encode().replace(b"\0", b"")


def _cell(value: Any) -> str:
    if type(value) is str:
        return value if SEPARATOR not in value else value.replace(SEPARATOR, "")
    return value.hex() if type(value) is bytes else "" if value is None else str(value)


def _numbers(looking: Prepared) -> list[tuple[str, int]]:
    """The generation numbers."""
    found = looking.run()
    return [(found.get_value(row, 0).decode(), int(found.get_value(row, 1))) for row in range(found.ntuples)]


def _said(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"
