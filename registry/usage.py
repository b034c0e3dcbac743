"""Who uses an item, who could, and which rules of the live policy touch it: what a decision hangs on. Reads only.

Calls are counted over the ledger's index of agents and times, so many of each agent at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON
from governance.models import Agent, DataRole, LedgerEntry, PolicyVersion
from governance.policy.compiled import CompiledPolicy, compile_policy
from governance.policy.intent import classify
from governance.policy.values import Intent
from governance.policy.values import Item as PolicyItem
from governance.views import rule_words
from registry.approved import KINDS, MEMBERS, schema_of
from registry.conditions import BadCondition, read_condition
from registry.models import Item, Transport
from registry.touching import Touch, touched
from registry.views.own_reach import RoleReach

CALLS_WITHIN: Final = timedelta(days=7)
MAX_AGENTS: Final = 100
"""Agents that are named and whose calls are counted; how many more there are is told."""
MAX_CALLS: Final = 500
"""Calls of one agent that are looked at, the newest: enough to tell who uses an item."""


@dataclass(frozen=True, slots=True)
class AgentUse:
    """An agent that knows of an item when it is approved, by which roles, and how often it called it lately.

    `calls` is None where calls cannot be told by the item's name; `at_least` says that more may be there than counted.
    """

    name: str
    owner: str
    roles: tuple[str, ...]
    calls: int | None
    last: datetime | None
    at_least: bool


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule of the live policy that covers an item as it was, as it is, or both; `line` is that of the policy page."""

    id: str
    action: str
    line: int
    words: str
    on_trial: bool
    before: bool
    after: bool
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """All of this for one item. `rules` is None where no policy is live, cannot be read, or is not for this person."""

    agents: tuple[AgentUse, ...]
    more_agents: int
    rules: tuple[RuleUse, ...] | None
    otherwise: str
    unseen_arguments: tuple[str, ...]
    condition: tuple[str, ...]
    days: int = CALLS_WITHIN.days

    @property
    def callers(self) -> int:
        """How many agents called it lately."""
        return sum(bool(agent.calls) for agent in self.agents)

    @property
    def affected(self) -> int:
        """How many rules say something else of it now."""
        return sum(bool(rule.changes) for rule in self.rules or ())


def usage_of(
    items: Sequence[Item], *, agents: Collection[str] | None = None, rules: bool = True, now: datetime | None = None
) -> dict[int, Usage]:
    """The usage of each item by its row; `agents` are those that may be named, None for all.

    A few queries for all items, which come with their servers loaded, and one for each agent.
    """
    roles = list(DataRole.objects.all())
    reaches = {role.pk: RoleReach.of([role]) for role in roles}
    reaching = {item.pk: frozenset(pk for pk, reach in reaches.items() if _reaches(reach, item)) for item in items}
    shown, more = _agents(reaching, agents)
    calls = _calls({agent.name for each in shown.values() for agent in each}, now or timezone.now())
    version = PolicyVersion.objects.filter(live=True).first() if rules else None
    policy = rule_words.read(version.text) if version is not None else None
    compiled = compile_policy(policy) if policy is not None else None
    otherwise = rule_words.default_in_words(policy) if policy is not None else ""
    names = {role.pk: role.name for role in roles}
    found = {}
    for item in items:
        told, unseen = _rules(compiled, item) if compiled is not None else (None, ())
        found[item.pk] = Usage(
            agents=tuple(_use(agent, item, reaching[item.pk], names, calls) for agent in shown[item.pk]),
            more_agents=more[item.pk],
            rules=told,
            otherwise=otherwise,
            unseen_arguments=unseen,
            condition=_condition(item),
        )
    return found


def usage_record(usage: Usage) -> dict[str, JSON]:
    """The usage of an item as JSON, for the API."""
    rules: list[JSON] = [
        {
            "id": rule.id,
            "action": rule.action,
            "line": rule.line,
            "mode": "monitor" if rule.on_trial else "enforce",
            "covers": {"before": rule.before, "after": rule.after},
            "changes": list(rule.changes),
        }
        for rule in usage.rules or ()
    ]
    agents: list[JSON] = [
        {
            "agent": agent.name,
            "owner": agent.owner,
            "roles": list(agent.roles),
            "calls": agent.calls,
            "at_least": agent.at_least,
            "last": agent.last.isoformat() if agent.last else None,
        }
        for agent in usage.agents
    ]
    return {
        "days": usage.days,
        "agents": agents,
        "more_agents": usage.more_agents,
        "rules": rules if usage.rules is not None else None,
        "otherwise": usage.otherwise,
        "unseen_arguments": list(usage.unseen_arguments),
        "condition": list(usage.condition),
    }


def _reaches(reach: RoleReach, item: Item) -> bool:
    """Whether a role lets an agent know of an item; whoever knows of anything of a server gets its instructions."""
    server = item.server.name
    if item.kind != "instructions":
        return reach.covers(server, item.kind, item.name)
    others = item.server.items.exclude(kind="instructions").values_list("kind", "name")
    return any(reach.covers(server, kind, name) for kind, name in others)


