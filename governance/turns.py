"""Who does one of these acts waits for whoever does it already, in every process."""

from __future__ import annotations

from enum import IntEnum

from django.db import connection


class Turn(IntEnum):
    """What is done one after the other; each its own number among the advisory locks of this database."""

    OPENING = int.from_bytes(b"gatehous")
    REGISTRATION = 0x0A07C1
    CONSENT = 0x0A07C2


def wait_for(turn: Turn) -> None:
    """Have the turn until the transaction ends; those of SQLite are one after the other by themselves."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(turn)])
