"""Calls that stay open while a stateless agent answers a session-era server: judged again on each leg, ended once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway import parked, runtime
from governance import approvals, policies, switches
from governance.models import Escalation, Person
from governance.rights import Machine
from tests.gateway.inside import POLICY, Inside, in_thread, inside
from tests.gateway.speaking import Modern, Streaming
from tests.raw_agent import Reply
from tests.upstream_faults import FAULTS, SSE_HEAD, event, piece
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually_async

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]
KEY = "AK" + "IA" + "Q3EGS7W2XK5TJ9LM"
CAN = {"elicitation": {}}
ACCEPT = {"action": "accept", "content": {"name": "bob"}}
ONCE = "{id: echoing, tool: echo, action: allow, limit: {calls: 1, per: 1h, by: agent}, reason: A test}"


class Asking:
    """What `echo` does at the server: it asks, and answers with what it got; `enough` makes it go on without."""

    def __init__(self) -> None:
        self.enough = asyncio.Event()
        self.place: Inside | None = None
        self.questions = 1

    async def __call__(self, wire: Any, message: Any, good: bytes) -> None:
        """Serve one call."""
        await wire.send(SSE_HEAD)
        got = []
        for number in range(self.questions):
            name = f"q{message['id']}-{number}"
            asked = {
                "jsonrpc": "2.0",
                "id": name,
                "method": "elicitation/create",
                "params": {"message": f"who{number}?"},
            }
            await wire.send(piece(event(json.dumps(asked).encode())))
            await self._answered(name)
            got += [one.message for one in self._posts() if one.message.get("id") == name]
        result = {"content": [{"type": "text", "text": json.dumps([one.get("result") for one in got])}]}
        answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
        await wire.send(piece(event(answer)) + b"0\r\n\r\n")

    async def _answered(self, name: str) -> None:
        assert self.place is not None
        answered = self.place.simulator.until(lambda: any(one.message.get("id") == name for one in self._posts()), 30)
        waits = [asyncio.ensure_future(answered), asyncio.ensure_future(self.enough.wait())]
        await asyncio.wait(waits, return_when="FIRST_COMPLETED")
        for wait in waits:
            wait.cancel()

    def _posts(self) -> list[Any]:
        assert self.place is not None
        return [one for one in self.place.simulator.received if one.verb == "POST" and "method" not in one.message]


@asynccontextmanager
async def asking(monkeypatch: pytest.MonkeyPatch, policy: str = POLICY) -> AsyncIterator[tuple[Inside, Asking]]:
    """A gateway in front of a session-era server that asks."""
    act = Asking()
    monkeypatch.setitem(FAULTS, "echo", act)
    old = HttpSimulator(Offer(eras=frozenset(("legacy",))), session=True)
    async with inside(policy, simulator=old, serving={"client_requests": {"elicitation": "allow"}}) as place:
        act.place = place
        yield place, act


def started(agent: Modern, **more: Any) -> Streaming:
    """A leg under way."""
    return agent.start("tools/call", name="echo", arguments={"text": "x"}, **more)


async def leg(agent: Modern, **more: Any) -> Reply:
    """A whole leg."""
    return await started(agent, **more).over()


def next_leg(first: Reply, said: Any = None) -> dict[str, Any]:
    """What the leg after this one brings."""
    answers = dict.fromkeys(first.result["inputRequests"], ACCEPT if said is None else said)
    return {"requestState": first.result["requestState"], "inputResponses": answers}


def calls(place: Inside) -> int:
    """How many calls reached the server."""
    return len(place.simulator.calls("tools/call"))


async def test_a_question_ends_the_leg_and_the_answer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocol 1.5: one call at the server, one intent, one outcome."""
    async with asking(monkeypatch) as (place, _):
        first = await leg(Modern(place, CAN))
        assert first.result["resultType"] == "input_required"
        assert [one["params"] for one in first.result["inputRequests"].values()] == [{"message": "who0?"}]
        last = await leg(Modern(place, CAN), **next_leg(first))
        assert json.loads(last.text) == [ACCEPT] and last.result["resultType"] == "complete"
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "ok")]
        again = await leg(Modern(place, CAN), **next_leg(first))
        assert (again.status, again.error["code"], calls(place)) == (400, -32602, 1)
        assert place.gateway.parked._parked == {}