def _agents(
    reaching: Mapping[int, frozenset[int]], named: Collection[str] | None
) -> tuple[dict[int, list[Agent]], dict[int, int]]:
    """By item, the first active agents whose roles reach it, by name, and how many more there are."""
    wanted = frozenset[int]().union(*reaching.values())
    rows = Agent.objects.filter(active=True, roles__in=wanted).distinct().order_by("name")
    if named is not None:
        rows = rows.filter(name__in=named)
    all_of = list(rows.select_related("owner", "team").prefetch_related("roles"))
    roles = {agent.pk: frozenset(role.pk for role in agent.roles.all()) for agent in all_of}
    shown, more = {}, {}
    for item, by in reaching.items():
        mine = [agent for agent in all_of if roles[agent.pk] & by]
        shown[item], more[item] = mine[:MAX_AGENTS], max(0, len(mine) - MAX_AGENTS)
    return shown, more


@dataclass(frozen=True, slots=True)
class _Calls:
    """What one agent called lately: how often and when last, by server and item, and whether there may be more."""

    counts: Counter[tuple[str, str]]
    last: dict[tuple[str, str], datetime]
    cut: bool


def _calls(agents: Iterable[str], now: datetime) -> dict[str, _Calls]:
    """The newest calls of each agent; each of these questions walks the index of agents and times and ends."""
    found = {}
    for agent in sorted(agents):
        entries = LedgerEntry.objects.filter(kind="call.intent", agent=agent, at__gte=now - CALLS_WITHIN)
        rows = list(entries.order_by("-at").values_list("server", "item", "at")[:MAX_CALLS])
        last: dict[tuple[str, str], datetime] = {}
        for server, item, at in rows:
            last.setdefault((server, item), at)
        found[agent] = _Calls(Counter((server, item) for server, item, _ in rows), last, len(rows) == MAX_CALLS)
    return found


def _use(
    agent: Agent, item: Item, reaching: Collection[int], names: Mapping[int, str], calls: Mapping[str, _Calls]
) -> AgentUse:
    called, key = calls[agent.name], (item.server.name, item.name)
    by_name = item.kind not in ("instructions", "template")
    owner = agent.owner.email if agent.owner else f"team {agent.team.name}" if agent.team else ""
    return AgentUse(
        name=agent.name,
        owner=owner,
        roles=tuple(sorted(names[role.pk] for role in agent.roles.all() if role.pk in reaching)),
        calls=called.counts[key] if by_name else None,
        last=called.last.get(key) if by_name else None,
        at_least=by_name and called.cut,
    )


def _rules(compiled: CompiledPolicy, item: Item) -> tuple[tuple[RuleUse, ...] | None, tuple[str, ...]]:
    if item.kind not in KINDS:
        return None, ()
    before = _form(item, item.approved_document, item.approved_digest)
    after = _form(item, item.seen_document, item.seen_digest)
    said = touched(compiled, before, after)
    return tuple(_rule(touch) for touch in said.rules), said.unseen_arguments


def _rule(touch: Touch) -> RuleUse:
    rule = touch.rule
    return RuleUse(
        id=rule.id,
        action=rule.action.value,
        line=rule.position.line,
        words=rule_words.in_words(rule),
        on_trial=rule.monitor,
        before=touch.before,
        after=touch.after,
        changes=touch.changes,
    )


def _form(item: Item, text: str, digest: str) -> PolicyItem | None:
    """The item as rules see it by one of its two definitions; None where it has no such one."""
    if not digest:
        return None
    try:
        document = parse(text.encode(), max_members=MEMBERS)
    except Malformed:
        return None
    known = document if isinstance(document, dict) else {}
    return PolicyItem(
        server=item.server.name,
        kind=KINDS[item.kind],
        name=item.name,
        intent=_intent(item, known, digest),
        category=frozenset(item.server.category),
        schema=schema_of(item.kind, known),
        cwd=item.server.cwd or None,
        local_disk=item.server.transport == Transport.STDIO,
    )


def _intent(item: Item, document: Mapping[str, JSON], digest: str) -> Intent:
    """What the item does by this definition: a reviewer's word that is about it, else as it reads."""
    if item.reviewed_intent and item.reviewed_intent_digest == digest:
        return Intent(item.reviewed_intent)
    if item.kind != "tool" or digest == item.seen_digest:
        return Intent(item.intent)
    description, schema, annotations = (document.get(key) for key in ("description", "inputSchema", "annotations"))
    return classify(
        item.name,
        description if isinstance(description, str) else None,
        schema if isinstance(schema, dict) else None,
        annotations if isinstance(annotations, dict) else None,
    )[0]


def _condition(item: Item) -> tuple[str, ...]:
    try:
        return read_condition(item.condition).sentences()
    except BadCondition as error:
        return (str(error),)
