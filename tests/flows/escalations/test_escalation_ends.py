"""What ends the wait of a held call, or an approval of it, and what does not: time, a stop, a policy, a restart."""

from __future__ import annotations

import json
import secrets
import time

import pytest

from tests.flows.escalations.held import LATE, TEXT, again, approved, detached, escalation, statuses
from tests.flows.offices import POLICY, Office
from tests.waiting import eventually


def shell(place: Office, code: str) -> None:
    """Change the database as nobody may, to bring about what takes minutes."""
    place.running.manage("shell", "-c", code)


# Time, and those who wait.


def test_only_the_deadline_expires_a_call(place: Office) -> None:
    """Contract section 6: the waiting client learns it, a late vote is refused with what stands."""
    title = secrets.token_hex(6)
    waiting = place.agent(legacy=True).started("create_ticket", title=title, amount=501)

    def held() -> list[str]:
        return [one["id"] for one in place.approver().waiting() if one["arguments"].get("title") == title]

    ticket = eventually(held)[0]
    reply = waiting.result(15)
    assert reply.decision["status"] == "expired" and "deadline" in reply.text
    status, body = place.approver().approve(ticket)
    assert (status, body["decision"]["state"]) == (409, "expired")
    assert statuses(place, ticket)[0] == "expire"
    assert not place.log.having(title)


def test_an_approval_that_nobody_uses_in_time_is_over(place: Office, path: str) -> None:
    """Contract section 6, `redeem`: fifteen minutes after the approval, the identical call asks anew."""
    first = place.agent().call("write_file", path=path, content=TEXT)
    ticket = place.waits(path)["id"]
    assert place.approver().approve(ticket)[0] == 200
    shell(
        place,
        "from governance.models import Escalation\nfrom datetime import timedelta\n"
        f"row = Escalation.objects.get(pk='{ticket}')\n"
        "row.redeem_until -= timedelta(minutes=16); row.save()",
    )
    state = first.result["requestState"]
    told = place.agent().call("write_file", state=state, path=path, content=TEXT)
    assert told.decision["status"] == "expired" and "not used in time" in told.text
    late = again(place, path)
    assert late.decision["status"] == "waiting" and late.decision["ticket"] != ticket
    assert escalation(place, ticket)["state"] == "expired"
    assert not place.log.having(path)


def test_an_explicit_cancellation_ends_the_wait_for_good(place: Office, path: str) -> None:
    """Protocol 2.3, session era: no answer to the cancelled request, and no vote counts any more."""
    agent = place.agent(legacy=True)
    waiting = agent.started("write_file", path=path, content=TEXT)
    ticket = place.waits(path)["id"]
    assert agent.notify("notifications/cancelled", requestId=1).status == 202
    assert waiting.exception(5) is not None or not waiting.result().events, "a cancelled request gets no answer"
    assert eventually(lambda: escalation(place, ticket)["state"] == "cancelled")
    assert place.approver().approve(ticket)[0] == 409
    assert not place.log.having(path)


def test_closing_the_stream_only_detaches(place: Office, path: str) -> None:
    """Contract section 6, in both eras: a closed connection leaves the call decidable and redeemable."""
    for legacy in (True, False):
        unheard = path + str(legacy)
        with pytest.raises(OSError):
            hurried(place, unheard, legacy)
        ticket = eventually(lambda unheard=unheard: place.waits(unheard))["id"]
        assert eventually(lambda ticket=ticket: escalation(place, ticket)["detached"], what="detached")
        assert escalation(place, ticket)["state"] == "waiting"
        assert place.approver().approve(ticket)[0] == 200
        assert not place.log.having(unheard)
        assert again(place, unheard).text.startswith("wrote")


def hurried(place: Office, path: str, legacy: bool) -> None:
    """A client that hangs up after a moment."""
    agent = place.agent(legacy=legacy)
    params = {"name": "write_file", "arguments": {"path": path, "content": TEXT}}
    if legacy:
        agent.open()
    agent.request("tools/call", params, within=0.5)


