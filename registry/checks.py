"""System checks of the registry: what keeps requester and approvers apart is in the database itself.

Those of the database run with its tag: `manage.py check --database default`, `migrate`, and the start of `serve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate, pre_migrate

from registry import request_guard
from registry.targets import sandbox_abilities

GUARDED_SINCE: Final = ("registry", "0004_request_guard")
_migrating: Final[set[str]] = set()


@register(Tags.database)
def approvers_are_kept_apart(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """registry.E001: a trigger that guards requests and their votes is absent or switched off."""
    if not databases or DEFAULT_DB_ALIAS not in databases or not _guarded(DEFAULT_DB_ALIAS):
        return []
    if absent := sorted(request_guard.missing(connections[DEFAULT_DB_ALIAS])):
        return [
            Error(
                f"Requests could be approved by their requester: {', '.join(absent)} is missing or switched off.",
                hint="Find out who removed it, look through the approved requests, and make it again as "
                "registry.request_guard.install does.",
                id="registry.E001",
            )
        ]
    return []


@register(Tags.security)
def programs_can_have_accounts(**_: Any) -> list[CheckMessage]:
    """registry.W002: servers with `sandbox: {uid: true}` would not be started."""
    if settings.SANDBOX_ACCOUNTS is None or not (refusal := sandbox_abilities()["uid"]):
        return []
    hint = "Run the gateway as root or with the capabilities SETUID, SETGID and KILL, or take the variable away."
    return [Warning(f"GATEHOUSE_SANDBOX_UID is set, and a program {refusal}.", hint=hint, id="registry.W002")]


def make_room(sender: AppConfig, using: str, plan: Sequence[Any] = (), **_: Any) -> None:
    """Before a migrate that does something: let SQLite rebuild tables, which its triggers would not survive."""
    if plan and connections[using].vendor == "sqlite":
        request_guard.remove(connections[using])
        _migrating.add(using)


def guard_again(sender: AppConfig, using: str, **_: Any) -> None:
    """After every migrate: make them again on SQLite, and fail loudly where one is missing."""
    if not _guarded(using):
        return
    if using in _migrating:
        _migrating.discard(using)
        request_guard.install(connections[using])
    if absent := sorted(request_guard.missing(connections[using])):
        raise CommandError(f"registry.E001: requests are not guarded, {', '.join(absent)} is missing after migrate.")


def watch_migrations(registry: AppConfig) -> None:
    """Connect both; called once when the app is ready."""
    pre_migrate.connect(make_room, sender=registry, dispatch_uid="registry.request_guard.before")
    post_migrate.connect(guard_again, sender=registry, dispatch_uid="registry.request_guard.after")


def _guarded(using: str) -> bool:
    """Whether the database is one whose migrations have come so far; one that does not answer is judged elsewhere."""
    try:
        return GUARDED_SINCE in MigrationRecorder(connections[using]).applied_migrations()
    except OperationalError:
        return False
