"""Approving, denying, expiring, cancelling and redeeming a held call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from governance import approvals
from governance.approvals import AlreadyDecided, AlreadyVoted, NotYours, Opening, StepUpNeeded
from governance.models import Agent, Escalation, Generation, LedgerEntry, Person
from governance.policy.values import Approve
from governance.rights import Machine, NotAllowed
from governance.vault.envelope import NotSealed

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(make_opening: Callable[..., Opening], at: datetime) -> Callable[..., Escalation]:
    """Opens an escalation as the gateway does."""

    def hold(**changed: Any) -> Escalation:
        with transaction.atomic():
            return approvals.open_escalation(make_opening(**changed), now=at)

    return hold


@pytest.fixture
def bo(make_person: Callable[..., Person]) -> Person:
    return make_person("bo@example.com", "approver")


@pytest.fixture
def dev(make_person: Callable[..., Person], make_agent: Callable[..., Agent]) -> Person:
    """The owner of dev-claude, an approver as well."""
    dev = make_person("dev@example.com", "developer", "approver")
    make_agent("dev-claude", dev)
    return dev


def decided() -> list[dict[str, Any]]:
    texts = LedgerEntry.objects.filter(kind="call.decided").order_by("seq").values_list("text", flat=True)
    return [json.loads(text) for text in texts]


def generation() -> int:
    return Generation.objects.get(part="escalations").value


def test_an_approval_is_decided_recorded_and_announced(held, dev, bo, at) -> None:
    escalation, before = held(), generation()
    outcome = approvals.approve(escalation_id=escalation.pk, by=bo, reason="looks right", now=at)
    assert (outcome.state, outcome.still_needed) == ("approved", "")
    row = Escalation.objects.get(pk=escalation.pk)
    assert (row.state, row.decided_by, row.decision_reason) == ("approved", "bo@example.com", "looks right")
    assert row.redeem_until == at + timedelta(minutes=15)
    assert generation() == before + 1
    [entry] = decided()
    assert entry["call"] == str(escalation.call)
    assert entry["principal"] == {"person": "bo@example.com", "via": "console"}
    assert entry["approval"]["act"] == "approve"
    assert entry["approval"]["by"] == ["bo@example.com"]
    assert entry["approval"]["rules"] == ["ask-first"]
    assert entry["target"]["name"] == "write_file"


def test_a_denial_is_final_and_carries_its_reason(held, dev, bo, make_person, at) -> None:
    escalation = held()
    assert approvals.deny(escalation_id=escalation.pk, by=bo, reason="not today", now=at).state == "denied"
    with pytest.raises(AlreadyDecided) as refused:
        approvals.approve(escalation_id=escalation.pk, by=make_person("cy@example.com", "approver"), now=at)
    assert (refused.value.state, refused.value.by, refused.value.reason) == ("denied", "bo@example.com", "not today")
    assert refused.value.at == at


def test_nobody_approves_a_call_of_their_own_agent_and_the_attempt_is_recorded(held, dev, at) -> None:
    escalation = held()
    with pytest.raises(NotYours, match="your own agent"):
        approvals.approve(escalation_id=escalation.pk, by=dev, now=at)
    assert Escalation.objects.get(pk=escalation.pk).state == "waiting"
    [entry] = decided()
    assert entry["principal"]["person"] == "dev@example.com"
    assert entry["approval"]["refused"]["code"] == "not-yours"
    assert entry["approval"]["state"] == "waiting"


def test_an_agent_that_changed_hands_is_decided_by_neither_owner(held, dev, bo, make_person, at) -> None:
    escalation = held()
    Agent.objects.filter(name="dev-claude").update(owner=bo)
    for person in (dev, bo):
        with pytest.raises(NotYours):
            approvals.approve(escalation_id=escalation.pk, by=person, now=at)
    other = make_person("cy@example.com", "approver")
    assert approvals.approve(escalation_id=escalation.pk, by=other, now=at).state == "approved"


def test_a_member_of_the_team_that_owns_the_agent_does_not_decide(held, bo, make_person, make_agent, at) -> None:
    make_agent("robot", team="platform")
    member = make_person("pat@example.com", "approver", teams=("platform",))
    escalation = held(agent="robot", person=None)
    with pytest.raises(NotYours, match="own team"):
        approvals.approve(escalation_id=escalation.pk, by=member, now=at)
    assert list(Escalation.objects.decidable_by(member, at)) == []
    assert list(Escalation.objects.decidable_by(bo, at)) == [escalation]


def test_somebody_whom_no_rule_names_does_not_decide(held, dev, make_person, at) -> None:
    escalation = held()
    with pytest.raises(NotYours, match="role approver"):
        approvals.deny(escalation_id=escalation.pk, by=make_person("al@example.com", "auditor"), now=at)
    assert decided()[0]["approval"]["refused"]["code"] == "not-yours"


def test_an_inactive_person_does_not_decide(held, dev, bo, at) -> None:
    escalation = held()
    Person.objects.filter(pk=bo.pk).update(is_active=False)
    with pytest.raises(NotYours, match="not active"):
        approvals.approve(escalation_id=escalation.pk, by=bo, now=at)


def test_the_deadline_itself_is_too_late(held, dev, bo, at) -> None:
    escalation = held(deadline=at + timedelta(minutes=10))
    with pytest.raises(AlreadyDecided) as refused:
        approvals.approve(escalation_id=escalation.pk, by=bo, now=at + timedelta(minutes=10))
    assert refused.value.state == "expired"
    assert Escalation.objects.get(pk=escalation.pk).state == "expired"
    assert [entry["approval"]["act"] for entry in decided()] == ["expire", "approve"]


def test_an_approval_just_before_the_deadline_counts(held, dev, bo, at) -> None:
    escalation = held(deadline=at + timedelta(minutes=10))
    just_before = at + timedelta(minutes=10) - timedelta(microseconds=1)
    assert approvals.approve(escalation_id=escalation.pk, by=bo, now=just_before).state == "approved"


def test_a_quorum_of_two_takes_two_people(held, dev, bo, make_person, at) -> None:
    escalation = held(approve=Approve(required=2))
    outcome = approvals.approve(escalation_id=escalation.pk, by=bo, now=at)
    assert outcome.state == "waiting"
    assert "1 more approval from role approver" in outcome.still_needed
    with pytest.raises(AlreadyVoted):
        approvals.approve(escalation_id=escalation.pk, by=bo, now=at)
    assert list(Escalation.objects.decidable_by(bo, at)) == []
    cy = make_person("cy@example.com", "approver")
    assert approvals.approve(escalation_id=escalation.pk, by=cy, now=at).state == "approved"
    assert decided()[-1]["approval"]["by"] == ["bo@example.com", "cy@example.com"]


def test_the_vote_of_somebody_who_left_does_not_count_towards_the_quorum(held, dev, bo, make_person, at) -> None:
    escalation = held(approve=Approve(required=2))
    approvals.approve(escalation_id=escalation.pk, by=bo, now=at)
    Person.objects.filter(pk=bo.pk).update(is_active=False)
    cy = make_person("cy@example.com", "approver")
    assert approvals.approve(escalation_id=escalation.pk, by=cy, now=at).state == "waiting"


@pytest.mark.parametrize("intent", ["destructive", "exfiltrative"])
def test_a_dangerous_call_is_approved_with_a_fresh_second_factor_only(held, dev, bo, at, intent) -> None:
    escalation = held(intent=intent)
    with pytest.raises(StepUpNeeded):
        approvals.approve(escalation_id=escalation.pk, by=bo, now=at)
    assert approvals.approve(escalation_id=escalation.pk, by=bo, stepped_up=True, now=at).state == "approved"


def test_a_dangerous_call_is_denied_without_a_second_factor(held, dev, bo, at) -> None:
    assert approvals.deny(escalation_id=held(intent="destructive").pk, by=bo, now=at).state == "denied"


def test_an_approval_is_redeemed_exactly_once(held, dev, bo, at) -> None:
    escalation, call = held(), uuid.uuid4()
    with transaction.atomic():
        assert not approvals.redeem(escalation_id=escalation.pk, call=call, now=at), "waiting is not approved"
    approvals.approve(escalation_id=escalation.pk, by=bo, now=at)
    with transaction.atomic():
        assert approvals.redeem(escalation_id=escalation.pk, call=call, now=at)
        assert not approvals.redeem(escalation_id=escalation.pk, call=uuid.uuid4(), now=at)
    row = Escalation.objects.get(pk=escalation.pk)
    assert (row.state, row.redeemed_call, row.redeemed_at) == ("redeemed", call, at)


def test_an_approval_is_not_redeemed_after_its_time(held, dev, bo, at) -> None:
    escalation = held()
    approvals.approve(escalation_id=escalation.pk, by=bo, now=at)
    late = at + timedelta(minutes=15)
    with transaction.atomic():
        assert not approvals.redeem(escalation_id=escalation.pk, call=uuid.uuid4(), now=late)
    assert approvals.find_open(escalation.binding, now=late - timedelta(microseconds=1)) == escalation
    assert approvals.find_open(escalation.binding, now=late) is None
    assert Escalation.objects.get(pk=escalation.pk).state == "expired"


def test_an_identical_call_joins_the_escalation_that_is_open(held, at) -> None:
    first = held(binding="b" * 64)
    assert held(binding="b" * 64) == first
    assert approvals.find_open("b" * 64, now=at) == first
    assert approvals.find_open("c" * 64, now=at) is None


def test_a_stale_escalation_makes_room_for_the_same_call_and_still_ends_recorded(held, make_opening, at) -> None:
    stale = held(binding="b" * 64, deadline=at + timedelta(minutes=1))
    later = at + timedelta(minutes=2)
    with transaction.atomic():
        anew = approvals.open_escalation(make_opening(binding="b" * 64), now=later)
    assert anew.pk != stale.pk
    assert approvals.expire_due(later) == 1
    assert Escalation.objects.get(pk=stale.pk).state == "expired"
    assert [entry["approval"]["escalation"] for entry in decided()] == [str(stale.pk)]


def test_the_twentieth_call_of_an_agent_waits_and_the_next_is_refused(held, settings, at) -> None:
    settings.WAITING_PER_AGENT = 3
    for _ in range(3):
        held()
    with pytest.raises(approvals.TooManyWaiting, match="agent dev-claude already has 3"):
        held()
    held(agent="another")


def test_a_server_has_a_cap_over_all_agents(held, settings) -> None:
    settings.WAITING_PER_SERVER = 2
    held(agent="one"), held(agent="two")
    with pytest.raises(approvals.TooManyWaiting, match="server files"):
        held(agent="three")
    held(agent="three", server="mail")


def test_the_exact_arguments_come_back_and_only_for_their_own_row(held, at) -> None:
    one, two = held(arguments=b'{"a":1}'), held(arguments=b'{"a":2}')
    assert approvals.exact_arguments(one) == b'{"a":1}'
    assert '{"a":1}' not in one.arguments_sealed
    one.arguments_sealed = two.arguments_sealed
    with pytest.raises(NotSealed):
        approvals.exact_arguments(one)


def test_opening_touches_neither_the_console_stream_nor_a_generation(held) -> None:
    before = (LedgerEntry.objects.count(), generation())
    held()
    assert (LedgerEntry.objects.count(), generation()) == before


def test_a_call_that_nobody_can_approve_is_refused_at_once(make_opening, dev) -> None:
    with pytest.raises(approvals.NobodyEntitled, match="ask-first"):
        approvals.require_somebody(make_opening())


def test_a_call_that_one_other_active_approver_can_approve_is_held(make_opening, dev, bo) -> None:
    approvals.require_somebody(make_opening())
    with pytest.raises(approvals.NobodyEntitled):
        approvals.require_somebody(make_opening(approve=Approve(required=2)))
    Person.objects.filter(pk=bo.pk).update(is_active=False)
    with pytest.raises(approvals.NobodyEntitled):
        approvals.require_somebody(make_opening())


def test_a_detached_call_still_waits(held, dev, bo, at) -> None:
    escalation = held()
    assert approvals.detach([escalation.pk]) == 1
    assert Escalation.objects.get(pk=escalation.pk).detached
    assert approvals.approve(escalation_id=escalation.pk, by=bo, now=at).state == "approved"
    assert approvals.attach([escalation.pk]) == 1


def test_cancelling_is_for_the_owner_and_for_administrators(held, dev, make_person, at) -> None:
    escalation = held()
    with pytest.raises(NotAllowed):
        approvals.cancel(escalation_id=escalation.pk, reason="x", by=make_person("al@example.com", "auditor"))
    assert approvals.cancel(escalation_id=escalation.pk, reason="no longer needed", by=dev, now=at)
    assert not approvals.cancel(escalation_id=escalation.pk, reason="again", by=dev, now=at)
    assert decided()[0]["approval"]["reason"] == "no longer needed"


def test_cancelling_by_agent_leaves_others_alone_and_says_how_many(held, bo, dev, at) -> None:
    mine, approved, other = held(), held(), held(agent="other", person="bo@example.com")
    approvals.approve(escalation_id=approved.pk, by=bo, now=at)
    assert approvals.cancel_matching(agent="dev-claude", reason="revoked", by=Machine.SYSTEM, now=at) == 2
    states = {row.pk: row.state for row in Escalation.objects.all()}
    assert states == {mine.pk: "cancelled", approved.pk: "cancelled", other.pk: "waiting"}
    with pytest.raises(ValueError, match="which escalations"):
        approvals.cancel_matching(reason="x", by=Machine.SYSTEM)


def test_people_see_their_own_calls_and_reading_roles_see_all(held, dev, bo, make_person) -> None:
    own, foreign = held(), held(agent="other", person="zoe@example.com", approve=Approve(people=("zed@example.com",)))
    developer = make_person("ann@example.com", "developer")
    assert list(Escalation.objects.visible_to(developer)) == []
    assert set(Escalation.objects.visible_to(make_person("zoe@example.com", "developer"))) == {foreign}
    assert set(Escalation.objects.visible_to(make_person("zed@example.com", "developer"))) == {foreign}
    assert set(Escalation.objects.visible_to(bo)) == {own, foreign}
    assert list(Escalation.objects.decidable_by(bo)) == []
