"""What is known of a later leg: the approval that the call redeemed. And limits of what a template makes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from governance import approvals, policies
from governance.generation import bump
from governance.models import Escalation, Part, Person
from governance.rights import Machine
from registry.models import Item
from tests.gateway.adapters.asking_server import ACCEPT, CAN, DONE, MAY, QUESTION, answering, echoed, sent
from tests.gateway.inside import POLICY, Inside, in_thread, inside
from tests.gateway.speaking import Modern, RichOffer
from tests.raw_agent import Reply
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually_async

pytestmark = pytest.mark.usefixtures("own_database")
ASK_FIRST = """
version: "1"
default: deny
rules:
  - {id: echoing, tool: echo, action: escalate, reason: A test, approve: {from: [team:platform], within: 10m}}
"""


def approve_all() -> Any:
    """Approve what waits; its id."""
    waiting = Escalation.objects.get(state="waiting")
    approvals.approve(escalation_id=waiting.pk, by=Person.objects.get(email="sec@example.com"), stepped_up=True)
    return waiting.pk


@transaction.atomic
def approve_another(digest: str) -> None:
    """Another definition of the tool is the approved one."""
    Item.objects.filter(kind="tool", name="echo").update(approved_digest=digest)
    bump(Part.REGISTRY)


async def asked_after_approval(place: Inside) -> Reply:
    """The question of the server to an approved call."""
    held = await echoed(Modern(place, CAN))
    await in_thread(approve_all)
    return await echoed(Modern(place, CAN), requestState=held.result["requestState"])


async def test_an_approval_lets_each_leg_pass_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """ADR 0006, point 6: a state that is replayed under one approval runs nothing twice."""
    answering(monkeypatch, QUESTION, QUESTION, DONE)
    async with inside(ASK_FIRST, serving=MAY) as place:
        first = await asked_after_approval(place)
        leg: dict[str, Any] = {"requestState": first.result["requestState"], "inputResponses": {"q": ACCEPT}}
        second = await echoed(Modern(place, CAN), **leg)
        assert second.result["resultType"] == "input_required"
        again = await echoed(Modern(place, CAN), **leg)
        assert again.decision["status"] == "denied" and len(sent(place)) == 2
        last = await echoed(Modern(place, CAN), **(leg | {"requestState": second.result["requestState"]}))
        assert last.text == "done" and len(sent(place)) == 3
        assert await in_thread(Escalation.objects.filter(state="waiting").count) == 0
        assert await place.entries(again.decision["record"]) == [("call.refused", "denied")]


async def test_an_approval_does_not_lift_a_later_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 4.14, with today's policy on every leg."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(ASK_FIRST, serving=MAY) as place:
        first = await asked_after_approval(place)
        before = place.gateway.holder.current().rules
        stricter = ASK_FIRST + "\n  - {id: no, tool: echo, action: deny, reason: New}\n"
        await in_thread(policies.publish, stricter, by=Machine.OPERATOR, reason="stricter")
        await eventually_async(lambda: place.gateway.holder.current().rules is not before, what="the new policy")
        leg: dict[str, Any] = {"requestState": first.result["requestState"], "inputResponses": {"q": ACCEPT}}
        reply = await echoed(Modern(place, CAN), **leg)
        assert (reply.decision["status"], reply.decision["rule"]) == ("denied", "no") and len(sent(place)) == 1


async def test_a_limit_counts_what_a_template_makes() -> None:
    """At the limit and past it."""
    rule = (
        '\n  - {id: few, resource: "file:///docs/*", action: allow, limit: {calls: 1, per: 1h, by: agent}, reason: x}\n'
    )
    async with inside(POLICY + rule, simulator=HttpSimulator(RichOffer())) as place:
        first = await Modern(place).request("resources/read", uri="file:///docs/a/b")
        second = await Modern(place).request("resources/read", uri="file:///docs/a/c")
    assert "result" in first.message, first.message
    assert second.decision["status"] == "limited"


async def test_an_approval_is_of_the_definition_that_was_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract section 6: bound to the tool's digest, on a later leg too; a tool that changed asks anew."""
    answering(monkeypatch, QUESTION, DONE)
    async with inside(ASK_FIRST, serving=MAY) as place:
        first = await asked_after_approval(place)
        other = "sha256:" + "0" * 64
        before = place.gateway.holder.current().servers
        await in_thread(approve_another, other)
        await eventually_async(lambda: place.gateway.holder.current().servers is not before, what="the new definition")
        leg: dict[str, Any] = {"requestState": first.result["requestState"], "inputResponses": {"q": ACCEPT}}
        again = await echoed(Modern(place, CAN), **leg)
        assert again.result["resultType"] == "input_required" and len(sent(place)) == 1
        assert await in_thread(Escalation.objects.filter(state="waiting").count) == 1
