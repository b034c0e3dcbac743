"""Look at the database for what changed: generation numbers always, stops and revocations when they moved."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from django.db import connection

from gateway.snapshot.model import Changes, Generations
from governance.models.switches import Switch as SwitchRow
from governance.workflow.switches import Mode, Scope, Switch

QUESTION = """SELECT part, value FROM governance_generation
UNION ALL SELECT 'revocations', COALESCE(MAX(id), 0) FROM governance_revocation"""


class ChangeReader:
    """Reads over the calling thread's connection and remembers what it saw last. One per thread.

    `numbers` asks the QUESTION, where there is a shorter way to do it than the driver's.
    """

    def __init__(self, numbers: Callable[[], list[tuple[str, int]]] | None = None) -> None:
        self._numbers = numbers or _numbers
        self._last: Changes | None = None

    def read(self) -> Changes:
        """One look: two round trips only when stops or revocations moved. Raises django.db.Error."""
        as_of = time.monotonic()
        generations = Generations(**dict(self._numbers()))
        last = self._last
        if last is not None and last.generations == generations:
            self._last = Changes(generations, last.switches, last.revoked, as_of)
            return self._last
        switches = last.switches if last and last.generations.switches == generations.switches else read_switches()
        revoked = dict(last.revoked) if last else {}
        if last is None or last.generations.revocations != generations.revocations:
            revoked |= read_revoked(max(revoked.values(), default=0))
        self._last = Changes(generations, switches, revoked, as_of)
        return self._last


def _numbers() -> list[tuple[str, int]]:
    """The generation numbers, straight from the driver."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            rows: list[tuple[str, int]] = psycopg.Cursor(connection.connection).execute(QUESTION).fetchall()
            return rows
        return list(connection.connection.execute(QUESTION))


def read_switches() -> tuple[Switch, ...]:
    """Every stop that is set."""
    return tuple(
        Switch(
            id=str(row.pk),
            scope_kind=Scope(row.scope_kind),
            scope_name=row.scope_name,
            mode=Mode(row.mode),
            reason=row.reason,
            by=row.by,
            at=row.at,
        )
        for row in SwitchRow.objects.filter(released_at=None)
    )


def read_revoked(after: int) -> dict[tuple[str, str], int]:
    """Everything revoked after row `after`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, name, id FROM governance_revocation WHERE id > %s ORDER BY id", [after])
        return {(kind, name): number for kind, name, number in cursor.fetchall()}
