"""The inbox's live line: for signed-in people only, and without facts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator

from governance.consumers import NOT_SIGNED_IN, InboxConsumer
from governance.nudges import INBOX


def _line(person: Any) -> WebsocketCommunicator:
    line = WebsocketCommunicator(InboxConsumer.as_asgi(), "/ws/inbox/")
    line.scope["user"] = person
    return line


async def test_a_stranger_and_an_inactive_person_are_turned_away() -> None:
    for person in (None, SimpleNamespace(is_active=False)):
        connected, code = await _line(person).connect()
        assert (connected, code) == (False, NOT_SIGNED_IN)


async def test_a_nudge_names_the_escalation_and_nothing_of_it() -> None:
    line = _line(SimpleNamespace(is_active=True))
    assert (await line.connect())[0]
    assert await line.receive_json_from() == {"type": "ready"}
    event = {"type": "inbox.changed", "escalation": "e-1", "arguments": "hidden"}
    await get_channel_layer().group_send(INBOX, event)
    assert await line.receive_json_from() == {"type": "changed", "escalation": "e-1"}
    await line.disconnect()


async def test_what_a_page_says_changes_nothing() -> None:
    line = _line(SimpleNamespace(is_active=True))
    await line.connect()
    await line.receive_json_from()
    await line.send_json_to({"type": "inbox.changed", "approve": True})
    assert await line.receive_nothing()
    await line.disconnect()
