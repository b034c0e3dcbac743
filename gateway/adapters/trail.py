"""One call's way into the ledger: whatever happens to it, exactly one closing record is left."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any

from gateway.adapters.writer import LedgerWriter, Line
from gateway.call import Call, Reply, Ruling, Screened
from gateway.clock import Clock
from gateway.refusal import Refusal, Unavailable, Withheld
from gateway.snapshot.model import Changes
from governance.audit.entry import plain
from governance.escalations import redeem
from governance.ledger import stamp
from governance.policy.values import Facts
from governance.vault.bodies import BodySealer

log = logging.getLogger("gatehouse.pipeline")
rules_log = logging.getLogger("gatehouse.rules")

FAILED = "The gateway failed while it judged this call; nothing was sent."
WITHHELD = "The gateway failed after this call was sent; its result was withheld, and it may have acted."


@dataclass(slots=True)
class Ledger:
    """Opens trails over the process's writer."""

    writer: LedgerWriter
    clock: Clock
    bodies: BodySealer

    def trail(self, call: Call) -> Trail:
        """The trail of one call, to be used as an async context manager round all of its work."""
        return Trail(self, call)


class Trail:
    """Records a call as it goes. Leaving it without an intent or a hold writes `call.refused`."""

    __slots__ = (
        "_call",
        "_closed",
        "_described",
        "_digest",
        "_intent",
        "_ledger",
        "_ruling",
        "_sealed",
        "_tried",
        "_who",
        "sent",
    )

    def __init__(self, ledger: Ledger, call: Call) -> None:
        self._ledger = ledger
        self._call = call
        self._ruling: Ruling | None = None
        self._intent: Line | None = None
        self._tried: Line | None = None
        self._closed = False
        self._described: Ruling | None = None
        self._who: dict[str, Any] | None = None
        self._digest, self._sealed = ledger.bodies.seal(call.id, call.canonical)
        self.sent = False

    async def __aenter__(self) -> Trail:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._closed or problem is None:
            if problem is not None and self._tried is not None and self._intent is None:
                self._ledger.writer.close_given_up(self._tried)
            return
        self._closed = True
        if self._intent is not None:
            self._outcome(self._status_after_intent(problem))
        else:
            self._refused(problem)
        if isinstance(problem, Exception) and not isinstance(problem, Refusal):
            log.error("call %s failed inside the gateway", self._call.id, exc_info=problem)
            raise (Withheld(WITHHELD) if self.sent else Unavailable(FAILED)) from problem

    def ruled(self, ruling: Ruling) -> Ruling:
        """Note the decision, so that whatever follows is recorded with it."""
        self._ruling = ruling
        return ruling

    def held(self) -> None:
        """The request was closed by `call.held`, now or by an earlier leg; it adds no other record."""
        self._closed = True

    async def intent(self, ruling: Ruling) -> Changes | None:
        """Return when the intent is durable; an approval is redeemed in the same transaction, or the call refused.

        Raises Unavailable when the ledger does not take it in time; then nothing may be sent.
        """
        self._ruling = ruling
        line = self._line("call.intent", "", decision=True, arguments=True)
        if ruling.approval is not None:
            clock, escalation = self._ledger.clock, ruling.approval.escalation
            line.locks = str(escalation)
            leg = ruling.approval.leg
            line.effect = lambda: redeem(escalation_id=escalation, call=self._call.id, now=clock.now(), leg=leg)
        self._tried = line
        changes = await self._ledger.writer.durable(line)
        self._intent, self._closed = line, False
        return changes

    def outcome(self, screened: Screened) -> Reply:
        """Hand the outcome to the writer and give the answer that may leave now."""
        self._outcome(screened.status, screened)
        self._closed = True
        approval = self._ruling.approval if self._ruling is not None else None
        return Reply(result=screened.result, error=screened.error, approval=approval)

    def hold_line(self, ruling: Ruling, approval: Mapping[str, Any]) -> Line:
        """The `call.held` entry for an escalation that is about to be opened."""
        self._ruling = ruling
        line = self._line("call.held", "waiting", decision=True, arguments=True)
        line.body["approval"] = dict(approval)
        self._tried = line
        return line

    def _status_after_intent(self, problem: BaseException) -> str:
        if isinstance(problem, Refusal):
            return problem.status
        if not self.sent:
            return "not_sent"
        return "cancelled" if isinstance(problem, asyncio.CancelledError) else "withheld"

    def _outcome(self, status: str, screened: Screened | None = None) -> None:
        line = self._line("call.outcome", status)
        outcome: dict[str, Any] = {"status": status, "ms": self._elapsed()}
        if screened is not None:
            outcome["result_digest"] = screened.digest
            if screened.findings:
                outcome["findings"] = [dict(finding) for finding in screened.findings]
        line.body["outcome"] = outcome
        line.after = self._intent
        self._ledger.writer.hand_over(line)

    def _refused(self, problem: BaseException) -> None:
        status = problem.status if isinstance(problem, Refusal) else "unavailable"
        if isinstance(problem, asyncio.CancelledError):
            status = "cancelled"
        line = self._line("call.refused", status, decision=True, arguments=True)
        if isinstance(problem, Refusal):
            self._explain(line, problem)
        line.body["outcome"] = {"status": status, "ms": self._elapsed()}
        line.instead_of = self._tried
        self._ledger.writer.hand_over(line)

    def _explain(self, line: Line, problem: Refusal) -> None:
        """What ended the call wins over what the policy said of it before."""
        decision = line.body.setdefault("decision", {})
        decision |= {"verdict": problem.verdict, "rule": problem.rule or decision.get("rule", "")}
        decision |= {"rules": list(problem.rules) or decision.get("rules", []), "reason": plain(problem.reason)}

    def _elapsed(self) -> int:
        return int((time.monotonic() - self._call.started) * 1000)

    def _describe(self) -> None:
        """What all entries of the call share; written once and used for intent and outcome."""
        call, ruling = self._call, self._ruling
        self._described = ruling
        self._who = {
            "call": str(call.id),
            "principal": {
                "person": ruling.agent.caller.person if ruling else None,
                "agent": call.agent,
                "token": call.token,
                "session": call.session or None,
                "address": call.address,
            },
            "target": {
                "server": call.server,
                "kind": call.kind.value,
                "name": plain(call.item),
                "digest": ruling.item.digest if ruling else None,
            },
        }

    def _line(self, kind: str, status: str, *, decision: bool = False, arguments: bool = False) -> Line:
        call, ruling = self._call, self._ruling
        at = self._ledger.clock.stamp()
        if self._who is None or ruling is not self._described:
            self._describe()
        body: dict[str, Any] = {"v": 1, "at": at, "kind": kind, **self._who}
        if decision and ruling is not None:
            body["decision"] = decision_body(ruling)
            if ruling.verdict.obligations:
                log_obligations(ruling)
        if arguments:
            body["arguments"] = {"digest": self._digest, "redacted": ruling.redacted if ruling else None}
        if ruling is not None and ruling.approval is not None:
            body["approval"] = approval_body(ruling)
        return Line(
            body=body,
            at=at,
            kind=kind,
            call=call.id,
            agent=call.agent,
            session=call.session,
            server=call.server,
            item=call.item,
            status=status,
            sealed=self._sealed if arguments else None,
        )


