"""Random policies and calls that cover every construct of contract section 4. Pure: no Django, no I/O.

The seed decides everything. Calls are built towards one rule, so that its constraints hold or just miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from governance.policy.values import By, Caller, ContentFinding, Facts, HistoryQuery, Intent, Item, Kind, LimitQuery
from tests.properties.policy_rules import (
    AGENTS,
    CLASSES,
    PEOPLE,
    PROMPTS,
    RESOURCES,
    ROLES,
    SERVERS,
    SEVERITIES,
    TEAMS,
    TOOLS,
    ZONES,
    Draft,
    Home,
    random_policy,
    render,
    some,
)
from tests.properties.policy_values import WRONG_TYPES, num

CLOCKS = [
    0,
    1,
    29,
    30,
    31,
    359,
    360,
    361,
    538,
    539,
    540,
    541,
    719,
    720,
    1079,
    1080,
    1081,
    1319,
    1320,
    1321,
    1409,
    1410,
    1439,
]
KEYS = ["private_key", "vendor_key"]
TYPED: dict[str, Any] = {
    "path": {"type": "string"}, "file_path": {"type": "string"}, "paths": {"type": "array",
    "items": {"type": "string"}},
    "url": {"type": "string", "format": "uri"}, "target": {"type": "string"}, "amount": {"type": "number"},
    "maxAmount": {},
    "currency": {}, "note": {"type": "string", "maxLength": 40}, "tags": {"type": "array"}, "force": {}, "odd.name": {},
    "customer": {"type": "object", "properties": {"email": {"type": "string"}, "tier": {}}}, "odd[0]/x": {},
    "items": {"type": "array", "items": {"properties": {"price": {}, "labels": {"items": {}}}}},
}  # fmt: skip
LOOSE: dict[str, Any] = {
    **{name: {} for name in TYPED},
    "customer": {"properties": {"email": {}}}, "paths": {"items": {}},
    "items": {"items": {"properties": {"price": {}}}},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One policy and one call. `answered` and `stale` name escalate rules that an approval answers, rightly or not."""

    policy: dict[str, Any]
    text: str
    item: Item
    caller: Caller
    arguments: dict[str, Any]
    facts: Facts
    answered: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()


def cases(seed: int, count: int, calls: int = 8) -> Iterator[Case]:
    """`count` cases, `calls` of them on each policy."""
    rng = Random(seed)
    made = 0
    while made < count:
        policy, drafts, home = random_policy(rng)
        text = render(policy)
        for _ in range(min(calls, count - made)):
            yield random_call(rng, policy, text, drafts, home)
            made += 1


def random_call(rng: Random, policy: dict[str, Any], text: str, drafts: list[Draft], home: Home) -> Case:
    focus = rng.choice(drafts)
    item = random_item(rng, focus.rule, home)
    arguments: dict[str, Any] = {}
    for draft in [focus] if focus.bare else [focus, rng.choice(drafts), rng.choice(drafts)]:
        keep = 0.85 if draft is focus else 0.4
        for way, holds, misses in draft.wants:
            if some(rng, keep):
                pool = holds if some(rng, 0.25 if focus.bare else 0.7) or not misses else misses
                place(rng, arguments, way, pool, misses)
    if not focus.bare or some(rng, 0.2):
        arguments = spoil(rng, arguments)
    facts = random_facts(rng, policy, focus.rule, arguments)
    if item.schema is not None and some(rng, 0.85):
        item = replace(item, schema=fitting_schema(rng, item.schema, arguments))
    escalating = [rule["id"] for rule in policy["rules"] if rule["action"] == "escalate" and "id" in rule] + ["default"]
    answered = frozenset(rule for rule in escalating if some(rng, 0.6)) if some(rng, 0.5) else frozenset()
    stale = frozenset(rule for rule in escalating if some(rng, 0.3)) if some(rng, 0.2) else frozenset()
    return Case(policy, text, item, random_caller(rng, focus.rule), arguments, facts, answered, stale)


