"""Who knocks, and whether they may come in: host and origin, the agent's token."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gateway.adapters.refusals import RefusalCounts
from gateway.authentication import Authenticator
from gateway.clock import Clock
from gateway.exchange import Exchange
from gateway.hosts import Hosts
from gateway.mcp import inbound
from gateway.mcp.inbound import INVALID_REQUEST, Message
from gateway.refusal import Malformed, NotAuthenticated
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.model import AgentRecord, Snapshot
from governance.oauth import metadata


class Asked(msgspec.Struct, frozen=True):
    """One message, who sends it, and to which server; `server` is empty at the aggregate endpoint."""

    message: Message
    snapshot: Snapshot
    agent: AgentRecord
    token: str
    server: str
    rpc_id: bytes


@dataclass(slots=True)
class Door:
    """What every request passes before anything of it is read."""

    hosts: Hosts
    snapshots: SnapshotHolder
    authenticator: Authenticator
    clock: Clock
    counts: RefusalCounts
    public_url: str

    def require_own(self, exchange: Exchange) -> None:
        """Host and Origin before anything else is read (DNS rebinding). Raises Malformed."""
        headers = exchange.headers
        if b":twice" in headers:
            name = headers[b":twice"].decode("latin-1")
            raise Malformed(f"The header {name} came twice.", code=inbound.HEADER_MISMATCH)
        if not self.hosts.host_allowed(headers.get(b"host")):
            raise Malformed("This host name is not served here.", code=INVALID_REQUEST, http=421)
        if not self.hosts.origin_allowed(headers.get(b"origin")):
            raise Malformed("Requests from this origin are not accepted.", code=INVALID_REQUEST, http=403)

    async def authenticated(self, exchange: Exchange) -> tuple[Snapshot, str, AgentRecord]:
        """The token's public id and its agent; a token issued a moment ago gets one look at the database.

        Raises NotAuthenticated, Unavailable.
        """
        snapshot = await self.snapshots.fresh()
        header, now, path = exchange.headers.get(b"authorization"), self.clock.epoch(), exchange.scope["path"]
        try:
            token = self.authenticator.token_of(header, snapshot, path)
            if token is None:
                snapshot = await self.snapshots.with_new_tokens()
                token = self.authenticator.token_of(header, snapshot, path)
            return snapshot, token or "", snapshot.agent_of(token or "", now)
        except NotAuthenticated:
            self.counts.note(exchange.address, "not authenticated")
            exchange.extra.append((b"www-authenticate", metadata.challenge(path, self.public_url).encode()))
            raise
