"""Bytes and headers in, one message out: a ladder whose first failing rung refuses. Pure: no Django, no I/O.

Rungs: 1 content type, 2 strict JSON, 3 JSON-RPC envelope, 4 era, 5 headers against body, 6 params of the method.
Policy judges the body; a header that says something else is refused before anything is decided.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from gateway.call import Client
from gateway.refusal import Malformed
from governance.canonical import strict_json
from governance.canonical.values import JSON, Number
from registry.mcp.revisions import (
    LEGACY,
    META_CAPABILITIES,
    META_CLIENT,
    META_LOG_LEVEL,
    META_PREFIX,
    META_PROGRESS,
    META_VERSION,
    MODERN,
    NAMED_METHODS,
    Era,
    era_of_header,
    header_name,
)
from registry.transports.base import Answer

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
ID_BYTES = 256
NAME_CHARACTERS = 2000
UTF_8 = frozenset({b"", b"charset=utf-8", b'charset="utf-8"'})

NOBODY = Client()

Headers = Mapping[bytes, bytes]


class Message(msgspec.Struct, frozen=True):
    """One parsed message. `id` is raw JSON, None for a notification; `method` None for `answer`, one of the agent."""

    era: Era
    version: str
    id: bytes | None
    method: str | None
    params: dict[str, JSON] = {}
    meta: dict[str, JSON] = {}
    client: Client = NOBODY
    answer: Answer | None = None

    @property
    def progress_token(self) -> bytes | None:
        """The agent's progress token as raw JSON, where it is one."""
        token = self.meta.get(META_PROGRESS)
        if isinstance(token, bool) or not isinstance(token, str | int):
            return None
        return strict_json.encode(token)

    def passed_on_meta(self) -> bytes | None:
        """The `_meta` members that belong to the call and not to this hop."""
        if not self.meta:
            return None
        kept = {
            key: value
            for key, value in self.meta.items()
            if key == META_LOG_LEVEL or (key != META_PROGRESS and not key.startswith((META_PREFIX, "io.gatehouse/")))
        }
        return strict_json.encode(kept) if kept else None


def read(body: bytes, headers: Headers) -> Message:
    """The message of one POST. Raises Malformed with the code and HTTP status of the revision."""
    require_media_types(headers)
    try:
        document = strict_json.parse(body)
    except strict_json.Malformed as problem:
        raise Malformed(problem.message, code=problem.code) from problem
    if isinstance(document, list):
        raise Malformed("Batches are not accepted; send one message per request.", code=INVALID_REQUEST)
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        raise Malformed('Not a JSON-RPC 2.0 message: `"jsonrpc": "2.0"` is missing.', code=INVALID_REQUEST)
    header = headers.get(b"mcp-protocol-version")
    version = header.decode("latin-1") if header is not None else None
    era = era_of_header(version)
    try:
        message = _envelope(document, era, version or LEGACY[0])
        return _modern(message, headers) if era is Era.MODERN else message
    except Malformed as problem:
        problem.rpc_id = _id_to_echo(document)
        raise


def require_media_types(headers: Headers) -> None:
    """Rung 1: JSON in; the answer may be JSON or an event stream, so the agent has to take both."""
    if headers.get(b"content-type") != b"application/json":
        kind, *parameters = (part.strip().lower() for part in headers.get(b"content-type", b"").split(b";"))
        if kind != b"application/json" or not UTF_8.issuperset(parameters):
            raise Malformed("Send `Content-Type: application/json`, in UTF-8.", code=INVALID_REQUEST, http=415)
    accept = headers.get(b"accept", b"*/*").lower()
    if b"*/*" not in accept and not (b"application/json" in accept and b"text/event-stream" in accept):
        raise Malformed("Send `Accept: application/json, text/event-stream`.", code=INVALID_REQUEST, http=406)


