"""Servers that ask in the middle of a call: only what both sides allow, in our own state, answers inspected."""

from __future__ import annotations

import json
from types import SimpleNamespace
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
from tests.gateway.inside import POLICY, inside
from tests.gateway.mcp.test_questions_on_the_wire import SPELT
from tests.gateway.speaking import Modern, RichOffer
from tests.upstream_simulator import HttpSimulator

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]


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
    """Extensions are not ours to judge."""
    answering(monkeypatch, {"resultType": "task", "taskId": "t"})
    async with inside() as place:
        reply = await echoed(Modern(place))
    assert reply.result == {"resultType": "task", "taskId": "t"}


def test_what_an_agent_declares_is_told_within_bounds() -> None:
    """A client that declares a megabyte is taken to declare nothing; nothing is told that may not be asked."""
    server: Any = SimpleNamespace(allows=frozenset(("elicitation",)))
    told = questions.capabilities_of(server, questions.Client(capabilities={"elicitation": {"url": {}}, "roots": {}}))
    assert json.loads(told) == {"elicitation": {"url": {}}}
    large = questions.Client(capabilities={"elicitation": {"x": "y" * questions.DECLARED_BYTES}})
    assert questions.capabilities_of(server, large) == b"{}"
