"""What goes over the pipe: a client's line read just as far as routing needs, and the few messages of the bridge's own.

Pure: no I/O. Everything else stays the bytes that came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.stdio.request_ids import Ends, request_ids
from registry.mcp import jsonrpc
from registry.mcp.jsonrpc import Message, Response
from registry.mcp.revisions import META_VERSION

PARSE_ERROR: Final = -32700
NOT_SERVED: Final = 50300
UNKNOWN_OUTCOME: Final = 50400

CANCELLED: Final = "notifications/cancelled"
INITIALIZED: Final = "notifications/initialized"
ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"
SUBSCRIPTION: Final = "io.modelcontextprotocol/subscriptionId"
CHANGES: Final = {kind: f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")}

_NULL: Final = b"null"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the client. `version` is the stateless revision it names in its `_meta`, "" in the session era."""

    raw: bytes
    message: Message
    version: str = ""


class NotAMessage(ValueError):
    """A line that is not one JSON-RPC message; `answers` is what the client is told, one for each of its requests."""

    def __init__(self, text: Ends, why: str) -> None:
        super().__init__(why)
        self.answers = [error_answer(number, PARSE_ERROR, why) for number in request_ids(text) or [_NULL]]


def read_line(raw: bytes) -> Line:
    """The message of one line. Raises NotAMessage."""
    try:
        message = jsonrpc.decode(raw)
    except jsonrpc.NotJsonRpc as wrong:
        raise NotAMessage(Ends.of(raw), f"Not a JSON-RPC message: {wrong}.") from None
    if isinstance(message, Response):
        return Line(raw, message)
    stated = jsonrpc.meta_member(message.params, META_VERSION)
    return Line(raw, message, text(stated) or "")


def text(raw: bytes | None) -> str | None:
    """The string that raw JSON is; None for anything else."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except msgspec.DecodeError:
        return None


def read(raw: bytes | None) -> Any:
    """What raw JSON says; None where it says nothing readable."""
    try:
        return None if raw is None else msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def same_id(one: bytes, other: bytes) -> bool:
    """Whether two raw ids are the same string or number, however they are written."""
    return one == other or id_key(one) == id_key(other)


def id_key(raw: bytes) -> object:
    """Something to find a request by: its id as a value, strings apart from numbers."""
    value = read(raw)
    return raw if value is None else (type(value), value)


def one_line(payload: bytes) -> bytes:
    """A JSON text without line breaks, which stand only between its tokens."""
    if b"\n" in payload or b"\r" in payload:
        payload = payload.replace(b"\r", b" ").replace(b"\n", b" ")
    return payload.strip()


def for_request(message: Response, payload: bytes, request_id: bytes) -> bytes | None:
    """The answer as the client gets it: as received, with the id put in where the server knew none, else None."""
    if message.id == _NULL:
        return jsonrpc.response(request_id, result=message.result, error=message.error)
    return payload if same_id(message.id, request_id) else None


def error_answer(request_id: bytes, code: int, message: str, outcome: str = "") -> bytes:
    """An error of the bridge's own; `outcome` says what became of the request: not_sent, refused or unknown."""
    error: dict[str, Any] = {"code": code, "message": message}
    if outcome:
        error["data"] = {"outcome": outcome}
    return jsonrpc.response(request_id, error=msgspec.json.encode(error))


def not_sent(request_id: bytes, why: str) -> bytes:
    """The answer to a request of which nothing went out."""
    return error_answer(request_id, NOT_SERVED, f"{why} Nothing was sent; try again.", "not_sent")


def refused(request_id: bytes, why: str) -> bytes:
    """The answer to a request that the endpoint, or something on the way to it, would not take."""
    return error_answer(request_id, NOT_SERVED, why, "refused")


def unknown_outcome(request_id: bytes, why: str) -> bytes:
    """The answer to a request that went out and got no answer."""
    told = f"No answer came: {why}. Whether the request was carried out is unknown; it is not sent again by itself."
    return error_answer(request_id, UNKNOWN_OUTCOME, told, "unknown")


@dataclass(slots=True)
class Listened:
    """What a stream promised to tell, so that the client can be told to look again after a gap in it."""

    kinds: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)

    def after_a_gap(self) -> list[bytes]:
        """The notifications that may have been missed."""
        params = {"_meta": self.meta} if self.meta else {}
        told = [jsonrpc.notification(CHANGES[kind], msgspec.json.encode(params)) for kind in self.kinds]
        for uri in self.uris:
            told.append(
                jsonrpc.notification("notifications/resources/updated", msgspec.json.encode({"uri": uri, **params}))
            )
        return told


def acknowledged(params: bytes) -> Listened:
    """What the acknowledgement of `subscriptions/listen` promises."""
    said = read(params)
    granted = said.get("notifications") if isinstance(said, dict) else None
    if not isinstance(granted, dict):
        return Listened()
    uris = granted.get("resourceSubscriptions")
    meta = said.get("_meta")
    return Listened(
        tuple(kind for kind in CHANGES if granted.get(f"{kind}ListChanged") is True),
        tuple(uri for uri in uris if isinstance(uri, str)) if isinstance(uris, list) else (),
        meta if isinstance(meta, dict) else {},
    )


def offered(result: bytes) -> Listened:
    """What the result of `initialize` promises to tell."""
    said = read(jsonrpc.member(result, "capabilities"))
    capabilities = said if isinstance(said, dict) else {}
    kinds = [kind for kind in CHANGES if isinstance(capabilities.get(kind), dict)]
    return Listened(tuple(kind for kind in kinds if capabilities[kind].get("listChanged") is True))
