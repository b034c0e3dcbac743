"""The triggers that make the ledger append-only inside the database, and the question whether they are there."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "governance_ledgerentry"
STREAMS = "governance_ledgerstream"
MESSAGE = "the ledger is append-only"

POSTGRES = [
    f"""CREATE OR REPLACE FUNCTION gatehouse_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{MESSAGE}: % refused', TG_OP USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE TRIGGER gatehouse_ledger_no_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION gatehouse_ledger_refuse()""",
    f"""CREATE TRIGGER gatehouse_ledger_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_ledger_refuse()""",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER gatehouse_ledger_no_change",
    f"ALTER TABLE {TABLE} ALTER COLUMN body SET STORAGE EXTERNAL",  # Sealed bytes cannot be compressed.
    # Where the server was built with it, the quicker compression for long entries.
    f"""DO $$ BEGIN ALTER TABLE {TABLE} ALTER COLUMN text SET COMPRESSION lz4;
    EXCEPTION WHEN feature_not_supported OR syntax_error THEN NULL; END $$""",
    f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER gatehouse_ledger_no_truncate",
]
SQLITE = [
    f"""CREATE TRIGGER gatehouse_ledger_no_update BEFORE UPDATE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}: UPDATE refused'); END""",
    f"""CREATE TRIGGER gatehouse_ledger_no_delete BEFORE DELETE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}: DELETE refused'); END""",
    f"""CREATE TRIGGER gatehouse_ledger_no_replace BEFORE INSERT ON {TABLE}
    WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE stream_id = NEW.stream_id AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}: REPLACE refused'); END""",  # noqa: S608  Constants of this module.
]
# Entries name their stream without a constraint of the database, so the streams themselves must stay.
POSTGRES_STREAMS = [
    f"""CREATE TRIGGER gatehouse_stream_no_removal BEFORE DELETE ON {STREAMS}
    FOR EACH ROW EXECUTE FUNCTION gatehouse_ledger_refuse()""",
    f"""CREATE TRIGGER gatehouse_stream_no_truncate BEFORE TRUNCATE ON {STREAMS}
    FOR EACH STATEMENT EXECUTE FUNCTION gatehouse_ledger_refuse()""",
    f"ALTER TABLE {STREAMS} ENABLE ALWAYS TRIGGER gatehouse_stream_no_removal",
    f"ALTER TABLE {STREAMS} ENABLE ALWAYS TRIGGER gatehouse_stream_no_truncate",
]
SQLITE_STREAMS = [
    f"""CREATE TRIGGER gatehouse_stream_no_removal BEFORE DELETE ON {STREAMS}
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}: DELETE refused'); END""",
]
EXPECTED = {
    "postgresql": {
        "gatehouse_ledger_no_change",
        "gatehouse_ledger_no_truncate",
        "gatehouse_stream_no_removal",
        "gatehouse_stream_no_truncate",
    },
    "sqlite": {
        "gatehouse_ledger_no_update",
        "gatehouse_ledger_no_delete",
        "gatehouse_ledger_no_replace",
        "gatehouse_stream_no_removal",
    },
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of the entries for this database's vendor."""
    _execute(connection, POSTGRES if connection.vendor == "postgresql" else SQLITE)


def install_for_streams(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of the streams, after those of the entries."""
    _execute(connection, POSTGRES_STREAMS if connection.vendor == "postgresql" else SQLITE_STREAMS)


def _execute(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def grant(owner: BaseDatabaseWrapper, role: str) -> None:
    """Let the running role use what the owning role made: everything but changing, or owning, the ledger's entries,
    and removing its streams.
    """
    name = owner.ops.quote_name(role)
    with owner.cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
        cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {TABLE} FROM {name}")
        cursor.execute(f"REVOKE DELETE, TRUNCATE ON {STREAMS} FROM {name}")


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of triggers that should guard the ledger and do not (absent or switched off)."""
    question = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid IN (%s::regclass, %s::regclass) AND tgenabled = 'A'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (%s, %s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(question, [TABLE, STREAMS])
        return EXPECTED[connection.vendor] - {row[0] for row in cursor.fetchall()}


def weak_durability(connection: BaseDatabaseWrapper) -> str | None:
    """Why a commit on this connection could be lost at power loss, or None when it cannot."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT current_setting('synchronous_commit'), current_setting('fsync')")
            commit, fsync = cursor.fetchone()
            if commit not in ("on", "remote_apply"):
                return f"synchronous_commit is {commit}, it must be on"
            return None if fsync == "on" else f"fsync is {fsync}, it must be on"
        cursor.execute("PRAGMA synchronous")
        level = cursor.fetchone()[0]
        return None if level >= 2 else f"PRAGMA synchronous is {level}, it must be FULL (2)"
