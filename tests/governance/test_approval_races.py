"""Held calls under real concurrency on PostgreSQL: threads with connections of their own, every commit real."""

from __future__ import annotations

import json
import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from governance import approvals, switches
from governance.approvals import AlreadyDecided, Opening, TooManyWaiting
from governance.models import Escalation, LedgerEntry, Person, Vote
from governance.policy.values import Approve
from governance.rights import Machine

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("on_postgres")]
ROUNDS = 8


@pytest.fixture
def name() -> str:
    """A fresh name: commits are real and stay until the database is dropped."""
    return f"a{secrets.token_hex(6)}"


@pytest.fixture
def approvers() -> list[Person]:
    people = [Person.objects.create_user(f"{secrets.token_hex(6)}@example.com") for _ in range(2)]
    for person in people:
        person.groups.set(Group.objects.filter(name="approver"))
    return people


def hold(make_opening: Callable[..., Opening], **changed: Any) -> Escalation:
    values = {"deadline": timezone.now() + timedelta(minutes=10), **changed}
    with transaction.atomic():
        return approvals.open_escalation(make_opening(**values), now=timezone.now())


def redeem(escalation_id: uuid.UUID) -> bool:
    with transaction.atomic():
        return approvals.redeem(escalation_id=escalation_id, call=uuid.uuid4(), now=timezone.now())


def acts_recorded(escalation: Escalation) -> Counter[str]:
    """How many entries there are per act; refused attempts are counted apart."""
    counted: Counter[str] = Counter()
    for text in LedgerEntry.objects.filter(call=escalation.call).values_list("text", flat=True):
        approval = json.loads(text)["approval"]
        counted["refused" if "refused" in approval else approval["act"]] += 1
    return counted


def test_two_approvers_at_once_make_one_decision_and_both_are_recorded(make_opening, approvers, together, name) -> None:
    for _ in range(ROUNDS):
        escalation = hold(make_opening, agent=name)
        answers = together(*[partial(approvals.approve, escalation_id=escalation.pk, by=each) for each in approvers])
        lost = [answer for answer in answers if isinstance(answer, AlreadyDecided)]
        won = [answer for answer in answers if isinstance(answer, approvals.Outcome)]
        assert (len(won), len(lost)) == (1, 1), answers
        assert lost[0].by == Escalation.objects.get(pk=escalation.pk).decided_by
        assert acts_recorded(escalation) == {"approve": 1, "refused": 1}


def test_approve_against_deny_has_one_outcome(make_opening, approvers, together, name) -> None:
    for _ in range(ROUNDS):
        escalation = hold(make_opening, agent=name)
        answers = together(
            partial(approvals.approve, escalation_id=escalation.pk, by=approvers[0]),
            partial(approvals.deny, escalation_id=escalation.pk, by=approvers[1]),
        )
        [won] = [answer for answer in answers if isinstance(answer, approvals.Outcome)]
        assert Escalation.objects.get(pk=escalation.pk).state == won.state
        assert Vote.objects.filter(escalation=escalation).count() == 1
        assert acts_recorded(escalation)["refused"] == 1


def test_a_double_click_votes_once(make_opening, approvers, together, name) -> None:
    escalation = hold(make_opening, agent=name, approve=Approve(required=2))
    click = partial(approvals.approve, escalation_id=escalation.pk, by=approvers[0])
    answers = together(click, click, click)
    assert sum(isinstance(answer, approvals.Outcome) for answer in answers) == 1
    assert sum(isinstance(answer, approvals.AlreadyVoted) for answer in answers) == 2
    assert Escalation.objects.get(pk=escalation.pk).state == "waiting"


def test_two_votes_at_once_meet_a_quorum_of_two(make_opening, approvers, together, name) -> None:
    for _ in range(ROUNDS):
        escalation = hold(make_opening, agent=name, approve=Approve(required=2))
        answers = together(*[partial(approvals.approve, escalation_id=escalation.pk, by=each) for each in approvers])
        assert sorted(answer.state for answer in answers) == ["approved", "waiting"]
        assert Escalation.objects.get(pk=escalation.pk).state == "approved"


def test_an_approval_is_redeemed_by_one_of_many_identical_calls(make_opening, approvers, together, name) -> None:
    for _ in range(ROUNDS):
        escalation = hold(make_opening, agent=name)
        approvals.approve(escalation_id=escalation.pk, by=approvers[0])
        answers = together(*[partial(redeem, escalation.pk)] * 4)
        assert sorted(answers) == [False, False, False, True]


