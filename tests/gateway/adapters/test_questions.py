"""Servers that ask in the middle of a call: only what both sides allow, in our own state, answers inspected."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.adapters import questions
from tests.gateway.inside import POLICY, Inside, inside
from tests.gateway.mcp.test_questions_on_the_wire import SPELT
from tests.gateway.speaking import Legacy, Modern, RichOffer, Streaming
from tests.raw_agent import Reply
from tests.upstream_faults import FAULTS, SSE_HEAD, event, piece, whole
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator

pytestmark = pytest.mark.usefixtures("own_database")
KEY = "AK" + "IA" + "Q3EGS7W2XK5TJ9LM"
MAY = {"client_requests": {"elicitation": "allow"}}
CAN = {"elicitation": {}}
FORM = {"method": "elicitation/create", "params": {"message": "who?", "requestedSchema": {}, "mode": "form"}}
QUESTION = {"resultType": "input_required", "inputRequests": {"q": FORM}, "requestState": "theirs"}
DONE = {"content": [{"type": "text", "text": "done"}], "resultType": "complete"}
ACCEPT = {"action": "accept", "content": {"name": "bob"}}


def answering(monkeypatch: pytest.MonkeyPatch, *results: Any) -> None:
    """Let `echo` give these results one after the other, the last one again and again; bytes are sent as they are."""
    left = list(results)

    async def act(wire: Any, message: Any, good: bytes) -> None:
        result = left.pop(0) if len(left) > 1 else left[0]
        raw = result if isinstance(result, bytes) else json.dumps(result).encode()
        await wire.send(whole(b'{"jsonrpc":"2.0","id":%d,"result":%s}' % (message["id"], raw)))

    monkeypatch.setitem(FAULTS, "echo", act)


async def echoed(agent: Modern | Legacy, **more: Any) -> Reply:
    """One call of `echo`."""
    return await agent.request("tools/call", name="echo", arguments={"text": "x"}, **more)


async def ended(place: Inside, reply: Reply, status: str) -> None:
    """The call ended so for the agent, and once in the ledger."""
    assert reply.decision["status"] == status, reply.message
    assert reply.result["isError"] is True and reply.result.get("resultType") != "input_required"
    assert await place.entries(reply.decision["record"]) == [("call.intent", ""), ("call.outcome", status)]


def sent(place: Inside) -> list[dict[str, Any]]:
    """The params of the calls that reached the server."""
    return [one.message["params"] for one in place.simulator.calls("tools/call")]


# Both of the stateless era.


@pytest.mark.parametrize("question", SPELT)
@pytest.mark.parametrize("serving", [{}, {"client_requests": {"elicitation": "allow"}}], ids=["nothing", "other"])
async def test_a_question_that_is_not_allowed_never_reaches_the_agent(
    monkeypatch: pytest.MonkeyPatch, question: bytes, serving: dict[str, Any]
) -> None:
    """In whatever spelling; the server's own state stays here too."""
    answering(monkeypatch, question)
    async with inside(serving=serving) as place:
        reply = await echoed(Modern(place, {"elicitation": {}, "roots": {}, "sampling": {}}))
        await ended(place, reply, "withheld")
    assert b"theirs" not in reply.body and b"roots/list" not in reply.body


