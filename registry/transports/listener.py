"""What a server says while a request of ours waits: who hears it, and what is answered. No Django, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from registry.mcp import jsonrpc
from registry.transports.base import OnEvent, OnRequest
from registry.transports.handshake import PROGRESS

PING: Final = "ping"
NOT_OFFERED: Final = jsonrpc.error_object(jsonrpc.METHOD_NOT_FOUND, "this client offers no such capability")


@dataclass(frozen=True, slots=True)
class Listener:
    """The ears of one waiting request. `own_token` is the progress token that upstream was given, as raw JSON."""

    own_token: bytes
    caller_token: bytes | None
    on_event: OnEvent | None
    on_request: OnRequest | None

    def hear(self, said: jsonrpc.Notification) -> bool:
        """Pass a notification on; False when it was dropped: nobody listens, or its progress token is not ours."""
        if self.on_event is None:
            return False
        params = said.params
        if said.method == PROGRESS:
            if self.caller_token is None or jsonrpc.progress_token(params) != self.own_token:
                return False
            try:
                params = jsonrpc.with_progress_token(params, self.caller_token)
            except (msgspec.DecodeError, RecursionError):
                return False
        self.on_event(said.method, params)
        return True


async def reply_to(asked: jsonrpc.Request, on_request: OnRequest | None) -> bytes:
    """The response to a server's request: ping is answered, all else by `on_request`, or refused without one."""
    if asked.method == PING:
        return jsonrpc.response(asked.id)
    if on_request is None:
        return jsonrpc.response(asked.id, error=NOT_OFFERED)
    answer = await on_request(asked.method, asked.params)
    return jsonrpc.response(asked.id, result=answer.result, error=answer.error)
