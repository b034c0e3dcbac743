"""Suspended servers: out of use for a while by a person's word, or because their approval ran out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from governance.models import Escalation, Generation, LedgerEntry, Person
from governance.rights import NotAllowed
from registry import lapses
from registry.lifecycle import NotPossible, Shown, approve_items, quarantine, release, resume, suspend
from registry.models import Server
from registry.scanning import scan
from tests.registry.test_server_lifecycle import escalation_fields

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> Person:
    person = Person.objects.create_user("sec@example.com")
    person.groups.set(Group.objects.filter(name="security-admin"))
    return person


def last_change() -> dict[str, Any]:
    entry = LedgerEntry.objects.order_by("seq").last()
    assert entry is not None
    found: dict[str, Any] = json.loads(entry.text)["change"]
    return found


def end_term(server: Server) -> None:
    Server.objects.filter(pk=server.pk).update(approved_until=timezone.now() - timedelta(seconds=1))


def test_a_suspended_server_is_out_of_use_with_its_baselines_and_comes_back_as_it_was(
    approved: Server, administrator: Person
) -> None:
    escalation = Escalation.objects.create(**escalation_fields(approved))
    before = Generation.objects.get(part="registry").value
    suspend(server=approved, by=administrator, reason="while its owner is away")
    approved.refresh_from_db()
    escalation.refresh_from_db()
    assert (approved.state, approved.state_reason) == ("suspended", "while its owner is away")
    assert escalation.state == "cancelled"
    assert Generation.objects.get(part="registry").value > before
    assert not Server.objects.in_use(timezone.now()).exists()
    assert set(approved.items.values_list("state", flat=True)) == {"approved"}
    resume(server=approved, by=administrator, reason="back")
    approved.refresh_from_db()
    assert (approved.state, last_change()["what"]) == ("ready", "resume")
    assert approved.next_scan_at is not None
    assert approved.next_scan_at <= timezone.now()


def test_it_takes_a_security_administrator_and_the_state_that_fits(approved: Server, administrator: Person) -> None:
    developer = Person.objects.create_user("dev@example.com")
    developer.groups.set(Group.objects.filter(name__in=["developer", "server-owner", "approver"]))
    for act in (suspend, resume):
        with pytest.raises(NotAllowed):
            act(server=approved, by=developer, reason="mine")
    with pytest.raises(NotPossible, match="what is ready cannot resume"):
        resume(server=approved, by=administrator, reason="x")
    suspend(server=approved, by=administrator, reason="x")
    with pytest.raises(NotPossible, match="what is suspended cannot release"):
        release(server=approved, by=administrator, reason="x")
    shown = [Shown.of(item) for item in approved.items.all()]
    with pytest.raises(NotPossible, match="files is suspended; resume it"):
        approve_items(server=approved, items=shown, by=administrator)
    quarantine(server=approved, by=administrator, reason="worse than thought")
    with pytest.raises(NotPossible, match="what is quarantined cannot resume"):
        resume(server=approved, by=administrator, reason="x")


def test_what_a_scan_sees_of_a_suspended_server_leaves_it_suspended(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    suspend(server=approved, by=administrator, reason="x")
    shapeshifter.offer(read="Other.", write="Write a file.")
    scan(approved.pk, by=administrator)
    approved.refresh_from_db()
    assert (approved.state, approved.items.get(name="read").state) == ("suspended", "changed")
    resume(server=approved, by=administrator, reason="back")
    approved.refresh_from_db()
    assert approved.state == "sync-required"


def test_an_approval_that_has_run_out_ends_use_at_that_moment(approved: Server) -> None:
    """exactly, not only when somebody has looked."""
    now = timezone.now()
    Server.objects.update(approved_until=now)
    assert Server.objects.in_use(now - timedelta(microseconds=1)).exists()
    assert not Server.objects.in_use(now).exists()


def test_a_server_whose_approval_has_run_out_is_suspended_and_says_why(approved: Server) -> None:
    assert lapses.end_due(timezone.now()) == 0
    end_term(approved)
    assert lapses.end_due(timezone.now()) == 1
    approved.refresh_from_db()
    assert approved.state == "suspended"
    assert approved.state_reason.startswith("Its approval ran out on ")
    assert last_change()["what"] == "suspend"
    entry = LedgerEntry.objects.order_by("seq").last()
    assert entry is not None
    assert json.loads(entry.text)["principal"]["person"] == "gatehouse"
    assert lapses.end_due(timezone.now()) == 0


def test_one_whose_approval_ran_out_is_resumed_for_a_new_term_alone(approved: Server, administrator: Person) -> None:
    end_term(approved)
    lapses.end_due(timezone.now())
    with pytest.raises(NotPossible, match="for how many days"):
        resume(server=approved, by=administrator, reason="still needed")
    resume(server=approved, by=administrator, reason="still needed", days=30)
    approved.refresh_from_db()
    assert approved.state == "ready"
    assert approved.approved_until is not None
    assert timedelta(days=29) < approved.approved_until - timezone.now() <= timedelta(days=30)
    assert "until" in last_change()
    assert Server.objects.in_use(timezone.now()).exists()
