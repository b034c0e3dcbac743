"""Laws that every policy keeps, whatever its rules (security section 1, Cedar; contract 4.5 and 4.18)."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from governance.policy.language import parse
from governance.policy.listing import could_run, needs
from governance.policy.values import Action, Verdict
from tests.properties.policy_agreement import compiled, verdict
from tests.properties.policy_cases import Case, cases
from tests.properties.policy_rules import random_rule, render

ROOT = Path(__file__).resolve().parents[2]
SEVERITY = [Action.ALLOW, Action.ESCALATE, Action.DENY, Action.HIDE]
CASES = 600
# Its obligation keeps it from being the equal of a rule that is there already, which is refused.
UNLIKE_ANY_OTHER = {"obligations": {"notify": ["slack:#laws"]}}
DENY_ALL = {"id": "no", "server": "*", "action": "deny", **UNLIKE_ANY_OTHER}


def with_rules(case: Case, rules: list[dict[str, Any]], **changes: Any) -> Case:
    """The same call under other rules; a default of allow or escalate stays unless it is changed too."""
    policy = {**case.policy, "rules": rules, **changes}
    return replace(case, policy=policy, text=render(policy))


def added(case: Case, rule: dict[str, Any]) -> Case:
    return with_rules(case, [*case.policy["rules"], rule])


def shuffled(value: Any, rng: random.Random) -> Any:
    """The same JSON with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(value[key], rng) for key in keys}
    return [shuffled(element, rng) for element in value] if isinstance(value, list) else value


def test_a_policy_without_rules_denies_every_call() -> None:
    for case in cases(11, CASES):
        bare = with_rules(case, [], default="deny", intent_defaults=False)
        assert verdict(bare).action is Action.DENY


def test_without_an_allow_rule_nothing_is_allowed() -> None:
    for case in cases(12, CASES):
        rules = [rule for rule in case.policy["rules"] if rule["action"] != "allow"]
        assert verdict(with_rules(case, rules, default="deny", intent_defaults=False)).action is not Action.ALLOW


def test_one_deny_beats_any_allow() -> None:
    for case in cases(13, CASES):
        assert verdict(added(case, DENY_ALL)).action in (Action.DENY, Action.HIDE)


def test_adding_a_deny_rule_never_makes_a_verdict_milder() -> None:
    rng = random.Random(14)
    for case in cases(14, CASES):
        rule = {
            **random_rule(rng, ("files", "tool", "read_file")).rule,
            "action": "deny",
            "id": "added",
            "reason": "Added",
        }
        for key in ("limit", "extra", "approve", "mode"):
            rule.pop(key, None)
        before, after = verdict(case), verdict(added(case, rule))
        assert SEVERITY.index(after.action) >= SEVERITY.index(before.action)


def test_the_order_of_rules_has_no_effect() -> None:
    rng = random.Random(15)
    for case in cases(15, CASES):
        rules = list(case.policy["rules"])
        rng.shuffle(rules)
        assert verdict(with_rules(case, rules)) == verdict(case)


def test_the_order_of_argument_keys_has_no_effect() -> None:
    rng = random.Random(16)
    for case in cases(16, CASES):
        assert verdict(replace(case, arguments=shuffled(case.arguments, rng))) == verdict(case)


def test_monitor_rules_touch_no_verdict() -> None:
    """Contract 4.18: only `would` may differ."""
    for case in cases(17, CASES):
        everything = with_rules(case, [{**rule, "mode": "monitor"} for rule in case.policy["rules"]])
        nothing = with_rules(case, [])
        assert structs.replace(verdict(everything), would=()) == verdict(nothing)
        enforced = with_rules(case, [rule for rule in case.policy["rules"] if rule.get("mode") != "monitor"])
        assert structs.replace(verdict(case), would=()) == verdict(enforced)


def test_an_approval_never_reaches_past_a_deny() -> None:
    """Contract 4.14: deny, hide and limits still hold when every escalate rule is answered."""
    for case in cases(18, CASES):
        before = verdict(case)
        approved = frozenset((one.rule, one.digest) for one in before.escalations)
        after = verdict(case, structs.replace(case.facts, approved=approved))
        assert (after.action is Action.ALLOW) == (before.action in (Action.ALLOW, Action.ESCALATE))
        denied = added(case, DENY_ALL)
        assert verdict(denied, structs.replace(case.facts, approved=approved)).action in (Action.DENY, Action.HIDE)


