"""Questions where an agent or a server of the session era takes part: on its stream, in time, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.adapters import questions
from tests.gateway.adapters.asking_server import (
    ACCEPT,
    CAN,
    DONE,
    FORM,
    KEY,
    MAY,
    QUESTION,
    answering,
    echoed,
    ended,
    sent,
)
from tests.gateway.inside import Inside, inside
from tests.gateway.mcp.test_questions_on_the_wire import SPELT
from tests.gateway.speaking import Legacy, Modern, Streaming
from tests.upstream_faults import FAULTS, SSE_HEAD, event, piece
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]


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
