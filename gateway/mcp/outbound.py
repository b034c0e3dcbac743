"""Replies as bytes: results, refusals and errors in the form each era reads. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from gateway.call import Call, Reply
from gateway.refusal import Denied, Invisible, Malformed, Refusal, StillWaiting
from governance.policy.values import Kind
from registry.mcp.revisions import META_SERVER, Era

DECISION = "io.gatehouse/decision"
TOOLS_CALL = "tools/call"
NOT_ALLOWED, INVALID_PARAMS = 40300, -32602
STATUS = {-32601: 404, -32602: 400, -32020: 400, -32021: 400, -32022: 400}
LONGEST_STATE = 256 * 1024
MAX_ASKED = 64
SERVER_INFO = {"name": "gatehouse", "version": "1"}

_encode = msgspec.json.Encoder().encode
SERVER_INFO_JSON = _encode(SERVER_INFO)
_complete = b'"resultType":"complete"'


@dataclass(frozen=True, slots=True)
class Place:
    """Where this installation is, for links, and which policy is live."""

    public_url: str
    policy: str = ""


def response(rpc_id: bytes, reply: Reply) -> bytes:
    """The JSON-RPC response that carries a reply."""
    if reply.error is not None:
        return b'{"jsonrpc":"2.0","id":%s,"error":%s}' % (rpc_id, reply.error)
    return b'{"jsonrpc":"2.0","id":%s,"result":%s}' % (rpc_id, reply.result)


def error(code: int, message: str, data: object = None) -> Reply:
    """An error reply."""
    body: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return Reply(error=_encode(body))


def malformed(problem: Malformed) -> Reply:
    """A message that cannot be read."""
    code = problem.form.code
    assert code is not None
    return Reply(error=error(code, problem.reason, problem.data).error, http=problem.form.http)


def refusal(call: Call, problem: Refusal, place: Place) -> Reply:
    """A refused call: a result with isError where a model should read it, an error where nothing can go on."""
    decision = decision_of(call, problem, place)
    if problem.form.code is None and call.method != TOOLS_CALL:
        return error(NOT_ALLOWED, said(problem, place), {DECISION: decision})
    if problem.form.code is not None:
        return Reply(error=error(problem.form.code, problem.reason, {DECISION: decision}).error, http=problem.form.http)
    return Reply(result=tool_error(said(problem, place), decision, call.era))


def said(problem: Refusal, place: Place) -> str:
    """The sentence a model reads, with the remedy."""
    if isinstance(problem, StillWaiting):
        return f"{problem.reason} Review: {place.public_url}/admin/inbox/{problem.ticket}/"
    return problem.reason


def decision_of(call: Call, problem: Refusal, place: Place) -> dict[str, object]:
    """`_meta["io.gatehouse/decision"]` (contract section 5). What is invisible tells nothing but its record."""
    if isinstance(problem, Invisible):
        return {"verdict": "deny", "status": "denied", "record": str(call.id)}
    decision: dict[str, object] = {
        "verdict": problem.verdict,
        "status": problem.status,
        "reason": problem.reason,
        "record": str(call.id),
        "policy": place.policy,
    }
    if problem.rule:
        decision["rule"] = problem.rule
    if problem.ticket is not None:
        decision["ticket"] = str(problem.ticket)
    if isinstance(problem, Denied):
        decision["request_url"] = f"{place.public_url}/admin/calls/{call.id}/"
    if problem.retry_after_ms is not None:
        decision["retry_after_ms"] = problem.retry_after_ms
    return decision


def tool_error(text: str, decision: Mapping[str, object], era: Era) -> bytes:
    """A tool result with isError."""
    result: dict[str, object] = {
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "_meta": {DECISION: decision},
    }
    if era is Era.MODERN:
        result["resultType"] = "complete"
    return _encode(result)


def unknown(call: Call, problem: Refusal, place: Place) -> Reply:
    """The answer to an item that is unknown, unapproved, hidden or out of reach: the same bytes for all of them."""
    decision = decision_of(call, problem, place)
    if call.method == TOOLS_CALL:
        return Reply(result=tool_error(f"Unknown tool: {call.item}", decision, call.era))
    data = {DECISION: decision} | ({"uri": call.item} if call.kind is Kind.RESOURCE else {})
    reply = error(INVALID_PARAMS, f"Unknown {call.kind.value}: {call.item}", data)
    return Reply(error=reply.error, http=400 if call.era is Era.MODERN else 200)


def input_required(state: str) -> Reply:
    """The end of one leg of a held call: the agent calls again with the sealed state (stateless era)."""
    meta = {META_SERVER: SERVER_INFO}
    return Reply(result=_encode({"resultType": "input_required", "requestState": state, "_meta": meta}))


def for_era(reply: Reply, call: Call) -> Reply:
    """A server's own result, completed for an agent of the stateless era where the server is of the other one."""
    if call.era is not Era.MODERN:
        return reply
    if reply.result is None:
        return msgspec.structs.replace(reply, http=_status_of(reply.error or b""))
    more = [] if _has(reply.result, "resultType") else [_complete]
    result = reply.result
    if call.method == "resources/read":
        members = _members(result)
        result = _encode({key: raw for key, raw in members.items() if key not in ("ttlMs", "cacheScope")})
        more.append(b'"ttlMs":0,"cacheScope":"private"')
    return msgspec.structs.replace(reply, result=_with(result, more))