@pytest.mark.parametrize(
    "asked",
    [
        {"q": {"method": "roots/list"}},
        {"q": FORM, "p": {"method": "sampling/createMessage", "params": {}}},
        {"q": {"method": "tools/call", "params": {}}},
        {"q": {"method": "ping"}},
        {"q": {"method": "elicitation/create", "params": [1]}},
        {"q": {"method": 5}},
        [],
        5,
        None,
    ],
    ids=repr,
)
async def test_garbage_and_more_than_is_allowed_are_withheld(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    """One question that may not be asked is enough."""
    answering(monkeypatch, QUESTION | {"inputRequests": asked})
    async with inside(serving=MAY) as place:
        await ended(place, await echoed(Modern(place, CAN)), "withheld")


async def test_an_agent_that_declared_nothing_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """ADR 0006, point 7: the server's permission and the agent's capability."""
    answering(monkeypatch, QUESTION)
    async with inside(serving=MAY) as place:
        await ended(place, await echoed(Modern(place)), "withheld")
        await ended(place, await echoed(Modern(place, {"sampling": {}})), "withheld")


async def test_a_question_travels_sealed_and_its_answer_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocol 1.3: our state round theirs; each leg is a call of its own with an outcome."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(serving=MAY) as place:
        agent = Modern(place, CAN)
        first = await echoed(agent)
        state = first.result["requestState"]
        last = await echoed(agent, requestState=state, inputResponses={"q": ACCEPT})
        entries = await place.entries(closed_ones=2)
        told = [one["_meta"]["io.modelcontextprotocol/clientCapabilities"] for one in sent(place)]
        leg = sent(place)[1]
    assert first.result["inputRequests"] == {"q": FORM} and b"theirs" not in first.body
    assert last.text == "done" and told == [CAN, CAN]
    assert leg["requestState"] == "theirs" and leg["inputResponses"] == {"q": ACCEPT}
    assert entries == [("call.intent", ""), ("call.outcome", "ok")] * 2


async def test_a_state_is_refused_for_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another agent, tool, arguments or method; a changed byte; nothing of it reaches the server."""
    answering(monkeypatch, QUESTION)
    async with inside(POLICY + '\n  - {id: all, server: "*", action: allow, reason: A test}\n', serving=MAY) as place:
        agent = Modern(place, CAN)
        state = (await echoed(agent)).result["requestState"]
        leg: dict[str, Any] = {"requestState": state, "inputResponses": {"q": ACCEPT}}
        call: dict[str, Any] = {"name": "echo", "arguments": {"text": "x"}}
        refused = [
            await Modern(place, CAN, "other-bot").request("tools/call", **call, **leg),
            await agent.request("tools/call", **(call | {"arguments": {"text": "y"}}), **leg),
            await agent.request("tools/call", **(call | {"name": "add"}), **leg),
            await agent.request("tools/call", **call, **(leg | {"requestState": state[:-2] + "AA"})),
            await agent.request("tools/call", **call, **(leg | {"requestState": "theirs"})),
        ]
        assert [(one.status, one.error["code"]) for one in refused] == [(400, -32602)] * 5
        assert len(sent(place)) == 1


async def test_answers_are_inspected_like_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """ADR 0006, point 7: a secret in an answer does not leave, in its key neither."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(serving=MAY) as place:
        agent = Modern(place, CAN)
        state = (await echoed(agent)).result["requestState"]
        for answers in ({"q": {"action": "accept", "content": {"name": KEY}}}, {KEY: ACCEPT}):
            reply = await echoed(agent, requestState=state, inputResponses=answers)
            await ended(place, reply, "not_sent")
        assert len(sent(place)) == 1 and all(KEY.encode() not in one.body for one in place.simulator.received)
        assert (await echoed(agent, requestState=state, inputResponses={"q": ACCEPT})).text == "done"


async def test_answers_that_nobody_asked_for_are_refused() -> None:
    """They are no way past the rules for arguments to a server that may not ask."""
    async with inside() as place:
        reply = await echoed(Modern(place, CAN), inputResponses={"q": ACCEPT})
        assert (reply.status, reply.error["code"]) == (400, -32602) and sent(place) == []


async def test_a_state_that_is_too_long_is_withheld_and_recorded_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit and past it; the ledger says what the agent was told."""
    room = questions.outbound.LONGEST_STATE - 2
    answering(monkeypatch, QUESTION | {"requestState": "x" * (room + 1)}, QUESTION | {"requestState": "x" * room}, DONE)
    async with inside(serving=MAY) as place:
        agent = Modern(place, CAN)
        await ended(place, await echoed(agent), "withheld")
        state = (await echoed(agent)).result["requestState"]
        assert (await echoed(agent, requestState=state, inputResponses={"q": ACCEPT})).text == "done"
        assert sent(place)[-1]["requestState"] == "x" * room


async def test_a_completion_is_no_place_for_a_question() -> None:
    """Protocol 1.3: tools, prompts and resources alone."""
    rules = '\n  - {id: all, server: "*", action: allow, reason: A test}\n'
    offer = RichOffer(said={"completion/complete": QUESTION})
    async with inside(POLICY + rules, simulator=HttpSimulator(offer), serving=MAY) as place:
        params: dict[str, Any] = {
            "ref": {"type": "ref/prompt", "name": "greet"},
            "argument": {"name": "a", "value": "b"},
        }
        reply = await Modern(place, CAN).request("completion/complete", **params)
        assert reply.error["code"] == 40300 and reply.decision["status"] == "withheld"
    assert b"theirs" not in reply.body


async def test_a_result_of_an_unknown_kind_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extensions are not ours to judge (issue, point 8)."""
    answering(monkeypatch, {"resultType": "task", "taskId": "t"})
    async with inside() as place:
        reply = await echoed(Modern(place))
    assert reply.result == {"resultType": "task", "taskId": "t"}


# A session-era agent, a stateless server.


def new() -> HttpSimulator:
    """A server of the stateless era alone."""
    return HttpSimulator(Offer(eras=frozenset(("modern",))))


async def question_of(call: Streaming, place: int = 0) -> Any:
    """The question that came on a call's stream."""
    await call.until(lambda: call.methods.count("elicitation/create") > place, "a question")
    return [event for event in call.events if "method" in event][place]


def calling(agent: Legacy) -> Streaming:
    """A call of `echo` under way."""
    return agent.start("tools/call", name="echo", arguments={"text": "x"})


@pytest.mark.parametrize("capabilities", [{}, {"roots": {}}], ids=["none", "another"])
@pytest.mark.parametrize("serving", [{}, MAY], ids=["may not", "may"])
async def test_an_agent_that_cannot_be_asked_gets_an_error_result(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, Any], serving: dict[str, Any]
) -> None:
    """The decision: never an `input_required` for a session-era client, but an end whose effect is unknown."""
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=serving) as place:
        reply = await echoed(await Legacy.opened(place, capabilities))
        await ended(place, reply, "unknown")
        assert len(sent(place)) == 1 and "got no answer" in reply.text
    assert b"theirs" not in reply.body and b"input_required" not in reply.body


