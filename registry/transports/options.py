"""The options of one request, given by keyword and read by every transport. No Django, no I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from registry.transports.base import ASK_SECONDS, EMPTY_OBJECT, Answer, OnEvent, OnRequest


class Options(msgspec.Struct, frozen=True):
    """What one request wants beside its method and params. Upstream.request says what each of them means."""

    name: str | None
    on_event: OnEvent | None
    on_request: OnRequest | None
    progress_token: bytes | None
    meta: bytes | None
    client_capabilities: bytes
    param_headers: Sequence[tuple[str, str]]
    ask_seconds: float


class Requests(ABC):
    """The keywords of Upstream.request, once for all transports, which implement `_request`."""

    def request(
        self,
        method: str,
        params: bytes,
        *,
        deadline: float,
        name: str | None = None,
        on_event: OnEvent | None = None,
        on_request: OnRequest | None = None,
        progress_token: bytes | None = None,
        meta: bytes | None = None,
        client_capabilities: bytes = EMPTY_OBJECT,
        param_headers: Sequence[tuple[str, str]] = (),
        ask_seconds: float = ASK_SECONDS,
    ) -> Coroutine[Any, Any, Answer]:
        """See Upstream. It gives the transport's own coroutine, so that a call has no frame more than it needs."""
        options = Options(
            name, on_event, on_request, progress_token, meta, client_capabilities, param_headers, ask_seconds
        )
        return self._request(method, params, deadline, options)

    @abstractmethod
    async def _request(self, method: str, params: bytes, deadline: float, options: Options) -> Answer:
        """Send one request and return its answer."""