async def test_several_questions_make_several_legs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other; an answer that is left out is asked for again."""
    async with asking(monkeypatch) as (place, act):
        act.questions = 2
        first = await leg(Modern(place, CAN))
        same = await leg(Modern(place, CAN), requestState=first.result["requestState"])
        stray = {"requestState": same.result["requestState"], "inputResponses": {"nobody asked": ACCEPT}}
        assert (await leg(Modern(place, CAN), **stray)).result["inputRequests"] == first.result["inputRequests"]
        second = await leg(Modern(place, CAN), **next_leg(first))
        assert [one["params"] for one in second.result["inputRequests"].values()] == [{"message": "who1?"}]
        last = await leg(Modern(place, CAN), **next_leg(second))
        assert json.loads(last.text) == [ACCEPT, ACCEPT] and calls(place) == 1


async def test_two_legs_at_once_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that answers twice: the second is refused, and the first goes on."""
    async with asking(monkeypatch) as (place, act):
        act.questions = 2
        first = await leg(Modern(place, CAN))
        legs = [started(Modern(place, CAN), **next_leg(first)) for _ in range(2)]
        replies = [await one.over() for one in legs]
        refused = [reply for reply in replies if reply.status == 400]
        going = next(reply for reply in replies if reply.status == 200)
        assert len(refused) == 1 and "in use" in refused[0].error["message"]
        last = await leg(Modern(place, CAN), **next_leg(going))
        assert json.loads(last.text) == [ACCEPT, ACCEPT]
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "ok")]


async def test_a_state_is_refused_for_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another agent, other arguments, another tool; the call still waits for the right one."""
    async with asking(monkeypatch) as (place, _):
        first = await leg(Modern(place, CAN))
        more = next_leg(first)
        wrong = [
            await leg(Modern(place, CAN, "other-bot"), **more),
            await Modern(place, CAN).request("tools/call", name="echo", arguments={"text": "y"}, **more),
            await Modern(place, CAN).request("tools/call", name="add", arguments={"text": "x"}, **more),
        ]
        assert [(one.status, one.error["code"]) for one in wrong] == [(400, -32602)] * 3
        assert json.loads((await leg(Modern(place, CAN), **more)).text) == [ACCEPT] and calls(place) == 1


@pytest.mark.parametrize(
    "said", [{"action": "accept", "content": {"name": KEY}}, KEY, [KEY]], ids=["form", "text", "list"]
)
async def test_a_secret_in_an_answer_does_not_leave(monkeypatch: pytest.MonkeyPatch, said: Any) -> None:
    """ADR 0006, point 7."""
    async with asking(monkeypatch) as (place, _):
        first = await leg(Modern(place, CAN))
        last = await leg(Modern(place, CAN), **next_leg(first, said))
        assert json.loads(last.text) == [None], "the server was told that there is no answer"
        assert all(KEY.encode() not in one.body for one in place.simulator.received)


async def test_a_closed_leg_gives_the_call_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first leg, before a question, and a later one: each with one closing record."""
    async with asking(monkeypatch) as (place, act):
        act.questions = 2
        first = await leg(Modern(place, CAN))
        monkeypatch.setattr(act, "_posts", list)  # The server takes its time from here on.
        second = started(Modern(place, CAN), **next_leg(first))
        await eventually_async(lambda: all(one.on_a_leg for one in place.gateway.parked._parked.values()))
        await second.left()
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "cancelled")]
        assert place.gateway.parked._parked == {}


