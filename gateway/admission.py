"""The steps of `admit`, one function each. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from msgspec.structs import replace

from gateway.call import Call, Gathered
from gateway.refusal import Invisible, Limited, Stopped, Unavailable, UnknownServer
from gateway.snapshot.model import AgentRecord, ApprovedItem, ServerRecord, Snapshot
from governance.audit.entry import Plain, plain
from governance.canonical.values import JSON
from governance.inspection.finding import TooManyFindings
from governance.inspection.redaction import redact
from governance.policy.decide import decide
from governance.policy.values import (
    Action,
    Approve,
    ContentFinding,
    EscalateRule,
    Facts,
    Intent,
    Status,
    Verdict,
)
from governance.workflow.switches import Mode, Switch


@dataclass(frozen=True, slots=True)
class Inspected:
    """What inspection of the arguments found: for the rules, and for the record."""

    content: tuple[ContentFinding, ...] = ()
    recorded: tuple[Mapping[str, JSON], ...] = ()


NOTHING_FOUND = Inspected()


def require_rate(gathered: Gathered) -> None:
    """Raise Limited when the agent's rate is used up."""
    if gathered.rate_retry_ms is not None:
        seconds = max(1, round(gathered.rate_retry_ms / 1000))
        raise Limited(
            f"This agent has used up its rate of calls; the next is possible in {seconds} s.",
            rule="agent-rate",
            rules=("agent-rate",),
            retry_after_ms=gathered.rate_retry_ms,
        )


def located(call: Call, snapshot: Snapshot, agent: AgentRecord) -> tuple[ServerRecord, ApprovedItem]:
    """Server and item, when the agent may know of them. Raises UnknownServer or Invisible, which do not tell why."""
    server = snapshot.servers.get(call.server)
    if server is None or not snapshot.visible(agent, call.server):
        raise UnknownServer(f"Unknown server: {call.server}")
    item = snapshot.item_of(server, call.kind, call.item)
    if item is None or not snapshot.sees(agent, item):
        raise Invisible(f"Unknown {call.kind.value}: {call.item}")
    return server, item


def require_running(call: Call, snapshot: Snapshot, agent: AgentRecord, item: ApprovedItem) -> None:
    """Raise Stopped when a stop covers the call."""
    if not snapshot.switches:
        return
    for switch in snapshot.stops(agent=agent, server=call.server, item=call.item, session=call.session):
        if switch.mode is Mode.DENY or (switch.mode is Mode.READ_ONLY and item.item.intent is not Intent.READ):
            what = "everything but reading is stopped" if switch.mode is Mode.READ_ONLY else "this is stopped"
            raise Stopped(f"By {switch.by}, {what}: {switch.reason}", rule=f"stop-{switch.id}")


def inspected(call: Call, snapshot: Snapshot) -> tuple[Inspected, Plain]:
    """What the detectors find in the arguments, and the arguments as they may be shown. Raises Unavailable."""
    try:
        findings = snapshot.detectors.scan_arguments(call.arguments, call.canonical)
    except TooManyFindings as problem:
        raise Unavailable(f"The arguments cannot be inspected: {problem}. Send less at once.") from problem
    if not findings:
        return NOTHING_FOUND, plain(call.arguments)
    masked, _ = redact(call.arguments, findings)
    content = tuple(ContentFinding("arguments", f.cls, str(f.severity), f.rule) for f in findings)
    recorded = tuple({"class": f.cls, "rule": f.rule, "severity": str(f.severity), "path": f.path} for f in findings)
    return Inspected(content, recorded), plain(masked)


def decided(call: Call, snapshot: Snapshot, agent: AgentRecord, item: ApprovedItem, facts: Facts) -> Verdict:
    """What the rules say, with a stop in escalate mode added on top."""
    verdict = decide(snapshot.rules_for(item.item), agent.caller, call.arguments, facts)
    if snapshot.switches and verdict.action in (Action.ALLOW, Action.ESCALATE):
        stops = snapshot.stops(agent=agent, server=call.server, item=call.item, session=call.session)
        asking = [switch for switch in stops if switch.mode is Mode.ESCALATE]
        return with_stops(verdict, asking, facts)
    return verdict


def with_stops(verdict: Verdict, asking: list[Switch], facts: Facts) -> Verdict:
    """The verdict when stops ask for a person first; an approval answers them as it answers rules."""
    needed = [
        EscalateRule(
            rule=f"stop-{switch.id}",
            digest="sha256:" + sha256(f"stop {switch.id} {switch.at.isoformat()}".encode()).hexdigest(),
            approve=Approve(),
            reason=switch.reason,
        )
        for switch in asking
    ]
    open_ones = tuple(rule for rule in needed if (rule.rule, rule.digest) not in facts.approved)
    if not open_ones:
        return verdict
    own = verdict.rules if verdict.action is Action.ESCALATE else ()
    rules = tuple(sorted({*own, *(rule.rule for rule in open_ones)}))
    return replace(
        verdict,
        action=Action.ESCALATE,
        status=Status.WAITING,
        rule=rules[0],
        rules=rules,
        reason=open_ones[0].reason,
        escalations=(*verdict.escalations, *open_ones),
    )
