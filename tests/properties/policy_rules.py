"""Random policies for the oracle tests, as data and as the text an author would write. Pure: no Django, no I/O."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from governance.policy.values import By, Intent
from tests.properties.policy_values import TARGETS, num

Home = tuple[str, str, str]  # Server, kind and name of the item that most rules of a policy cover.
Wants = list[tuple[tuple[str, ...], list[Any], list[Any]]]
SERVERS = ["files", "db", "stripe", "web-2"]
TOOLS = ["read_file", "write_file", "read_all", "execute_command", "Read_file", "refund"]
PROMPTS = ["summarise", "read_notes"]
RESOURCES = ["file:///srv/data/a.txt", "https://web/x", "notes/read_me"]
PATTERNS = {
    "tool": ["*", "read_*", "read_file", "files/*", "files/read_file", "*/read_*", "f*/?ead_file", "db/*", "write_file",
             "stripe/refund", "*/*", "we?-2/*", "execute_*", "read_????", "Read_file"],
    "prompt": ["*", "files/*", "summarise", "*/read_*"],
    "resource": ["*", "files/file:///srv/*", "https://*", "file:///srv/data/?.txt", "*/notes/*", "files/*",
    "notes/read_me"],
}  # fmt: skip
AMOUNTS = [1, num("1.00"), num("0.05"), 0, num("1e-40"), num("4999.95"), num("5001"), num("1e-12"), num("1e-13")]
NO_AMOUNTS: list[Any] = [num("-0.01"), "1", None, True, [1], num("-1e-40"), num("1e400")]
SUMMED: dict[str | None, Wants] = {
    "amount": [(("amount",), AMOUNTS, NO_AMOUNTS)],
    "customer.tier": [(("customer", "tier"), AMOUNTS, NO_AMOUNTS)],
    "/maxAmount": [(("maxAmount",), AMOUNTS, NO_AMOUNTS)],
    "items[].price": [(("items", "[]", "price"), AMOUNTS, NO_AMOUNTS)],
}
HOMES: list[Home] = [
    *[("files", "tool", "read_file")] * 4, ("stripe", "tool", "refund"), ("db", "tool", "execute_command"),
    ("files", "resource", "file:///srv/data/a.txt"), ("web-2", "prompt", "read_notes"),
]  # fmt: skip
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
HOURS: list[Any] = [
    "09:00-18:00",
    "22:00-06:00",
    "00:00-12:00",
    "23:30-00:30",
    "18:00-00:00",
    "08:59-09:00",
    "12:00-24:00",
    ["09:00-12:00", "22:00-00:30"],
]
DAYS: list[Any] = ["mon-fri", "sat-sun", ["mon", "wed"], ["sun"], "fri-mon", ["mon-tue", "sat"], "tue,thu-fri"]
PEOPLE = ["ana@example.com", "ben@example.com"]
TEAMS = ["platform", "billing-leads", "finance"]
ROLES = ["developer", "finance", "ops"]
AGENTS = ["dev-claude", "ci-bot"]
CLASSES = ["email", "card", "phone"]
SEVERITIES = ["low", "medium", "high", "critical"]


@dataclass(frozen=True)
class Draft:
    """A rule, and per constrained argument the values that hold and those that just miss.

    `bare` is a rule of one constraint on every item, so that the value alone decides.
    """

    rule: dict[str, Any]
    wants: Wants
    bare: bool = False


def some(rng: Random, chance: float) -> bool:
    return rng.random() < chance


def subset(rng: Random, values: list[Any], least: int = 1) -> list[Any]:
    return rng.sample(values, rng.randint(least, len(values)))


def random_policy(rng: Random) -> tuple[dict[str, Any], list[Draft], Home]:
    home = rng.choice(HOMES)
    drafts, seen = [], set()
    if some(rng, 0.25):
        drafts.append(bare_rule(rng))
    for number in range(0 if drafts else rng.randint(1, 9)):
        draft = random_rule(rng, home)
        said = flow(meaning(draft.rule))
        if said not in seen:
            seen.add(said)
            if some(rng, 0.9):
                draft.rule["id"] = f"{rng.choice('abz')}-{number}"
            drafts.append(draft)
    default: Any = rng.choice(["deny", "deny", "deny", "escalate", "escalate", "allow"])
    policy: dict[str, Any] = {"version": "1", "default": default, "rules": [draft.rule for draft in drafts]}
    if default == "escalate" and some(rng, 0.4):
        policy["default"] = {"action": "escalate", "approve": {"from": ["platform"], "required": 2}}
    if default == "allow":
        policy["acknowledge_default_allow"] = True
    if some(rng, 0.12):
        policy["intent_defaults"] = True
    return policy, drafts, home


def meaning(value: Any) -> Any:
    """Equal for rules that say the same in other words, which the product refuses as equal."""
    if isinstance(value, dict):
        parts = {key: meaning(value[key]) for key in sorted(value) if key not in ("reason", "mode")}
        unsaid = [("by", "agent"), ("schemes", ["https"] if "domains" in parts else None), ("mode", "enforce")]
        return {key: part for key, part in parts.items() if part not in ([], {}) and (key, part) not in unsaid}
    if isinstance(value, list):
        return sorted((meaning(one) for one in value), key=flow)
    return value.rstrip("/") if isinstance(value, str) and len(value) > 1 else value


def random_rule(rng: Random, home: Home) -> Draft:
    action = rng.choices(["allow", "deny", "escalate", "hide"], [48, 22, 27, 3])[0]
    rule: dict[str, Any] = {**random_subject(rng, home), "action": action}
    for key, chance, make in SCOPE:
        if some(rng, chance):
            rule[key] = make(rng)
    wants: Wants = []
    if action != "hide":
        wants = add_conditions(rng, rule)
        if some(rng, 0.2):
            part, more = random_unless(rng)
            rule["unless"], wants = part, wants + more
    on_results = action in ("allow", "deny") and "unless" not in rule and some(rng, 0.12)
    if on_results:
        rule["content"] = {**random_content(rng), "in": "result"}
        rule["action"] = action = rng.choice([action, "redact"])
    if action in ("allow", "escalate") and not on_results and some(rng, 0.2):
        rule["limit"] = random_limit(rng)
        wants = wants + SUMMED.get(rule["limit"].get("sum"), [])
    if action == "allow" and "constraints" in rule and some(rng, 0.3):
        rule["extra"] = "allow"
    if action == "escalate" and some(rng, 0.4):
        rule["approve"] = {
            "from": subset(rng, ["team:platform", "person:ana@example.com", "finance"]),
            "required": 1,
            "within": "5m",
        }
    if some(rng, 0.3):
        rule["reason"] = rng.choice(["Because", "Money: “moved”", "no"])
    if some(rng, 0.12):
        rule["mode"] = rng.choice(["monitor", "monitor", "enforce"])
    if some(rng, 0.1):
        rule["obligations"] = {"notify": ["slack:#security-alerts"], "log": "critical"}
    return Draft(rule, wants)


def bare_rule(rng: Random) -> Draft:
    name, way, family = rng.choice(
        [*TARGETS, *TARGETS[:6]]
    )  # The first ones are paths and URLs, which have most tricks.
    kinds, holds, misses = family(rng)
    action = rng.choice(["allow", "deny"])
    rule = {"id": "bare", "server": "*", "action": action, "constraints": {name: kinds}}
    return Draft(rule | ({"extra": "allow"} if action == "allow" else {}), [(way, holds, misses)], bare=True)


def random_subject(rng: Random, home: Home) -> dict[str, Any]:
    """Mostly patterns that cover the policy's home item, so that rules meet."""
    server, kind, name = home
    if some(rng, 0.05):
        return {kind: rng.choice(["*", name]), "server": rng.choice([server, "*", "db", [server, "zz"]])}
    if some(rng, 0.75):
        cut = rng.randint(1, len(name) - 1)
        patterns = [
            "*",
            name,
            f"{server}/*",
            f"{server}/{name}",
            f"{server[0]}*/{name}",
            f"*/{name[:cut]}*",
            f"*{name[cut:]}",
        ]
        return rng.choice(
            [{kind: rng.choice(patterns)}, {kind: rng.choice(patterns)}, {"server": rng.choice([server, "*"])}]
        )
    kind = rng.choice(["tool", "tool", "prompt", "resource", "server"])
    if kind == "server":
        return {"server": rng.choice(["files", "*", "d?", ["files", "stripe"], "web-*"])}
    return {kind: rng.sample(PATTERNS[kind], 3) if some(rng, 0.4) else rng.choice(PATTERNS[kind])}


