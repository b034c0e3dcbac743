"""Make the tables, or bring them up to date."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection, connections

from governance import ledger_guard

MIGRATION_LOCK = 7_246_315_221


def is_empty() -> bool:
    """Whether this database was never migrated."""
    return "governance_person" not in connection.introspection.table_names()


def migrate() -> None:
    """Migrate, one process at a time, as the owning role where there is one."""
    if connection.vendor != "postgresql":
        call_command("migrate", verbosity=0, interactive=False)
        return
    owner = "owner" if "owner" in connections else "default"
    with connections[owner].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", verbosity=0, interactive=False, database=owner)
            if owner != "default":
                ledger_guard.grant(connections[owner], connection.settings_dict["USER"])
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
    if owner != "default":
        connections[owner].close()
