"""Replies as bytes: results, refusals and errors in the form each era reads. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from gateway.call import Call, Reply
from gateway.refusal import Denied, Invisible, Malformed, Refusal, StillWaiting
from registry.mcp.revisions import META_SERVER, Era

DECISION = "io.gatehouse/decision"
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
    """A refused tool call: a result with isError where a model should read it, an error where nothing can go on."""
    decision = decision_of(call, problem, place)
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


def unknown_tool(name: str, call: Call, problem: Refusal, place: Place) -> Reply:
    """The answer to a tool that is unknown, unapproved, hidden or out of reach: the same bytes for all of them."""
    return Reply(result=tool_error(f"Unknown tool: {name}", decision_of(call, problem, place), call.era))


def input_required(state: str) -> Reply:
    """The end of one leg of a held call: the agent calls again with the sealed state (stateless era)."""
    meta = {META_SERVER: SERVER_INFO}
    return Reply(result=_encode({"resultType": "input_required", "requestState": state, "_meta": meta}))


def for_era(reply: Reply, call: Call) -> Reply:
    """A server's own result, completed for an agent of the stateless era where the server is of the other one."""
    if call.era is not Era.MODERN or reply.result is None or b'"resultType"' in reply.result:
        return reply
    bare = reply.result.rstrip()
    comma = b"" if bare.rstrip(b"}").strip() == b"{" else b","
    return Reply(result=bare[:-1] + comma + _complete + b"}", http=reply.http)


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


def progress(token: bytes, number: int, message: str) -> bytes:
    """A progress notification for a request that waits."""
    params = b'{"progressToken":%s,"progress":%d,"message":%s}' % (token, number, _encode(message))
    return notification("notifications/progress", params)
