"""A policy made fast: rules indexed by item, bound once per item, sorted out once per caller. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from governance.canonical.strict_json import digest, jcs_document
from governance.policy.binder import Binder
from governance.policy.binding import BoundRule, constrained_names, covers, needs_of
from governance.policy.digests import policy_form, rule_digest
from governance.policy.evaluation import Ground
from governance.policy.patterns import is_glob
from governance.policy.reading import suggestion
from governance.policy.schemas import Declared, SchemaCheck
from governance.policy.tree import DEFAULT_RULE, Conditions, Duty, Policy, PolicyError, Problem, Rule, Subject
from governance.policy.values import Action, Caller, Intent, Item, Needs

MAX_CALLERS: Final = 512
_EVERYTHING: Final = Subject(None, servers=("*",))
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class CallerRules:
    """The rules on one item whose scope holds one caller, by id. `results` are judged on the way back."""

    enforced: tuple[BoundRule, ...]
    monitored: tuple[BoundRule, ...]
    results: tuple[BoundRule, ...]
    monitored_results: tuple[BoundRule, ...]
    needs: Needs


class ItemRules:
    """Everything a policy says about one item; what `decide` takes. Built by `CompiledPolicy.for_item`."""

    __slots__ = (
        "_by_scopes",
        "_callers",
        "_for_all",
        "_scoped",
        "bound",
        "default",
        "default_rule",
        "ground",
        "item",
        "schema_check",
    )

    def __init__(self, item: Item, rules: list[Rule], binder: Binder, default: Action, default_rule: Rule) -> None:
        self.item: Final = item
        declared = Declared(item.schema)
        self.bound: Final = tuple(binder.bind(rule, item, declared) for rule in sorted(rules, key=_by_id))
        self.ground: Final = Ground(item, declared, constrained_names(rules))
        self.default: Final = default
        self.default_rule: Final = default_rule
        self.schema_check: Final = SchemaCheck(item.schema) if item.schema is not None else None
        self._scoped = tuple(rule for rule in self.bound if rule.who is not None)
        self._callers: dict[Caller, CallerRules] = {}
        self._by_scopes: dict[tuple[bool, ...], CallerRules] = {}
        self._for_all = None if self._scoped else self._sorted_out(Caller(""))

    def for_caller(self, caller: Caller) -> CallerRules:
        """The rules with this caller in scope; remembered for the last few hundred callers."""
        if self._for_all is not None:
            return self._for_all
        known = self._callers.get(caller)
        if known is None:
            # Callers in the same scopes share one object: there are many callers and few combinations of scopes.
            scopes = tuple(rule.holds_for(caller) for rule in self._scoped)
            known = self._by_scopes.get(scopes)
            if known is None:
                known = self._sorted_out(caller)
            if len(self._callers) >= MAX_CALLERS:
                self._callers.clear()
                self._by_scopes.clear()
            self._callers[caller] = self._by_scopes[scopes] = known
        return known

    def _sorted_out(self, caller: Caller) -> CallerRules:
        mine = [rule for rule in self.bound if rule.holds_for(caller)]
        return CallerRules(
            needs=needs_of(mine),
            enforced=tuple(rule for rule in mine if not rule.rule.monitor and not rule.on_result),
            monitored=tuple(rule for rule in mine if rule.rule.monitor and not rule.on_result),
            results=tuple(rule for rule in mine if not rule.rule.monitor and rule.on_result),
            monitored_results=tuple(rule for rule in mine if rule.rule.monitor and rule.on_result),
        )


class CompiledPolicy:
    """A policy ready to decide. `digest` covers all that decisions depend on, `canonical` is what it is taken over.

    `rules` holds every rule by id with the digest that approvals name, the default as `default`.
    """

    __slots__ = (
        "_binder",
        "_exact",
        "_items",
        "_rest",
        "_servers",
        "canonical",
        "default_rule",
        "digest",
        "policy",
        "rules",
    )

    def __init__(self, policy: Policy) -> None:
        rules = policy.rules + (_intent_defaults() if policy.intent_defaults else ())
        self.policy: Final = policy
        self.default_rule: Final = _default_rule(policy)
        self.canonical: Final = jcs_document(policy_form(policy, rules))
        self.digest: Final = digest(self.canonical)
        by_id = {rule.id: rule for rule in rules} | {DEFAULT_RULE: self.default_rule}
        self.rules: Final[Mapping[str, Rule]] = MappingProxyType(by_id)
        self._binder = Binder()
        self._exact: dict[_Key, list[Rule]] = {}
        self._items: dict[tuple[str, str], list[Rule]] = {}
        self._servers: dict[str, list[Rule]] = {}
        self._rest: list[Rule] = []
        for rule in rules:
            self._index(rule)

    def for_item(self, item: Item) -> ItemRules:
        """The rules on one item, bound to it. Costs as much as the item has rules; keep what it returns."""
        rules = [rule for rule in self._candidates(item) if covers(rule, item)]
        return ItemRules(item, rules, self._binder, self.policy.default, self.default_rule)

    def _candidates(self, item: Item) -> Iterator[Rule]:
        kind = str(item.kind)
        seen: set[str] = set()
        for group in (
            self._exact.get((kind, item.server, item.name), ()),
            self._items.get((kind, item.name), ()),
            self._servers.get(item.server, ()),
            self._rest,
        ):
            for rule in group:
                if rule.id not in seen:
                    seen.add(rule.id)
                    yield rule

    def _index(self, rule: Rule) -> None:
        subject = rule.subject
        if subject.kind is None:
            self._index_servers(rule, subject.servers)
            return
        for pattern in subject.patterns:
            literal_item = not is_glob(pattern.item)
            if literal_item and pattern.server is not None and not is_glob(pattern.server):
                self._exact.setdefault((subject.kind, pattern.server, pattern.item), []).append(rule)
            elif literal_item:
                self._items.setdefault((subject.kind, pattern.item), []).append(rule)
            else:
                self._index_servers(rule, subject.servers if pattern.server is None else (pattern.server,))

    def _index_servers(self, rule: Rule, servers: tuple[str, ...]) -> None:
        if not servers or any(is_glob(server) for server in servers):
            self._rest.append(rule)
            return
        for server in servers:
            self._servers.setdefault(server, []).append(rule)


def compile_policy(policy: Policy, *, teams: Collection[str] | None = None) -> CompiledPolicy:
    """The policy ready to decide. With `teams`, one that names another team is refused with PolicyError."""
    if teams is not None:
        problems = tuple(sorted(_unknown_teams(policy, teams)))
        if problems:
            raise PolicyError(problems)
    return CompiledPolicy(policy)


def _by_id(rule: Rule) -> str:
    return rule.id


def _unknown_teams(policy: Policy, teams: Collection[str]) -> Iterator[Problem]:
    for rule in policy.rules:
        named = set(rule.approve.teams)
        for conditions in (rule.when, rule.unless or Conditions()):
            named |= conditions.who.teams if conditions.who is not None else set()
        for team in sorted(named.difference(teams)):
            message = f"rule {rule.id} names the team {team!r}, which does not exist{suggestion(team, teams)}"
            yield Problem(rule.position.line, rule.position.column, message)
    for team in sorted(set(policy.default_approve.teams).difference(teams)):
        yield Problem(1, 1, f"the default names the team {team!r}, which does not exist{suggestion(team, teams)}")


def _default_rule(policy: Policy) -> Rule:
    rule = Rule(DEFAULT_RULE, "", _EVERYTHING, policy.default, approve=policy.default_approve)
    return replace(rule, digest=rule_digest(rule))


def _intent_defaults() -> tuple[Rule, ...]:
    """`intent_defaults: true` (contract 4.20)."""
    actions = {Intent.READ: Action.ALLOW, Intent.WRITE: Action.ALLOW}
    rules = []
    for intent in Intent:
        rule = Rule(
            f"intent-default-{intent}",
            "",
            _EVERYTHING,
            actions.get(intent, Action.ESCALATE),
            Conditions(intents=frozenset({intent})),
            obligations=(Duty("log", "info"),) if intent is Intent.WRITE else (),
        )
        rules.append(replace(rule, digest=rule_digest(rule)))
    return tuple(rules)
