"""JSON-RPC 2.0 envelopes as MCP uses them; what they carry stays raw bytes. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

import msgspec

METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
UNSUPPORTED_VERSION: Final = -32022
ID_SIZE: Final = 256

_ABSENT: Final = msgspec.Raw()
_NULL: Final = b"null"
_FIRST_OF_ID: Final = frozenset(b'"-0123456789')


class NotJsonRpc(ValueError):
    """Bytes that are not one JSON-RPC 2.0 message. The text says what is wrong and quotes nothing."""


class _Envelope(msgspec.Struct, gc=False):
    jsonrpc: str = ""
    id: msgspec.Raw = _ABSENT
    method: str | None = None
    params: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT


class _Error(msgspec.Struct):
    code: int
    message: str
    data: msgspec.Raw = _ABSENT


class Response(msgspec.Struct, frozen=True):
    """An answer. `id` is raw JSON (`null` when the peer could not read ours); exactly one of the others is set."""

    id: bytes
    result: bytes | None
    error: bytes | None


class Request(msgspec.Struct, frozen=True):
    """A request of the peer. `id` and `params` are raw JSON; absent params are `{}`."""

    id: bytes
    method: str
    params: bytes


class Notification(msgspec.Struct, frozen=True):
    """A notification of the peer. `params` is raw JSON; absent params are `{}`."""

    method: str
    params: bytes


Message = Response | Request | Notification

_decoder: Final = msgspec.json.Decoder(_Envelope)
_error_decoder: Final = msgspec.json.Decoder(_Error)
_members_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_name_encoder: Final = msgspec.json.Encoder()


def decode(payload: bytes) -> Message:
    """Read one message. Raises NotJsonRpc for anything that is not exactly one, batches included."""
    try:
        payload.decode("utf-8")  # The JSON reader does not look inside strings that it passes over.
        envelope = _decoder.decode(payload)
    except UnicodeDecodeError:
        raise NotJsonRpc("not UTF-8") from None
    except RecursionError:
        raise NotJsonRpc("nested too deeply") from None
    except msgspec.ValidationError:
        raise NotJsonRpc("not a JSON-RPC object") from None
    except msgspec.DecodeError:
        raise NotJsonRpc("not JSON") from None
    if envelope.jsonrpc != "2.0":
        raise NotJsonRpc('no "jsonrpc": "2.0"')
    return _call(envelope) if envelope.method is not None else _response(envelope)


def _call(envelope: _Envelope) -> Request | Notification:
    assert envelope.method is not None
    if envelope.result or envelope.error:
        raise NotJsonRpc("both a call and an answer")
    params = bytes(envelope.params) or b"{}"
    if not params.startswith(b"{"):
        raise NotJsonRpc("params are not an object")
    if not envelope.id:
        return Notification(envelope.method, params)
    return Request(_id(envelope.id), envelope.method, params)


def _response(envelope: _Envelope) -> Response:
    result, error = bytes(envelope.result), bytes(envelope.error)
    if error == _NULL and result:
        error = b""  # Some servers write `"error": null` beside a result.
    if bool(result) == bool(error):
        raise NotJsonRpc("neither a call nor an answer with one of result and error")
    if result and not result.startswith(b"{"):
        raise NotJsonRpc("result is not an object")
    if error:
        read_error(error)
    number = bytes(envelope.id) or _NULL
    return Response(number if number == _NULL else _id(envelope.id), result or None, error or None)


def _id(raw: msgspec.Raw) -> bytes:
    value = bytes(raw)
    if len(value) > ID_SIZE or value[0] not in _FIRST_OF_ID:
        raise NotJsonRpc("id is not a string or a number, or too long")
    return value


def read_error(error: bytes) -> tuple[int, str]:
    """Code and message of a raw JSON-RPC error object. Raises NotJsonRpc."""
    try:
        read = _error_decoder.decode(error)
    except (msgspec.DecodeError, RecursionError):
        raise NotJsonRpc("error has no integer code and text message") from None
    return read.code, read.message


def request(number: int, method: str, params: bytes) -> bytes:
    """One request. `params` is a raw JSON object."""
    return b'{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}' % (number, method.encode(), params)


def notification(method: str, params: bytes) -> bytes:
    """One notification. `params` is a raw JSON object."""
    return b'{"jsonrpc":"2.0","method":"%s","params":%s}' % (method.encode(), params)


def response(number: bytes, *, result: bytes | None = None, error: bytes | None = None) -> bytes:
    """The answer to a peer's request with raw id `number`; `error` wins where both are given."""
    if error is not None:
        return b'{"jsonrpc":"2.0","id":%s,"error":%s}' % (number, error)
    return b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (number, result or b"{}")


def error_object(code: int, message: str) -> bytes:
    """A raw JSON-RPC error object."""
    return b'{"code":%d,"message":%s}' % (code, _name_encoder.encode(message))


def with_meta(params: bytes, members: bytes) -> bytes:
    """`params`, an object without `_meta`, with `_meta` made of `members` (JSON members without braces) behind it.

    Raises ValueError when `params` is not an object's bytes.
    """
    if not (params.startswith(b"{") and params.endswith(b"}")):
        raise ValueError("params must be the bytes of a JSON object")
    if not members:
        return params
    head = params[:-1].rstrip()
    return b'%s%s"_meta":{%s}}' % (head, b"" if head == b"{" else b",", members)


def member(raw: bytes, name: str) -> bytes | None:
    """The raw member `name` of a raw JSON object; None when there is none to be read."""
    try:
        found = _members_decoder.decode(raw).get(name)
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if found is None else bytes(found)


def progress_token(params: bytes) -> bytes | None:
    """The raw `progressToken` of a progress notification's params; None when there is none to be read."""
    return member(params, "progressToken")


def meta_member(params: bytes, name: str) -> bytes | None:
    """The raw member `name` of the `_meta` of raw params; None when there is none to be read."""
    meta = member(params, "_meta")
    return None if meta is None else member(meta, name)


def without_meta_member(params: bytes, name: str) -> bytes:
    """Raw params without the member `name` of their `_meta`, and without a `_meta` that is empty then."""
    if meta_member(params, name) is None:
        return params
    members = _members_decoder.decode(params)
    meta = _members_decoder.decode(members["_meta"])
    del meta[name]
    if meta:
        members["_meta"] = msgspec.Raw(msgspec.json.encode(meta))
    else:
        del members["_meta"]
    return msgspec.json.encode(members)


def with_progress_token(params: bytes, token: bytes) -> bytes:
    """A progress notification's params with another raw token; the rest is as received. Raises msgspec.DecodeError."""
    members = _members_decoder.decode(params)
    members["progressToken"] = msgspec.Raw(token)
    return msgspec.json.encode(members)