def random_item(rng: Random, rule: dict[str, Any], home: Home) -> Item:
    server, kind, name = home[0], Kind(home[1]), home[2]
    if some(rng, 0.15):
        kind = next((kind for kind in Kind if kind.value in rule), rng.choice(list(Kind)))
        name = rng.choice({Kind.TOOL: TOOLS, Kind.PROMPT: PROMPTS, Kind.RESOURCE: RESOURCES}[kind])
    if some(rng, 0.1):
        server = rng.choice(SERVERS)
    intents = [Intent(value) for value in rule.get("intent", [])] if some(rng, 0.8) else []
    categories = rule.get("category", []) if some(rng, 0.8) else []
    source = TYPED if some(rng, 0.4) else LOOSE
    declared = {name: source[name] for name in source if some(rng, 0.7)}
    schema = {"type": "object", "properties": declared} if kind is Kind.TOOL and some(rng, 0.97) else None
    return Item(
        server,
        kind,
        name,
        rng.choice(intents or list(Intent)),
        frozenset([*categories[:1], rng.choice(["storage", "other"])]),
        schema,
        rng.choice([None, "/srv/data", "/tmp"]) if server == "files" else None,
        server == "files" and some(rng, 0.3),
    )


def fitting_schema(rng: Random, schema: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """The schema, now declaring most of the arguments given and requiring some of what it declares."""
    properties = {**schema["properties"], **{name: LOOSE.get(name, {}) for name in arguments if some(rng, 0.97)}}
    for name in arguments:
        if name in properties and some(rng, 0.7):
            properties[name] = LOOSE.get(name, {})
    fitted = {**schema, "properties": properties}
    if some(rng, 0.2):
        fitted["required"] = rng.sample(sorted(properties), min(len(properties), 1))
    if some(rng, 0.2):
        fitted["additionalProperties"] = False
    return fitted


def place(rng: Random, container: Any, way: tuple[str, ...], pool: list[Any], misses: list[Any]) -> None:
    """Put one of the values where the path leads; now and then a list holds a near miss among good values."""
    name, rest = way[0], way[1:]
    if not isinstance(container, dict):
        return
    if not rest:
        container[name] = rng.choice(pool)
    elif rest[0] != "[]":
        place(rng, container.setdefault(name, {}), rest, pool, misses)
    elif len(rest) == 1:
        values = [rng.choice(pool) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        container[name] = values + ([rng.choice(misses)] if misses and some(rng, 0.1) else [])
    else:
        elements = [{"sku": rng.choice(["a", 1])} for _ in range(rng.choice([0, 1, 1, 2]))]
        for element in elements:
            if some(rng, 0.95):
                place(rng, element, rest[1:], pool, misses)
        container[name] = elements


def spoil(rng: Random, arguments: dict[str, Any]) -> dict[str, Any]:
    """Now and then: another key order, a folded or undeclared key, a wrong type, a nested alias."""
    names = list(arguments)
    rng.shuffle(names)
    arguments = {name: arguments[name] for name in names}
    if names and some(rng, 0.12):
        name = rng.choice(names)
        alias = rng.choice(
            [name.upper(), name.title(), name.replace("s", "\u017f"), chr(ord(name[0]) + 0xFEE0) + name[1:]]
        )
        arguments[alias] = arguments[name]
        if some(rng, 0.4):
            del arguments[name]
    if names and some(rng, 0.1):
        arguments[rng.choice(names)] = rng.choice(WRONG_TYPES)
    if some(rng, 0.1):
        arguments[rng.choice(["comment", "zz", "", "a.b", "__proto__"])] = rng.choice(
            ["x", "/etc/passwd", "https://evil.test/", 3]
        )
    if isinstance(arguments.get("customer"), dict) and some(rng, 0.15):
        arguments["customer"][rng.choice(["Email", "TIER", "other"])] = "a@example.com"
    if some(rng, 0.1):
        arguments[rng.choice(["path", "url", "amount"])] = rng.choice(
            ["/tmp/x", "https://example.com/", 5, num("500.01")]
        )
    return arguments


def random_caller(rng: Random, rule: dict[str, Any]) -> Caller:
    who: dict[str, list[str]] = rule.get("who", {}) if some(rng, 0.8) else {}
    person = rng.choice(who.get("people") or [*PEOPLE, None])
    teams = frozenset([*(who.get("teams") or [])[:1], *rng.sample(TEAMS, rng.randint(0, 1))])
    roles = frozenset([*(who.get("roles") or [])[:1], *rng.sample(ROLES, rng.randint(0, 1))])
    return Caller(rng.choice(who.get("agents") or AGENTS), person, teams, roles)


def random_facts(rng: Random, policy: dict[str, Any], focus: dict[str, Any], arguments: dict[str, Any]) -> Facts:
    history: dict[HistoryQuery, int] = {}
    limits: dict[LimitQuery, Decimal] = {}
    for rule in policy["rules"]:
        for part in (rule, rule.get("unless", {})):
            if "history" in part and some(rng, 0.97):
                add_history(rng, history, part["history"])
        if "limit" in rule and "id" in rule and some(rng, 0.97):
            add_limit(rng, limits, rule)
    findings = [
        ContentFinding(side, rng.choice(KEYS if some(rng, 0.03) else CLASSES), rng.choice(SEVERITIES), "d1")
        for side in ("arguments", "result")
        for _ in range(rng.choice([0, 0, 1, 2]))
    ]
    marks = frozenset({"tainted"}) if some(rng, 0.4) else frozenset()
    return Facts(
        random_clock(rng, focus), history, limits, marks, tuple(findings), real_paths=random_real_paths(rng, arguments)
    )


def random_clock(rng: Random, focus: dict[str, Any]) -> datetime:
    time = focus.get("time", {})
    zone = ZoneInfo(time.get("zone", rng.choice(ZONES)))
    day = datetime(2026, rng.choice([3, 10, 11]), rng.randint(20, 30), tzinfo=zone)
    return (day + timedelta(minutes=rng.choice(CLOCKS), seconds=rng.choice([0, 59]))).astimezone(
        rng.choice([UTC, zone])
    )


def add_history(rng: Random, history: dict[HistoryQuery, int], asked: dict[str, Any]) -> None:
    by = By(asked.get("by", "agent"))
    if "first_use" in asked:
        history[HistoryQuery(None, 90 * 86400, by)] = rng.choice([0, 0, 1])
    elif "after" in asked:
        count = rng.choice([0, 1, 2])
        history.update(
            {HistoryQuery(asked["after"], within, by, in_session=True): count for within in (0, 1800, 90 * 86400)}
        )
    else:
        history[HistoryQuery(asked["calls"], 300, by)] = asked["more_than"] + rng.choice([-1, 0, 1])


def add_limit(rng: Random, limits: dict[LimitQuery, Decimal], rule: dict[str, Any]) -> None:
    limit = rule["limit"]
    maximum = Decimal(limit["max"] if "sum" in limit else limit["calls"])
    per = {"1h": 3600, "90s": 90, "24h": 86400}[limit["per"]]
    used = rng.choice([Decimal(0), maximum - 1, maximum - 1, maximum, maximum - Decimal("0.05"), maximum + 1])
    limits[LimitQuery(rule["id"], By(limit.get("by", "agent")), per, maximum, limit.get("sum"))] = used


def random_real_paths(rng: Random, arguments: dict[str, Any]) -> dict[str, str]:
    """Where some of the looked-at paths really lead."""
    texts = [
        text
        for value in arguments.values()
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str)
    ]
    found = {}
    for text in texts if some(rng, 0.9) else []:
        for path in (text, f"/srv/data/{text}", f"/tmp/{text}"):
            canonical = "/" + "/".join(part for part in path.split("/") if part)
            found[canonical] = rng.choice(
                [canonical, canonical, canonical, "/etc/passwd", "/tmp/real", "/srv/data/real"]
            )
    return found
