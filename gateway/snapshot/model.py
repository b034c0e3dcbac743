"""What a process knows of people, servers, rules and stops, frozen at one moment. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.refusal import NotAuthenticated, Unavailable
from governance.policy.listing import watched_folders
from governance.policy.values import Caller, Item, Kind
from governance.workflow.switches import Switch, applies

if TYPE_CHECKING:
    from gateway.mcp.param_headers import Wanted
    from gateway.snapshot.reach import Reach
    from governance.canonical.values import JSON
    from governance.inspection.scan import Detectors
    from governance.policy.compiled import CompiledPolicy, ItemRules
    from registry.mcp.uri_template import UriTemplate

UNAUTHENTICATED = (
    "Present an agent token: send the header `Authorization: Bearer <token>`. Ask the owner of the agent for one."
)

MAX_RULES = 30_000
UNKNOWN = "This token is unknown, expired or revoked. Ask the owner of the agent for a new one."


@dataclass(frozen=True, slots=True)
class Generations:
    """The number of each part; `revocations` is the highest revocation row."""

    identity: int = 0
    registry: int = 0
    policy: int = 0
    switches: int = 0
    escalations: int = 0
    revocations: int = 0


@dataclass(frozen=True, slots=True)
class Changes:
    """What one look at the database brought: numbers, the stops that are set, and everything revoked so far.

    `as_of` is the monotonic second before the look. `revoked` maps (kind, name) to the row's number.
    """

    generations: Generations
    switches: tuple[Switch, ...]
    revoked: Mapping[tuple[str, str], int]
    as_of: float


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One live agent token: `digest` is keyed, `expires_at` in seconds since 1970.

    `audience` is the path of the one endpoint that it is good for; empty for all that its agent may use.
    """

    public_id: str
    digest: str
    agent: str
    expires_at: float
    audience: str = ""


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """One active agent. `rate` is calls per seconds; `hold_seconds` overrides how long session-era calls wait."""

    name: str
    caller: Caller
    rate: tuple[int, int] | None = None
    hold_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may call. Revocations numbered above `revocations_seen` are not in it yet."""

    tokens: Mapping[str, TokenRecord] = field(default_factory=dict)
    agents: Mapping[str, AgentRecord] = field(default_factory=dict)
    reaches: Mapping[str, Reach] = field(default_factory=dict)
    revocations_seen: int = 0


@dataclass(frozen=True, slots=True)
class ApprovedItem:
    """One approved and unchanged item: `wire` is its approved definition as raw JSON, `digest` is over it.

    `listing` names the list that it stands in; `template` tells which URIs a resource template stands for; `headers`
    are the arguments that are wanted in headers too.
    """

    item: Item
    digest: str
    wire: bytes
    listing: str = "tools"
    template: UriTemplate | None = None
    headers: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """One server that agents may know of, with its approved items in the server's own order.

    `capabilities` is what it declared when it was last seen, `allows` what it may ask of agents (sampling,
    elicitation, roots), `own_sessions` whether each agent has a connection of its own to it.
    """

    name: str
    pk: int
    transport: str
    deadline: float
    result_bytes: int
    items: Mapping[tuple[Kind, str], ApprovedItem] = field(default_factory=dict)
    instructions: str | None = None
    capabilities: Mapping[str, JSON] = field(default_factory=dict)
    allows: frozenset[str] = frozenset()
    own_sessions: bool = False
    fingerprint: str = ""  # Changes whenever how the server is reached changes, so that its connections are renewed.


@dataclass(frozen=True, slots=True)
class Rules:
    """The live policy, compiled; None until one is published, and then nothing is allowed."""

    compiled: CompiledPolicy | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view. Replaced as a whole, in parts; never changed, but for what it remembers of its own work."""

    generations: Generations
    identity: Identity
    servers: Mapping[str, ServerRecord]
    rules: Rules
    switches: tuple[Switch, ...]
    revoked: Mapping[tuple[str, str], int]
    detectors: Detectors
    _rules: dict[tuple[str, Kind, str], ItemRules] = field(default_factory=dict, compare=False, repr=False)
    _folders: dict[tuple[str, Kind, str], frozenset[str]] = field(default_factory=dict, compare=False, repr=False)
    _seen: dict[tuple[frozenset[str], str], tuple[ApprovedItem, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def agent_of(self, token: str, now: float) -> AgentRecord:
        """The active agent that holds this token. Raises NotAuthenticated when token or agent is not good any more."""
        record = self.identity.tokens.get(token)
        if record is None:
            raise NotAuthenticated(UNKNOWN)
        if record.expires_at <= now:
            raise NotAuthenticated("This token has expired. Ask the owner of the agent for a new one.")
        agent = self.identity.agents.get(record.agent)
        if agent is None or (self.revoked and self._is_revoked(record, agent)):
            raise NotAuthenticated("This token has been revoked. Ask the owner of the agent for a new one.")
        return agent

    def _is_revoked(self, token: TokenRecord, agent: AgentRecord) -> bool:
        seen, revoked = self.identity.revocations_seen, self.revoked
        return (
            revoked.get(("token", token.public_id), 0) > seen
            or revoked.get(("agent", agent.name), 0) > seen
            or revoked.get(("person", agent.caller.person or ""), 0) > seen
        )

    def visible(self, agent: AgentRecord, server: str) -> tuple[ApprovedItem, ...]:
        """The approved items of one server within the agent's roles, in the server's order (contract 4.3)."""
        key = (agent.caller.roles, server)
        found = self._seen.get(key)
        if found is None:
            record = self.servers.get(server)
            reaches = self._reaches(agent)
            items = record.items.values() if record else ()
            found = tuple(a for a in items if any(reach.covers(a.item) for reach in reaches))
            self._seen[key] = found
        return found

    def item_of(self, server: ServerRecord, kind: Kind, name: str) -> ApprovedItem | None:
        """The approved item of this name; a URI that no resource has may be one that an approved template stands for.

        What a template gives is judged by its own URI, under the template's digest.
        """
        found = server.items.get((kind, name))
        if found is None and kind is Kind.RESOURCE:
            return self._made_by_template(server, name)
        return found

    def _made_by_template(self, server: ServerRecord, uri: str) -> ApprovedItem | None:
        for approved in server.items.values():
            if approved.template is not None and approved.template.matches(uri):
                item = replace(approved.item, name=uri)
                return ApprovedItem(item, approved.digest, approved.wire, approved.listing)
        return None

    def sees(self, agent: AgentRecord, item: ApprovedItem) -> bool:
        """Whether one approved item, or one that an approved template stands for, is within the agent's roles."""
        if item.item.kind is Kind.RESOURCE:
            return any(reach.covers(item.item) for reach in self._reaches(agent))
        return item in self.visible(agent, item.item.server)

    def _reaches(self, agent: AgentRecord) -> list[Reach]:
        reaches = self.identity.reaches
        return [reaches[role] for role in agent.caller.roles if role in reaches]

    def rules_for(self, item: Item) -> ItemRules:
        """The rules that can concern an item, compiled once. Raises Unavailable while no policy is published."""
        key = (item.server, item.kind, item.name)
        found = self._rules.get(key)
        if found is None:
            if self.rules.compiled is None:
                raise Unavailable("No policy is published, so nothing is allowed. A policy author has to publish one.")
            if len(self._rules) >= MAX_RULES:  # Templates stand for any number of URIs.
                self._rules.clear()
            found = self._rules[key] = self.rules.compiled.for_item(item)
        return found

    def folders_for(self, item: Item) -> frozenset[str]:
        """The folders that path rules of an item name; where they lead has to be known before a call is judged."""
        key = (item.server, item.kind, item.name)
        found = self._folders.get(key)
        if found is None:
            found = self._folders[key] = watched_folders(self.rules_for(item))
        return found

    def stops(self, *, agent: AgentRecord, server: str, item: str, session: str) -> tuple[Switch, ...]:
        """The stops that cover a call."""
        caller = agent.caller
        return tuple(
            switch
            for switch in self.switches
            if applies(
                switch,
                server=server,
                tool=item,
                agent=agent.name,
                person=caller.person,
                teams=caller.teams,
                session=session or None,
            )
        )
