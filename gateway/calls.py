"""Judged requests of both eras: from a message to a Call, and from whatever becomes of it to a Reply."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from gateway.admission import require_rate
from gateway.call import Call, Continuation, Reply, Ticket
from gateway.clock import Clock
from gateway.door import Asked
from gateway.lists import Through, bound_to
from gateway.mcp import outbound
from gateway.mcp.inbound import INVALID_PARAMS, Message
from gateway.mcp.verbs import ASKED_FOR, Judged
from gateway.pipeline import tools_call
from gateway.ports import Channel, Ports
from gateway.record import new_record
from gateway.refusal import Invisible, Malformed, Refusal, RegistryMoved, StillWaiting, Unavailable, UnknownServer
from gateway.sessions import BadHandle, Handles, Parked, Session, State, digest_of
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.model import Snapshot
from registry.mcp.revisions import Era

ANEW: Final = 2
"""How often a call is decided again when the registry moves under it; each time it waits for one look at most."""


@dataclass(slots=True)
class Calls:
    """Everything that judging and forwarding one request needs."""

    ports: Ports
    snapshots: SnapshotHolder
    handles: Handles
    activity: Callable[[str, float], Awaitable[str]]
    clock: Clock
    randomness: Callable[[int], bytes]
    legs: int
    public_url: str

    async def call_of(
        self,
        asked: Asked,
        judged: Judged,
        *,
        address: str,
        state: State | None = None,
        session: Session | None = None,
        method: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        """The call that a judged message asks for, or that `method` stands for on its behalf."""
        message, agent, now = asked.message, asked.agent.name, self.clock.now()
        seconds = now.timestamp()
        return Call(
            id=new_record(seconds, self.randomness),
            at=now,
            started=time.monotonic(),
            era=message.era,
            version=message.version,
            rpc_id=asked.rpc_id,
            method=method or message.method or "",
            server=asked.server,
            kind=judged.kind,
            item=judged.item,
            arguments=judged.arguments,
            canonical=judged.canonical,
            params=judged.params,
            token=asked.token,
            agent=agent,
            address=address,
            session=await self.activity(agent, seconds),
            wire_session=session.id if session else "",
            progress_token=message.progress_token,
            meta=message.passed_on_meta(),
            client=session.client if session else message.client,
            ticket=state if isinstance(state, Ticket) else None,
            continuation=state if isinstance(state, Continuation) else None,
            param_headers=headers,
        )

    def state_of(self, asked: Asked, judged: Judged) -> State | None:
        """What the request state of a later leg stands for, with the agent's answers. Raises Malformed."""
        if judged.state is None:
            if judged.answers is None or may_be_asked(asked.message, None, asked.snapshot, asked.server):
                return Continuation(None, judged.answers) if judged.answers is not None else None
            raise Malformed("`inputResponses` answer nothing that was asked.", code=INVALID_PARAMS)
        call = digest_of(asked.message.method or "", judged.item, judged.canonical)
        try:
            state = self.handles.state(judged.state, agent=asked.agent.name, server=bound_to(asked), call=call)
        except BadHandle as problem:
            raise Malformed(f"`requestState` is not valid: {problem}.", code=INVALID_PARAMS) from None
        if isinstance(state, Continuation):
            return Continuation(state.state, judged.answers or {}, state.approval)
        return state

    async def reply(self, call: Call, back: Channel, through: Through | None = None) -> Reply:
        """The reply to one call, whatever becomes of it; `through` says how it came in at the aggregate endpoint.

        A call whose server is read anew while it is being recorded is closed as not sent and decided again, so that a
        change of one item is no failure of the others.
        """
        for _ in range(ANEW):
            try:
                return await self._reply_once(call, back, through)
            except RegistryMoved:
                await self.snapshots.read_anew()
                call = self._again(call)
        try:
            return await self._reply_once(call, back, through)
        except RegistryMoved as problem:
            return self.refused(call, problem, through)

    def _again(self, call: Call) -> Call:
        """The same request as a call of its own: what was recorded of it before is closed."""
        now = self.clock.now()
        return replace(call, id=new_record(now.timestamp(), self.randomness), at=now, anew=True)

    async def _reply_once(self, call: Call, back: Channel, through: Through | None) -> Reply:
        try:
            work = tools_call(call, self.ports, back) if through is None else self._reply(call, back, through)
            reply = await work
            return self._sealed(outbound.for_era(reply, call), call, through)
        except RegistryMoved:
            raise
        except StillWaiting as waiting:
            if back.polls and call.method in ASKED_FOR and waiting.leg < self.legs and waiting.ticket is not None:
                ticket = Ticket(waiting.ticket, waiting.leg)
                return outbound.input_required(self.seal(ticket, call, through))
            return outbound.refusal(call, waiting, self.place())
        except Refusal as problem:
            return self.refused(call, problem, through)

    async def _reply(self, call: Call, back: Channel, through: Through) -> Reply:
        if through.aim.known and through.answers is None:
            return through.outward(await tools_call(call, self.ports, back), call.method)
        call = replace(call, server=through.aim.server)
        async with self.ports.ledger.trail(call):  # Leaves a record where the call is refused.
            require_rate(await self.ports.facts.gather(call, self.ports.snapshots.current()))
            if through.answers is None:
                raise Invisible(f"Unknown {call.kind.value}: {call.item}")
            return await through.answers(call)

    def refused(self, call: Call, problem: Refusal, through: Through | None = None) -> Reply:
        """The reply to a refused call; at the aggregate endpoint an unknown server is no other than an unknown item."""
        if through is not None:
            call = replace(call, item=through.aim.called)
            problem = Invisible(problem.reason) if isinstance(problem, UnknownServer) else problem
        how = outbound.unknown if isinstance(problem, Invisible) else outbound.refusal
        return how(call, problem, self.place())

    def seal(self, state: State, call: Call, through: Through | None = None) -> str:
        """A request state for the next leg of a call."""
        asked = digest_of(call.method, call.item, call.canonical)
        server = call.server if through is None else through.endpoint
        return self.handles.seal_state(state, agent=call.agent, server=server, call=asked)

    def _sealed(self, reply: Reply, call: Call, through: Through | None) -> Reply:
        """A server's own question to a stateless agent: its request state goes inside one of ours."""
        if call.era is not Era.MODERN or reply.result is None or not outbound.asks(reply.result):
            return reply
        theirs = outbound.request_state_of(reply.result)
        ours = self.seal(Continuation(theirs, {}, reply.approval), call, through)
        return Reply(result=outbound.with_request_state(reply.result, ours))

    def place(self) -> outbound.Place:
        """Where this installation is, and its live policy."""
        try:
            compiled = self.snapshots.current().rules.compiled
        except Unavailable:
            compiled = None
        return outbound.Place(self.public_url, compiled.digest if compiled else "")


def parked(state: State | None) -> Parked | None:
    """The parked call that a request state stands for, if it does."""
    return state if isinstance(state, Parked) else None


def may_be_asked(message: Message, session: Session | None, snapshot: Snapshot, server: str) -> bool:
    """Whether the server may ask this agent something in the middle of a call."""
    record = snapshot.servers.get(server)
    if record is None or not record.allows:
        return False
    client = session.client if session is not None else message.client
    return not record.allows.isdisjoint(client.capabilities)
