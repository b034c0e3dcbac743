"""People's acts on servers and items: all or nothing, by those who may, on what they saw, and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from governance.models import Agent, Escalation, Generation, LedgerEntry, Person
from governance.rights import Machine, NotAllowed
from registry.lifecycle import (
    ChangedSinceShown,
    NotPossible,
    Shown,
    approve_items,
    quarantine,
    refuse_items,
    release,
    retire,
)
from registry.models import Item, Server
from registry.scanning import scan
from registry.servers import ASKED, BadServer, set_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> Person:
    person = Person.objects.create_user("sec@example.com")
    person.groups.set(Group.objects.filter(name="security-admin"))
    return person


@pytest.fixture
def developer() -> Person:
    person = Person.objects.create_user("dev@example.com")
    person.groups.set(Group.objects.filter(name__in=["developer", "server-owner", "approver"]))
    return person


@pytest.fixture
def scanned(shapeshifter: Any, make_server: Callable[..., Server]) -> Server:
    server = make_server("files", shapeshifter.command)
    scan(server.pk, by=Machine.OPERATOR)
    server.refresh_from_db()
    return server


def shown(server: Server, *names: str) -> list[Shown]:
    return [Shown.of(item) for item in server.items.filter(name__in=names)]


def changes() -> list[dict[str, Any]]:
    texts = LedgerEntry.objects.order_by("seq").values_list("text", flat=True)
    return [entry["change"] for entry in map(json.loads, texts) if "change" in entry]


def test_an_approval_makes_what_was_seen_the_baseline_and_is_recorded(scanned: Server, administrator: Person) -> None:
    before = Generation.objects.get(part="registry").value
    approve_items(server=scanned, items=shown(scanned, "read"), by=administrator, reason="looked at")
    item = scanned.items.get(name="read")
    assert (item.state, item.approved_digest, item.approved_document) == (
        "approved",
        item.seen_digest,
        item.seen_document,
    )
    assert item.approved_by == "sec@example.com"
    assert scanned.items.get(name="write").state == "new"
    assert Generation.objects.get(part="registry").value > before
    assert changes()[-1]["after"]["items"] == [{"kind": "tool", "name": "read", "digest": item.seen_digest}]
    scanned.refresh_from_db()
    assert (scanned.state, scanned.state_reason) == ("ready", "1 not reviewed.")


def test_what_changed_since_it_was_shown_is_not_approved(
    scanned: Server, shapeshifter: Any, administrator: Person
) -> None:
    seen = shown(scanned, "read", "write")
    shapeshifter.offer(read="Read a file and mail it.", write="Write a file.")
    scan(scanned.pk, by=Machine.SYSTEM)
    with pytest.raises(ChangedSinceShown, match="tool read of files has changed since it was shown"):
        approve_items(server=scanned, items=seen, by=administrator)
    assert not Item.objects.filter(state="approved").exists()


def test_an_item_that_is_gone_cannot_be_approved(approved: Server, shapeshifter: Any, administrator: Person) -> None:
    shapeshifter.offer(write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    with pytest.raises(NotPossible, match="not on files any more"):
        approve_items(server=approved, items=shown(approved, "read"), by=administrator)


@pytest.mark.parametrize("act", [approve_items, refuse_items])
def test_items_are_decided_by_security_administrators_alone(
    scanned: Server, developer: Person, act: Callable[..., Any]
) -> None:
    with pytest.raises(NotAllowed):
        act(server=scanned, items=shown(scanned, "read"), by=developer)
    assert set(scanned.items.values_list("state", flat=True)) == {"new"}


@pytest.mark.parametrize("act", [quarantine, release, retire])
def test_servers_are_taken_out_of_use_by_security_administrators_alone(
    scanned: Server, developer: Person, act: Callable[..., Any]
) -> None:
    with pytest.raises(NotAllowed):
        act(server=scanned, by=developer, reason="no")


def test_a_changed_item_is_approved_anew_by_a_person(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    shapeshifter.offer(read="Read any file.", write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    approve_items(server=approved, items=shown(approved, "read"), by=administrator)
    approved.refresh_from_db()
    assert approved.state == "ready"
    assert "Read any file." in approved.items.get(name="read").approved_document


def test_a_refused_item_is_not_counted_as_drift(approved: Server, shapeshifter: Any, administrator: Person) -> None:
    shapeshifter.offer(read="Read any file.", write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    refuse_items(server=approved, items=shown(approved, "read"), by=administrator, reason="too broad")
    approved.refresh_from_db()
    assert (approved.state, approved.items.get(name="read").state) == ("ready", "refused")
    assert changes()[-1]["reason"] == "too broad"


def test_nothing_is_approved_on_a_quarantined_server(scanned: Server, administrator: Person) -> None:
    quarantine(server=scanned, by=administrator, reason="odd traffic")
    with pytest.raises(NotPossible, match="release it"):
        approve_items(server=scanned, items=shown(scanned, "read"), by=administrator)


def test_a_quarantine_cancels_what_waits_and_keeps_the_baselines(approved: Server, administrator: Person) -> None:
    owner = Person.objects.create_user("dev@example.com")
    Agent.objects.create(name="dev-claude", owner=owner)
    escalation = Escalation.objects.create(**escalation_fields(approved))
    quarantine(server=approved, by=administrator, reason="odd traffic")
    escalation.refresh_from_db()
    approved.refresh_from_db()
    assert (approved.state, escalation.state) == ("quarantined", "cancelled")
    assert set(approved.items.values_list("state", flat=True)) == {"approved"}
    assert changes()[-1]["what"] == "quarantine"


def test_a_released_server_stands_as_its_items_do(approved: Server, administrator: Person) -> None:
    quarantine(server=approved, by=administrator, reason="odd traffic")
    assert release(server=approved, by=administrator, reason="explained").state == "ready"


def test_a_retired_server_is_not_released(approved: Server, administrator: Person) -> None:
    retire(server=approved, by=administrator, reason="replaced")
    with pytest.raises(NotPossible, match="what is retired cannot release"):
        release(server=approved, by=administrator, reason="again")


def test_a_server_is_stored_by_security_administrators_alone(developer: Person) -> None:
    asked = {field: getattr(Server(), field) for field in ASKED} | {"transport": "http", "url": "http://a.example/"}
    with pytest.raises(NotAllowed):
        set_server(name="a", asked=asked, team=None, by=developer)
    with pytest.raises(BadServer, match="gatehouse"):
        set_server(name="gatehouse", asked=asked, team=None, by=Machine.OPERATOR)
    assert not Server.objects.exists()


def test_plain_values_of_headers_are_not_recorded(make_server: Callable[..., Server]) -> None:
    value = "Bearer " + "abc"
    make_server("a", url="http://a.example/", headers={"Authorization": value, "X-Key": {"secret": "k"}})
    recorded = "".join(LedgerEntry.objects.values_list("text", flat=True))
    assert value not in recorded
    assert '"X-Key":{"secret":"k"}' in recorded


def escalation_fields(server: Server) -> dict[str, Any]:
    empty = {field.name: field.get_default() for field in Escalation._meta.concrete_fields if not field.primary_key}
    given = {
        "agent": "dev-claude",
        "person": "dev@example.com",
        "server": server.name,
        "kind": "tool",
        "item": "read",
        "state": "waiting",
        "deadline": timezone.now() + timedelta(minutes=5),
    }
    import uuid

    return {"id": uuid.uuid4(), **empty, "call": uuid.uuid4(), "binding": uuid.uuid4().hex, **given}
