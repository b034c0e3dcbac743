"""Coming to terms with an HTTP upstream: which era, which revision, which session. No Django."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.mcp import jsonrpc
from registry.mcp.revisions import MODERN, Era
from registry.transports.base import EMPTY_OBJECT, Handshake, Limits, NotSent, UpstreamError
from registry.transports.handshake import (
    INITIALIZED,
    eras_in_turn,
    greeting,
    read_greeting,
    time_for,
)
from registry.transports.http_address import HttpAddress
from registry.transports.http_courier import Courier
from registry.transports.http_head import Heads, configured_headers


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """What was agreed on with the server, until it forgets. `identity` is the Mcp-Session-Id, where it gave one."""

    handshake: Handshake
    heads: Heads
    identity: str | None

    @property
    def modern(self) -> bool:
        """Whether every request is one of its own."""
        return self.handshake.era is Era.MODERN


class Agreement:
    """Asks one server for the eras in turn. `era` says what it is known to speak, `prefer` what it is asked first."""

    def __init__(
        self,
        courier: Courier,
        address: HttpAddress,
        headers: Mapping[str, str] | None,
        *,
        client_capabilities: bytes,
        era: Era | None,
        prefer: Era | None,
        limits: Limits,
        numbers: Iterator[int],
    ) -> None:
        self._courier = courier
        self._address = address
        self._configured = configured_headers(headers or {})
        self._capabilities = client_capabilities
        self._turns = eras_in_turn(era, prefer)
        self._limits = limits
        self._numbers = numbers

    async def reach(self) -> Session:
        """A session of the first era that the server speaks. Raises UpstreamError.

        A server that does not speak an era says so in every way there is, silence included; but one that cannot be
        connected to has said nothing, and is not asked for another.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.open_seconds
        refusal: UpstreamError | None = None
        for era in self._turns:
            by = time_for(era, self._turns, loop.time(), until, self._limits.probe_seconds)
            method, params = greeting(era, self._capabilities)
            heads = self._heads(MODERN if era is Era.MODERN else None, None)
            try:
                answer, identity = await self._courier.ask(heads, next(self._numbers), method, params, by)
            except NotSent:
                raise
            except UpstreamError as wrong:
                refusal = wrong if era is Era.LEGACY else refusal
                continue
            try:
                handshake = read_greeting(era, answer)
            except UpstreamError as wrong:
                refusal = wrong
                continue
            if handshake is not None:
                return await self._begun(handshake, identity, until)
        assert refusal is not None
        raise refusal

    def _heads(self, version: str | None, identity: str | None) -> Heads:
        return Heads(self._address, self._configured, version=version, session=identity)

    async def _begun(self, handshake: Handshake, identity: str | None, until: float) -> Session:
        if handshake.era is Era.MODERN:
            return Session(handshake, self._heads(MODERN, None), None)
        heads = self._heads(handshake.version, identity)
        await self._courier.tell(heads, jsonrpc.notification(INITIALIZED, EMPTY_OBJECT), until)
        return Session(handshake, heads, identity)
