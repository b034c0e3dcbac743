"""Rules that mean different things have different digests, and one call has one reason (contract 4.14, 4.19)."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest
from policy_desk import DEV, ask, compiled, facts, rule_problems, rules_on, schema, tool

from governance.policy.explain import explain
from governance.policy.language import parse
from governance.policy.tree import PolicyError

DIFFERENT = (
    "{server: '*', action: deny}",
    "{server: '*', action: deny, session: {tainted: false}}",
    "{server: '*', action: deny, session: {tainted: true}}",
    "{server: '*', action: deny, history: {first_use: false}}",
    "{server: '*', action: deny, history: {first_use: true}}",
    "{server: '*', action: deny, constraints: {p: {equals: null}}}",
    "{server: '*', action: deny, constraints: {p: {equals: false}}}",
    "{server: '*', action: deny, constraints: {p: {equals: ''}}}",
    "{server: '*', action: deny, constraints: {p: {equals: 0}}}",
    "{server: '*', action: deny, constraints: {p: {equals: []}}}",
    "{server: '*', action: deny, constraints: {p: {equals: {}}}}",
    "{server: '*', action: deny, constraints: {p: {equals: {q: null}}}}",
    "{server: '*', action: deny, constraints: {p: {present: false}}}",
    "{server: '*', action: deny, constraints: {p: {present: true}}}",
    "{server: '*', action: deny, constraints: {p: {in: [null]}}}",
    "{server: '*', action: deny, constraints: {p: {in: [false]}}}",
    "{server: '*', action: deny, constraints: {p: {length: {min: 0}}}}",
    "{server: '*', action: deny, constraints: {p: {length: {max: 0}}}}",
    "{server: '*', action: deny, unless: {session: {tainted: false}}}",
    "{server: '*', action: deny, unless: {constraints: {p: {equals: false}}}}",
    "{server: '*', action: deny, constraints: {a.0: {equals: x}}}",
    "{server: '*', action: deny, constraints: {/a/0: {equals: x}}}",
    "{server: '*', action: deny, content: {in: arguments}}",
    "{server: '*', action: deny, content: {in: result}}",
)


def test_rules_that_mean_different_things_have_ids_and_digests_of_their_own() -> None:
    assert rule_problems(*DIFFERENT) == []
    rules = compiled("\n".join(f"- {line}" for line in DIFFERENT)).policy.rules
    assert len({rule.id for rule in rules}) == len({rule.digest for rule in rules}) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{server: '*', action: escalate}", "{server: '*', action: escalate, approve: {required: 1, within: 10m}}"),
        ("{tool: [a, b], action: deny}", "{tool: [b, a], action: deny}"),
        (
            "{tool: a, action: allow, limit: {calls: 1, per: 1h}}",
            "{tool: a, action: allow, limit: {calls: 1, per: 60m, by: agent}}",
        ),
    ],
)
def test_what_is_not_given_and_its_default_are_the_same_rule(one: str, other: str) -> None:
    assert "the same rule stands at" in rule_problems(one, other)[0]


ORDERS: tuple[dict[str, Any], ...] = (
    {"url": 1, "tags": 1, "extra": {"b": 1, "a": 2}},
    {"amount": "x", "path": 5, "rows": [{"b": 1, "a": 1}]},
    {"path": "/etc/a", "file": "/etc/b", "dir": {"y": "/etc/c", "x": "/etc/d"}},
)
RULES = (
    "- {tool: read_file, action: allow, constraints: {path: {under: [/tmp]}}}",
    "- {tool: read_file, action: allow, constraints: {'rows[].a': {max: 5}}}",
    "- {tool: read_file, action: allow, constraints: {allowedPaths: [/tmp]}}",
    "- {tool: read_file, action: escalate, constraints: {allowedPaths: [/etc]}}",
    "- {tool: read_file, action: deny, constraints: {allowedPaths: [/etc]}}",
)
CLOSED = schema(
    amount={"type": "number"},
    path={"type": "string"},
    rows={"items": {"properties": {"a": {}}, "required": ["c", "d"]}},
)


@pytest.mark.parametrize("args", ORDERS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "declared", [schema("path", rows={"items": {"properties": {"a": {}}}}), CLOSED | {"additionalProperties": False}]
)
def test_the_order_of_keys_changes_nothing_in_a_verdict(
    args: dict[str, Any], rule: str, declared: dict[str, Any]
) -> None:
    item = tool(declared=declared)
    rules = rules_on(rule, item)
    told = {(ask(rules, turned), explain(rules, DEV, turned, facts())) for turned in orders(args)}
    assert len(told) == 1


def orders(value: Any) -> list[Any]:
    """A JSON value with the keys of its objects in every order."""
    if isinstance(value, list):
        return [list(each) for each in itertools.product(*map(orders, value))]
    if not isinstance(value, dict):
        return [value]
    ways = []
    for keys in itertools.permutations(value):
        ways += [
            dict(zip(keys, each, strict=True)) for each in itertools.product(*(orders(value[key]) for key in keys))
        ]
    return ways


def test_an_error_in_a_policy_survives_the_way_out_of_another_process() -> None:
    with pytest.raises(PolicyError) as caught:
        parse('version: "1"\nrules:\n- {tool: a}\n- {tool: b, action: x}\n')
    there_and_back = pickle.loads(pickle.dumps(caught.value))
    assert there_and_back.problems == caught.value.problems
    assert str(there_and_back) == str(caught.value)
    assert len(there_and_back.problems) == 2
