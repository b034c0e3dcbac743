"""The revisions of MCP, and what each era needs on the wire. Pure: no Django, no I/O."""

from __future__ import annotations

import base64
import re
from enum import StrEnum
from typing import Final

import msgspec

MODERN: Final = "2026-07-28"
LEGACY: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
LATEST_LEGACY: Final = LEGACY[0]

META_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
META_CLIENT: Final = "io.modelcontextprotocol/clientInfo"
META_SERVER: Final = "io.modelcontextprotocol/serverInfo"
META_PREFIX: Final = "io.modelcontextprotocol/"
META_LOG_LEVEL: Final = "io.modelcontextprotocol/logLevel"
META_PROGRESS: Final = "progressToken"

NAMED_METHODS: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Modern requests that carry `Mcp-Name`, and the param it must equal."""

_SENTINEL_HEAD: Final = "=?base64?"
_SENTINEL_TAIL: Final = "?="
_HEADER_SAFE: Final = frozenset(map(chr, range(0x21, 0x7F)))


_TRACE_PARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRACE_STATE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?")


class _TraceContext(msgspec.Struct, gc=False):
    traceparent: str = ""
    tracestate: str = ""


class Era(StrEnum):
    """`legacy`: initialize and sessions. `modern`: stateless requests, each with its own envelope."""

    LEGACY = "legacy"
    MODERN = "modern"


def era_of_header(version: str | None) -> Era:
    """The era an inbound request belongs to, by its `MCP-Protocol-Version` header (absent: legacy)."""
    return Era.LEGACY if version is None or version in LEGACY else Era.MODERN


def header_value(name: str) -> str:
    """`Mcp-Name` for `name`: itself when header-safe, else its UTF-8 between `=?base64?` and `?=`."""
    inner_space = name.replace(" ", "")
    safe = name == name.strip(" ") and inner_space != "" and all(char in _HEADER_SAFE for char in inner_space)
    if safe and not (name.startswith(_SENTINEL_HEAD) and name.endswith(_SENTINEL_TAIL)):
        return name
    encoded = base64.b64encode(name.encode("utf-8", "surrogatepass")).decode("ascii")
    return f"{_SENTINEL_HEAD}{encoded}{_SENTINEL_TAIL}"


def header_name(value: str) -> str | None:
    """The name that an `Mcp-Name` or `Mcp-Param-*` header value stands for; None when its base64 or UTF-8 is bad."""
    if not (value.startswith(_SENTINEL_HEAD) and value.endswith(_SENTINEL_TAIL)):
        return value
    payload = value[len(_SENTINEL_HEAD) : -len(_SENTINEL_TAIL)]
    try:
        decoded = base64.b64decode(payload, validate=True)
        canonical = base64.b64encode(decoded).decode("ascii") == payload
        return decoded.decode("utf-8") if canonical else None
    except ValueError:
        return None


def modern_meta(capabilities: bytes, client: bytes) -> bytes:
    """The members of a modern `_meta`, without braces, for raw JSON `capabilities` and `client` objects."""
    return b'"%s":"%s","%s":%s,"%s":%s' % (
        META_VERSION.encode(),
        MODERN.encode(),
        META_CAPABILITIES.encode(),
        capabilities,
        META_CLIENT.encode(),
        client,
    )


def further_meta(meta: bytes) -> bytes:
    """The members of the JSON object `meta` without braces; reserved keys but the log level are dropped.

    Raises msgspec.DecodeError.
    """
    members = msgspec.json.decode(meta, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({key: raw for key, raw in members.items() if _passes(key)})[1:-1]


def _passes(key: str) -> bool:
    return key != META_PROGRESS and (not key.startswith(META_PREFIX) or key == META_LOG_LEVEL)


def trace_headers(meta: bytes) -> tuple[tuple[str, str], ...]:
    """The W3C trace context in the JSON object `meta` as headers; none where there is no valid `traceparent`."""
    try:
        context = msgspec.json.decode(meta, type=_TraceContext)
    except msgspec.DecodeError:
        return ()
    if not _TRACE_PARENT.fullmatch(context.traceparent):
        return ()
    parent = ("traceparent", context.traceparent)
    state = context.tracestate
    return (parent, ("tracestate", state)) if _TRACE_STATE.fullmatch(state) else (parent,)
