"""Setting stops and lifting them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from governance import approvals, switches
from governance.models import Escalation, Generation, LedgerEntry, Person, Switch
from governance.rights import Machine, NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def admins(make_person: Callable[..., Person]) -> list[Person]:
    return [make_person(f"{name}@example.com", "security-admin") for name in ("ann", "ben", "cat")]


def stop(by: Any = Machine.OPERATOR, **changed: Any) -> Switch:
    return switches.stop(**({"scope_kind": "everything", "mode": "deny", "reason": "drill"} | changed), by=by)


def changes() -> list[dict[str, Any]]:
    texts = LedgerEntry.objects.filter(kind="change.switch").order_by("seq").values_list("text", flat=True)
    return [json.loads(text)["change"] for text in texts]


def generation() -> int:
    return Generation.objects.get(part="switches").value


def test_one_person_stops_and_it_is_known_everywhere_and_recorded(make_person) -> None:
    before = generation()
    switch = stop(make_person("bo@example.com", "approver"), scope_kind="server", scope_name="files")
    assert switches.active() == [switch]
    assert generation() == before + 1
    assert changes() == [
        {
            "what": "set",
            "name": f"stop {switch.pk}",
            "after": {"scope": "server:files", "mode": "deny"},
            "reason": "drill",
        }
    ]


@pytest.mark.parametrize("role", ["auditor", "developer", "policy-author", "server-owner"])
def test_other_roles_do_not_stop(make_person, role) -> None:
    with pytest.raises(NotAllowed):
        stop(make_person("x@example.com", role))
    assert not Switch.objects.exists()


def test_two_different_people_lift_a_stop(admins) -> None:
    switch, before = stop(), generation()
    assert switches.release(switch_id=switch.pk, by=admins[0]).needs == 1
    assert generation() == before, "a first vote changes nothing for calls"
    with pytest.raises(switches.AlreadyVoted):
        switches.release(switch_id=switch.pk, by=admins[0])
    assert switches.release(switch_id=switch.pk, by=admins[1]).needs == 0
    assert switches.active() == []
    with pytest.raises(switches.AlreadyReleased):
        switches.release(switch_id=switch.pk, by=admins[2])
    assert [change["what"] for change in changes()] == ["set", "release voted", "released"]


def test_the_person_who_stopped_counts_as_one_of_the_two(admins) -> None:
    switch = stop(admins[0])
    assert switches.release(switch_id=switch.pk, by=admins[0]).needs == 1
    assert switches.release(switch_id=switch.pk, by=admins[1]).needs == 0


@pytest.mark.parametrize("lost", ["left", "role"])
def test_the_vote_of_somebody_who_lost_the_right_does_not_count(admins, lost) -> None:
    switch = stop()
    switches.release(switch_id=switch.pk, by=admins[0])
    if lost == "left":
        Person.objects.filter(pk=admins[0].pk).update(is_active=False)
    else:
        admins[0].groups.clear()
    assert switches.release(switch_id=switch.pk, by=admins[1]).needs == 1
    assert switches.release(switch_id=switch.pk, by=admins[2]).needs == 0


def test_an_approver_does_not_lift(make_person) -> None:
    switch = stop()
    with pytest.raises(NotAllowed):
        switches.release(switch_id=switch.pk, by=make_person("bo@example.com", "approver"))


def test_the_operator_lifts_only_by_breaking_the_glass_and_it_is_loud() -> None:
    switch = stop()
    with pytest.raises(NotAllowed, match="break-glass"):
        switches.release(switch_id=switch.pk, by=Machine.OPERATOR)
    with pytest.raises(NotAllowed):
        switches.release(switch_id=switch.pk, by=Machine.SYSTEM, break_glass=True)
    assert switches.release(switch_id=switch.pk, by=Machine.OPERATOR, break_glass=True).needs == 0
    assert changes()[-1]["what"] == "released by breaking the glass"


def test_the_glass_is_not_broken_by_somebody_without_the_role(make_person) -> None:
    switch = stop()
    with pytest.raises(NotAllowed):
        switches.release(switch_id=switch.pk, by=make_person("bo@example.com", "approver"), break_glass=True)


@pytest.mark.parametrize(
    ("kind", "name", "cancelled"),
    [
        ("everything", "", {"a", "b", "c"}),
        ("server", "files", {"a", "b"}),
        ("tool", "files/write_file", {"a"}),
        ("tool", "write_file", {"a", "c"}),
        ("agent", "robot", {"b"}),
        ("person", "DEV@example.com", {"a", "c"}),
        ("team", "platform", {"b"}),
        ("session", "s9", {"c"}),
        ("server", "unknown", set()),
    ],
)
def test_a_deny_stop_cancels_what_it_covers(make_opening, make_agent, make_person, at, kind, name, cancelled) -> None:
    make_agent("dev-claude", make_person("dev@example.com"))
    make_agent("robot", team="platform")
    openings = {
        "a": make_opening(),
        "b": make_opening(agent="robot", person=None, item="delete_file"),
        "c": make_opening(server="mail", session="s9"),
    }
    with transaction.atomic():
        rows = {key: approvals.open_escalation(opening, now=at) for key, opening in openings.items()}
    stop(scope_kind=kind, scope_name=name, now=at)
    assert {key for key, row in rows.items() if Escalation.objects.get(pk=row.pk).state == "cancelled"} == cancelled
    assert LedgerEntry.objects.filter(kind="call.decided").count() == len(cancelled)


@pytest.mark.parametrize("mode", ["read-only", "escalate"])
def test_a_milder_stop_cancels_nothing(make_opening, at, mode) -> None:
    with transaction.atomic():
        row = approvals.open_escalation(make_opening(), now=at)
    stop(mode=mode)
    assert Escalation.objects.get(pk=row.pk).state == "waiting"


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope_kind": "planet", "scope_name": "mars"},
        {"scope_kind": "everything", "scope_name": "files"},
        {"scope_kind": "server", "scope_name": ""},
        {"scope_kind": "server", "scope_name": "x" * 301},
        {"scope_kind": "server", "scope_name": "a\0b"},
        {"mode": "explode"},
        {"reason": "  "},
        {"reason": "x" * 501},
    ],
)
def test_a_stop_that_says_nothing_clear_is_refused(wrong) -> None:
    with pytest.raises(switches.BadScope):
        stop(**wrong)
    assert not LedgerEntry.objects.exists()
