"""What an approval demands of an item beside the policy, as rules of the policy language. Pure: no Django, no I/O.

A condition can only narrow: it denies or has a person asked, it allows nothing. Its rules are named
`approval:<server>/<item>`, a form that no written rule may have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from governance.canonical.values import JSON, Number
from governance.policy.language import PolicyError, parse
from governance.policy.tree import Policy, Rule

KINDS: Final = frozenset({"tool", "prompt"})
KEYS: Final = ("verdict", "constraints", "teams", "roles")


class Demand(StrEnum):
    """What is to happen to calls of an item whatever the policy allows; `allow` leaves it to the policy."""

    ALLOW = "allow"
    ESCALATE = "escalate"
    DENY = "deny"


class BadCondition(ValueError):
    """A condition that cannot be kept; the message names what is wrong and what to write."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of one item. `constraints` are those of the policy language; teams and roles are joined by AND."""

    verdict: Demand = Demand.ALLOW
    constraints: Mapping[str, JSON] = field(default_factory=dict)
    teams: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def record(self) -> dict[str, JSON]:
        """The form that is stored; {} where nothing is demanded."""
        stored: dict[str, JSON] = {}
        if self.verdict is not Demand.ALLOW:
            stored["verdict"] = self.verdict.value
        if self.constraints:
            stored["constraints"] = dict(self.constraints)
        if self.teams:
            stored["teams"] = list(self.teams)
        if self.roles:
            stored["roles"] = list(self.roles)
        return stored

    def sentences(self) -> tuple[str, ...]:
        """What is demanded, in words."""
        said = {Demand.ESCALATE: "a person decides each call", Demand.DENY: "it may not be called", Demand.ALLOW: ""}
        words = [said[self.verdict]]
        if self.teams:
            words.append(f"only for the team {' or '.join(self.teams)}")
        if self.roles:
            words.append(f"only with the role {' or '.join(self.roles)}")
        if self.constraints:
            words.append(f"only with {', '.join(self.constraints)} as constrained")
        return tuple(word for word in words if word)


def read_condition(value: object) -> Condition:
    """The condition that a form or a row holds. Raises BadCondition, also where no rule can be made of it."""
    if not isinstance(value, Mapping):
        raise BadCondition(f"A condition is an object with {', '.join(KEYS)}.")
    if unknown := sorted(str(key) for key in value if key not in KEYS):
        raise BadCondition(f"A condition has no {unknown[0]!r}; it may have {', '.join(KEYS)}.")
    # Only what is left out or null demands nothing: whatever else is empty was meant to say something.
    verdict = value.get("verdict")
    if verdict is not None and (not isinstance(verdict, str) or verdict not in list(Demand)):
        raise BadCondition(f"The verdict of a condition is one of {', '.join(Demand)}.")
    constraints = {} if value.get("constraints") is None else value["constraints"]
    if not isinstance(constraints, Mapping):
        raise BadCondition('The constraints of a condition are an object, such as {"path": {"under": ["/srv"]}}.')
    kept = {str(name): _with_plain_numbers(each) for name, each in constraints.items()}
    demand = Demand.ALLOW if verdict is None else Demand(verdict)
    found = Condition(demand, kept, _names(value, "teams"), _names(value, "roles"))
    _rules("server", "tool", "item", found)
    return found


def with_conditions(policy: Policy, items: Iterable[tuple[str, str, str, Mapping[str, object]]]) -> Policy:
    """The policy with the rules that (server, kind, name, condition) add. Raises BadCondition for a broken row."""
    added = [rule for server, kind, name, value in items for rule in _rules(server, kind, name, read_condition(value))]
    return replace(policy, rules=(*policy.rules, *added)) if added else policy


def _with_plain_numbers(value: Any) -> Any:
    """The value as a JSON column keeps it: exact numbers as Python's own, where that loses nothing."""
    if isinstance(value, Number):
        number = int(value.value) if value.value == value.value.to_integral_value() else float(value.value)
        if Decimal(repr(number)) != value.value:
            raise BadCondition(f"The number {value.literal[:40]} has too many digits; write fewer.")
        return number
    if isinstance(value, Mapping):
        return {str(key): _with_plain_numbers(member) for key, member in value.items()}
    return [_with_plain_numbers(member) for member in value] if isinstance(value, list) else value


def _names(value: Mapping[object, object], key: str) -> tuple[str, ...]:
    names = () if value.get(key) is None else value[key]
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise BadCondition(f"The {key} of a condition are a list of names.")
    return tuple(sorted({str(name) for name in names}))


def _rules(server: str, kind: str, name: str, condition: Condition) -> list[Rule]:
    if kind not in KINDS:
        if condition.record():
            raise BadCondition(f"A {kind} cannot have a condition; leave it out or approve it as it is.")
        return []
    subject = {kind: f"{server}/{name}"}
    written: dict[str, dict[str, object]] = {}
    if condition.verdict is not Demand.ALLOW:
        words = "not called" if condition.verdict is Demand.DENY else "decided by a person, call by call"
        written[""] = {**subject, "action": condition.verdict.value, "reason": f"It was approved to be {words}"}
    if condition.teams or condition.roles:
        who = {key: list(names) for key, names in (("teams", condition.teams), ("roles", condition.roles)) if names}
        reason = f"It was approved {' and '.join(Condition(teams=condition.teams, roles=condition.roles).sentences())}"
        written["#who"] = {**subject, "action": "deny", "unless": {"who": who}, "reason": reason}
    if condition.constraints:
        reason = f"It was approved only with {', '.join(condition.constraints)} as constrained"
        held = {"constraints": dict(condition.constraints)}
        # Read as conditions of an allow rule first, whose complaints name the constraint itself.
        _rule("", {**subject, "action": "allow", **held})
        written["#arguments"] = {**subject, "action": "deny", "unless": held, "reason": reason}
    return [_rule(f"approval:{server}/{name}{mark}", rule) for mark, rule in written.items()]


def _rule(name: str, written: Mapping[str, object]) -> Rule:
    try:
        policy = parse(json.dumps({"version": "1", "rules": [written]}))
    except (PolicyError, TypeError, ValueError) as refused:
        problem = refused.problems[0].message if isinstance(refused, PolicyError) else str(refused)
        raise BadCondition(f"The condition cannot be kept: {problem}.") from None
    return replace(policy.rules[0], id=name)
