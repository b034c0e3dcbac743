"""System checks of governance: the ledger's triggers, durable settings, and who owns the ledger (contract section 7).

They run with the `database` tag: `manage.py check --database default`, `migrate`, and the start of `serve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate

from governance.ledger_guard import TABLE, missing, weak_durability

GUARDED_SINCE = ("governance", "0007_ledger_without_lookup")


@register(Tags.database)
def ledger_is_append_only(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """governance.E001: a trigger that refuses to change the ledger is absent or switched off."""
    found: list[CheckMessage] = []
    for connection in _ledgers(databases):
        if absent := sorted(missing(connection)):
            found.append(
                Error(
                    f"The ledger can be changed: {', '.join(absent)} is missing or switched off.",
                    hint="Verify the ledger, find out who removed it, and create it again as the migrations "
                    "governance 0002 and 0007 do.",
                    id="governance.E001",
                )
            )
    return found


@register(Tags.database)
def commits_are_durable(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """governance.E002: a commit could be lost at power loss."""
    found: list[CheckMessage] = []
    for connection in _ledgers(databases):
        if weak := weak_durability(connection):
            hint = "Remove the setting from the database, the role or DATABASE_URL."
            found.append(
                Error(f"A recorded call could be lost at power loss: {weak}.", hint=hint, id="governance.E002")
            )
    return found


@register(Tags.database)
def runtime_role_does_not_own_the_ledger(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """governance.E003 in production, W003 elsewhere: the role that serves could drop the triggers."""
    production = settings.GATEHOUSE_MODE == "production"
    message, code = (Error, "governance.E003") if production else (Warning, "governance.W003")
    return [
        message(
            f"The database role {role} can act as the owner of the ledger table, so it could remove what guards it.",
            hint="Migrate with DATABASE_OWNER_URL and give DATABASE_URL a role that owns no table.",
            id=code,
        )
        for connection in _ledgers(databases)
        if (role := _owning_role(connection))
    ]


def refuse_unguarded_ledger(sender: AppConfig, using: str, **_: Any) -> None:
    """After every migrate: fail it loudly when the ledger ended up without its triggers."""
    connection = connections[using]
    if GUARDED_SINCE not in MigrationRecorder(connection).applied_migrations():
        return
    if absent := sorted(missing(connection)):
        raise CommandError(f"governance.E001: the ledger can be changed, {', '.join(absent)} is missing after migrate.")


def watch_migrations(governance: AppConfig) -> None:
    """Connect the assertion; called once when the app is ready."""
    post_migrate.connect(refuse_unguarded_ledger, sender=governance, dispatch_uid="governance.ledger_guard")


def _ledgers(databases: Sequence[str] | None) -> list[BaseDatabaseWrapper]:
    """The connection to be judged: the default one, once it answers and holds the ledger's table."""
    if not databases or DEFAULT_DB_ALIAS not in databases:
        return []
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
    except OperationalError:
        return []  # An unreachable database refuses every call by itself; readiness says so.
    return [connection] if TABLE in tables else []


def _owning_role(connection: BaseDatabaseWrapper) -> str:
    """The current role where it owns the ledger, is a member of the owner, or is a superuser; else empty."""
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user WHERE pg_has_role(current_user, "
            "(SELECT relowner FROM pg_class WHERE oid = %s::regclass), 'MEMBER')",
            [TABLE],
        )
        row = cursor.fetchone()
    return row[0] if row else ""