async def test_a_session_is_asked_and_the_server_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocol 1.5: all of it under one intent."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(simulator=new(), serving=MAY) as place:
        agent = await Legacy.opened(place, CAN)
        call = calling(agent)
        question = await question_of(call)
        assert question["params"] == FORM["params"]
        assert await agent.answer(question, result=ACCEPT) == 202
        assert await agent.answer(question, result={"action": "decline"}) == 202, "a second answer is dropped"
        reply = await call.over()
        entries = await place.entries()
        assert sent(place)[1]["inputResponses"] == {"q": ACCEPT} and sent(place)[1]["requestState"] == "theirs"
    assert reply.text == "done" and entries == [("call.intent", ""), ("call.outcome", "ok")]


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"code": -1, "message": "no"}},
        {"error": 5},
        {"result": {"action": "accept", "content": {"name": KEY}}},
        {"error": {"code": -1, "message": KEY}},
    ],
    ids=["error", "garbage", "secret", "secret in an error"],
)
async def test_a_session_that_answers_badly_ends_its_call(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    """Nothing of it reaches the server."""
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=MAY) as place:
        agent = await Legacy.opened(place, CAN)
        call = calling(agent)
        await agent.answer(await question_of(call), **said)
        await ended(place, await call.over(), "unknown")
        assert len(sent(place)) == 1 and all(KEY.encode() not in one.body for one in place.simulator.received)


async def test_another_agent_cannot_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are easily guessed; an answer counts in its own session."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(simulator=new(), serving=MAY) as place:
        agent, other = await Legacy.opened(place, CAN), await Legacy.opened(place, CAN, "other-bot")
        call = calling(agent)
        question = await question_of(call)
        await other.answer(question, result={"action": "accept", "content": {"name": "mallory"}})
        await agent.answer(question, result=ACCEPT)
        assert (await call.over()).text == "done"
        assert sent(place)[1]["inputResponses"] == {"q": ACCEPT}


async def test_an_agent_that_never_answers_ends_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for asking is bounded."""
    monkeypatch.setattr(questions, "ASK_SECONDS", 0.3)
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=MAY) as place:
        call = calling(await Legacy.opened(place, CAN))
        await question_of(call)
        reply = await call.over()
        await ended(place, reply, "unknown")
    assert "did not answer within" in reply.text


async def test_an_agent_that_leaves_in_the_middle_ends_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would hear the result; one closing record."""
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=MAY) as place:
        call = calling(await Legacy.opened(place, CAN))
        await question_of(call)
        await call.left()
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "unknown")]
        assert len(sent(place)) == 1


async def test_the_end_of_the_session_ends_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """DELETE in the middle."""
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=MAY) as place:
        agent = await Legacy.opened(place, CAN)
        call = calling(agent)
        await question_of(call)
        assert await agent.delete() == 200
        await ended(place, await call.over(), "unknown")


