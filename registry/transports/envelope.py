"""What goes round a request's own params: `_meta`, by era. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from registry.mcp.jsonrpc import with_meta
from registry.mcp.revisions import further_meta, modern_meta
from registry.transports.base import EMPTY_OBJECT

CLIENT: Final = b'{"name":"gatehouse","version":"0.1.0"}'
LISTEN: Final = "subscriptions/listen"
SUBSCRIPTION: Final = "io.modelcontextprotocol/subscriptionId"

_TOKEN_HEAD: Final = b'"gatehouse-'
_PLAIN: Final = modern_meta(EMPTY_OBJECT, CLIENT)
_client: Final[ContextVar[bytes]] = ContextVar("client", default=CLIENT)


def client() -> bytes:
    """What this hop calls itself to servers: a raw JSON object of name and version."""
    return _client.get()


@contextmanager
def called_as(other: bytes) -> Iterator[None]:
    """Within, and in the tasks begun within, go by the raw JSON object `other`: for a look, never for a call."""
    token = _client.set(other)
    try:
        yield
    finally:
        _client.reset(token)


def request_params(
    params: bytes,
    *,
    modern: bool,
    progress: bytes | None = None,
    meta: bytes | None = None,
    capabilities: bytes = EMPTY_OBJECT,
) -> bytes:
    """`params` with the `_meta` its era asks for, the raw progress token `progress`, and the further members `meta`.

    Raises ValueError when `params` or `meta` is not a JSON object.
    """
    parts = []
    if modern:
        said = _client.get()
        plain = capabilities == EMPTY_OBJECT and said is CLIENT
        parts.append(_PLAIN if plain else modern_meta(capabilities, said))
    if progress is not None:
        parts.append(b'"progressToken":' + progress)
    if meta is not None:
        parts.append(further_meta(meta))
    return with_meta(params, b",".join(filter(None, parts)) if len(parts) != 1 else parts[0])


def listen_params(notifications: bytes) -> bytes:
    """The params of `subscriptions/listen` for the raw JSON filter `notifications`."""
    return request_params(b'{"notifications":%s}' % notifications, modern=True)


def own_token(number: bytes) -> bytes:
    """The raw progress token that upstream gets with the request of raw id `number`.

    It looks like no number that a server may count its own requests with, so that a question naming it is ours.
    """
    return b'"gatehouse-%s"' % number


def number_of(token: bytes) -> bytes | None:
    """The raw id of the request whose progress token this is; None for another's."""
    is_ours = token.startswith(_TOKEN_HEAD) and token.endswith(b'"')
    return token[len(_TOKEN_HEAD) : -1] if is_ours else None
