"""What servers ask of agents in the middle of a call: offered to the agent where both sides allow it, and inspected."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from gateway.call import Client, Continuation, Ruling
from gateway.mcp import outbound
from gateway.ports import Channel, NobodyAnswers
from gateway.refusal import UpstreamFailed
from gateway.screening import screen_notice
from gateway.snapshot.model import ServerRecord
from governance.canonical import strict_json
from governance.canonical.values import JSON
from governance.inspection.finding import TooManyFindings
from governance.policy.decide import decide
from governance.policy.values import Action, ContentFinding
from registry.mcp.jsonrpc import error_object
from registry.transports.base import ASK_SECONDS, Answer

ASKS = {"sampling/createMessage": "sampling", "elicitation/create": "elicitation", "roots/list": "roots"}
ROUNDS = 8
DECLARED_BYTES = 4000
NOT_OFFERED, REFUSED = -32601, -32603
_encode = msgspec.json.Encoder().encode


def capabilities_of(server: ServerRecord, client: Client) -> bytes:
    """What the server is told that its client can do: what the agent declared, as far as the server may ask for it."""
    if not server.allows:
        return b"{}"
    told = strict_json.encode({name: said for name, said in client.capabilities.items() if name in server.allows})
    return told if len(told) <= DECLARED_BYTES else b"{}"


async def put(method: str, params: bytes, ruling: Ruling, back: Channel) -> Answer:
    """The agent's answer to one question, or an error that tells the server why there is none."""
    what = ASKS.get(method)
    if what is None or what not in ruling.server.allows or what not in ruling.call.client.capabilities:
        return Answer(error=error_object(NOT_OFFERED, "this client offers no such capability"))
    fit = screen_notice(params, ruling)
    if fit is None:
        return Answer(error=error_object(REFUSED, "the question was withheld"))
    try:
        answer = await _while_there(back, method, fit)
    except NobodyAnswers as problem:
        return Answer(error=error_object(REFUSED, str(problem)))
    if not _may_leave(answer.result or answer.error or b"null", ruling):
        return Answer(error=error_object(REFUSED, "the agent's answer was withheld"))
    return answer


async def _while_there(back: Channel, method: str, params: bytes) -> Answer:
    """The agent's answer; in the session era it has to come while the request that it belongs to is open."""
    if back.polls:
        return await back.ask(method, params)
    asking = asyncio.ensure_future(back.ask(method, params))
    leaving = asyncio.ensure_future(back.until_gone())
    try:
        await asyncio.wait({asking, leaving}, return_when="FIRST_COMPLETED")
        if not asking.done():
            raise NobodyAnswers("the agent has left")
        return asking.result()
    finally:
        asking.cancel()
        leaving.cancel()


def _may_leave(answer: bytes, ruling: Ruling) -> bool:
    """Whether the rules let an answer go to the server; what it holds is judged like arguments of the call."""
    try:
        value = strict_json.parse(answer)
        findings = ruling.snapshot.detectors.inspect_json(value)
    except (strict_json.Malformed, TooManyFindings):
        return False
    if not findings:
        return True
    content = tuple(ContentFinding("arguments", f.cls, str(f.severity), f.rule) for f in findings)
    facts = replace(ruling.gathered.facts, findings=content)
    rules = ruling.snapshot.rules_for(ruling.item.item)
    verdict = decide(rules, ruling.agent.caller, ruling.call.arguments, facts)
    return verdict.action is Action.ALLOW


async def answered(result: bytes, ruling: Ruling, back: Channel) -> bytes:
    """The params of the next round after a stateless server asked a session-era agent. Raises UpstreamFailed."""
    try:
        asked = outbound.input_requests_of(result)
    except msgspec.DecodeError as problem:
        raise _failed(ruling, "asked something that cannot be read") from problem
    answers: dict[str, JSON] = {}
    try:
        async with asyncio.timeout(ASK_SECONDS):
            for key, (method, params) in asked.items():
                answer = await put(method, _as_sessions_ask(method, params), ruling, back)
                if answer.result is None:
                    raise _failed(ruling, f"asked the agent for {method[:80]}, which got no answer")
                answers[key] = strict_json.parse(answer.result)
    except TimeoutError:
        raise _failed(ruling, f"asked the agent, which did not answer within {ASK_SECONDS:g} s") from None
    return Continuation(outbound.request_state_of(result), answers).params(ruling.call.params)


def _as_sessions_ask(method: str, params: bytes) -> bytes:
    """The params of a question in the session era, where one to open an address has to have an id of its own."""
    if method != "elicitation/create":
        return params
    members = msgspec.json.decode(params, type=dict[str, msgspec.Raw])
    if bytes(members.get("mode", b"")) != b'"url"' or "elicitationId" in members:
        return params
    return _encode(members | {"elicitationId": f"gatehouse-{secrets.token_urlsafe(12)}"})


def unanswerable(ruling: Ruling) -> UpstreamFailed:
    """The end of a call whose server went on asking."""
    return _failed(ruling, f"asked more than {ROUNDS} times")


def _failed(ruling: Ruling, what: str) -> UpstreamFailed:
    text = f"Server {ruling.server.name} {what}; whether it acted is unknown."
    return UpstreamFailed(text, status="unknown", sent=True)


def later_params(ruling: Ruling) -> bytes:
    """What is forwarded: on a later leg with the agent's answers and the server's own state.

    Raises UpstreamFailed, unsent, for answers that may not leave.
    """
    call = ruling.call
    if call.continuation is None:
        return call.params
    if call.continuation.answers and not _may_leave(strict_json.encode(dict(call.continuation.answers)), ruling):
        text = f"The answers to {ruling.server.name} hold something that may not leave; nothing was sent."
        raise UpstreamFailed(text, status="not_sent", sent=False)
    return call.continuation.params(call.params)


def allowed_questions(result: bytes, ruling: Ruling) -> bool:
    """Whether every question of a stateless server is one that it may ask this agent."""
    try:
        asked: Mapping[str, tuple[str, bytes]] = outbound.input_requests_of(result)
    except msgspec.DecodeError:
        return False
    client = ruling.call.client.capabilities
    kinds = [ASKS.get(method) for method, _ in asked.values()]
    return all(kind is not None and kind in ruling.server.allows and kind in client for kind in kinds)
