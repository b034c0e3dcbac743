"""Asks the product and the oracle the same question, and makes a disagreement small. Pure: no Django, no I/O."""

from __future__ import annotations

import copy
import pprint
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from msgspec import structs

from governance.policy.compiled import CompiledPolicy, compile_policy
from governance.policy.decide import decide as product_decide
from governance.policy.decide import decide_result as product_decide_result
from governance.policy.language import parse
from governance.policy.tree import PolicyError
from governance.policy.values import Facts, Verdict
from tests.properties import policy_oracle
from tests.properties.policy_cases import Case
from tests.properties.policy_oracle_arguments import Call
from tests.properties.policy_rules import render

WRONG_DIGEST = "0" * 64
REFUSED = "refused"


@dataclass(frozen=True)
class Answers:
    """What the two said: action, status, rule, rules, escalations, monitor rules; of the call, then of its result."""

    product: tuple[Any, ...]
    oracle: tuple[Any, ...]

    @property
    def agree(self) -> bool:
        return self.product == self.oracle


@lru_cache(maxsize=64)
def compiled(text: str) -> tuple[CompiledPolicy, tuple[str, ...]]:
    """The product's policy, and the ids of its rules in the order they are written."""
    policy = parse(text)
    return compile_policy(policy), tuple(rule.id for rule in policy.rules)


def verdict(case: Case, facts: Facts | None = None) -> Verdict:
    rules = compiled(case.text)[0].for_item(case.item)
    return product_decide(rules, case.caller, case.arguments, case.facts if facts is None else facts)


def with_approvals(case: Case) -> tuple[Facts, dict[str, str]]:
    """The facts with the case's approvals, and the digests they name: asked of the product, which alone knows them."""
    digests = {one.rule: one.digest for one in verdict(case).escalations}
    right = {(rule, digests[rule]) for rule in case.answered if rule in digests}
    wrong = {(rule, WRONG_DIGEST) for rule in case.stale}
    return structs.replace(case.facts, approved=frozenset(right | wrong)), digests


def answers(case: Case) -> Answers:
    """Both answers on the call, followed by both on its result. Refusing a generated policy is a disagreement."""
    try:
        compiled(case.text)
    except PolicyError as problem:
        return Answers((REFUSED, REFUSED, str(problem)), ())
    facts, digests = with_approvals(case)
    policy = with_ids(case)
    said = verdict(case, facts)
    ruling = policy_oracle.decide(policy, case.item, case.caller, case.arguments, facts, digests)
    rules = compiled(case.text)[0].for_item(case.item)
    said_of_result = product_decide_result(rules, case.caller, facts, case.arguments)
    ruling_on_result = policy_oracle.decide_result(policy, Call(case.item, case.caller, case.arguments, facts))
    return Answers(in_short(said) + in_short(said_of_result), as_tuple(ruling) + as_tuple(ruling_on_result))


def in_short(said: Verdict) -> tuple[Any, ...]:
    escalations = tuple(sorted(one.rule for one in said.escalations))
    would = tuple(sorted(one.rule for one in said.would))
    return (said.action, said.status, said.rule, said.rules, escalations, would)


def as_tuple(ruling: policy_oracle.Ruling) -> tuple[Any, ...]:
    return (ruling.action, ruling.status, ruling.rule, ruling.rules, ruling.escalations, ruling.would)


def with_ids(case: Case) -> dict[str, Any]:
    """The policy with the derived ids filled in; a test of their own judges their form."""
    ids = compiled(case.text)[1]
    return {
        **case.policy,
        "rules": [{"id": name, **rule} for name, rule in zip(ids, case.policy["rules"], strict=True)],
    }


def minimised(case: Case) -> Case:
    """The smallest case found by leaving things out one at a time while the two still disagree."""
    shrunk = answers(case).product[0] != REFUSED
    while shrunk:
        shrunk = False
        for smaller in smaller_cases(case):
            if still_disagrees(smaller):
                case, shrunk = smaller, True
                break
    return case


def still_disagrees(case: Case) -> bool:
    both = answers(case)
    return not both.agree and both.product[0] != REFUSED


def smaller_cases(case: Case) -> Iterator[Case]:
    for policy in without_one(
        case.policy, keep={"version", "default", "rules", "id", "action", "tool", "prompt", "resource", "server", "in"}
    ):
        yield replace(case, policy=policy, text=render(policy))
    for arguments in without_one(case.arguments, keep=set()):
        yield replace(case, arguments=arguments)
    if case.item.schema is not None:
        for schema in without_one(dict(case.item.schema), keep={"type", "properties"}):
            yield replace(case, item=replace(case.item, schema=schema))
    empty = Facts(case.facts.at)
    for name in ("history", "limits", "marks", "findings", "real_paths"):
        if getattr(case.facts, name):
            yield replace(case, facts=structs.replace(case.facts, **{name: getattr(empty, name)}))
    for name in ("answered", "stale"):
        if getattr(case, name):
            nobody: dict[str, Any] = {name: frozenset()}
            yield replace(case, **nobody)


def without_one(value: Any, keep: set[str]) -> Iterator[Any]:
    """Every copy of a nested value that lacks one member or element."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key not in keep:
                yield {other: copy.deepcopy(value[other]) for other in value if other != key}
            for smaller in without_one(member, keep):
                yield {**value, key: smaller}
    elif isinstance(value, list):
        for at, member in enumerate(value):
            yield value[:at] + value[at + 1 :]
            for smaller in without_one(member, keep):
                yield [*value[:at], smaller, *value[at + 1 :]]


def report(case: Case) -> str:
    """A minimised disagreement, for a person."""
    small = minimised(case)
    both = answers(small)
    shown = {name: getattr(small, name) for name in ("item", "caller", "arguments", "facts", "answered", "stale")}
    return f"product {both.product}\noracle  {both.oracle}\n{small.text}\n{pprint.pformat(shown, width=120)}"