def test_a_stop_ends_what_waits_within_a_second(place: Office, path: str) -> None:
    """Security F3: effective in a second, also for calls that wait; the release opens the way again."""
    waiting = place.agent("other-bot").started("write_file", path=path, content=TEXT)
    ticket = place.waits(path)["id"]
    done = place.running.manage("stop", "agent:other-bot", "--reason", "misbehaves", "--json")
    begun = time.monotonic()
    reply = waiting.result(5)
    assert time.monotonic() - begun < 1.0
    assert reply.decision["status"] in ("stopped", "cancelled")
    assert escalation(place, ticket)["state"] == "cancelled"
    assert again(place, path, "other-bot").decision["status"] == "stopped"
    assert done.returncode == 0 and not place.log.having(path)
    place.running.manage("release", str(json.loads(done.stdout)["id"]), "--break-glass")
    eventually(lambda: again(place, path, "other-bot").decision["status"] == "waiting", what="the way is open again")


# A stricter policy.


def publish(place: Office, *rules: str) -> None:
    """Publish the office's policy with more rules, each for paths of one test."""
    text = POLICY + LATE + "".join(f"  - {rule}\n" for rule in rules)
    place.running.apply(place.running.folder.joinpath("gatehouse.yaml").read_text(), text)


def ask_twice(path: str) -> str:
    """A further rule that asks for a person."""
    only = f"constraints: {{path: {{in: [{path}]}}}}"
    return f"{{id: ask-twice, tool: desk/write_file, action: escalate, {only}, approve: {{from: [team:platform]}}}}"


def test_a_stricter_policy_wins_over_an_approval(place: Office, path: str) -> None:
    """Contract 4.14: deny beats the approval; a new escalate rule asks anew; what was approved before is of no use."""
    other = path + "-b"
    approved(place, path)
    before = approved(place, other)
    deny = f"{{id: frozen, tool: desk/write_file, action: deny, constraints: {{path: {{in: [{path}]}}}}}}"
    publish(place, deny, ask_twice(other))
    eventually(
        lambda: "frozen" in str(place.agent().call("write_file", path=path, content="x").result), what="the policy"
    )
    assert again(place, path).decision["status"] == "denied"
    anew = again(place, other)
    assert anew.decision["status"] == "waiting" and anew.decision["ticket"] != before
    assert escalation(place, before)["state"] == "cancelled"
    assert not place.log.having(path) and not place.log.having(other)
    assert place.approver().approve(anew.decision["ticket"])[0] == 200
    assert again(place, other).text.startswith("wrote")


def test_a_stricter_policy_while_the_client_waits_asks_anew(place: Office, path: str) -> None:
    """Contract 4.14: an approval answers the rules it names; a rule that came meanwhile escalates anew."""
    waiting = place.agent().insisting("write_file", path=path, content=TEXT)
    ticket = place.waits(path)["id"]
    publish(place, ask_twice(path))
    assert place.approver().approve(ticket)[0] == 200
    anew = place.waits(path)
    assert anew["id"] != ticket
    assert sorted(rule["rule"] for rule in anew["rules"]) == ["ask-before-writing", "ask-twice"]
    assert not place.log.having(path)
    assert place.approver().approve(anew["id"])[0] == 200
    assert waiting.result(10).text.startswith("wrote")
    assert len(place.log.having(path)) == 1


# Restarts.


def test_waiting_and_approved_calls_survive_a_kill(place: Office, path: str) -> None:
    """Restart while waiting, and late redemption after a restart."""
    waiting, ready = path + "-waiting", path + "-approved"
    first = detached(place, waiting)
    approved(place, ready)
    held = place.agent(legacy=True).started("write_file", path=path, content=TEXT)
    place.waits(path)
    place.running.kill()
    place.running.start()
    assert held.exception(5) is not None
    assert again(place, ready).text.startswith("wrote")
    assert escalation(place, first)["state"] == "waiting"
    assert place.approver().approve(first)[0] == 200
    assert again(place, waiting).text.startswith("wrote")
    assert place.approver().approve(place.waits(path)["id"])[0] == 200
    assert again(place, path).text.startswith("wrote")
    assert [len(place.log.having(one)) for one in (path, waiting, ready)] == [1, 1, 1]
