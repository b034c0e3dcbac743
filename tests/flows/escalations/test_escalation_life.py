"""The life of a held call: waiting, detached, decided, redeemed once by the identical call and by nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.flows.escalations.held import LEG, TEXT, again, approved, detached, escalation, statuses
from tests.flows.offices import Office
from tests.raw_agent import Approver
from tests.waiting import eventually

# While the client waits.


@pytest.mark.parametrize("legacy", [True, False])
def test_an_approval_lets_the_waiting_call_through(place: Office, path: str, legacy: bool) -> None:
    """The call completes on the request that waits, and was forwarded once."""
    waiting = place.agent(legacy=legacy).started("write_file", path=path, content=TEXT)
    ticket = place.waits(path)["id"]
    assert not place.log.having(path)
    assert place.approver().approve(ticket)[0] == 200
    reply = waiting.result(10)
    assert reply.text == f"wrote {len(TEXT)} characters to {path}"
    assert len(place.log.having(path)) == 1
    assert escalation(place, ticket)["state"] == "redeemed"
    intents = [e for e in place.running.ledger("call.intent") if e.get("approval", {}).get("escalation") == ticket]
    assert [intent["approval"]["by"] for intent in intents] == [["approver@example.com"]]


@pytest.mark.parametrize("legacy", [True, False])
def test_a_denial_reaches_the_waiting_client_with_its_reason(place: Office, path: str, legacy: bool) -> None:
    """Protocol 2.3: a result the model can read, naming who and why."""
    waiting = place.agent(legacy=legacy).started("write_file", path=path, content=TEXT)
    place.approver().deny(place.waits(path)["id"], "not on a Friday")
    reply = waiting.result(10)
    assert reply.result["isError"] and reply.text == "Denied by approver@example.com: not on a Friday"
    assert reply.decision["status"] == "denied"
    assert not place.log.having(path)


def test_the_session_era_shows_life_while_it_waits(place: Office, path: str) -> None:
    """Protocol 2.3: an event stream at once, so that no client times out on silence."""
    reply = place.agent(legacy=True).call("write_file", path=path, content=TEXT, meta={"progressToken": "p"})
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.headers["x-accel-buffering"] == "no"
    assert reply.body.startswith(b": ")


def test_modern_legs_end_and_begin_until_the_ninth(place: Office, path: str) -> None:
    """Protocol 2.3: eight sealed states, each after one leg, then the pending result."""
    agent, legs, reply = place.agent(), 0, None
    state = ""
    while reply is None or reply.result.get("resultType") == "input_required":
        begun = time.monotonic()
        reply = agent.call("write_file", state=state, path=path, content=TEXT)
        assert LEG - 0.1 <= time.monotonic() - begun < LEG + 2
        state, legs = reply.result.get("requestState", ""), legs + 1
        assert legs == 9 or set(reply.result) == {"resultType", "requestState", "_meta"}
    assert legs == 9
    assert reply.decision["status"] == "waiting"
    held = [entry for entry in place.running.ledger("call.held") if entry["arguments"]["redacted"].get("path") == path]
    assert len(held) == 1, "later legs add no entry"


# Detached.


def test_a_detached_call_is_redeemed_by_the_identical_call_once(place: Office, path: str) -> None:
    """Contract section 6: pending result, approval later, one forward; the call after that asks anew."""
    ticket = again(place, path).decision["ticket"]
    pending = escalation(place, ticket)
    assert (pending["state"], pending["detached"]) == ("waiting", True)
    assert place.approver().approve(ticket)[0] == 200
    assert not place.log.having(path), "nothing runs while nobody waits for it"
    assert again(place, path).text.startswith("wrote")
    assert len(place.log.having(path)) == 1
    third = again(place, path)
    assert third.decision["status"] == "waiting" and third.decision["ticket"] != ticket
    assert len(place.log.having(path)) == 1


def test_the_pending_result_says_what_to_do(place: Office, path: str) -> None:
    """Protocol 2.3: ticket, review address, when to come back."""
    reply = again(place, path)
    ticket = reply.decision["ticket"]
    assert f"Approval pending (ticket {ticket}). Nothing was executed." in reply.text
    assert f"{place.running.url}/admin/inbox/{ticket}/" in reply.text
    assert reply.decision["retry_after_ms"] > 0 and reply.result["isError"]


def test_the_order_of_keys_does_not_matter_but_every_byte_of_a_value_does(place: Office, path: str) -> None:
    """Security H2: argument swap after approval; the server gets the approved arguments."""
    ticket = approved(place, path)
    others = ("Hello", "hello ", "hello\u200b", "héllo")
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda other: again(place, path, content=other), others))
    for swapped in replies:
        assert swapped.decision["status"] == "waiting" and swapped.decision["ticket"] != ticket
    body = json.dumps({"content": TEXT, "path": path})
    agent = place.agent(legacy=True)
    agent.open()
    message = f'{{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{{"arguments": {body},"name":"write_file"}}}}'
    redeemed = agent.post(message.encode(), Mcp_Session_Id=agent.session, MCP_Protocol_Version="2025-11-25")
    assert redeemed.text.startswith("wrote")
    assert [call["arguments"] for call in place.log.having(path)] == [{"path": path, "content": TEXT}]


@pytest.mark.parametrize("thief", ["second-bot", "other-bot"])
def test_another_agent_cannot_use_an_approval(place: Office, path: str, thief: str) -> None:
    """Contract section 6: not even another agent of the same person."""
    ticket = approved(place, path)
    stolen = again(place, path, thief)
    assert stolen.decision["status"] == "waiting" and stolen.decision["ticket"] != ticket
    assert not place.log.having(path)
    assert again(place, path).text.startswith("wrote")


def test_a_request_state_is_worthless_to_another_agent(place: Office, path: str) -> None:
    """Protocol 1.3: a sealed state is bound to its agent and server."""
    first = place.agent().call("write_file", path=path, content=TEXT)
    state = first.result["requestState"]
    foreign = place.agent("second-bot").call("write_file", state=state, path=path, content=TEXT)
    assert (foreign.status, foreign.error["code"]) == (400, -32602)
    tampered = place.agent().call("write_file", state=state[:-2] + "AA", path=path, content=TEXT)
    assert (tampered.status, tampered.error["code"]) == (400, -32602)


def test_the_state_of_one_call_does_not_open_another(place: Office, path: str) -> None:
    """Security H2: an approved call's state with other arguments waits for a decision of its own."""
    first = place.agent().call("write_file", path=path, content=TEXT)
    ticket = place.waits(path)["id"]
    assert place.approver().approve(ticket)[0] == 200
    other = place.agent().call("write_file", state=first.result["requestState"], path=path + "-other", content=TEXT)
    assert "content" not in other.result or other.result["isError"]
    assert not place.log.having(path + "-other")
    assert not place.log.having(path)