def random_who(rng: Random) -> dict[str, Any]:
    sources = {"roles": ROLES, "teams": TEAMS, "people": PEOPLE, "agents": AGENTS}
    return {
        key: [] if some(rng, 0.15) else subset(rng, sources[key])
        for key in rng.sample(list(sources), rng.randint(1, 2))
    }


SCOPE: list[tuple[str, float, Callable[[Random], Any]]] = [
    ("who", 0.2, random_who),
    ("category", 0.1, lambda rng: subset(rng, ["storage", "financial", "web"])),
    ("intent", 0.15, lambda rng: subset(rng, [intent.value for intent in Intent])),
]


def random_time(rng: Random) -> dict[str, Any]:
    time = {"days": rng.choice(DAYS), "hours": rng.choice(HOURS), "zone": rng.choice(ZONES)}
    for key in sorted(time.keys() - {rng.choice(["days", "hours"])}):
        if some(rng, 0.2):
            del time[key]
    return time


def random_constraints(rng: Random) -> tuple[dict[str, Any], Wants]:
    constraints: dict[str, Any] = {}
    wants: Wants = []
    for name, way, family in rng.sample(TARGETS, rng.choice([1, 1, 2, 2, 3])):
        if way not in [known for known, _, _ in wants]:
            constraints[name], holds, misses = family(rng)
            wants.append((way, holds, misses))
    if some(rng, 0.15):
        name, value = rng.choice(
            [
                ("allowedPaths", ["/tmp/", "/srv/data"]),
                ("allowedDomains", ["example.com", "*.example.org"]),
                ("maxAmount", 500),
            ]
        )
        constraints[name] = value
    return constraints, wants


