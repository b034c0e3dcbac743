"""The registry moves while a call is being recorded: what that concerns is not sent, other calls are decided anew."""

from __future__ import annotations

import pytest
from django.db import transaction

from gateway.adapters import writer
from gateway.call import Ruling
from gateway.refusal import RegistryMoved
from gateway.snapshot.model import Changes
from governance.generation import bump
from governance.models import Part
from governance.models.ledger import LedgerEntry
from governance.rights import Machine
from registry import lifecycle
from registry.models import Item, Server
from tests.gateway.inside import Inside, in_thread, inside
from tests.gateway.test_changes_during_the_commit import meanwhile
from tests.raw_agent import Reply

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.alone]
CLOSED = [("call.intent", ""), ("call.outcome", "not_sent")]


@pytest.fixture(autouse=True)
def leases_do_not_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer must meet the lock with the intent, and not with its lease."""
    monkeypatch.setattr(writer, "LEASE_EVERY", 60.0)


def hold(name: str) -> None:
    """What a scan does to an item that has changed."""
    with transaction.atomic():
        Item.objects.filter(name=name).update(state="changed")
        bump(Part.REGISTRY)


def hold_another() -> None:
    hold("add")


def hold_it() -> None:
    hold("echo")


def quarantine() -> None:
    server = Server.objects.get(name="tools")
    lifecycle.quarantine(server=server, by=Machine.OPERATOR, reason="poisoned")


async def records(place: Inside, closed: int) -> list[list[tuple[str, str]]]:
    """The entries of every call in the order of the calls, once so many are closed."""
    await place.entries(closed_ones=closed)

    def read() -> list[list[tuple[str, str]]]:
        rows = LedgerEntry.objects.exclude(call=None).order_by("stream", "seq").values_list("call", "kind", "status")
        found: dict[object, list[tuple[str, str]]] = {}
        for call, kind, status in rows:
            found.setdefault(call, []).append((kind, status))
        return list(found.values())

    return await in_thread(read)


async def test_a_change_of_another_item_is_no_failure() -> None:
    """The agent gets its answer, the server is asked once, and no record stays open."""
    async with inside() as place:
        await place.call(text="first")
        await place.entries()  # The writer has nothing left to do.
        async with meanwhile(place, hold_another) as call:
            reply = await call
        assert reply.text == "late" and place.forwarded("late") == 1
        ok = [("call.intent", ""), ("call.outcome", "ok")]
        # Where the new registry is read before the commit is over, what was decided holds as it is.
        found = await records(place, 2)
        if CLOSED in found:
            found = await records(place, 3)
        assert found in ([ok, ok], [ok, CLOSED, ok])


async def test_the_agents_rate_is_taken_from_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was decided twice is one call to its agent."""
    async with inside(rate={"calls": 2, "per": "1h"}) as place:
        holder = place.gateway.holder
        current, moves = holder.require_current, [RegistryMoved("moved")]

        def moved_once(ruling: Ruling, changes: Changes | None) -> None:
            if moves:
                raise moves.pop()
            current(ruling, changes)

        monkeypatch.setattr(holder, "require_current", moved_once)
        assert [(await place.call(text=text)).text for text in ("first", "second")] == ["first", "second"]
        assert (await place.call(text="third")).decision["status"] == "limited" and not moves


async def test_what_is_held_meanwhile_answers_as_unknown_and_is_not_sent() -> None:
    async with inside() as place:
        async with meanwhile(place, hold_it) as call:
            reply = await call
        assert unknown(reply) and place.forwarded("late") == 0
        assert await records(place, 2) == [CLOSED, [("call.refused", "denied")]]


async def test_a_server_that_is_quarantined_meanwhile_is_not_called() -> None:
    async with inside() as place:
        async with meanwhile(place, quarantine) as call:
            reply = await call
        assert reply.error["code"] == 40400 and place.forwarded("late") == 0
        assert (await records(place, 2))[0] == CLOSED


async def test_a_registry_that_moves_again_and_again_ends_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for ever: after so many attempts the agent is told to call again, and nothing was sent."""
    async with inside() as place:
        holder = place.gateway.holder
        current = holder.require_current

        def moves(ruling: object, changes: object) -> None:
            raise RegistryMoved("The configuration changed while this call was being recorded; nothing was sent.")

        monkeypatch.setattr(holder, "require_current", moves)
        reply = await place.call(text="late")
        assert reply.decision["status"] == "not_sent" and place.forwarded() == 0
        assert await records(place, 3) == [CLOSED] * 3
        monkeypatch.setattr(holder, "require_current", current)
        assert (await place.call(text="on")).text == "on"


def unknown(reply: Reply) -> bool:
    """Whether a reply is that of a tool which does not exist."""
    return reply.text == "Unknown tool: echo" and set(reply.decision) == {"verdict", "status", "record"}
