"""What the pipeline needs from the outside, as Protocols. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from gateway.call import Call, Client, Gathered, Reply, Ruling, Screened
from gateway.snapshot.model import AgentRecord, Changes, ServerRecord, Snapshot
from registry.mcp.revisions import Era
from registry.transports.base import Answer


class NobodyAnswers(Exception):
    """The agent cannot be asked now: it left, or its request does not allow for questions."""


class Channel(Protocol):
    """The way back to the agent while its request is open; what differs by era is behind it."""

    @property
    def gone(self) -> bool:
        """Whether nobody listens any more."""

    @property
    def hold_seconds(self) -> float:
        """How long a held call may wait on this request."""

    @property
    def polls(self) -> bool:
        """Whether the agent comes back by itself with a sealed state when a leg ends (stateless era)."""

    @property
    def withdrawn(self) -> bool:
        """Whether the agent cancelled this request in so many words."""

    def holding(self) -> AbstractContextManager[None]:
        """While inside, a closed request detaches instead of being cancelled."""

    async def heartbeat(self, message: str) -> None:
        """Show that the request lives: a progress notification where the agent gave a token, else a comment."""

    def wants(self, level: str) -> bool:
        """Whether the agent wants to hear a log message of this level."""

    def notify(self, method: str, params: bytes) -> None:
        """Pass a notification on to the agent, in order."""

    async def ask(self, method: str, params: bytes) -> Answer:
        """The agent's answer to a question of the server; raises NobodyAnswers."""

    def until_gone(self) -> Awaitable[None]:
        """Return when the agent has closed this request."""


class TrailPort(Protocol):
    """One call's way into the ledger."""

    sent: bool

    async def __aenter__(self) -> TrailPort: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def ruled(self, ruling: Ruling) -> Ruling:
        """Note the decision."""

    async def intent(self, ruling: Ruling) -> Changes | None:
        """Return when the intent is durable, and its approval, if any, is redeemed in the same transaction."""

    def outcome(self, screened: Screened) -> Reply:
        """Hand the outcome over and give the answer that may leave."""


class LedgerPort(Protocol):
    """Opens trails."""

    def trail(self, call: Call) -> TrailPort:
        """The trail of one call."""


class SnapshotPort(Protocol):
    """The configuration to decide with."""

    def current(self) -> Snapshot:
        """The current snapshot; raises Unavailable when it is too old."""

    def require_current(self, ruling: Ruling, changes: Changes | None) -> None:
        """Raise ConfigurationMoved when the ruling does not hold any more."""


class FactsPort(Protocol):
    """Looks up what a decision depends on."""

    async def gather(self, call: Call, snapshot: Snapshot) -> Gathered:
        """Counters, history and session of this call; mostly without waiting."""


class HoldsPort(Protocol):
    """Waits for people."""

    async def decided(self, ruling: Ruling, back: Channel, trail: TrailPort) -> Ruling:
        """The ruling after approval, admitted again; raises StillWaiting, Denied, Expired or Cancelled."""


class CountersPort(Protocol):
    """Takes from limits."""

    async def reserve(self, ruling: Ruling) -> None:
        """Take what the ruling reserves; may only turn allow into Limited."""

    def give_back(self, ruling: Ruling) -> None:
        """Return what was taken for a call that was not sent."""


class SenderPort(Protocol):
    """Forwards."""

    async def send(self, ruling: Ruling, back: Channel) -> Answer:
        """The server's answer; raises UpstreamFailed, which says whether anything was sent."""


class Listening(Protocol):
    """Servers that are listened to for an agent, until it is called."""

    async def begun(self) -> None:
        """Return when they confirmed that they tell, and after a short while at the latest."""

    def __call__(self) -> None:
        """Hear no more of them."""


class UpstreamPort(SenderPort, Protocol):
    """Forwards, and hears what servers say of their own accord."""

    async def set_level(self, server: ServerRecord, agent: AgentRecord, client: Client, level: str) -> None:
        """Tell a session-era server which log messages are wanted; best effort."""

    def listen(
        self,
        servers: Sequence[ServerRecord],
        agent: AgentRecord,
        client: Client,
        era: Era,
        uris: frozenset[str] = frozenset(),
    ) -> Listening:
        """Hear what these servers say of their own accord to this agent, until the answer is called."""


Admit = Callable[[Call, Snapshot, Gathered], Ruling]


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a call goes through, put together once per process."""

    ledger: LedgerPort
    facts: FactsPort
    snapshots: SnapshotPort
    holds: HoldsPort
    counters: CountersPort
    upstream: SenderPort
