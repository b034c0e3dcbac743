"""The system checks of the ledger, each shown to fire."""

from __future__ import annotations

import secrets

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from governance import checks, ledger_guard


def found() -> set[str]:
    return {message.id for message in run_checks(databases=["default"])} & {
        "governance.E001", "governance.E002", "governance.E003", "governance.W003",
    }  # fmt: skip


@pytest.mark.django_db
def test_a_migrated_database_passes() -> None:
    assert found() <= {"governance.W003"}


@pytest.mark.django_db
def test_the_checks_ask_no_database_unless_told_to() -> None:
    assert checks.ledger_is_append_only(databases=None) == []
    assert checks.ledger_is_append_only(databases=["other"]) == []


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="drops a trigger of SQLite")
def test_a_missing_trigger_is_named_and_the_next_migrate_fails() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER gatehouse_ledger_no_delete")
    [message] = checks.ledger_is_append_only(databases=["default"])
    assert message.id == "governance.E001"
    assert "gatehouse_ledger_no_delete" in message.msg
    with pytest.raises(CommandError, match="gatehouse_ledger_no_delete"):
        checks.refuse_unguarded_ledger(sender=apps.get_app_config("governance"), using="default")


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="sets a PRAGMA")
def test_weak_durability_is_found(monkeypatch) -> None:
    # The PRAGMA has no effect inside the test's transaction, so only its answer is replaced.
    monkeypatch.setattr(checks, "weak_durability", lambda _: "PRAGMA synchronous is 1, it must be FULL (2)")
    [message] = checks.commits_are_durable(databases=["default"])
    assert (message.id, "synchronous is 1" in message.msg) == ("governance.E002", True)


@pytest.mark.postgres
def test_on_postgres_a_switched_off_trigger_is_found(on_postgres) -> None:
    assert checks.ledger_is_append_only(databases=["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {ledger_guard.TABLE} DISABLE TRIGGER gatehouse_ledger_no_change")
    try:
        [message] = checks.ledger_is_append_only(databases=["default"])
        assert "gatehouse_ledger_no_change" in message.msg
        with pytest.raises(CommandError, match="gatehouse_ledger_no_change"):
            call_command("migrate", verbosity=0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {ledger_guard.TABLE} ENABLE ALWAYS TRIGGER gatehouse_ledger_no_change")


@pytest.mark.postgres
def test_on_postgres_weak_durability_is_found(on_postgres) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            [message] = checks.commits_are_durable(databases=["default"])
        finally:
            cursor.execute("SET synchronous_commit = on")
    assert (message.id, "synchronous_commit is off" in message.msg) == ("governance.E002", True)


@pytest.mark.postgres
@pytest.mark.parametrize(("mode", "code"), [("production", "governance.E003"), ("demo", "governance.W003")])
def test_the_owner_of_the_ledger_may_not_serve_in_production(on_postgres, settings, mode, code) -> None:
    settings.GATEHOUSE_MODE = mode
    [message] = checks.runtime_role_does_not_own_the_ledger(databases=["default"])
    assert message.id == code
    assert message.is_serious() == (mode == "production")


@pytest.mark.postgres
def test_a_role_of_its_own_that_owns_nothing_may_serve(on_postgres, settings) -> None:
    settings.GATEHOUSE_MODE = "production"
    role = f"gatehouse_runtime_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}")
        try:
            cursor.execute(f"SET ROLE {role}")
            assert checks.runtime_role_does_not_own_the_ledger(databases=["default"]) == []
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute(f"DROP ROLE {role}")
