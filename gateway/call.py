"""The values a call is made of on its way through the pipeline. Pure: no Django, no I/O.

What is made anew for every call is a msgspec.Struct: as frozen and slotted as a dataclass, and made in a quarter of
the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from gateway.refusal import Denied
from governance.audit.entry import Plain
from governance.canonical import strict_json
from governance.canonical.values import JSON
from governance.policy.values import Action, Facts, Kind, Verdict
from registry.mcp.revisions import Era

if TYPE_CHECKING:
    from gateway.snapshot.model import AgentRecord, ApprovedItem, ServerRecord, Snapshot


@dataclass(frozen=True, slots=True)
class Client:
    """What the program on the other side says of itself; never an input to a decision."""

    name: str = ""
    version: str = ""
    capabilities: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a sealed `requestState` carries back: the escalation this retry waits for, and how many legs it had."""

    escalation: UUID
    leg: int


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that this call redeems: used once for each leg, in the transaction that writes the leg's intent.

    `digest` is of the item's definition that was approved.
    """

    escalation: UUID
    rules: tuple[tuple[str, str], ...]
    people: tuple[str, ...]
    digest: str
    leg: int = 0


@dataclass(frozen=True, slots=True)
class Continuation:
    """A later leg of a call that a stateless server answered with `input_required`.

    `state` is the server's own request state as raw JSON, `answers` what the agent answers to its questions.
    """

    state: bytes | None
    answers: Mapping[str, JSON]
    approval: Approval | None = None

    def params(self, params: bytes) -> bytes:
        """The params of the call with the answers and the server's state."""
        state = b',"requestState":' + self.state if self.state is not None else b""
        return params[:-1] + b',"inputResponses":' + strict_json.encode(dict(self.answers)) + state + b"}"


class Call(msgspec.Struct, frozen=True):
    """One request to use an item, parsed and attributed. `canonical` is form A of contract section 7.

    `params` is what is forwarded, a raw JSON object without `_meta`. `id` is the record id; `rpc_id`,
    `progress_token` and `meta` are raw JSON. `at` is the clock when it arrived, `started` the monotonic second.
    `token` and `agent` come from the presented credential alone.
    """

    id: UUID
    at: datetime
    started: float
    era: Era
    version: str
    rpc_id: bytes
    method: str
    server: str
    kind: Kind
    item: str
    arguments: dict[str, JSON]
    canonical: bytes
    params: bytes
    token: str
    agent: str
    address: str
    session: str = ""
    wire_session: str = ""
    progress_token: bytes | None = None
    meta: bytes | None = None
    client: Client = msgspec.field(default_factory=Client)
    ticket: Ticket | None = None
    continuation: Continuation | None = None
    param_headers: tuple[tuple[str, str], ...] = ()
    anew: bool = False  # Decided before for the same request, which took from the agent's rate then.


class Gathered(msgspec.Struct, frozen=True):
    """What was looked up before the decision. `rate_retry_ms` is set when the agent's rate is used up."""

    facts: Facts
    rate_retry_ms: int | None = None
    approval: Approval | None = None


class Ruling(msgspec.Struct, frozen=True):
    """The decision on one call, with everything that produced it."""

    call: Call
    snapshot: Snapshot
    agent: AgentRecord
    server: ServerRecord
    item: ApprovedItem
    gathered: Gathered
    verdict: Verdict
    redacted: Plain
    findings: tuple[Mapping[str, JSON], ...] = ()

    @property
    def escalates(self) -> bool:
        """Whether a person has to decide first."""
        return self.verdict.action is Action.ESCALATE

    @property
    def approval(self) -> Approval | None:
        """The approval this ruling redeems, if any."""
        return self.gathered.approval

    def require_allowed(self) -> None:
        """Return when the call may run, raise Denied naming the rule when not."""
        if self.verdict.action is not Action.ALLOW:
            raise Denied.of(self.verdict)


class Screened(msgspec.Struct, frozen=True):
    """An upstream's answer after inspection. `result` or `error` is raw JSON, fit to be passed on.

    `status` is ok or error; `digest` is over the bytes as received.
    """

    result: bytes | None
    error: bytes | None
    status: str
    digest: str
    findings: tuple[Mapping[str, JSON], ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """What goes back to the agent: raw JSON of `result` or `error`; `approval` let the call pass."""

    result: bytes | None = None
    error: bytes | None = None
    http: int = 200
    approval: Approval | None = None