def _envelope(document: dict[str, JSON], era: Era, version: str) -> Message:
    method, params = document.get("method"), document.get("params", {})
    raw = read_id(document["id"]) if "id" in document else None
    if method is None and raw is not None and ("result" in document) != ("error" in document):
        return Message(era=era, version=version, id=raw, method=None, answer=_answer(document))
    if not isinstance(method, str):
        raise Malformed("`method` is missing or not a string.", code=INVALID_REQUEST)
    if "result" in document or "error" in document:
        raise Malformed("A message is either a request or an answer.", code=INVALID_REQUEST)
    if not isinstance(params, dict):
        raise Malformed("`params` must be an object; parameters by position are not accepted.", code=INVALID_REQUEST)
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        raise Malformed("`_meta` must be an object.", code=INVALID_PARAMS)
    return Message(era=era, version=version, id=raw, method=method, params=params, meta=meta)


def _answer(document: Mapping[str, JSON]) -> Answer:
    if "result" in document:
        return Answer(result=strict_json.encode(document["result"]))
    return Answer(error=strict_json.encode(document["error"]))


def _id_to_echo(document: Mapping[str, JSON]) -> bytes | None:
    """The id that an error answers, where the message has a sound one."""
    try:
        return read_id(document["id"]) if "id" in document else None
    except Malformed:
        return None


def read_id(value: JSON) -> bytes:
    """A request id as raw JSON: a string or a whole number. Raises Malformed."""
    whole = isinstance(value, int) or (isinstance(value, Number) and value.literal.lstrip("-").isdigit())
    if isinstance(value, bool) or not (whole or isinstance(value, str)):
        raise Malformed("`id` must be a string or a whole number.", code=INVALID_REQUEST)
    raw = strict_json.encode(value)
    if len(raw) > ID_BYTES:
        raise Malformed(f"`id` is longer than {ID_BYTES} bytes.", code=INVALID_REQUEST)
    return raw


def _modern(message: Message, headers: Headers) -> Message:
    """Rungs 4 to 6 for the stateless era: revision, headers, envelope."""
    if message.version != MODERN:
        raise Malformed(
            f"The revision {message.version} is not spoken here.",
            code=UNSUPPORTED_VERSION,
            data={"supported": [MODERN, *LEGACY], "requested": message.version},
        )
    if message.id is None or message.method is None:
        return message
    _require_header(headers, b"mcp-method", message.method)
    key = NAMED_METHODS.get(message.method)
    if key is not None:
        name = message.params.get(key)
        _require_header(headers, b"mcp-name", name if isinstance(name, str) else None, encoded=True)
    if message.meta.get(META_VERSION) != MODERN:
        stated = message.meta.get(META_VERSION)
        if isinstance(stated, str):
            raise Malformed("`MCP-Protocol-Version` and the body differ.", code=HEADER_MISMATCH)
        raise Malformed(f"`_meta` lacks `{META_VERSION}`.", code=INVALID_PARAMS)
    capabilities = message.meta.get(META_CAPABILITIES)
    if not isinstance(capabilities, dict):
        raise Malformed(f"`_meta` lacks `{META_CAPABILITIES}`.", code=INVALID_PARAMS)
    info = message.meta.get(META_CLIENT)
    client = client_of(info if isinstance(info, dict) else {}, capabilities)
    return replace(message, client=client)


def _require_header(headers: Headers, name: bytes, expected: str | None, *, encoded: bool = False) -> None:
    value = headers.get(name)
    said = value.decode("latin-1").strip(" \t") if value is not None else None
    if said is not None and encoded:
        said = header_name(said)
    if expected is None or said != expected:
        shown = name.decode().title()
        what = "is missing" if value is None else "differs from the body"
        raise Malformed(f"The header `{shown}` {what}.", code=HEADER_MISMATCH)


def client_of(info: Mapping[str, JSON], capabilities: Mapping[str, JSON]) -> Client:
    """What the client says of itself, cut to a size that can be kept."""
    name, version = info.get("name"), info.get("version")
    return Client(
        name=name[:80] if isinstance(name, str) else "",
        version=version[:40] if isinstance(version, str) else "",
        capabilities=capabilities,
    )
