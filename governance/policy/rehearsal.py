"""Runs the tests that a policy carries in its own text. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from governance.canonical.values import JSON
from governance.policy.compiled import CompiledPolicy, ItemRules
from governance.policy.conditions import TAINTED
from governance.policy.decide import decide
from governance.policy.intent import classify
from governance.policy.listing import needs
from governance.policy.tree import PolicyTest
from governance.policy.values import Caller, ContentFinding, Facts, Item, Kind, Verdict


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A policy test that did not get what it expects, with the verdict it got."""

    line: int
    column: int
    message: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


def run_tests(compiled: CompiledPolicy, items: Iterable[Item] = (), *, now: datetime) -> tuple[FailedTest, ...]:
    """The tests of the policy that fail; none when it keeps its own promises.

    `now` stands where a test gives no moment. A test of an item that is not among `items` is judged as if the
    approved schema declared the arguments that the test gives.
    """
    known = {(item.server, item.kind, item.name): item for item in items}
    failures = []
    for test in compiled.policy.tests:
        item = known.get((test.server, test.kind, test.item)) or _imagined(test)
        failure = _run(compiled.for_item(item), test, now)
        if failure is not None:
            failures.append(failure)
    return tuple(failures)


def _run(rules: ItemRules, test: PolicyTest, now: datetime) -> FailedTest | None:
    caller = Caller(test.agent, test.person, test.teams, test.roles)
    verdict = decide(rules, caller, dict(test.arguments), _facts(rules, caller, test, now))
    if verdict.action is test.expect and test.rule in (None, verdict.rule):
        return None
    by = f" by {test.rule}" if test.rule is not None else ""
    message = (
        f"{test.server}/{test.item} was expected to be {test.expect}{by}, "
        f"but is {verdict.action} by {verdict.rule}: {verdict.reason}"
    )
    return FailedTest(test.position.line, test.position.column, message, verdict)


def _facts(rules: ItemRules, caller: Caller, test: PolicyTest, now: datetime) -> Facts:
    given = test.given
    asked = needs(rules, caller)
    return Facts(
        at=now if given.at is None else datetime.fromisoformat(given.at),
        history=dict.fromkeys(asked.history, given.calls_before),
        limits=dict.fromkeys(asked.limits, Decimal(given.used)),
        marks=frozenset({TAINTED}) if given.tainted else frozenset(),
        findings=tuple(ContentFinding(side, cls, severity, "test") for side, cls, severity in given.findings),
    )


def _imagined(test: PolicyTest) -> Item:
    properties: dict[str, JSON] = {name: _shape(value) for name, value in test.arguments.items()}
    schema: Mapping[str, JSON] | None = {"type": "object", "properties": properties}
    if test.kind is not Kind.TOOL:
        schema = None
    intent, _ = classify(test.item, None, schema)
    return Item(test.server, test.kind, test.item, intent, schema=schema)


def _shape(value: JSON) -> JSON:
    """A schema that declares just what a value has, so that nested arguments count as declared too."""
    if isinstance(value, dict):
        return {"properties": {name: _shape(member) for name, member in value.items()}}
    if isinstance(value, list):
        return {"items": {"anyOf": [_shape(member) for member in value]}} if value else {}
    return {}
