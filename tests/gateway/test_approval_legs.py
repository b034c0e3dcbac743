"""One approval over the legs of one call: each leg runs once, however many ask for it at the same moment."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from governance import escalations
from governance.escalations import Opening
from governance.models import Escalation
from governance.policy.values import Approve, EscalateRule

pytestmark = pytest.mark.usefixtures("own_database")
RACERS = 6
ROUNDS = 5


def opening() -> Opening:
    """Some held call."""
    key = uuid.uuid4()
    return Opening(
        call=key, agent="dev-claude", person="dev@example.com", session="s", client="c", server="tools", kind="tool",
        item="add", item_digest="sha256:1", intent="write", binding=key.hex, arguments=b"{}", arguments_digest="x",
        rules=(EscalateRule("adding", "sha256:rule", Approve(), "why"),), reason="why", policy="p",
        deadline=timezone.now() + timedelta(minutes=10),
    )  # fmt: skip


def approved() -> Escalation:
    """An approved escalation, as people leave it."""
    with transaction.atomic():
        made = escalations.open_escalation(opening(), now=timezone.now())
    now = timezone.now()
    fields = {"state": "approved", "decided_at": now, "redeem_until": now + timedelta(minutes=15)}
    Escalation.objects.filter(pk=made.pk).update(**fields)
    return made


def redeemed(made: Escalation, leg: int, call: uuid.UUID | None = None) -> bool:
    """Use it, in a transaction of its own."""
    with transaction.atomic():
        return escalations.redeem(escalation_id=made.pk, call=call or uuid.uuid4(), now=timezone.now(), leg=leg)


def test_the_legs_run_in_order_and_once_each() -> None:
    """ADR 0006, point 6: no leg before the one before it, none twice, none left out."""
    made = approved()
    assert not redeemed(made, 1), "a later leg of a call that has not run"
    assert redeemed(made, 0) and not redeemed(made, 0)
    assert not redeemed(made, 2)
    assert redeemed(made, 1) and not redeemed(made, 1)
    assert redeemed(made, 2) and not redeemed(made, 1) and not redeemed(made, 0)


@pytest.mark.parametrize("state", ["waiting", "denied", "cancelled", "expired"])
def test_only_an_approval_that_was_used_has_later_legs(state: str) -> None:
    """Whatever the sealed state of the agent says."""
    made = approved()
    Escalation.objects.filter(pk=made.pk).update(state=state)
    assert not redeemed(made, 1) and not redeemed(made, 0)
    with transaction.atomic():
        assert not escalations.redeem(escalation_id=uuid.uuid4(), call=uuid.uuid4(), now=timezone.now(), leg=1)


def test_a_leg_belongs_to_the_transaction_of_its_intent() -> None:
    """An intent that is not written has used nothing."""
    made = approved()
    assert redeemed(made, 0)
    with pytest.raises(RuntimeError, match="the intent"), transaction.atomic():
        assert escalations.redeem(escalation_id=made.pk, call=uuid.uuid4(), now=timezone.now(), leg=1)
        raise RuntimeError("the intent could not be written")
    assert redeemed(made, 1)
    with pytest.raises(transaction.TransactionManagementError):
        escalations.redeem(escalation_id=made.pk, call=uuid.uuid4(), now=timezone.now(), leg=2)


@pytest.mark.postgres
def test_of_many_at_once_one_runs_each_leg() -> None:
    """A real race: threads with connections of their own that start together."""

    def race(made: Escalation, leg: int, barrier: Barrier) -> bool:
        try:
            barrier.wait(10)
            return redeemed(made, leg)
        finally:
            connection.close()

    with ThreadPoolExecutor(RACERS) as racers:
        for _ in range(ROUNDS):
            made = approved()
            for leg in range(3):
                barrier = Barrier(RACERS)
                ran = [future.result() for future in [racers.submit(race, made, leg, barrier) for _ in range(RACERS)]]
                assert ran.count(True) == 1


def test_the_rules_that_an_approval_answered_are_those_of_the_call_that_used_it() -> None:
    """A parked call is judged again with its own approval, and with nobody else's."""
    made, other, call = approved(), approved(), uuid.uuid4()
    assert escalations.approved_for(call) == frozenset()
    assert redeemed(made, 0, call) and redeemed(other, 0)
    assert escalations.approved_for(call) == {("adding", "sha256:rule")}
    assert escalations.approved_for(uuid.uuid4()) == frozenset()


def test_a_later_leg_is_counted_beside_the_approval() -> None:
    """The state stays redeemed, by the call that used it first."""
    made, call = approved(), uuid.uuid4()
    assert redeemed(made, 0, call) and redeemed(made, 1)
    made.refresh_from_db()
    assert (made.state, made.leg, made.redeemed_call) == ("redeemed", 1, call)
