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
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.call import Approval, Client, Continuation, Ticket
from governance.audit.entry import Plain, plain
from governance.canonical.values import JSON

NONCE = 12
LIFE = 24 * 3600.0
KNOWN = 10_000
STATE_LIFE = 3600.0
CAPABILITIES = 4000
LONGEST = 600_000
LONGEST_SESSION = 8192


class BadHandle(ValueError):
    """Not a handle of ours, of another agent or server, too old, or given up."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the session era, as its id carries it. `owner` is the process that opened it."""

    id: str
    version: str
    client: Client
    begun: float
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Parked:
    """A call that stays open in the process `owner` while the agent answers a question of the server."""

    owner: str
    id: str


State = Ticket | Parked | Continuation


class Handles:
    """Seals and opens handles under one 32-byte key."""

    def __init__(self, key: bytes, now: Callable[[], float], owner: str = "") -> None:
        self._box = AESGCM(key)
        self._owner = owner
        self._now = now
        self._ended: dict[str, float] = {}
        self._tidy_at = KNOWN
        self._known: dict[tuple[str, str, str], Session] = {}  # What was unsealed before, by id and holder.

    def open_session(self, *, agent: str, server: str, version: str, client: Client) -> str:
        """A new session id: unguessable, and worthless to any other agent."""
        said = [version, client.name[:80], client.version[:40], _kept(client.capabilities), self._owner]
        return self._seal(["s", self._now(), *said], agent, server)

    def session(self, handle: str, *, agent: str, server: str) -> Session:
        """The session of an id. Raises BadHandle."""
        if len(handle) > LONGEST_SESSION:
            raise BadHandle("not a session id")
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
        content = self._open(handle, agent, server)
        if content[0] != "s":
            raise BadHandle("not a session id")
        _, begun, version, name, client_version, capabilities, owner = content
        return Session(handle, version, Client(name, client_version, capabilities), begun, owner)

    def end_session(self, handle: str) -> None:
        """Forget a session; its id answers 404 from now on."""
        now = self._now()
        if len(self._ended) >= self._tidy_at:
            self._ended = {old: at for old, at in self._ended.items() if now - at < LIFE}
            self._tidy_at = max(KNOWN, 2 * len(self._ended))
        self._ended[handle] = now

    def seal_state(self, state: State, *, agent: str, server: str, call: bytes) -> str:
        """A `requestState` for the next leg of a call; `call` is the digest of what is asked (see `digest_of`)."""
        return self._seal([_letter(state), self._now(), call.hex(), *_carried(state)], agent, server)

    def state(self, handle: str, *, agent: str, server: str, call: bytes) -> State:
        """What a `requestState` carries. Raises BadHandle, also for one that was given for another call."""
        letter, sealed_at, bound, *carried = self._open(handle, agent, server)
        if letter not in ("t", "p", "c") or self._now() - float(str(sealed_at)) > STATE_LIFE:
            raise BadHandle("this request state is over")
        if letter != "t" and bound != call.hex():  # A ticket is compared with its escalation, which knows more.
            raise BadHandle("it was given for another call")
        return _read_state(str(letter), carried)

    def _seal(self, content: list[object], agent: str, server: str) -> str:
        nonce = secrets.token_bytes(NONCE)
        box = self._box.encrypt(nonce, json.dumps(content).encode(), _bound(agent, server))
        return "v1." + base64.urlsafe_b64encode(nonce + box).decode().rstrip("=")

    def _open(self, handle: str, agent: str, server: str) -> list[Any]:
        if not handle.startswith("v1.") or len(handle) > LONGEST or not handle.isascii():
            raise BadHandle("not a handle of this gateway")
        try:
            raw = _strictly_decoded(handle[3:])
            content = json.loads(self._box.decrypt(raw[:NONCE], raw[NONCE:], _bound(agent, server)))
        except (InvalidTag, ValueError, binascii.Error) as problem:
            raise BadHandle("not a handle of this agent for this server") from problem
        assert isinstance(content, list)  # Nobody else can seal one.
        return content


def _strictly_decoded(text: str) -> bytes:
    """The bytes of a handle in the one spelling it has: what is ended or known is looked up by its text.

    Raises ValueError.
    """
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise ValueError("another spelling of a handle")
    return raw


def _letter(state: State) -> str:
    return "t" if isinstance(state, Ticket) else "p" if isinstance(state, Parked) else "c"


def _carried(state: State) -> list[object]:
    if isinstance(state, Ticket):
        return [state.escalation.hex, state.leg]
    if isinstance(state, Parked):
        return [state.owner, state.id]
    sealed = None
    if (given := state.approval) is not None:
        sealed = [given.escalation.hex, given.rules, given.people, given.digest, given.leg]
    # In base64, so that no escaping makes a state that may be carried longer than a handle may be.
    return [base64.b64encode(state.state).decode() if state.state is not None else None, sealed]


def _read_state(letter: str, carried: list[object]) -> State:
    first, second = carried
    if letter == "t":
        return Ticket(UUID(hex=str(first)), int(str(second)))
    if letter == "p":
        return Parked(str(first), str(second))
    approval = None
    if isinstance(second, list):
        escalation, rules, people, digest, leg = second
        pairs = tuple((str(rule), str(digest)) for rule, digest in rules)
        approval = Approval(UUID(hex=escalation), pairs, tuple(people), str(digest), int(leg) + 1)
    return Continuation(base64.b64decode(str(first)) if first is not None else None, {}, approval)


def digest_of(method: str, item: str, canonical: bytes) -> bytes:
    """What a request state is bound to, beside agent and server: what is asked, exactly."""
    return sha256(b"\0".join((method.encode(), item.encode("utf-8", "surrogatepass"), canonical))).digest()


def _kept(capabilities: Mapping[str, JSON]) -> Plain:
    """The capabilities as a handle can carry them; whoever declares more than a client has is taken to have none."""
    kept = plain(dict(capabilities))
    return kept if len(json.dumps(kept)) <= CAPABILITIES else {}


def _bound(agent: str, server: str) -> bytes:
    return f"{agent}\n{server}".encode()
