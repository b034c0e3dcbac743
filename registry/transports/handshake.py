"""What an upstream is asked when it is opened, and its answer read into a Handshake. No Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON
from registry.mcp import jsonrpc
from registry.mcp.revisions import LATEST_LEGACY, LEGACY, META_SERVER, MODERN, Era
from registry.transports.base import EMPTY_OBJECT, Answer, Garbage, Handshake, NotSent
from registry.transports.envelope import client, request_params

DISCOVER: Final = "server/discover"
INITIALIZE: Final = "initialize"
INITIALIZED: Final = "notifications/initialized"
CANCELLED: Final = "notifications/cancelled"
PROGRESS: Final = "notifications/progress"
MAX_DEPTH: Final = 16
MAX_MEMBERS: Final = 2000
INSTRUCTIONS_SIZE: Final = 256 * 1024


def eras_in_turn(known: Era | None, prefer: Era | None) -> tuple[Era, ...]:
    """The eras a server is asked for, in order: what is `known` of it comes first, then what is preferred."""
    if known is Era.LEGACY:
        return (Era.LEGACY,)
    if known is None and prefer is Era.LEGACY:
        return (Era.LEGACY, Era.MODERN)
    return (Era.MODERN, Era.LEGACY)


def time_for(era: Era, turns: tuple[Era, ...], now: float, until: float, probe_seconds: float) -> float:
    """The loop time until which a server may be silent when asked for `era`, so that the next one has its turn."""
    if era is turns[-1]:
        return until
    probe = now + probe_seconds
    # A handshake may have to wait until the server is up; to discover is known by servers that are quick to say so.
    return min(until, probe if era is Era.MODERN else max(probe, until - probe_seconds))


def greeting(era: Era, client_capabilities: bytes) -> tuple[str, bytes]:
    """Method and params of the first request in an era."""
    if era is Era.MODERN:
        return DISCOVER, request_params(EMPTY_OBJECT, modern=True)
    return INITIALIZE, initialize_params(client_capabilities)


def read_greeting(era: Era, answer: Answer) -> Handshake | None:
    """The handshake in the answer to `greeting`; None or an UpstreamError when the server does not speak the era."""
    return read_discover(answer) if era is Era.MODERN else read_initialize(answer)


def initialize_params(client_capabilities: bytes) -> bytes:
    """The params of `initialize`, offering the raw JSON object `client_capabilities`."""
    return b'{"protocolVersion":"%s","capabilities":%s,"clientInfo":%s}' % (
        LATEST_LEGACY.encode(),
        client_capabilities,
        client(),
    )


def read_discover(answer: Answer) -> Handshake | None:
    """The modern handshake in an answer to `server/discover`; None when the server must be asked to initialize."""
    if answer.result is None:
        return None
    try:
        result = _object(answer.result)
        versions = result.get("supportedVersions")
        if not isinstance(versions, list) or MODERN not in versions:
            return None
        meta = result.get("_meta")
        server_info = meta.get(META_SERVER) if isinstance(meta, dict) else None
        return _handshake(Era.MODERN, MODERN, result, server_info)
    except Garbage:
        return None


def read_initialize(answer: Answer) -> Handshake:
    """The legacy handshake in an answer to `initialize`. Raises NotSent when refused, Garbage when it is none."""
    if answer.result is None:
        code, _ = jsonrpc.read_error(answer.error or b"")
        raise NotSent(
            f"the server refused to initialize (JSON-RPC error {code})",
            detail=(answer.error or b"").decode("utf-8", "replace"),
        )
    result = _object(answer.result)
    version = result.get("protocolVersion")
    if not isinstance(version, str) or version not in LEGACY:
        raise Garbage("the server answered initialize with a protocol revision that is not known here")
    return _handshake(Era.LEGACY, version, result, result.get("serverInfo"))


def _object(raw: bytes) -> dict[str, JSON]:
    try:
        value = parse(raw, max_depth=MAX_DEPTH, max_members=MAX_MEMBERS)
    except Malformed as wrong:
        raise Garbage(f"the answer to the handshake is refused: {wrong}") from None
    if not isinstance(value, dict):
        raise Garbage("the answer to the handshake is not an object")
    return value


def _handshake(era: Era, version: str, result: dict[str, JSON], server_info: JSON) -> Handshake:
    capabilities = result.get("capabilities")
    instructions = result.get("instructions")
    if not isinstance(capabilities, dict):
        raise Garbage("the answer to the handshake declares no capabilities")
    if instructions is not None and (not isinstance(instructions, str) or len(instructions) > INSTRUCTIONS_SIZE):
        raise Garbage("the answer to the handshake has instructions that are no text, or too long")
    return Handshake(
        era=era,
        version=version,
        capabilities=capabilities,
        server_info=server_info if isinstance(server_info, dict) else {},
        instructions=instructions,
    )
