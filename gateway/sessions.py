"""Sealed handles that agents carry: session ids of the session era, and request states of the stateless one.

Both are attacker input when they come back. Each is authenticated, bound to one agent and one server, and dated.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.call import Client, Ticket
from governance.audit.entry import Plain, plain
from governance.canonical.values import JSON

NONCE = 12
LIFE = 24 * 3600.0
KNOWN = 10_000
STATE_LIFE = 3600.0
CAPABILITIES = 4000


class BadHandle(ValueError):
    """Not a handle of ours, of another agent or server, too old, or given up."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the session era, as its id carries it."""

    id: str
    version: str
    client: Client
    begun: float


class Handles:
    """Seals and opens handles under one 32-byte key."""

    def __init__(self, key: bytes, now: Callable[[], float]) -> None:
        self._box = AESGCM(key)
        self._now = now
        self._ended: dict[str, float] = {}
        self._known: dict[tuple[str, str, str], Session] = {}  # What was unsealed before, by id and holder.

    def open_session(self, *, agent: str, server: str, version: str, client: Client) -> str:
        """A new session id: unguessable, and worthless to any other agent."""
        said = [version, client.name[:80], client.version[:40], _kept(client.capabilities)]
        return self._seal(["s", self._now(), *said], agent, server)

    def session(self, handle: str, *, agent: str, server: str) -> Session:
        """The session of an id. Raises BadHandle."""
        if handle in self._ended:
            raise BadHandle("this session has ended")
        known = self._known.get((handle, agent, server))
        if known is None:
            known = self._unsealed(handle, agent, server)
            if len(self._known) >= KNOWN:
                self._known.clear()
            self._known[handle, agent, server] = known
        if self._now() - known.begun > LIFE:
            raise BadHandle("this session is over")
        return known

    def _unsealed(self, handle: str, agent: str, server: str) -> Session:
        purpose, begun, version, name, client_version, capabilities = self._open(handle, agent, server, 6)
        if purpose != "s":
            raise BadHandle("not a session id")
        return Session(handle, version, Client(name, client_version, capabilities), begun)

    def end_session(self, handle: str) -> None:
        """Forget a session; its id answers 404 from now on."""
        now = self._now()
        self._ended = {old: at for old, at in self._ended.items() if now - at < LIFE}
        self._ended[handle] = now

    def seal_ticket(self, ticket: Ticket, *, agent: str, server: str) -> str:
        """A `requestState` for the next leg of a held call."""
        return self._seal(["t", self._now(), ticket.escalation.hex, ticket.leg], agent, server)

    def ticket(self, state: str, *, agent: str, server: str) -> Ticket:
        """What a `requestState` carries. Raises BadHandle."""
        purpose, sealed_at, escalation, leg = self._open(state, agent, server, 4)
        if purpose != "t" or self._now() - sealed_at > STATE_LIFE:
            raise BadHandle("this request state is over")
        return Ticket(UUID(hex=escalation), int(leg))

    def _seal(self, content: list[object], agent: str, server: str) -> str:
        nonce = secrets.token_bytes(NONCE)
        box = self._box.encrypt(nonce, json.dumps(content).encode(), _bound(agent, server))
        return "v1." + base64.urlsafe_b64encode(nonce + box).decode().rstrip("=")

    def _open(self, handle: str, agent: str, server: str, size: int) -> list[object]:
        if not handle.startswith("v1.") or len(handle) > 8192 or not handle.isascii():
            raise BadHandle("not a handle of this gateway")
        try:
            raw = base64.urlsafe_b64decode(handle[3:] + "=" * (-len(handle[3:]) % 4))
            content = json.loads(self._box.decrypt(raw[:NONCE], raw[NONCE:], _bound(agent, server)))
        except (InvalidTag, ValueError, binascii.Error) as problem:
            raise BadHandle("not a handle of this agent for this server") from problem
        if not isinstance(content, list) or len(content) != size:
            raise BadHandle("not a handle for this purpose")
        return content


def _kept(capabilities: Mapping[str, JSON]) -> Plain:
    """The capabilities as a handle can carry them; whoever declares more than a client has is taken to have none."""
    kept = plain(dict(capabilities))
    return kept if len(json.dumps(kept)) <= CAPABILITIES else {}


def _bound(agent: str, server: str) -> bytes:
    return f"{agent}\n{server}".encode()
