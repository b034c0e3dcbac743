"""`admit` alone: how long the decision on one call takes, in process, with everything that it judges. No Django.

A snapshot built in memory: RULES rules of which a quarter covers the called item, and half of those the caller; one
allows. The arguments are 4 KiB of JSON, parsed as strictly as a call's. Run as `python -m tests.bench.admit_alone`;
it prints figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.call import Call, Gathered
from gateway.pipeline import admit
from gateway.snapshot.model import (
    AgentRecord,
    ApprovedItem,
    Generations,
    Identity,
    Rules,
    ServerRecord,
    Snapshot,
    TokenRecord,
)
from gateway.snapshot.reach import Reach
from governance.canonical import strict_json
from governance.inspection.scan import compile_detectors
from governance.policy.compiled import compile_policy
from governance.policy.language import parse
from governance.policy.values import Action, Caller, Facts, Intent, Item, Kind
from registry.mcp.revisions import LATEST_LEGACY, Era
from tests.bench.wording import filler

RULES, ARGUMENT_BYTES = 1_000, 4_096
SERVER, TOOL, AGENT, TOKEN = "shop", "order", "bench", "bench-token"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WARMUP = 200


def policy_text(rules: int) -> str:
    """One allow rule, deny and escalate rules about the same item that do not hold, and rules about other servers."""
    conditions: list[dict[str, Any]] = [
        {"path": {"under": ["/srv/closed-%d", "/srv/gone"]}},
        {"amount": {"min": 100_000}, "currency": {"in": ["GBP", "X%d"]}},
        {"url": {"domains": ["closed-%d.example", "*.invalid.example"]}},
        {"customer.email": {"email_domains": ["closed-%d.example"]}},
        {"note": {"matches": "closed [a-z]+ %d"}},
        {"path": {"glob": "/srv/closed*%d"}},
    ]
    allow = {
        "id": "allow-orders",
        "tool": f"{SERVER}/{TOOL}",
        "action": "allow",
        "constraints": {
            "path": {"under": ["/srv/orders", "/tmp"]},
            "amount": {"max": 500},
            "currency": {"in": ["EUR", "USD"]},
            "url": {"domains": ["*.example.org"]},
            "customer.email": {"email_domains": ["example.com"]},
        },
    }
    made: list[dict[str, Any]] = [allow]
    for number in range(1, rules):
        covers = number % 4 == 0
        pattern = (f"{SERVER}/{TOOL}", f"{SERVER}/*", TOOL, "*")[number // 4 % 4] if covers else f"server-{number}/tool"
        condition = json.loads(json.dumps(conditions[number // 4 % 6]).replace("%d", str(number)))
        rule = {"id": f"r{number}", "tool": pattern, "action": ("deny", "escalate")[number // 4 % 2]}
        rule |= {"constraints": condition, **({"who": {"roles": ["finance"]}} if number % 8 == 0 else {})}
        made.append(rule)
    return json.dumps({"version": "1", "default": "deny", "rules": made})


def arguments() -> bytes:
    """ARGUMENT_BYTES of JSON: a path, an amount, a URL, an address, rows, and text."""
    value: dict[str, Any] = {
        "path": "/srv/orders/2026/november.txt",
        "amount": 12,
        "currency": "EUR",
        "url": "https://shop.example.org/orders/november",
        "customer": {"email": "someone@example.com"},
        "note": "a plain note",
        "rows": [{"item": f"A-{number}", "count": number, "gift": False} for number in range(40)],
        "text": "",
    }
    value["text"] = filler(ARGUMENT_BYTES - len(json.dumps(value, separators=(",", ":"))))
    return json.dumps(value, separators=(",", ":")).encode()


def snapshot(rules: int) -> Snapshot:
    """What a process knows with so many rules, one agent and one approved tool."""
    schema = strict_json.parse(_schema())
    assert isinstance(schema, dict)
    item = Item(SERVER, Kind.TOOL, TOOL, Intent.WRITE, schema=schema)
    approved = ApprovedItem(item, "sha256:" + "0" * 64, _schema())
    caller = Caller(AGENT, "someone@example.com", frozenset({"platform"}), frozenset({"developer"}))
    return Snapshot(
        generations=Generations(),
        identity=Identity(
            tokens={TOKEN: TokenRecord(TOKEN, "", AGENT, NOON.timestamp() + 86_400)},
            agents={AGENT: AgentRecord(AGENT, caller)},
            reaches={"developer": Reach.of(servers=[], patterns={Kind.TOOL: [f"{SERVER}/*"]})},
        ),
        servers={SERVER: ServerRecord(SERVER, 1, "http", 60.0, 10**7, {(Kind.TOOL, TOOL): approved})},
        rules=Rules(compile_policy(parse(policy_text(rules))), "1"),
        switches=(),
        revoked={},
        detectors=compile_detectors(key=bytes(32)),
    )


def _schema() -> bytes:
    properties: dict[str, Any] = {name: {} for name in ("path", "amount", "currency", "url", "note", "rows", "text")}
    properties["customer"] = {"type": "object", "properties": {"email": {"type": "string"}}}
    return json.dumps({"type": "object", "properties": properties}).encode()


def call() -> Call:
    """The call that is judged."""
    body = arguments()
    parsed = strict_json.parse(body)
    assert isinstance(parsed, dict)
    return Call(
        id=UUID(int=1),
        at=NOON,
        started=0.0,
        era=Era.LEGACY,
        version=LATEST_LEGACY,
        rpc_id=b"1",
        method="tools/call",
        server=SERVER,
        kind=Kind.TOOL,
        item=TOOL,
        arguments=parsed,
        canonical=strict_json.encode(parsed),
        params=b"{}",
        token=TOKEN,
        agent=AGENT,
        address="127.0.0.1",
    )


def measured(rules: int, seconds: float) -> dict[str, Any]:
    """Decide again and again for so long; the times in µs, by the clock and, whatever else runs, of CPU."""
    known, asked, gathered = snapshot(rules), call(), Gathered(facts=Facts(at=NOON))
    ruling = admit(asked, known, gathered)
    if ruling.verdict.action is not Action.ALLOW:
        raise AssertionError(f"the call has to be allowed, and was not: {ruling.verdict.reason}")

    def once() -> None:
        admit(asked, known, gathered)

    for _ in range(WARMUP):
        once()
    concerned = known.rules_for(ruling.item.item).for_caller(ruling.agent.caller)
    return {
        "rules": rules,
        "rules_on_the_call": len(concerned.enforced),
        "argument_bytes": len(asked.canonical),
        **_timed(once, time.perf_counter_ns, seconds * 2 / 3, ""),
        **_timed(once, time.thread_time_ns, seconds / 3, "cpu_"),
    }


def _timed(act: Callable[[], None], clock: Callable[[], int], seconds: float, prefix: str) -> dict[str, float]:
    """Half and 99 % of the times that `act` takes by `clock`, repeated for so many seconds."""
    times: list[int] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = clock()
        act()
        times.append(clock() - start)
    times.sort()
    return {f"{prefix}p{part}_us": round(times[len(times) * part // 100] / 1e3, 1) for part in (50, 99)}


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=RULES)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    print(json.dumps(measured(given.rules, given.seconds)))


if __name__ == "__main__":
    main()