def log_obligations(ruling: Ruling) -> None:
    """Write the log lines that the matching rules ask for; arguments stay in the ledger."""
    call = ruling.call
    for duty in ruling.verdict.obligations:
        if duty.kind == "log":
            level = logging.getLevelNamesMapping().get(duty.value.upper(), logging.WARNING)
            said = "rule %s: %s by agent %s on %s/%s, record %s"
            rules_log.log(level, said, duty.rule, ruling.verdict.action, call.agent, call.server, call.item, call.id)


def decision_body(ruling: Ruling) -> dict[str, Any]:
    """The decision as entries hold it, with every input of it."""
    verdict = ruling.verdict
    compiled = ruling.snapshot.rules.compiled
    return {
        "verdict": verdict.action.value,
        "rule": verdict.rule,
        "rules": list(verdict.rules),
        "reason": plain(verdict.reason),
        "policy": compiled.digest if compiled else "",
        "intent": ruling.item.item.intent.value,
        "findings": [dict(finding) for finding in ruling.findings],
        "facts": facts_body(ruling, ruling.gathered.facts),
        "would": [{"rule": would.rule, "action": would.action.value} for would in verdict.would],
    }


def facts_body(ruling: Ruling, facts: Facts) -> dict[str, Any]:
    """Every looked-up input of the decision, small where nothing was looked up."""
    caller = ruling.agent.caller
    body: dict[str, Any] = {
        "at": stamp(facts.at),
        "roles": sorted(caller.roles),
        "teams": sorted(caller.teams),
    }
    if facts.history:
        body["history"] = [
            {"pattern": q.pattern, "within": q.within, "by": q.by.value, "in_session": q.in_session, "count": count}
            for q, count in facts.history.items()
        ]
    if facts.limits:
        body["limits"] = [{"rule": q.rule, "by": q.by.value, "used": str(used)} for q, used in facts.limits.items()]
    if facts.marks:
        body["marks"] = sorted(facts.marks)
    if facts.approved:
        body["approved"] = [list(pair) for pair in sorted(facts.approved)]
    if facts.real_paths:
        body["real_paths"] = real_paths_body(ruling, facts)
    if ruling.gathered.rate_retry_ms is not None:
        body["rate_retry_ms"] = ruling.gathered.rate_retry_ms
    return body


def real_paths_body(ruling: Ruling, facts: Facts) -> dict[str, Any]:
    """Where each path leads; salted digests where inspection found something that the record must not show."""

    def shown(path: str) -> Any:
        return sha256(ruling.call.id.bytes + path.encode()).hexdigest() if ruling.findings else plain(path)

    return {shown(path): shown(real) for path, real in facts.real_paths.items()}


def approval_body(ruling: Ruling) -> dict[str, Any]:
    """The approval that this call redeems."""
    assert ruling.approval is not None
    body: dict[str, Any] = {
        "escalation": str(ruling.approval.escalation),
        "by": list(ruling.approval.people),
        "rules": [rule for rule, _ in ruling.approval.rules],
    }
    return body | {"leg": ruling.approval.leg} if ruling.approval.leg else body
