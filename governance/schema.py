"""Make the tables, or bring them up to date."""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, connections

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


def migrate_from_kept(folder: Path) -> None:
    """Migrate this SQLite database; one without tables begins as a copy of the empty one that is kept in `folder`.

    Making all tables takes five seconds of computing, copying them a moment. The first who begins keeps the copy for
    the others. A copy that is missing, damaged or out of date costs those seconds and nothing else.
    """
    kept = folder / f"empty-{_digest()}.sqlite3"
    begins = not connection.introspection.table_names()
    copied = begins and _copied(kept)
    migrate()
    if begins and not copied:
        _keep(kept)


def _copied(kept: Path) -> bool:
    if not kept.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{kept.as_uri()}?mode=ro", uri=True)) as source:
            if source.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
                return False
            connection.ensure_connection()
            source.backup(connection.connection)
    except sqlite3.Error:
        return False
    return True


def _keep(kept: Path) -> None:
    """Written under another name first: whoever finds it finds all of it. Where that cannot be, nothing is kept."""
    written = kept.with_name(f"{kept.name}.{secrets.token_hex(4)}")
    with suppress(OSError, DatabaseError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(written)])
            written.chmod(0o600)
            written.replace(kept)
        finally:
            written.unlink(missing_ok=True)


def _digest() -> str:
    """Of all migrations as they stand, and of the triggers that ours install."""
    found = sha256()
    for app in sorted(apps.get_app_configs(), key=lambda each: each.label):
        folder = Path(app.path)
        for file in sorted((*folder.glob("migrations/0*.py"), *folder.glob("*_guard.py"))):
            found.update(f"{app.label} {file.name}\0".encode())
            found.update(file.read_bytes())
    return found.hexdigest()[:16]