def test_the_same_input_has_the_same_answer_again() -> None:
    for case in cases(19, CASES):
        first: Verdict = verdict(case)
        assert verdict(case) == first


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_the_answer_is_the_same_in_processes_with_other_hash_seeds(hash_seed: str) -> None:
    assert verdicts_digest_in_a_process(hash_seed) == verdicts_digest_in_a_process("0")


def verdicts_digest_in_a_process(hash_seed: str) -> str:
    program = "from tests.properties.test_policy_laws import verdicts_digest; print(verdicts_digest())"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def verdicts_digest() -> str:
    """One digest over the whole verdicts of some cases, sentences included."""
    return hashlib.sha256("\n".join(repr(verdict(case)) for case in cases(20, 400)).encode()).hexdigest()


def test_a_derived_rule_id_depends_on_meaning_alone() -> None:
    """Contract 4.19: r- and 12 hex digits over the rule without id, reason and mode."""
    rng = random.Random(21)
    for number in range(150):
        rule = random_rule(rng, ("files", "tool", "read_file")).rule
        for key in ("id", "reason", "mode"):
            rule.pop(key, None)
        derived = rule_id(rule)
        assert re.fullmatch(r"r-[0-9a-f]{12}", derived)
        assert rule_id(dict(reversed(rule.items()))) == derived
        assert rule_id({**rule, "reason": f"Reason {number}", "mode": "monitor"}) == derived
        assert rule_id({**rule, "category": ["only-here"]}) != derived


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"session": {"tainted": False}}),
        ({"session": {"tainted": True}}, {"session": {"tainted": False}}),
        ({"history": {"first_use": True}}, {"history": {"first_use": False}}),
        ({"constraints": {"a": {"present": True}}}, {"constraints": {"a": {"present": False}}}),
        ({"constraints": {"a": {"equals": None}}}, {"constraints": {"a": {"equals": False}}}),
        ({"constraints": {"a": {"equals": ""}}}, {"constraints": {"a": {"equals": None}}}),
        ({"constraints": {"a": {"equals": 0}}}, {"constraints": {"a": {"equals": False}}}),
        ({"constraints": {"a": {"equals": 1}}}, {"constraints": {"a": {"equals": True}}}),
        ({"constraints": {"a": {"equals": [1, 2]}}}, {"constraints": {"a": {"equals": [2, 1]}}}),
        ({"constraints": {"a": {"equals": []}}}, {"constraints": {"a": {"equals": {}}}}),
        ({"constraints": {"maxAmount": 0}}, {"constraints": {"/maxAmount": {"max": 0}}}),
        ({"constraints": {"a.b": {"max": 1}}}, {"constraints": {"/a.b": {"max": 1}}}),
        ({"constraints": {"a": {"any_of": [{"max": 1}, {"min": 5}]}}}, {"constraints": {"a": {"max": 1, "min": 5}}}),
    ],
)
def test_rules_of_different_meaning_have_different_derived_ids(one: dict[str, Any], other: dict[str, Any]) -> None:
    """An approval names a rule by its digest (contract 4.14): one digest for two meanings would answer both."""
    subject = {"server": "*", "action": "escalate"}
    assert rule_id({**subject, **one}) != rule_id({**subject, **other})


def test_an_item_that_is_not_listed_is_never_allowed() -> None:
    """Contract 4.4: listed may be denied, unlisted is never allowed or escalated."""
    unlisted = 0
    for case in cases(22, 4 * CASES):
        if not could_run(compiled(case.text)[0].for_item(case.item), case.caller):
            unlisted += 1
            assert verdict(case).action in (Action.DENY, Action.HIDE)
    assert unlisted > CASES // 20


def test_every_fact_that_a_decision_needs_is_asked_for() -> None:
    """With every question that `needs` names answered, facts beyond them change nothing."""
    for case in cases(23, CASES):
        asked = needs(compiled(case.text)[0].for_item(case.item), case.caller)
        history = {query: count for query, count in case.facts.history.items() if query in asked.history}
        limits = {query: used for query, used in case.facts.limits.items() if query in asked.limits}
        marks = case.facts.marks if asked.session else frozenset[str]()
        assert verdict(case, structs.replace(case.facts, history=history, limits=limits, marks=marks)) == verdict(case)


def rule_id(rule: dict[str, Any]) -> str:
    return parse(render({"version": "1", "default": "deny", "rules": [rule]})).rules[0].id