async def test_a_cancelled_call_ends_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """`notifications/cancelled` in the middle."""
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=MAY) as place:
        agent = await Legacy.opened(place, CAN)
        call = agent.start("tools/call", rpc_id="mine", name="echo", arguments={"text": "x"})
        await question_of(call)
        await agent.send({"method": "notifications/cancelled", "params": {"requestId": "mine"}}).over()
        await call.over()
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "cancelled")]


async def test_a_server_that_goes_on_asking_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most eight rounds (protocol 1.5)."""
    answering(monkeypatch, QUESTION)
    async with inside(simulator=new(), serving=MAY) as place:
        agent = await Legacy.opened(place, CAN)
        call = calling(agent)
        for round_ in range(questions.ROUNDS):
            await agent.answer(await question_of(call, round_), result=ACCEPT)
        reply = await call.over()
        await ended(place, reply, "unknown")
        assert len(sent(place)) == questions.ROUNDS + 1


async def test_two_requests_with_one_id_are_not_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused while the first runs."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(simulator=new(), serving=MAY) as place:
        agent = await Legacy.opened(place, CAN)
        first = agent.start("tools/call", rpc_id=7, name="echo", arguments={"text": "x"})
        question = await question_of(first)
        second = await agent.start("tools/call", rpc_id=7, name="echo", arguments={"text": "x"}).over()
        await agent.answer(question, result=ACCEPT)
        assert second.error["code"] == -32600 and (await first.over()).text == "done"


# A session-era server.


def old(**named: Any) -> HttpSimulator:
    """A server of the session era."""
    return HttpSimulator(Offer(eras=frozenset(("legacy",))), session=True, **named)


@pytest.mark.parametrize("question", SPELT)
async def test_a_session_era_server_has_no_such_result(monkeypatch: pytest.MonkeyPatch, question: bytes) -> None:
    """It would be a way round `client_requests` otherwise."""
    answering(monkeypatch, question)
    async with inside(simulator=old(), serving=MAY) as place:
        for agent in (Modern(place, CAN), await Legacy.opened(place, CAN)):
            reply = await echoed(agent)
            await ended(place, reply, "withheld")
            assert b"theirs" not in reply.body


@pytest.mark.parametrize(
    ("method", "serving", "capabilities"),
    [
        ("elicitation/create", {}, CAN),
        ("elicitation/create", MAY, {}),
        ("sampling/createMessage", MAY, {"sampling": {}, "elicitation": {}}),
        ("tools/call", MAY, CAN),
        ("x/y", MAY, CAN),
    ],
)
async def test_a_session_era_server_is_told_that_it_may_not_ask(
    monkeypatch: pytest.MonkeyPatch, method: str, serving: dict[str, Any], capabilities: dict[str, Any]
) -> None:
    """Agents of neither era see anything of it."""

    async def act(wire: Any, message: Any, good: bytes) -> None:
        await wire.send(SSE_HEAD)
        number = f"q{message['id']}"
        asked = {"jsonrpc": "2.0", "id": number, "method": method, "params": {"message": "who?"}}
        await wire.send(piece(event(json.dumps(asked).encode())))
        await place.simulator.until(lambda: any(one.message.get("id") == number for one in posts(place)))
        said = next(one.message for one in posts(place) if one.message.get("id") == number)
        result = DONE | {"content": [{"type": "text", "text": json.dumps(said.get("error", {}).get("code"))}]}
        answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        await wire.send(piece(event(answer)) + b"0\r\n\r\n")

    monkeypatch.setitem(FAULTS, "echo", act)
    async with inside(simulator=old(), serving=serving) as place:
        for agent in (Modern(place, capabilities), await Legacy.opened(place, capabilities)):
            reply = await echoed(agent)
            assert reply.text == "-32601" and b"who?" not in reply.body


def posts(place: Inside) -> list[Any]:
    """Everything that was posted to the server."""
    return [one for one in place.simulator.received if one.verb == "POST"]


def test_what_an_agent_declares_is_told_within_bounds() -> None:
    """A client that declares a megabyte is taken to declare nothing; nothing is told that may not be asked."""
    server: Any = SimpleNamespace(allows=frozenset(("elicitation",)))
    told = questions.capabilities_of(server, questions.Client(capabilities={"elicitation": {"url": {}}, "roots": {}}))
    assert json.loads(told) == {"elicitation": {"url": {}}}
    large = questions.Client(capabilities={"elicitation": {"x": "y" * questions.DECLARED_BYTES}})
    assert questions.capabilities_of(server, large) == b"{}"
