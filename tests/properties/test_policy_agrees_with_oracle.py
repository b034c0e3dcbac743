"""The product's decisions against the oracle's (security P3, issue 2): zero disagreements in 10,000 generated cases."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.properties.policy_agreement import answers, report
from tests.properties.policy_cases import cases

CASES = 10_000
SEEDS = (2026, 1120)


@pytest.mark.parametrize("seed", SEEDS)
def test_product_and_oracle_agree_on_every_generated_case(seed: int) -> None:
    """Contract 4: action, status, rule, rules, escalations and monitor rules are equal, case by case."""
    disagreeing = [case for case in cases(seed, CASES // len(SEEDS)) if not answers(case).agree]
    assert not disagreeing, f"{len(disagreeing)} disagreements, the first is\n{report(disagreeing[0])}"


def test_generated_cases_reach_every_kind_of_verdict_and_every_construct() -> None:
    """A generator that only ever reaches the default would prove nothing."""
    statuses: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    by_default = several = total = 0
    for case in cases(7, 2_000):
        action, status, rule, rules, *_ = answers(case).product
        statuses[status] += 1
        by_default += rule == "default"
        several += len(rules) > 1
        total += 1
        for rule_text in case.policy["rules"]:
            keys.update(rule_text)
            for kinds in rule_text.get("constraints", {}).values():
                keys.update(kinds if isinstance(kinds, dict) else ())
            keys.update(rule_text.get("constraints", {}))
    assert all(statuses[status] > total // 100 for status in ("allowed", "denied", "waiting", "hidden", "limited")), (
        statuses
    )
    assert by_default < total / 2
    assert several > total / 20
    missing = EVERY_CONSTRUCT - set(keys)
    assert not missing


EVERY_CONSTRUCT = {
    "tool", "prompt", "resource", "server", "who", "category", "intent", "time", "constraints", "unless", "limit",
    "history", "content", "session", "mode", "approve", "obligations", "extra", "reason", "under", "domains", "schemes",
    "ports", "email_domains", "min", "max", "in", "not_in", "equals", "type", "glob", "matches", "length", "items",
    "present", "any_of", "allowedPaths", "allowedDomains", "maxAmount", "customer.email", "items[].price", "/odd.name",
}  # fmt: skip