def test_a_rotated_token_of_the_same_agent_redeems(place: Office, path: str) -> None:
    """Contract section 6: the token is recorded and not bound."""
    ticket = detached(place, path, "second-bot")
    assert place.approver().approve(ticket)[0] == 200
    old = place.agent("second-bot")
    place.running.apply(place.running.folder.joinpath("gatehouse.yaml").read_text(), reissue="second-bot")
    assert place.agent("second-bot").token != old.token
    eventually(lambda: old.request("tools/list", {}).status == 401, what="the old token is revoked")
    assert again(place, path, "second-bot").text.startswith("wrote")
    assert len(place.log.having(path)) == 1


# Races.


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts together."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(30) for each in [pool.submit(run, act) for act in acts]]


def race(place: Office, ticket: str, second: Callable[[Approver, str], Any]) -> list[int]:
    """Two people decide one call at the same time; the statuses they get, sorted."""
    one, two = place.approver(), place.approver("second@example.com")
    answers = at_once(lambda: one.approve(ticket), lambda: second(two, ticket))
    return sorted(status for status, _ in answers)


def test_two_racing_approvers_come_to_one_decision(place: Office, path: str) -> None:
    """Security H1: approve against approve, and against deny: one outcome, all attempts recorded, one forward."""
    paths = [f"{path}-{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        tickets = list(pool.map(lambda one: detached(place, one), paths))
    for number, (one, ticket) in enumerate(zip(paths, tickets, strict=True)):
        second = Approver.approve if number % 2 else Approver.deny
        assert race(place, ticket, second) == [200, 409]
        assert len(statuses(place, ticket)) == 2
        decided = escalation(place, ticket)["state"]
        assert decided in ("approved", "denied") and (decided == "approved" or not number % 2)
        replies = at_once(lambda one=one: again(place, one), lambda one=one: again(place, one))
        wrote = [reply for reply in replies if not reply.message.get("result", {}).get("isError", True)]
        assert len(wrote) == len(place.log.having(one)) == (1 if decided == "approved" else 0)


def test_many_identical_calls_share_one_escalation_and_one_forward(place: Office, path: str) -> None:
    """Contract section 6: a storm of retries opens one escalation, and an approval lets one of them through."""
    storm = [place.agent("second-bot") for _ in range(8)]
    waiting = [agent.started("write_file", path=path, content=TEXT) for agent in storm]
    ticket = place.waits(path)["id"]
    assert len([one for one in place.approver().waiting() if one["arguments"]["path"] == path]) == 1
    assert place.approver().approve(ticket)[0] == 200
    replies = [each.result(30) for each in waiting]
    wrote = [reply for reply in replies if not reply.message.get("result", {}).get("isError", True)]
    assert len(wrote) == len(place.log.having(path)) == 1


# Who may decide.


def test_nobody_decides_calls_of_their_own_agents(place: Office, path: str) -> None:
    """Security H3 and section 6 row 5: refused by person, whatever token or agent they come with."""
    ticket = detached(place, path)
    status, body = place.approver("dev@example.com").approve(ticket)
    assert status == 403, body
    assert escalation(place, ticket)["state"] == "waiting"
    assert "approve" in statuses(place, ticket), "the attempt is recorded"


def test_the_waiting_slots_of_an_agent_end(place: Office, path: str) -> None:
    """Contract section 8: the 21st is refused, saying so, and other agents are not touched."""
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda number: detached(place, f"{path}-{number}", "full-bot"), range(20)))
    full = again(place, path, "full-bot")
    assert full.decision["status"] == "limited" and "20 calls waiting" in full.text
    assert detached(place, path, "second-bot")