def _status_of(error: bytes) -> int:
    """The HTTP status that the stateless era gives a server's error."""
    try:
        code = msgspec.json.decode(error, type=_Code).code
    except msgspec.DecodeError:
        return 200
    return STATUS.get(code, 200)


def asks(result: bytes) -> bool:
    """Whether a server's result is a question to the agent (stateless era), however its JSON is spelt."""
    if b'"input_required"' not in result and b"\\u" not in result:
        return False
    return msgspec.json.decode(result, type=_Kind).resultType == "input_required"


def request_state_of(result: bytes) -> bytes | None:
    """The server's own request state as raw JSON, where its question has one."""
    state = _members(result).get("requestState")
    return bytes(state) if state is not None else None


def input_requests_of(result: bytes) -> dict[str, tuple[str, bytes]]:
    """The server's questions by key: method and raw params. Raises msgspec.DecodeError for what is none."""
    asked = msgspec.json.decode(_members(result).get("inputRequests", b"{}"), type=_Questions)
    return {key: (one.method, msgspec.json.encode(one.params)) for key, one in asked.items()}


def with_request_state(result: bytes, state: str) -> bytes:
    """A server's question with our request state in place of its own."""
    members = {key: raw for key, raw in _members(result).items() if key != "requestState"}
    return _encode({**members, "requestState": state})


def questions(asked: Mapping[str, tuple[str, bytes]], state: str) -> Reply:
    """Questions of a session-era server to a stateless agent."""
    wire = {key: {"method": method, "params": msgspec.Raw(params)} for key, (method, params) in asked.items()}
    body = {"resultType": "input_required", "inputRequests": wire, "requestState": state}
    return Reply(result=_encode({**body, "_meta": {META_SERVER: SERVER_INFO}}))


class _Code(msgspec.Struct):
    code: int


class _Kind(msgspec.Struct):
    resultType: object = None


class _Question(msgspec.Struct):
    method: str
    params: dict[str, msgspec.Raw] = {}


_Questions = Annotated[dict[str, _Question], msgspec.Meta(max_length=MAX_ASKED)]


def _members(result: bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(result, type=dict[str, msgspec.Raw])


def _object(raw: bytes) -> dict[str, msgspec.Raw]:
    """The members of a raw object, none of anything else."""
    try:
        return _members(raw)
    except msgspec.DecodeError:
        return {}


def _has(result: bytes, member: str) -> bool:
    return b'"%s"' % member.encode() in result and member in _members(result)


def _with(result: bytes, more: list[bytes]) -> bytes:
    """The members `more` at the end of a raw object."""
    if not more:
        return result
    bare = result.rstrip()
    comma = b"" if bare[1:-1].strip() == b"" else b","
    return bare[:-1] + comma + b",".join(more) + b"}"


def own_result(fields: Mapping[str, object], era: Era) -> Reply:
    """A result of the gateway's own: discover, ping, lists."""
    body = dict(fields)
    if era is Era.MODERN:
        body["resultType"] = "complete"
        body["_meta"] = {META_SERVER: SERVER_INFO}
    return Reply(result=_encode(body))


def event(message: bytes) -> bytes:
    """One server-sent event that carries a JSON-RPC message; a server may have written its part over several lines."""
    if b"\n" in message or b"\r" in message:
        message = b"\ndata: ".join(message.splitlines())
    return b"event: message\ndata: " + message + b"\n\n"


def notification(method: str, params: bytes) -> bytes:
    """A notification."""
    return b'{"jsonrpc":"2.0","method":%s,"params":%s}' % (_encode(method), params)


def request(number: bytes, method: str, params: bytes) -> bytes:
    """A request of the gateway's, on behalf of a server."""
    return b'{"jsonrpc":"2.0","id":%s,"method":%s,"params":%s}' % (number, _encode(method), params)


def raw(value: object) -> bytes:
    """Any plain value as JSON."""
    return _encode(value)


def teller(put: Callable[[str, bytes], None], name: str, subscription: bytes) -> Callable[[str, bytes], None]:
    """Puts notifications with the id of the subscription that they belong to in `_meta`."""

    def tell(method: str, params: bytes) -> None:
        members = dict(_members(params))
        meta = _object(members.get("_meta", b"{}"))
        put(method, _encode({**members, "_meta": {**meta, name: msgspec.Raw(subscription)}}))

    return tell


def subscription_end(rpc_id: bytes, name: str) -> bytes:
    """The result that ends a subscription in good order."""
    meta = {name: msgspec.Raw(rpc_id), META_SERVER: SERVER_INFO}
    return response(rpc_id, Reply(result=_encode({"resultType": "complete", "_meta": meta})))


def progress(token: bytes, number: int, message: str) -> bytes:
    """A progress notification for a request that waits."""
    params = b'{"progressToken":%s,"progress":%d,"message":%s}' % (token, number, _encode(message))
    return notification("notifications/progress", params)
