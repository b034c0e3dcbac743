"""What is suspicious about a policy, beyond what its text alone shows. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance.canonical.values import JSON, Number
from governance.policy.binding import BoundRule
from governance.policy.compiled import CompiledPolicy
from governance.policy.patterns import glob_test, is_glob
from governance.policy.reading import suggestion
from governance.policy.reasons import json_type
from governance.policy.schemas import Declared
from governance.policy.short_forms import SORT_OF, declares_any
from governance.policy.tree import Check, Conditions, Constraint, ItemPattern, Rule
from governance.policy.values import Action, Item, Kind


class Level(StrEnum):
    """Whether saving is refused or only warned about."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing about one rule, `rule` empty where it is about the whole policy."""

    level: Level
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.level}: {self.message}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names that exist; a set that is None is not checked."""

    roles: Collection[str] | None = None
    teams: Collection[str] | None = None
    people: Collection[str] | None = None
    agents: Collection[str] | None = None


def lint(compiled: CompiledPolicy, items: Iterable[Item], names: Names | None = None) -> tuple[LintFinding, ...]:
    """Everything worth a second look, errors first (contract 4.21). `items` are the approved items of all servers.

    Errors are rules that can never match and arguments that no approved schema has; with no items at all nothing is
    said about items and arguments.
    """
    known = tuple(items)
    findings = list(_policy_wide(compiled, known))
    bound = _by_rule(compiled, known)
    for rule in compiled.policy.rules:
        findings.extend(_finding(rule, *said) for said in _about(rule, bound.get(rule.id, []), known, names or Names()))
    findings.extend(_unreachable(compiled, bound))
    return tuple(sorted(findings, key=lambda one: (one.level, one.line, one.column, one.message)))


_Said = tuple[Level, str]


def _finding(rule: Rule, level: Level, message: str) -> LintFinding:
    return LintFinding(level, rule.position.line, rule.position.column, rule.id, message)


def _by_rule(compiled: CompiledPolicy, items: tuple[Item, ...]) -> dict[str, list[tuple[Item, BoundRule]]]:
    out: dict[str, list[tuple[Item, BoundRule]]] = {}
    for item in items:
        for bound in compiled.for_item(item).bound:
            out.setdefault(bound.id, []).append((item, bound))
    return out


def _policy_wide(compiled: CompiledPolicy, items: tuple[Item, ...]) -> Iterator[LintFinding]:
    if compiled.policy.default is Action.ALLOW:
        yield LintFinding(Level.WARNING, 1, 1, "", "default: allow lets every call pass that no rule speaks of")
    existing = {(item.server, item.kind, item.name) for item in items}
    for test in compiled.policy.tests if items else ():
        if (test.server, test.kind, test.item) not in existing:
            message = f"a test calls {test.server}/{test.item}, which no approved manifest has"
            yield LintFinding(Level.WARNING, test.position.line, test.position.column, "", message)


def _about(rule: Rule, matched: list[tuple[Item, BoundRule]], items: tuple[Item, ...], names: Names) -> Iterator[_Said]:
    if rule.action is Action.ALLOW and not rule.on_result:
        yield from _too_wide(rule)
    for conditions in (rule.when, rule.unless or Conditions()):
        for constraint in conditions.constraints:
            yield from _contradictions(constraint.argument, constraint.checks)
        yield from _unknown_people(conditions, names)
    if items and not matched:
        yield from _matches_nothing(rule, items)
    if matched:
        yield from _undeclared(rule, [item for item, _ in matched])


def _too_wide(rule: Rule) -> Iterator[_Said]:
    for pattern in rule.subject.patterns:
        wide = not rule.subject.servers if pattern.server is None else set(pattern.server) == {"*"}
        if wide:
            text = pattern.item if pattern.server is None else f"{pattern.server}/{pattern.item}"
            yield Level.WARNING, f"it allows {text!r} on every server; name the server: SERVER/{pattern.item}"
    if rule.subject.kind is None and any(set(server) == {"*"} for server in rule.subject.servers):
        yield Level.WARNING, "it allows every item of every server"


def _contradictions(argument: str, checks: tuple[Check, ...]) -> Iterator[_Said]:
    by_kind = {check.kind: check.value for check in checks}
    low, high = by_kind.get("min"), by_kind.get("max")
    if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
        yield Level.ERROR, f"{argument} can never match: min {low.literal} is above max {high.literal}"
    for kind in ("length", "items"):
        bounds = by_kind.get(kind)
        if isinstance(bounds, dict) and _is_above(bounds.get("min"), bounds.get("max")):
            yield Level.ERROR, f"{argument} can never match: {kind} has min above max"
    if by_kind.get("present") is False and len(by_kind) > 1:
        yield Level.ERROR, f"{argument} can never match: it must be missing and meet something as well"
    if {"length", "items"} <= by_kind.keys():
        yield Level.ERROR, f"{argument} can never match: nothing has both length and items"
    if "equals" in by_kind and isinstance(listed := by_kind.get("in"), list) and by_kind["equals"] not in listed:
        yield Level.ERROR, f"{argument} can never match: what it must equal is not in the list"
    for sort in ("in", "equals"):
        if sort in by_kind and isinstance(types := by_kind.get("type"), list):
            yield from _type_clash(argument, by_kind[sort] if sort == "in" else [by_kind[sort]], types)
    for check in checks:
        for alternative in check.alternatives:
            yield from _contradictions(argument, alternative)


def _type_clash(argument: str, values: JSON, types: list[JSON]) -> Iterator[_Said]:
    kinds = {json_type(value) for value in values} if isinstance(values, list) else set()
    allowed = {"number" if one == "integer" else one for one in types}
    if kinds and kinds.isdisjoint(allowed):
        yield Level.ERROR, f"{argument} can never match: none of the listed values has the type it must have"


def _is_above(low: JSON, high: JSON) -> bool:
    return isinstance(low, int) and isinstance(high, int) and low > high


def _unknown_people(conditions: Conditions, names: Names) -> Iterator[_Said]:
    who = conditions.who
    if who is None:
        return
    groups: tuple[tuple[str, frozenset[str], Collection[str] | None], ...] = (
        ("role", who.roles, names.roles),
        ("team", who.teams, names.teams),
        ("person", who.people, names.people),
        ("agent", who.agents, names.agents),
    )
    for sort, wanted, existing in groups:
        for name in sorted(wanted.difference(existing)) if existing is not None else ():
            yield Level.WARNING, f"there is no {sort} {name!r}{suggestion(name, existing or ())}"


def _matches_nothing(rule: Rule, items: tuple[Item, ...]) -> Iterator[_Said]:
    if rule.subject.kind is None:
        servers = {item.server for item in items}
        for name in rule.subject.servers:
            if not is_glob(name) and name not in servers:
                yield Level.WARNING, f"there is no server {name!r}{suggestion(name, servers)}"
    else:
        for pattern in rule.subject.patterns:
            yield from _unknown_item(rule.subject.kind, pattern, items)
        if rule.subject.servers and not any(_can_share(rule, pattern) for pattern in rule.subject.patterns):
            yield Level.ERROR, "it can never match: server and the pattern name different servers"
    if rule.when.categories or rule.when.intents:
        yield Level.WARNING, "no approved item has this combination of name, category and intent"


def _can_share(rule: Rule, pattern: ItemPattern) -> bool:
    if pattern.server is None or is_glob(pattern.server):
        return True
    return any(glob_test(server)(pattern.server) for server in rule.subject.servers)


def _unknown_item(kind: Kind, pattern: ItemPattern, items: tuple[Item, ...]) -> Iterator[_Said]:
    servers = {item.server for item in items}
    if pattern.server is not None and not is_glob(pattern.server) and pattern.server not in servers:
        yield Level.WARNING, f"there is no server {pattern.server!r}{suggestion(pattern.server, servers)}"
        return
    there = {
        item.name
        for item in items
        if item.kind is kind and (pattern.server is None or glob_test(pattern.server)(item.server))
    }
    if not any(glob_test(pattern.item)(name) for name in there):
        where = f" on {pattern.server}" if pattern.server is not None else ""
        yield Level.WARNING, f"no approved {kind} is named {pattern.item!r}{where}{suggestion(pattern.item, there)}"


def _undeclared(rule: Rule, items: list[Item]) -> Iterator[_Said]:
    tools = [item for item in items if item.schema is not None]
    declared = [Declared(item.schema) for item in tools]
    if not declared:
        return
    for conditions in (rule.when, rule.unless or Conditions()):
        for constraint in conditions.constraints:
            without = [one for one, names in zip(tools, declared, strict=True) if not names.declares(constraint.steps)]
            if len(without) == len(tools):
                yield _missing_level(constraint), _no_argument(constraint, declared)
            elif without:
                some = f"{without[0].server}/{without[0].name}"
                yield Level.WARNING, f"the argument {constraint.argument} is unknown to {some}, which it covers too"
        for form in conditions.short_forms:
            if not any(declares_any(names, SORT_OF[form.name]) for names in declared):
                yield Level.WARNING, f"{form.name} finds no argument that is one of the {SORT_OF[form.name]} by name"


def _missing_level(constraint: Constraint) -> Level:
    optional = any(check.kind in ("present", "any_of") for check in constraint.checks)
    return Level.WARNING if optional else Level.ERROR


def _no_argument(constraint: Constraint, declared: list[Declared]) -> str:
    names = set().union(*(one.names(one.roots()) for one in declared))
    first = str(constraint.steps[0])
    hint = suggestion(first, names) if first not in names else ""
    return f"no approved schema has the argument {constraint.argument}{hint}"


def _unreachable(compiled: CompiledPolicy, bound: Mapping[str, list[tuple[Item, BoundRule]]]) -> Iterator[LintFinding]:
    """Rules that another one settles on every item: order-free, a deny for everybody always wins."""
    settled: dict[int, str] = {}
    for rule in compiled.policy.rules:
        if rule.action in (Action.DENY, Action.HIDE) and not rule.monitor and not rule.on_result:
            for item, one in bound.get(rule.id, []):
                if not one.conditions and _is_for_all(rule):
                    settled.setdefault(id(item), rule.id)
    for rule in compiled.policy.rules:
        if rule.action not in (Action.ALLOW, Action.ESCALATE) or rule.on_result:
            continue
        winners = [settled.get(id(item)) for item, _ in bound.get(rule.id, [])]
        if winners and all(winners):
            message = f"it is unreachable: {winners[0]} denies everything that it covers"
            yield _finding(rule, Level.WARNING, message)


def _is_for_all(rule: Rule) -> bool:
    who = rule.when.who
    return who is None or not (who.roles or who.teams or who.people or who.agents)
