"""The canonical form of rules and policies, and the digests over it. Pure: no Django, no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Final

from governance.canonical.strict_json import digest, jcs_document
from governance.canonical.values import JSON, Number
from governance.policy.tree import Check, Policy, Position, Rule, ShortForm, Subject

DERIVED_DIGITS: Final = 12
_NOT_MEANING: Final = frozenset({"id", "digest", "reason", "monitor", "position"})


def rule_digest(rule: Rule) -> str:
    """`sha256:<hex>` over a rule without id, reason, mode and place (contract 4.19)."""
    return digest(jcs_document(_members(rule, _NOT_MEANING)))


def derived_id(rule_digest_text: str) -> str:
    """`r-` and 12 hex digits of a rule's digest."""
    return "r-" + rule_digest_text.removeprefix("sha256:")[:DERIVED_DIGITS]


def rule_form(rule: Rule) -> dict[str, JSON]:
    """A rule as JSON with all that a decision can show of it."""
    return _members(rule, frozenset({"position"}))


def policy_form(policy: Policy, rules: tuple[Rule, ...]) -> dict[str, JSON]:
    """What the policy digest covers: everything that a decision depends on; the tests are left out."""
    form: dict[str, JSON] = {
        "form": 1,
        "version": policy.version,
        "default": str(policy.default),
        "default_approve": _members(policy.default_approve, frozenset()),
        "intent_defaults": policy.intent_defaults,
        "rules": [rule_form(rule) for rule in sorted(rules, key=lambda rule: rule.id)],
    }
    return form


def _members(value: object, left_out: frozenset[str]) -> dict[str, JSON]:
    assert dataclasses.is_dataclass(value)
    out: dict[str, JSON] = {}
    for spec in dataclasses.fields(value):
        member = getattr(value, spec.name)
        if spec.name not in left_out and not _is_default(spec, member):
            out[spec.name] = _plain(member)
    return out


def _unordered(members: dict[str, JSON]) -> dict[str, JSON]:
    """Lists whose values are joined by OR mean the same in any order; the value of `equals` is no such list."""
    if members.get("kind") == "equals":
        return members
    return {
        key: sorted(member, key=jcs_document) if isinstance(member, list) else member for key, member in members.items()
    }


def _is_default(spec: dataclasses.Field[object], member: object) -> bool:
    """Only what is as if it were not given may be left out; false, null and zero are values like any other."""
    default = spec.default if spec.default_factory is dataclasses.MISSING else spec.default_factory()
    return type(member) is type(default) and member == default


def _plain(value: object) -> JSON:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, (bool, int, str, Number)):
        return value
    if isinstance(value, Decimal):
        return Number(str(value), value)
    if isinstance(value, frozenset):
        return sorted((_plain(member) for member in value), key=str)
    if isinstance(value, (tuple, list)):
        return [_plain(member) for member in value]
    if isinstance(value, (Check, ShortForm, Subject)):
        return _unordered(_members(value, frozenset()))
    if isinstance(value, Mapping):
        return {str(key): _plain(member) for key, member in value.items()}
    assert not isinstance(value, Position)
    return _members(value, frozenset())
