"""Sums that limits count: exact whatever the digits, and no way round them by a second key (contract 4.8, 4.15)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from policy_desk import BROAD, arguments, ask, facts, rules_on, schema, tool

from governance.policy.values import Action, Status, Verdict

LIMIT = "- {id: s, tool: read_file, action: %s, limit: {sum: %s, max: %s, per: 24h}}"


def summed(args: str, used: str = "0", *, argument: str = "amount", maximum: str = "10", more: str = "") -> Verdict:
    """The verdict on an allow rule with a limit, `used` already taken from it."""
    item = tool(declared=schema("amount", "Amount", "customer", "items"))
    rules = rules_on(LIMIT % ("allow", f"'{argument}'", maximum) + more, item)
    return ask(rules, arguments(args), facts(rules, used=Decimal(used)))


@pytest.mark.parametrize("amount", ["0.00000000000000000000000000000001", "1e-40", "1e-1000", "0.01"])
def test_an_amount_too_small_for_rounding_to_notice_still_spends_a_limit_that_is_full(amount: str) -> None:
    verdict = summed(f'{{"amount": {amount}}}', "5000", maximum="5000")
    assert (verdict.action, verdict.status) == (Action.DENY, Status.LIMITED)


def test_a_large_amount_is_added_to_the_last_digit() -> None:
    great = "99999999999999999999999999999999999999"
    assert summed(f'{{"amount": {great}}}', "2", maximum="100000000000000000000000000000000000000").status == "limited"
    assert summed('{"amount": 1}', great, maximum="100000000000000000000000000000000000000").action is Action.ALLOW


def test_the_elements_of_a_list_are_added_exactly() -> None:
    tiny = "0.00000000000000000000000000000001"
    prices = f'{{"items": [{{"price": 10}}, {{"price": {tiny}}}]}}'
    assert summed(prices, argument="items[].price").status is Status.LIMITED
    pairs = f'{{"items": [{{"price": 9.99}}, {{"price": {tiny}}}, {{"price": 0.01}}]}}'
    assert summed(pairs, argument="items[].price").status is Status.LIMITED
    cents = '{"items": [{"price": 9.99}, {"price": 0.01}]}'
    verdict = summed(cents, argument="items[].price")
    assert [one.amount for one in verdict.reserve] == [Decimal("10.00")]


@pytest.mark.parametrize("amount", ["1e-13", "0.30000000000000004", "1234567890.123456", "1e-1000"])
def test_an_amount_with_more_digits_than_are_counted_is_denied_instead_of_rounded(amount: str) -> None:
    verdict = summed(f'{{"amount": {amount}}}', maximum="1e400", more="\n" + BROAD)
    assert (verdict.action, verdict.status, verdict.rule) == (Action.DENY, Status.DENIED, "s")
    assert "at most 15 digits, 12 of them after the point" in verdict.reason
    assert verdict.retry_after_ms is None


def test_an_amount_too_large_to_be_counted_is_denied() -> None:
    assert summed('{"amount": 1e28}', maximum="1e400").status is Status.DENIED
    assert summed('{"amount": 1e27}', maximum="1e400").action is Action.ALLOW


@pytest.mark.parametrize("amount", ["0.000000000001", "999999999999999", "1.500000000000000000000", "0e-50", "-0"])
def test_an_amount_that_is_counted_exactly_is_reserved_as_it_is(amount: str) -> None:
    verdict = summed(f'{{"amount": {amount}}}', maximum="1e400")
    assert verdict.action is Action.ALLOW
    assert [one.amount for one in verdict.reserve] == [Decimal(amount)]


@pytest.mark.parametrize(
    ("argument", "args"),
    [
        ("amount", '{"amount": 1, "Amount": 999}'),
        ("amount", '{"Amount": 999, "amount": 1}'),
        ("amount", '{"amount": 1, "\uff41mount": 999}'),
        ("customer.tier", '{"customer": {"tier": 1, "TIER": 999}}'),
        ("customer.tier", '{"customer": {"tier": 1}, "CUSTOMER": {"tier": 999}}'),
        ("items[].price", '{"items": [{"price": 1}, {"price": 1, "Price": 999}]}'),
        ("/items/0/price", '{"items": [{"price": 1, "pr\u0131ce": 1, "PRICE": 999}]}'),
    ],
)
def test_a_second_key_that_reads_like_the_summed_one_is_no_amount(argument: str, args: str) -> None:
    assert summed(args, argument=argument).rule == "default"
    item = tool(declared=schema("amount"))
    rules = rules_on(LIMIT % ("escalate", f"'{argument}'", "10"), item)
    verdict = ask(rules, arguments(args), facts(rules))
    assert (verdict.action, verdict.reserve) == (Action.ESCALATE, ())


def test_other_keys_beside_the_summed_one_change_nothing() -> None:
    assert summed('{"amount": 1, "customer": {"tier": 1}}').action is Action.ALLOW
    assert (
        summed('{"customer": {"tier": 1, "name": "A"}, "amount": 7}', argument="customer.tier").action is Action.ALLOW
    )