def random_history(rng: Random) -> dict[str, Any]:
    asked: dict[str, Any] = rng.choice(
        [
            {"first_use": True},
            {"calls": "files/read_*", "within": "5m", "more_than": rng.choice([0, 1, 50])},
            {"after": "web-2/*"},
        ]
    )
    return {**asked, "by": rng.choice(list(By)).value} if some(rng, 0.2) else dict(asked)


def random_content(rng: Random) -> dict[str, Any]:
    content: dict[str, Any] = {"in": "arguments", "class": subset(rng, CLASSES), "severity": rng.choice(SEVERITIES)}
    for key in ("class", "severity"):
        if some(rng, 0.3):
            del content[key]
    return content


def add_conditions(rng: Random, rule: dict[str, Any]) -> Wants:
    wants: Wants = []
    if some(rng, 0.6):
        rule["constraints"], wants = random_constraints(rng)
    makers: list[tuple[str, float, Callable[[Random], Any]]] = [
        ("time", 0.12, random_time), ("history", 0.12, random_history), ("content", 0.08, random_content),
        ("session", 0.06, lambda rng: {"tainted": some(rng, 0.7)}),
    ]  # fmt: skip
    for key, chance, make in makers:
        if some(rng, chance):
            rule[key] = make(rng)
    return wants


def random_unless(rng: Random) -> tuple[dict[str, Any], Wants]:
    part: dict[str, Any] = {}
    wants: Wants = []
    while not part or part == {"who": part.get("who")}:
        wants = add_conditions(rng, part)
        for key, chance, make in SCOPE:
            if some(rng, chance):
                part[key] = make(rng)
    return part, wants


def random_limit(rng: Random) -> dict[str, Any]:
    by = rng.choice([*list(By), By.AGENT]).value
    if some(rng, 0.1):
        return {"calls": 10, "per": "1h"}
    if some(rng, 0.5):
        return {"calls": rng.choice([1, 10]), "per": rng.choice(["1h", "90s"]), "by": by}
    return {
        "sum": rng.choice(["amount", "customer.tier", "/maxAmount", "items[].price"]),
        "max": rng.choice([5000, Decimal("99.95")]),
        "per": "24h",
        "by": by,
    }


def flow(value: Any) -> str:
    """YAML flow style, every string quoted; numbers as written."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {flow(member)}" for key, member in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(flow(member) for member in value) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def render(policy: dict[str, Any]) -> str:
    """The policy as the text an author would write: block style outside, flow style inside."""
    lines = [f"{key}: {flow(value)}" for key, value in policy.items() if key != "rules"]
    lines.append("rules:" if policy["rules"] else "rules: []")
    for rule in policy["rules"]:
        for number, (key, value) in enumerate(rule.items()):
            lines.append(f"  {'-' if number == 0 else ' '} {key}: {flow(value)}")
    return "\n".join(lines) + "\n"
