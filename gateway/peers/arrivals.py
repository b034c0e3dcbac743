"""Requests that another process relayed here: taken when signed, recent, for this process, and from a declared peer."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from gateway.exchange import Exchange, Receive, Scope, Send
from gateway.mcp import outbound
from gateway.peers import signature
from gateway.peers.directory import Peers
from gateway.refusal import Malformed, Refusal, Unavailable

log = logging.getLogger("gatehouse.peers")

MAX_AGE = 30
INVALID_REQUEST = -32600
MISDIRECTED = 421
# What the answer of a refusing process says under the name of the header, so that no other 421 is taken for it.
NOT_HERE = b"not-here"
RESOLVED_FOR = 10.0

App = Callable[[Scope, Receive, Send], Awaitable[None]]
IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadRelay(Malformed):
    """A request that says it was relayed by another process, and may not be served as one."""

    def __init__(self, reason: str, *, http: int = 400) -> None:
        super().__init__(reason, code=INVALID_REQUEST, http=http)


class Arrivals:
    """Judges and admits relayed requests. `now` is in seconds since 1970.

    `note` counts refusals by address, `unavailable` what could not be judged since the database did not answer.
    """

    def __init__(
        self,
        peers: Peers,
        key: bytes,
        *,
        now: Callable[[], float],
        body_bytes: int,
        note: Callable[[str, str], None],
        unavailable: Callable[[], None],
    ) -> None:
        self._peers = peers
        self._key = key
        self._now = now
        self._body_bytes = body_bytes
        self._note = note
        self._unavailable = unavailable
        self._resolved: dict[str, tuple[float, frozenset[IP]]] = {}

    async def verified(self, scope: Scope, body: bytes) -> str | None:
        """The address of the client whose request was relayed here; None when it was not relayed.

        Raises BadRelay for a header that is not this request's, too old, for another process, or from a stranger.
        """
        headers = [value for name, value in scope["headers"] if name == signature.HEADER]
        if not headers:
            return None
        if len(headers) > 1:
            raise BadRelay("The header X-Gatehouse-Peer came twice.")
        try:
            claim = signature.read(self._key, headers[0], request_of(scope, body))
        except signature.NotSigned as problem:
            raise BadRelay(
                f"X-Gatehouse-Peer: {problem}. Only gateway processes send this header; leave it out."
            ) from None
        try:
            await self._require_acceptable(claim, scope)
        except BadRelay as problem:
            # Only a process that has the key comes this far: what is wrong is for the operator to put right.
            log.warning("a relayed request was refused: %s", problem.reason)
            raise
        return claim.client

    async def _require_acceptable(self, claim: signature.Claim, scope: Scope) -> None:
        if claim.process != self._peers.own.process:
            raise BadRelay(
                f"This request was relayed to the process {claim.process}, and this one is another.", http=MISDIRECTED
            )
        age = self._now() - claim.seconds
        if abs(age) > MAX_AGE:
            raise BadRelay(
                f"The relayed request is {age:.0f} s old by this clock, at most {MAX_AGE} s are accepted; "
                "set the clocks of the gateway machines."
            )
        address = (scope.get("client") or ("", 0))[0]
        if not await self._declared(address):
            raise BadRelay(
                f"The relayed request came from {address or 'nowhere'}, which is no gateway process's address; "
                "set GATEHOUSE_PEER_URL of the process that sent it."
            )

    async def _declared(self, address: str) -> bool:
        """Whether an address is loopback, or that of a host which a living process named as its own."""
        try:
            ip = _ip(address)
        except ValueError:
            return False
        if ip.is_loopback:
            return True
        hosts = {urlsplit(each).hostname or "" for each in await self._peers.addresses()}
        for host in sorted(hosts - {""}):
            if ip in await self._addresses_of(host):
                return True
        return False

    async def _addresses_of(self, host: str) -> frozenset[IP]:
        try:
            return frozenset({_ip(host)})
        except ValueError:
            pass
        at, found = self._resolved.get(host, (float("-inf"), frozenset()))
        if time.monotonic() - at > RESOLVED_FOR:
            try:
                rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except OSError:
                rows = []  # A name that cannot be resolved admits nobody.
            found = frozenset(_ip(str(row[4][0])) for row in rows)
            self._resolved[host] = (time.monotonic(), found)
        return found

    async def admit(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a relayed request with `app`, as if its client had come here itself; answer a refused one."""
        exchange = Exchange(scope, receive, send, asyncio.get_running_loop())
        try:
            body = await exchange.body(self._body_bytes)
            client = await self.verified(scope, body)
        except Refusal as problem:
            if problem.form.http == MISDIRECTED:
                exchange.extra.append((signature.HEADER, NOT_HERE))
            if isinstance(problem, Unavailable):
                self._unavailable()
            else:
                self._note(exchange.address, "malformed")
            code = problem.form.code if problem.form.code is not None else INVALID_REQUEST
            await exchange.answer(outbound.response(b"null", outbound.error(code, problem.reason)), problem.form.http)
            return
        admitted = scope if client is None else {**scope, "client": (client, 0)}
        await app(admitted, _again(body, receive), send)


def is_relayed(scope: Scope) -> bool:
    """Whether a request says that it was relayed; only `Arrivals.verified` knows whether that is true."""
    # Asked of every request: a generator would take several times as long.
    for name, _ in scope["headers"]:  # noqa: SIM110
        if name == signature.HEADER:
            return True
    return False


def request_of(scope: Scope, body: bytes) -> signature.Request:
    """What the proof covers of an HTTP request, the same in the process that relays and in the one that serves."""
    authorization = tuple(value for name, value in scope["headers"] if name == b"authorization")
    return signature.Request(str(scope["method"]), target_of(scope), authorization, body)


def target_of(scope: Scope) -> bytes:
    """Path and query as they stood in the request line."""
    path: bytes = scope["raw_path"]
    query: bytes = scope.get("query_string", b"")
    return path + b"?" + query if query else path


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, and then whatever comes."""
    pending: list[Mapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Mapping[str, Any]:
        return pending.pop() if pending else await receive()

    return again


def _ip(text: str) -> IP:
    """An address, one that IPv6 maps from IPv4 as the latter. Raises ValueError."""
    ip = ipaddress.ip_address(text.partition("%")[0])
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip
