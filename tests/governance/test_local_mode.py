"""Local mode: who may switch it on, what ends it, and that nothing else lets anybody decide for themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from governance import approvals, escalations, local_mode
from governance.approvals import NotYours, Opening
from governance.models import Agent, Escalation, LedgerEntry, Person
from tests.architecture.sources import APPS, modules, name

pytestmark = pytest.mark.django_db


@pytest.fixture
def dev(make_person: Callable[..., Person], make_agent: Callable[..., Agent]) -> Person:
    """The owner of dev-claude, an approver as well, and the only person."""
    dev = make_person("dev@example.com", "developer", "approver")
    make_agent("dev-claude", dev)
    return dev


@pytest.fixture
def local(dev: Person, settings: Any) -> Iterator[None]:
    """Switched on, as `gatehouse wrap` does."""
    if connection.vendor != "sqlite":
        pytest.skip("local mode is for SQLite alone")
    settings.GATEHOUSE_MODE = local_mode.MODE
    local_mode.switch_on()
    yield
    local_mode.switch_off()


@pytest.fixture
def held(make_opening: Callable[..., Opening], at: datetime) -> Callable[..., Escalation]:
    """Opens an escalation as the gateway does, if somebody may decide it."""

    def hold(**changed: Any) -> Escalation:
        opening = make_opening(**changed)
        escalations.require_somebody(opening)
        with transaction.atomic():
            return escalations.open_escalation(opening, now=at)

    return hold


def entries(kind: str) -> list[dict[str, Any]]:
    """The ledger's entries of one kind."""
    texts = LedgerEntry.objects.filter(kind=kind).order_by("stream", "seq").values_list("text", flat=True)
    return [json.loads(text) for text in texts]


def test_the_only_person_decides_and_it_is_marked(local: None, dev: Person, held: Any, at: datetime) -> None:
    """In the inbox, in the vote and in the ledger; that it was switched on is recorded too."""
    escalation = held()
    assert list(Escalation.objects.decidable_by(dev, at)) == [escalation]
    assert approvals.approve(escalation_id=escalation.pk, by=dev, now=at).state == "approved"
    [decided] = entries("call.decided")
    assert decided["approval"]["mark"] == local_mode.MARK == "local, not separated"
    assert decided["principal"] == {"person": "dev@example.com", "via": "local"}
    assert [vote.via for vote in escalation.votes.all()] == ["local"]
    assert [one for one in entries("change.person") if local_mode.MARK in one["change"]["what"]]


def test_it_is_not_on_unless_it_is_recorded(dev: Person, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the entry cannot be written, nor where it cannot be committed."""
    if connection.vendor != "sqlite":
        pytest.skip("local mode is for SQLite alone")
    settings.GATEHOUSE_MODE = local_mode.MODE

    def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseError("disk full")

    for place, what in ((connection, "savepoint_commit"), (local_mode.ledger, "append")):
        with monkeypatch.context() as patched, pytest.raises(DatabaseError):
            patched.setattr(place, what, refuse)
            local_mode.switch_on()
        connection.set_rollback(False)  # The test's own transaction goes on.
        assert not local_mode.holds()


def test_a_second_person_ends_it(local: None, dev: Person, held: Any, make_person: Any, at: datetime) -> None:
    """At once, for what waits already too; an inactive one counts."""
    escalation = held()
    make_person("bo@example.com")
    Person.objects.filter(email="bo@example.com").update(is_active=False)
    assert not local_mode.holds()
    with pytest.raises(NotYours, match="your own agent"):
        approvals.approve(escalation_id=escalation.pk, by=dev, now=at)
    assert not Escalation.objects.decidable_by(dev, at)
    assert Escalation.objects.get(pk=escalation.pk).state == "waiting"


@pytest.mark.parametrize("mode", ["demo", "production", "test", "base"])
def test_no_other_mode_switches_it_on_or_keeps_it(dev: Person, held: Any, settings: Any, mode: str) -> None:
    """Neither by asking, nor after it was switched on under another name."""
    settings.GATEHOUSE_MODE = mode
    with pytest.raises(local_mode.NotLocal, match="gatehouse wrap"):
        local_mode.switch_on()
    assert not local_mode.holds()
    assert not entries("change.person") or local_mode.MARK not in json.dumps(entries("change.person"))
    with pytest.raises(escalations.NobodyEntitled):
        held()


def test_a_changed_mode_ends_it(local: None, settings: Any) -> None:
    """What it asks for is asked each time."""
    settings.GATEHOUSE_MODE = "production"
    assert not local_mode.holds()


def test_more_or_fewer_people_than_one_do_not_get_it(settings: Any, make_person: Any) -> None:
    """An installation that was made for several people never becomes a local one."""
    if connection.vendor != "sqlite":
        pytest.skip("local mode is for SQLite alone")
    settings.GATEHOUSE_MODE = local_mode.MODE
    with pytest.raises(local_mode.NotLocal, match="exactly one person"):
        local_mode.switch_on()
    make_person("one@example.com")
    make_person("two@example.com")
    with pytest.raises(local_mode.NotLocal, match="exactly one person"):
        local_mode.switch_on()
    assert not local_mode.holds()


def test_no_shared_database_gets_it(settings: Any, dev: Person) -> None:
    """PostgreSQL is where several processes and people meet."""
    if connection.vendor == "sqlite":
        pytest.skip("about PostgreSQL")
    settings.GATEHOUSE_MODE = local_mode.MODE
    with pytest.raises(local_mode.NotLocal):
        local_mode.switch_on()


def test_the_wrapper_is_the_only_one_that_asks_for_it() -> None:
    """And its settings module is named nowhere else: the variable GATEHOUSE_MODE cannot choose it."""
    from gateway.settings import env

    asking = {name(path) for path in modules(*APPS) if "local_mode.switch_on(" in path.read_text()}
    naming = {name(path) for path in modules(*APPS) if "gateway.settings.wrap" in path.read_text()}
    assert asking == {"gateway/wrapping/house.py"}
    assert naming == {"gateway/wrapping/program.py"}
    assert local_mode.MODE not in env.MODES
