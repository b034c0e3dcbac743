"""The whole of a call, on one screen. Pure: no Django, no I/O; what waits is behind the ports.

Before `send` every exception means that nothing was forwarded. After it the result is withheld. Every way out leaves
exactly one closing record.
"""

from __future__ import annotations

from msgspec.structs import replace

from gateway.admission import decided, inspected, located, require_rate, require_running
from gateway.call import Call, Gathered, Reply, Ruling
from gateway.ports import Channel, Ports
from gateway.screening import screen
from gateway.snapshot.model import Snapshot


async def tools_call(call: Call, at: Ports, back: Channel) -> Reply:
    """Decide, record, forward, screen. Raises Refusal for every call that gets no result."""
    async with at.ledger.trail(call) as trail:
        snapshot = at.snapshots.current()
        gathered = await at.facts.gather(call, snapshot)
        ruling = trail.ruled(admit(call, snapshot, gathered))
        if ruling.escalates:
            ruling = trail.ruled(await at.holds.decided(ruling, back, trail))
        ruling.require_allowed()
        await at.counters.reserve(ruling)
        try:
            changes = await trail.intent(ruling)
            at.snapshots.require_current(ruling, changes)
            trail.sent = True
            answer = await at.upstream.send(ruling, back)
        except BaseException as problem:
            if not getattr(problem, "sent", trail.sent):
                at.counters.give_back(ruling)
            raise
        return trail.outcome(screen(answer, ruling))


def admit(call: Call, snapshot: Snapshot, gathered: Gathered) -> Ruling:
    """The decision on one call, without waiting, so that nothing changes between its steps.

    Raises NotAuthenticated, Limited, Stopped, Invisible or Unavailable; a rule's own no is in the ruling.
    """
    agent = snapshot.agent_of(call.token, gathered.facts.at.timestamp())  # authenticate
    require_rate(gathered)  # limit
    server, item = located(call, snapshot, agent)  # only what is approved, unchanged and within a role
    require_running(call, snapshot, agent, item)  # stops come before every rule
    findings, redacted = inspected(call, snapshot)  # inspect
    facts = replace(gathered.facts, findings=findings.content) if findings.content else gathered.facts
    verdict = decided(call, snapshot, agent, item, facts)  # classify and decide
    return Ruling(
        call=call,
        snapshot=snapshot,
        agent=agent,
        server=server,
        item=item,
        gathered=gathered if facts is gathered.facts else replace(gathered, facts=facts),
        verdict=verdict,
        redacted=redacted,
        findings=findings.recorded,
    )
