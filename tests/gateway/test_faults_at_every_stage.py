"""An exception at each stage of a call: before sending nothing is forwarded, after it the result is withheld."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway import pipeline
from governance.models.usage import Usage
from tests.gateway.inside import POLICY, Inside, in_thread, inside
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("own_database")


class Fault(Exception):
    """What no stage expects."""


def failing(*given: Any, **named: Any) -> Any:
    """Stands in for a stage and fails."""
    raise Fault("injected")


async def failing_later(*given: Any, **named: Any) -> Any:
    """The same for a stage that is awaited."""
    raise Fault("injected")


class Instead:
    """A port of which some members were replaced."""

    def __init__(self, port: Any, **members: Any) -> None:
        self._port = port
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def step(name: str) -> Callable[[Inside, pytest.MonkeyPatch], None]:
    """Fail in one step of the pipeline."""
    return lambda place, patch: patch.setattr(pipeline, name, failing)


def port(name: str, **members: Any) -> Callable[[Inside, pytest.MonkeyPatch], None]:
    """Fail in one port."""

    def inject(place: Inside, patch: pytest.MonkeyPatch) -> None:
        calls = place.gateway.endpoint.sessions.calls
        calls.ports = replace(calls.ports, **{name: Instead(getattr(calls.ports, name), **members)})

    return inject


def writer_fails(place: Inside, patch: pytest.MonkeyPatch) -> None:
    """Fail where the intent is handed to the writer."""
    patch.setattr(place.gateway.writer, "durable", failing_later)


def effect_fails(place: Inside, patch: pytest.MonkeyPatch) -> None:
    """Fail in the store, in the writer's thread."""
    patch.setattr(place.gateway.store, "_insert", failing)


BEFORE: dict[str, tuple[Callable[[Inside, pytest.MonkeyPatch], None], tuple[tuple[str, str], ...]]] = {
    "current snapshot": (port("snapshots", current=failing), (("call.refused", "unavailable"),)),
    "facts": (port("facts", gather=failing_later), (("call.refused", "unavailable"),)),
    "admit": (step("admit"), (("call.refused", "unavailable"),)),
    "rate": (step("require_rate"), (("call.refused", "unavailable"),)),
    "visibility": (step("located"), (("call.refused", "unavailable"),)),
    "stops": (step("require_running"), (("call.refused", "unavailable"),)),
    "inspection": (step("inspected"), (("call.refused", "unavailable"),)),
    "rules": (step("decided"), (("call.refused", "unavailable"),)),
    "limits": (port("counters", reserve=failing_later), (("call.refused", "unavailable"),)),
    "intent": (writer_fails, (("call.refused", "unavailable"),)),
    "after the intent": (
        port("snapshots", require_current=failing),
        (("call.intent", ""), ("call.outcome", "not_sent")),
    ),
}


@pytest.mark.parametrize("stage", BEFORE)
async def test_a_fault_before_sending_forwards_nothing(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Security F2: an error with our id, no call at the server, one closing record."""
    inject, expected = BEFORE[stage]
    async with inside() as place:
        assert (await place.call(text="good")).text == "good"
        before = await place.entries()
        inject(place, monkeypatch)
        reply = await place.call(text="bad")
        assert reply.message["id"] == 9
        assert reply.error["code"] == 50300 and "nothing was sent" in reply.error["message"]
        assert "injected" not in reply.body.decode()
        record = reply.error["data"]["io.gatehouse/decision"]["record"]
        assert tuple(await place.entries(record)) == expected
        assert (place.forwarded("bad"), place.forwarded("good")) == (0, 1)
        monkeypatch.undo()
        assert len(before) == 2


async def test_a_fault_in_the_writers_thread_forwards_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the ledger itself fails: the call is refused, counted, and the writer comes back by itself."""
    async with inside() as place:
        effect_fails(place, monkeypatch)
        reply = await place.call(text="bad")
        assert reply.error["code"] == 50300 and place.forwarded() == 0
        monkeypatch.undo()

        async def works() -> bool:
            return not (await place.call(text="again")).message.get("error")

        for _ in range(50):
            if await works():
                break
        assert (await place.call(text="good")).text == "good"


@pytest.mark.parametrize("stage", ["hold", "after the approval"])
async def test_a_fault_while_a_call_is_held_forwards_nothing(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a call that a person has to decide."""
    async with inside() as place:
        if stage == "hold":
            port("holds", decided=failing_later)(place, monkeypatch)
        else:
            monkeypatch.setattr(place.gateway.endpoint.sessions.calls.ports.holds, "_wait", failing_later)
        reply = await place.call("add")
        assert reply.error["code"] == 50300 and place.forwarded() == 0
        kinds = [kind for kind, _ in await place.entries()]
        assert kinds == (["call.refused"] if stage == "hold" else ["call.held"])


def upstream_breaks(place: Inside, patch: pytest.MonkeyPatch) -> None:
    """Send, and fail after the answer came."""
    upstream = place.gateway.upstreams

    async def send(ruling: Any, back: Any) -> Any:
        await upstream.send(ruling, back)
        raise Fault("injected")

    port("upstream", send=send)(place, patch)


def outcome_breaks(place: Inside, patch: pytest.MonkeyPatch) -> None:
    """Fail when the outcome is handed over, once."""
    writer, real = place.gateway.writer, place.gateway.writer.hand_over

    def once(line: Any) -> None:
        patch.setattr(writer, "hand_over", real)
        raise Fault("injected")

    patch.setattr(writer, "hand_over", once)


AFTER = {"upstream": upstream_breaks, "screening": step("screen"), "outcome": outcome_breaks}


@pytest.mark.parametrize("stage", AFTER)
async def test_a_fault_after_sending_withholds_the_result(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forwarded once, recorded `withheld`, and nothing of the answer leaves."""
    async with inside() as place:
        AFTER[stage](place, monkeypatch)
        reply = await place.call(text="secret-answer")
        assert reply.message["id"] == 9 and "secret-answer" not in reply.body.decode()
        assert reply.result["isError"] and "may have acted" in reply.text
        assert reply.decision["status"] == "withheld"
        assert await place.entries(reply.decision["record"]) == [("call.intent", ""), ("call.outcome", "withheld")]
        assert place.forwarded("secret-answer") == 1


LIMITED = POLICY.replace("reason: A test}", "reason: A test, limit: {calls: 3, per: 1h, by: agent}}", 1)


@pytest.mark.parametrize("stage", ["intent", "after the intent"])
async def test_what_was_reserved_is_given_back_when_nothing_was_sent(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract 4.15: given back on `not_sent`; a limit of three is still three calls at the server."""
    async with inside(LIMITED) as place:
        real = place.gateway.endpoint.sessions.calls.ports
        for _ in range(4):
            BEFORE[stage][0](place, monkeypatch)
            assert (await place.call(text="bad")).error["code"] == 50300
            monkeypatch.undo()
            place.gateway.endpoint.sessions.calls.ports = real
        await in_thread(eventually, lambda: not Usage.objects.exists(), what="everything given back")
        for _ in range(3):
            assert (await place.call(text="good")).text == "good"
        assert (await place.call(text="good")).decision["status"] == "limited"
        assert place.forwarded() == 3
