"""The table behind limits gives back what was put in, to the last digit, on both databases."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.adapters.counters import Counters
from gateway.call import Ruling
from gateway.refusal import Denied, Limited
from governance.models.usage import Usage
from governance.policy.values import Action, By, Caller, LimitQuery, Reservation, Status, Verdict

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Noon:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


class Named:
    """Whatever a reservation reads of a call and its agent."""

    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)


def ruling(amount: str, maximum: str) -> Any:
    limit = LimitQuery("s", By.AGENT, 3600, Decimal(maximum), "amount")
    reserve = (Reservation(limit, Decimal(amount)),)
    verdict = Verdict(Action.ALLOW, Status.ALLOWED, "s", ("s",), "", reserve=reserve)
    call = Named(id=uuid.uuid4(), server="files", item="pay", session="")
    made: Ruling = Named(verdict=verdict, call=call, agent=Named(name="a", caller=Caller("a")))  # type: ignore[assignment]
    return made


def taken() -> Decimal:
    return Counters(clock=Noon()).used("s|agent|a", NOW - timedelta(hours=1))


def reserve(amount: str, maximum: str = "5000") -> None:
    Counters(clock=Noon())._reserve(ruling(amount, maximum), threading.Event())


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["0.1", "0.000000000001", "999.999999999999", "999999999999999", "1e27", "4999.99"])
def test_what_was_taken_comes_back_as_it_was_put_in(amount: str) -> None:
    reserve(amount, "1e400")
    assert taken() == Decimal(amount)


@pytest.mark.django_db
def test_many_amounts_add_up_without_a_rest() -> None:
    for _ in range(50):
        reserve("0.1")
    reserve("4994.99999999999")
    assert taken() == Decimal("4999.99999999999")
    with pytest.raises(Limited):
        reserve("0.00000000002")
    reserve("0.00000000001")
    assert taken() == Decimal(5000)
    with pytest.raises(Limited):
        reserve("0.00000000001")


@pytest.mark.django_db
def test_a_large_sum_keeps_its_smallest_part() -> None:
    reserve("1e27", "1e27")
    with pytest.raises(Limited):
        reserve("0.000000000001", "1e27")


@pytest.mark.django_db
@pytest.mark.parametrize("amount", ["1e-13", "1e-40", "0.30000000000000004", "1e28", "1234567890.123456"])
def test_what_the_table_would_round_is_denied_and_leaves_nothing_behind(amount: str) -> None:
    with pytest.raises(Denied, match="cannot be counted exactly"):
        reserve(amount, "1e400")
    assert not Usage.objects.exists()