def test_approve_against_expiry_has_one_outcome(make_opening, approvers, together, name) -> None:
    for _ in range(ROUNDS):
        escalation = hold(make_opening, agent=name)
        late = escalation.deadline
        answers = together(
            partial(approvals.approve, escalation_id=escalation.pk, by=approvers[0], now=late - timedelta(seconds=1)),
            partial(approvals.expire, escalation_id=escalation.pk, now=late),
        )
        state = Escalation.objects.get(pk=escalation.pk).state
        if state == "approved":
            assert answers[1] is False
        else:
            assert state == "expired"
            assert isinstance(answers[0], AlreadyDecided)


def test_a_stop_against_a_redemption_has_one_outcome(make_opening, approvers, together, name) -> None:
    for _ in range(ROUNDS):
        agent = f"{name}-{secrets.token_hex(3)}"
        rows = [hold(make_opening, agent=agent) for _ in range(3)]
        for row in rows:
            approvals.approve(escalation_id=row.pk, by=approvers[0])
        stop = partial(switches.stop, scope_kind="agent", scope_name=agent, reason="race", by=Machine.OPERATOR)
        answers = together(stop, *[partial(redeem, row.pk) for row in rows])
        assert not isinstance(answers[0], Exception), answers[0]
        for row, redeemed in zip(rows, answers[1:], strict=True):
            assert Escalation.objects.get(pk=row.pk).state == ("redeemed" if redeemed else "cancelled")


def test_the_cap_of_an_agent_is_exact_when_calls_arrive_together(make_opening, together, settings, name) -> None:
    settings.WAITING_PER_AGENT = 3
    answers = together(*[partial(hold, make_opening, agent=name, server=name)] * 6)
    assert sum(isinstance(answer, Escalation) for answer in answers) == 3, answers
    assert sum(isinstance(answer, TooManyWaiting) for answer in answers) == 3


def test_the_cap_of_a_server_is_exact_when_agents_arrive_together(make_opening, together, settings, name) -> None:
    settings.WAITING_PER_SERVER = 2
    answers = together(*[partial(hold, make_opening, agent=f"{name}-{each}", server=name) for each in range(5)])
    assert sum(isinstance(answer, Escalation) for answer in answers) == 2, answers


def test_identical_calls_that_arrive_together_share_one_escalation(make_opening, together, name) -> None:
    binding = secrets.token_hex(32)
    answers = together(*[partial(hold, make_opening, agent=name, binding=binding)] * 4)
    assert len({answer.pk for answer in answers}) == 1, answers


def test_many_decisions_at_once_leave_one_unbroken_console_chain(make_opening, approvers, together, name) -> None:
    rows = [hold(make_opening, agent=name) for _ in range(6)]
    together(*[partial(approvals.approve, escalation_id=row.pk, by=approvers[0]) for row in rows])
    entries = list(LedgerEntry.objects.filter(stream__name="console").order_by("seq").values_list("seq", flat=True))
    assert entries == list(range(1, len(entries) + 1))


def test_opening_and_redeeming_outside_a_transaction_are_refused(make_opening, at) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        approvals.open_escalation(make_opening(), now=at)
    with pytest.raises(transaction.TransactionManagementError):
        approvals.redeem(escalation_id=uuid.uuid4(), call=uuid.uuid4(), now=at)


def test_a_refused_opening_leaves_nothing_of_its_transaction_behind(make_opening, settings, name) -> None:
    settings.WAITING_PER_AGENT = 0
    with pytest.raises(TooManyWaiting):
        hold(make_opening, agent=name)
    assert not Escalation.objects.filter(agent=name).exists()


def test_an_attempt_is_recorded_although_its_own_transaction_was_rolled_back(make_opening, approvers, name) -> None:
    escalation = hold(make_opening, agent=name, person=approvers[0].email)
    with pytest.raises(approvals.NotYours):
        approvals.approve(escalation_id=escalation.pk, by=approvers[0])
    assert acts_recorded(escalation) == {"refused": 1}


def test_an_approver_who_is_deactivated_while_voting_has_no_say_afterwards(make_opening, approvers, name) -> None:
    escalation = hold(make_opening, agent=name)
    remembered = approvers[0]
    Person.objects.filter(pk=remembered.pk).update(is_active=False)
    assert remembered.is_active, "the object a request holds is older than the row"
    with pytest.raises(approvals.NotYours):
        approvals.approve(escalation_id=escalation.pk, by=remembered)
