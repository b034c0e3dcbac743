"""Hold a call until a person decides. The row in the database is the truth; a nudge only says to read it again."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from gateway.adapters.threads import in_thread
from gateway.adapters.trail import Trail
from gateway.adapters.writer import LedgerWriter
from gateway.call import Approval, Call, Gathered, Ruling
from gateway.clock import Clock
from gateway.ports import Admit, Channel
from gateway.refusal import Cancelled, Denied, Expired, Limited, Refusal, StillWaiting, Unavailable
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.model import Snapshot
from governance import closing, escalations
from governance.canonical.strict_json import jcs
from governance.escalations import NobodyEntitled, Opening, TooManyWaiting
from governance.models import Escalation, Vote
from governance.rights import Machine
from governance.vault.envelope import VaultLocked

HEARTBEAT = 10.0


class Gather(Protocol):
    """Looks up the facts of a call once more."""

    async def __call__(self, call: Call, snapshot: Snapshot, *, again: bool) -> Gathered: ...


@dataclass(slots=True)
class _Waiting:
    """The requests of this process that wait for one escalation."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    count: int = 0


class Holds:
    """The HoldsPort of a process. Lives on its event loop."""

    def __init__(
        self,
        *,
        clock: Clock,
        writer: LedgerWriter,
        snapshots: SnapshotHolder,
        gather: Gather,
        admit: Admit,
        key: bytes,
        legs: int,
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._snapshots = snapshots
        self._gather = gather
        self._admit = admit
        self._key = key
        self._legs = legs
        self._waiting: dict[UUID, _Waiting] = {}
        self._draining = False

    def look_again(self) -> None:
        """Something was decided somewhere: everybody who waits reads their row again."""
        for waiting in self._waiting.values():
            waiting.changed.set()

    def drain(self) -> None:
        """This process ends: whoever waits gets the pending answer now, and the escalations stay open."""
        self._draining = True
        self.look_again()

    async def decided(self, ruling: Ruling, back: Channel, trail: Trail) -> Ruling:
        """Wait for the decision and admit the call again with it.

        Raises StillWaiting when the request may wait no longer, Denied, Expired, Cancelled, Limited or Unavailable.
        """
        call = ruling.call
        until = asyncio.get_running_loop().time() + back.hold_seconds
        opening = self._opening(ruling, back)
        found = await in_thread(escalations.find_open, opening.binding)
        if found is None and call.ticket is not None:
            trail.held()
            raise await self._ended(call.ticket.escalation, opening.binding)
        while True:
            if found is None:
                found = await self._open(ruling, opening, trail)
            if found.state != "approved":
                trail.held()
                found = await self._wait(found, call, back, until)
            again = await self._readmitted(ruling, found)
            if not again.escalates:
                return again
            reason = "a new rule asks for more"
            await in_thread(closing.cancel, escalation_id=found.pk, reason=reason, by=Machine.SYSTEM)
            ruling = await self._readmitted(ruling, None)
            if not ruling.escalates:
                return ruling
            opening, found = self._opening(ruling, back), None

    async def _open(self, ruling: Ruling, opening: Opening, trail: Trail) -> Escalation:
        """Open the escalation in the transaction that writes `call.held`; join one that another request just opened."""
        try:
            await in_thread(escalations.require_somebody, opening)
        except NobodyEntitled as nobody:
            raise Denied(str(nobody), rule=ruling.verdict.rule, rules=ruling.verdict.rules) from nobody
        opened: list[Escalation] = []
        line = trail.hold_line(ruling, {"rules": list(ruling.verdict.rules), "deadline": opening.deadline.isoformat()})

        def open_row() -> bool:
            try:
                opened.append(escalations.open_escalation(opening, now=self._clock.now()))
            except TooManyWaiting as full:
                raise Limited(f"{full}. Nothing was executed.") from full
            except VaultLocked as locked:
                raise Unavailable(f"The arguments cannot be sealed: {locked}") from locked
            line.body["approval"]["escalation"] = str(opened[0].pk)
            return opened[0].call == opening.call

        line.effect = open_row
        try:
            await self._writer.durable(line)
        except Unavailable:
            if not opened or opened[0].call == opening.call:
                raise
        return opened[0]

    async def _wait(self, escalation: Escalation, call: Call, back: Channel, until: float) -> Escalation:
        """Wait on this request for the row to change; returns it approved, raises for every other end."""
        waiting = self._waiting.setdefault(escalation.pk, _Waiting())
        waiting.count += 1
        loop = asyncio.get_running_loop()
        try:
            if escalation.detached:
                gives_up = self._gives_up(self._clock.now(), call, back)
                await in_thread(escalations.attach, [escalation.pk], client_gives_up_at=gives_up)
            with back.holding():
                while True:
                    waiting.changed.clear()
                    escalation = await in_thread(_read, escalation.pk)
                    # An approval is not used for an agent that has left: nothing runs while nobody waits for it.
                    if escalation.state != "waiting" and not (back.gone and escalation.state == "approved"):
                        return self._approved_or_raise(escalation)
                    left = (escalation.deadline - self._clock.now()).total_seconds()
                    if left <= 0 and escalation.state == "waiting":
                        await in_thread(closing.expire, escalation_id=escalation.pk, now=self._clock.now())
                        continue
                    if back.gone or self._draining or loop.time() >= until:
                        raise await self._still_waiting(escalation, call, waiting)
                    await self._turn(waiting, back, min(left, until - loop.time(), HEARTBEAT), escalation)
        except asyncio.CancelledError:
            if back.withdrawn:
                await in_thread(
                    closing.cancel,
                    escalation_id=escalation.pk,
                    reason=f"withdrawn by agent {call.agent}",
                    by=Machine.SYSTEM,
                )
            raise
        finally:
            waiting.count -= 1
            if waiting.count == 0:
                self._waiting.pop(escalation.pk, None)

    async def _turn(self, waiting: _Waiting, back: Channel, seconds: float, escalation: Escalation) -> None:
        """Until something changed, the agent went away, or it is time to show that the request lives."""
        changed = asyncio.ensure_future(waiting.changed.wait())
        gone = asyncio.ensure_future(back.until_gone())
        try:
            done, _ = await asyncio.wait({changed, gone}, timeout=max(0.01, seconds), return_when="FIRST_COMPLETED")
        finally:
            changed.cancel()
            gone.cancel()
        if not done:
            await back.heartbeat(f"Waiting for approval (ticket {escalation.pk})")

    async def _still_waiting(self, escalation: Escalation, call: Call, waiting: _Waiting) -> StillWaiting:
        if waiting.count == 1:
            await in_thread(escalations.detach, [escalation.pk])
        refusal = StillWaiting(
            f"Approval pending (ticket {escalation.pk}). Nothing was executed. Call the same tool again with identical"
            " arguments after approval.",
            rule=str(escalation.rules[0]["rule"]) if escalation.rules else "",
            rules=tuple(sorted(str(rule["rule"]) for rule in escalation.rules)),
            retry_after_ms=30_000,
            ticket=escalation.pk,
        )
        refusal.leg = (call.ticket.leg if call.ticket else 0) + 1
        return refusal

    async def _readmitted(self, ruling: Ruling, escalation: Escalation | None) -> Ruling:
        """The call under today's policy, with the approval, if any, as one of the facts."""
        call = ruling.call
        snapshot = await self._snapshots.fresh()
        gathered = await self._gather(call, snapshot, again=True)
        if escalation is None:
            return self._admit(call, snapshot, gathered)
        approval = Approval(
            escalation=escalation.pk,
            rules=tuple((str(rule["rule"]), str(rule["digest"])) for rule in escalation.rules),
            people=tuple(await in_thread(_approvers, escalation.pk)),
            digest=ruling.item.digest,
        )
        facts = replace(gathered.facts, approved=frozenset(approval.rules))
        again = self._admit(call, snapshot, replace(gathered, facts=facts, approval=approval))
        if again.item.digest != ruling.item.digest:
            raise Denied("The tool changed after this call was approved; ask again.")
        return again

    async def _ended(self, ticket: UUID, binding: str) -> Refusal:
        """How an escalation that is not open any more ended; a foreign ticket is unknown."""
        row = await in_thread(_read, ticket)
        if row is None or not hmac.compare_digest(row.binding, binding):
            return Denied("This ticket does not belong to this call.")
        if row.state == "redeemed":
            return Denied("The approval of this ticket has been used already.", ticket=ticket)
        try:
            self._approved_or_raise(row)
        except Refusal as refusal:
            return refusal
        return Expired("The approval was not used in time. Call again to ask anew.", ticket=ticket)

    def _approved_or_raise(self, escalation: Escalation) -> Escalation:
        ticket, said = escalation.pk, escalation.decision_reason
        if escalation.state == "approved":
            return escalation
        if escalation.state == "denied":
            why = f": {said}" if said else ""
            raise Denied(f"Denied by {escalation.decided_by}{why}", ticket=ticket)
        if escalation.state == "expired" and escalation.redeem_until is not None:
            raise Expired("The approval was not used in time. Call again to ask anew.", ticket=ticket)
        if escalation.state == "expired":
            raise Expired("Nobody decided before the deadline. Nothing was executed.", ticket=ticket)
        if escalation.state == "redeemed":
            raise Denied("The approval was used by an identical call.", ticket=ticket)
        raise Cancelled(f"The request for approval was cancelled: {said or 'withdrawn'}", ticket=ticket)

    def _opening(self, ruling: Ruling, back: Channel) -> Opening:
        call, verdict, caller = ruling.call, ruling.verdict, ruling.agent.caller
        now = self._clock.now()
        arguments = hmac.digest(self._key, b"a1:" + call.canonical, "sha256").hex()
        bound = jcs([call.agent, call.server, call.kind.value, call.item, ruling.item.digest, arguments])
        within = min(rule.approve.within for rule in verdict.escalations)
        compiled = ruling.snapshot.rules.compiled
        return Opening(
            call=call.id,
            agent=call.agent,
            person=caller.person,
            session=call.session,
            client=" ".join((call.client.name, call.client.version)).strip(),
            server=call.server,
            kind=call.kind.value,
            item=call.item,
            item_digest=ruling.item.digest,
            intent=ruling.item.item.intent.value,
            binding=hmac.digest(self._key, b"b1:" + bound, "sha256").hex(),
            arguments=call.canonical,
            arguments_digest=f"hmac-sha256:{arguments}",
            rules=verdict.escalations,
            reason=verdict.reason,
            policy=compiled.digest if compiled else "",
            deadline=now + timedelta(seconds=within),
            client_gives_up_at=self._gives_up(now, call, back),
        )

    def _gives_up(self, now: datetime, call: Call, back: Channel) -> datetime:
        legs = self._legs - (call.ticket.leg if call.ticket else 0) if back.polls else 1
        return now + timedelta(seconds=back.hold_seconds * max(1, legs))


def _read(key: UUID) -> Escalation | None:
    return Escalation.objects.filter(pk=key).first()


def _approvers(key: UUID) -> list[str]:
    return list(Vote.objects.filter(escalation=key, approve=True).values_list("person", flat=True))