async def test_a_call_that_nobody_comes_back_to_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time; the server sees that its caller has left."""
    monkeypatch.setattr(parked, "WAITS", 0.2)
    async with asking(monkeypatch) as (place, _):
        first = await leg(Modern(place, CAN))
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "cancelled")]
        late = await leg(Modern(place, CAN), **next_leg(first))
        assert (late.status, late.error["code"]) == (400, -32602) and "is over" in late.error["message"]
        assert calls(place) == 1


@pytest.mark.parametrize(("mode", "status"), [("deny", "stopped"), ("escalate", "denied")])
async def test_a_stop_in_between_ends_the_call(monkeypatch: pytest.MonkeyPatch, mode: str, status: str) -> None:
    """Judged again on every leg; what would have to be held anew is a no, because it runs already."""
    async with asking(monkeypatch) as (place, _):
        first = await leg(Modern(place, CAN))
        stop = {"scope_kind": "server", "scope_name": "tools", "mode": mode, "reason": "look", "by": Machine.OPERATOR}
        await in_thread(switches.stop, **stop)
        await place.caught_up()
        last = await leg(Modern(place, CAN), **next_leg(first))
        assert last.result["isError"] and last.decision["status"] == status
        entries = await place.entries(last.decision["record"])
        assert entries == [("call.intent", ""), ("call.outcome", "cancelled")] == await place.entries()
        assert not [one for one in place.simulator.received if b'"bob"' in one.body]


async def test_a_limit_that_the_call_took_from_lets_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was counted when it was sent, and is not counted against itself."""
    async with asking(monkeypatch, POLICY.replace(POLICY.split("\n")[4].strip()[2:], ONCE)) as (place, _):
        first = await leg(Modern(place, CAN))
        last = await leg(Modern(place, CAN), **next_leg(first))
        assert json.loads(last.text) == [ACCEPT]
        assert (await leg(Modern(place, CAN))).decision["status"] == "limited" and calls(place) == 1


ASK_FIRST = """
version: "1"
default: deny
rules:
  - {id: echoing, tool: echo, action: escalate, reason: A test, approve: {from: [team:platform], within: 10m}}
"""
MORE = "\n  - {id: %s, tool: echo, action: %s, reason: New%s}\n"
NEW_RULES = {
    "nothing": "",
    "deny": MORE % ("no", "deny", ""),
    "escalate": MORE % ("again", "escalate", ", approve: {from: [team:platform], within: 5m}"),
}


@pytest.mark.parametrize("new", list(NEW_RULES))
async def test_an_approval_holds_for_the_legs_until_the_policy_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, new: str
) -> None:
    """Contract 4.14: it answers the rules that it names; a deny, or another rule that asks, still holds."""
    async with asking(monkeypatch, ASK_FIRST) as (place, _):
        held = await leg(Modern(place, CAN))
        assert calls(place) == 0
        ticket = await in_thread(approve_all)
        first = await leg(Modern(place, CAN), requestState=held.result["requestState"])
        assert len(first.result["inputRequests"]) == 1 and calls(place) == 1
        if new != "nothing":
            before = place.gateway.holder.current().rules
            await in_thread(policies.publish, ASK_FIRST + NEW_RULES[new], by=Machine.OPERATOR, reason="stricter")
            await eventually_async(lambda: place.gateway.holder.current().rules is not before, what="the new policy")
        last = await leg(Modern(place, CAN), **next_leg(first))
        escalation = await in_thread(Escalation.objects.get, pk=ticket)
    assert (escalation.state, escalation.leg) == ("redeemed", 0)
    if new == "nothing":
        assert json.loads(last.text) == [ACCEPT]
    else:
        assert last.decision["status"] == "denied" and last.decision["rule"] == {"deny": "no", "escalate": "again"}[new]


def approve_all() -> Any:
    """Approve what waits; its id."""
    waiting = Escalation.objects.get(state="waiting")
    approvals.approve(escalation_id=waiting.pk, by=Person.objects.get(email="sec@example.com"), stepped_up=True)
    return waiting.pk


async def test_what_ends_between_two_legs_is_there_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server did not wait for the answer: its result is not lost."""
    async with asking(monkeypatch) as (place, act):
        first = await leg(Modern(place, CAN))
        act.enough.set()
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "ok")]
        last = await leg(Modern(place, CAN), **next_leg(first))
        assert last.text == "[]"
        again = await leg(Modern(place, CAN), **next_leg(first))
        assert again.error["code"] == -32602 and place.gateway.parked._parked == {}


async def test_the_end_of_the_process_closes_what_is_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    """One closing record, written by this process before it seals its epoch; a leg under way gets an answer."""
    async with asking(monkeypatch) as (place, _):
        await leg(Modern(place, CAN))
        await runtime.stop()
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "cancelled")]


async def test_an_agent_parks_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit the server is told that there is no answer; the call itself runs."""
    monkeypatch.setattr(parked, "PER_AGENT", 1)
    async with asking(monkeypatch) as (place, _):
        await leg(Modern(place, CAN))
        assert json.loads((await leg(Modern(place, CAN))).text) == [None]
        assert (await leg(Modern(place, CAN, "other-bot"))).result["resultType"] == "input_required"
