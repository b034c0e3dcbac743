"""People, agents and held calls for the tests of the acts, and a scratch PostgreSQL database for real races."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connections

from gateway.settings import env
from governance.escalations import Opening
from governance.models import Agent, Person, Team
from governance.policy.values import Approve, EscalateRule
from tests.racing import at_once

MAINTENANCE = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ARGUMENTS = b'{"path":"/srv/data/report.txt"}'


@pytest.fixture
def at() -> datetime:
    """The moment that the tests of acts take as the present."""
    return NOW


@pytest.fixture
def make_person() -> Callable[..., Person]:
    """Makes an active person with console roles and teams by name."""

    def make(email: str, *roles: str, teams: tuple[str, ...] = ()) -> Person:
        person = Person.objects.create_user(email)
        person.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
        person.teams.set([Team.objects.get_or_create(name=team)[0] for team in teams])
        return person

    return make


@pytest.fixture
def make_agent() -> Callable[..., Agent]:
    """Makes an agent of a person, or of a team by name."""

    def make(name: str, owner: Person | None = None, team: str = "") -> Agent:
        of_team = Team.objects.get_or_create(name=team)[0] if team else None
        return Agent.objects.create(name=name, owner=owner, team=of_team)

    return make


@pytest.fixture
def make_opening() -> Callable[..., Opening]:
    """Makes a call to be held, with a binding of its own unless one is given."""
    return opening


def opening(**changed: Any) -> Opening:
    """A held call of dev-claude, to be approved by one approver within ten minutes of NOW."""
    rules = (
        EscalateRule("ask-first", "sha256:" + "1" * 64, changed.pop("approve", Approve()), "Writes are asked for"),
    )
    values: dict[str, Any] = {
        "call": uuid.uuid4(),
        "agent": "dev-claude",
        "person": "dev@example.com",
        "session": "s1",
        "client": "test client",
        "server": "files",
        "kind": "tool",
        "item": "write_file",
        "item_digest": "sha256:" + "2" * 64,
        "intent": "write",
        "binding": secrets.token_hex(32),
        "arguments": ARGUMENTS,
        "arguments_digest": "sha256:" + "3" * 64,
        "rules": rules,
        "reason": "Writes are asked for (rule ask-first)",
        "policy": "sha256:" + "4" * 64,
        "deadline": NOW + timedelta(minutes=10),
    }
    return Opening(**(values | changed))


@pytest.fixture(scope="session")
def scratch_postgres(django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The settings of a migrated PostgreSQL database of this run, dropped afterwards; skips where none answers."""
    try:
        maintenance = psycopg.connect(MAINTENANCE, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL does not answer at {MAINTENANCE}: {str(error).splitlines()[0]}")
    name = f"gatehouse_acts_{secrets.token_hex(4)}"
    maintenance.execute(f'CREATE DATABASE "{name}"')
    parts = psycopg.conninfo.conninfo_to_dict(MAINTENANCE)
    url = f"postgresql://{parts.get('user', 'postgres')}@{parts['host']}:{parts.get('port', 5432)}/{name}"
    try:
        with django_db_blocker.unblock(), as_default(env.database(url, env.Path())) as settings:
            call_command("migrate", verbosity=0)
        yield settings
    finally:
        maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        maintenance.close()


@pytest.fixture
def on_postgres(scratch_postgres: dict[str, Any], django_db_blocker: Any) -> Iterator[None]:
    """Every thread's default connection is the scratch database; commits are real, so names must be fresh."""
    with django_db_blocker.unblock(), as_default(scratch_postgres):
        yield


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """See `at_once`."""
    return at_once


class as_default:
    """Makes `settings` the default database of every thread while it is entered."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings

    def __enter__(self) -> dict[str, Any]:
        self.before = connections.settings["default"]
        self.connection = connections["default"]
        complete = {**self.before, **self.settings, "TEST": self.before["TEST"]}
        connections.settings["default"] = complete
        del connections["default"]
        return self.settings

    def __exit__(self, *_: object) -> None:
        connections["default"].close()
        connections.settings["default"] = self.before
        connections["default"] = self.connection
