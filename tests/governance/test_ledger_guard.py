"""The database itself refuses to change the ledger, whoever asks (security section 6 row 10, contract section 7)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from governance import ledger, ledger_guard
from governance.models import LedgerEntry, LedgerStream
from governance.verification import verify

TABLE, STREAMS = ledger_guard.TABLE, ledger_guard.STREAMS


@pytest.fixture
def entries(own_database: object) -> Iterator[list[str]]:
    """A ledger of three entries, committed."""
    for name in ("one", "two", "three"):
        with transaction.atomic():
            ledger.append(kind="change.team", by="operator", change={"what": "created", "name": name})
    yield list(LedgerEntry.objects.order_by("seq").values_list("text", flat=True))
    connection.close()


def statements(vendor: str) -> list[str]:
    """Every way of changing or removing an entry, in this database's words."""
    columns = "stream_id, seq, at, kind, agent, session, server, item, status, digest, text"
    copy = f"SELECT {columns} FROM {TABLE} WHERE seq = 1"
    common = [
        f"UPDATE {TABLE} SET text = '{{}}' WHERE seq = 2",
        f"UPDATE {TABLE} SET body = NULL",
        f"DELETE FROM {TABLE} WHERE seq = 3",
        f"DELETE FROM {TABLE}",
        f"INSERT INTO {TABLE} ({columns}) {copy}",
    ]
    if vendor == "postgresql":
        return [
            *common,
            f"TRUNCATE {TABLE}",
            f"TRUNCATE {TABLE} CASCADE",
            f"INSERT INTO {TABLE} ({columns}) {copy} ON CONFLICT (stream_id, seq) DO UPDATE SET text = '{{}}'",
        ]
    return [
        *common,
        f"INSERT OR REPLACE INTO {TABLE} ({columns}) {copy}",
        f"REPLACE INTO {TABLE} ({columns}) {copy}",
        f"UPDATE OR REPLACE {TABLE} SET seq = 1 WHERE seq = 2",
    ]


def test_no_statement_changes_or_removes_an_entry(entries: list[str]) -> None:
    """Update, delete, insert over an existing place, replace, truncate: each is refused and nothing moved."""
    for statement in statements(connection.vendor):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert list(LedgerEntry.objects.order_by("seq").values_list("text", flat=True)) == entries, statement
    assert verify(LedgerEntry.objects.first().stream).entries == len(entries)


def test_no_statement_removes_a_stream(entries: list[str]) -> None:
    """Entries name their stream without a constraint of the database; its row may change, and may not go."""
    removals = [f"DELETE FROM {STREAMS}", f"DELETE FROM {STREAMS} WHERE name = 'console'"]
    if connection.vendor == "postgresql":
        removals += [f"TRUNCATE {STREAMS}", f"TRUNCATE {STREAMS} CASCADE"]
    for statement in removals:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert LedgerStream.objects.filter(name="console").exists()


def test_no_commit_locks_its_stream(entries: list[str]) -> None:
    """ADR 7: a constraint would look the stream up and lock its row in every commit of the ledger writer."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite keeps the constraint, which costs it next to nothing")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [TABLE])
        assert cursor.fetchone() == (0,)


def test_session_settings_do_not_switch_the_guard_off(entries: list[str]) -> None:
    """PostgreSQL skips ordinary triggers for a session that says it replicates; these are kept ALWAYS."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such setting")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"DELETE FROM {TABLE}")
    assert LedgerEntry.objects.count() == len(entries)


def test_a_missing_guard_is_named(entries: list[str]) -> None:
    """SQLite drops triggers silently when a migration rebuilds the table; the check after every migrate says so."""
    assert ledger_guard.missing(connection) == set()
    name = sorted(ledger_guard.EXPECTED[connection.vendor])[0]
    on = f" ON {TABLE if 'ledger_no' in name else STREAMS}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    assert ledger_guard.missing(connection) == {name}


def test_the_running_role_may_add_entries_and_nothing_else(entries: list[str]) -> None:
    """In production the role that runs does not own the ledger, and was granted reading and adding alone."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    role = f"runs_{connection.settings_dict['NAME'][-12:]}"
    quoted = connection.ops.quote_name(role)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {quoted}")
        try:
            ledger_guard.grant(connection, role)
            held = {
                right
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
                if _has(cursor, role, TABLE, right)
            }
            assert held == {"SELECT", "INSERT"}
            assert _has(cursor, role, "governance_escalation", "UPDATE")
            assert _has(cursor, role, STREAMS, "UPDATE") and not _has(cursor, role, STREAMS, "DELETE")
        finally:
            cursor.execute(f"DROP OWNED BY {quoted}")
            cursor.execute(f"DROP ROLE {quoted}")


def _has(cursor: object, role: str, table: str, right: str) -> bool:
    cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right])  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "value", [1.5, 2**53 + 1, datetime(2026, 1, 1, tzinfo=UTC), uuid4(), {"deep": [0.1]}, {1: "x"}]
)
@pytest.mark.parametrize("part", ["change", "target", "extra"])
def test_what_has_no_canonical_form_is_refused_and_not_written_wrongly(db: None, part: str, value: Any) -> None:
    """An entry that verification would call broken must not get into the chain, which nothing takes it out of."""
    with pytest.raises((TypeError, ValueError)), transaction.atomic():
        ledger.append(kind="change.team", by="operator", **{part: {"name": "one", "value": value}})
    assert not LedgerEntry.objects.exists()
