"""The inbox's live line: tells an open page to look again. Carries no facts; the page asks the server for them."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from governance.nudges import INBOX

NOT_SIGNED_IN = 4401


class InboxConsumer(AsyncJsonWebsocketConsumer):
    """A WebSocket for signed-in people; mount it behind AuthMiddlewareStack and an origin check."""

    groups = [INBOX]

    async def connect(self) -> None:
        """Accept a signed-in, active person; close anybody else."""
        person = self.scope.get("user")
        if person is None or not person.is_active:
            await self.close(code=NOT_SIGNED_IN)
            return
        await self.accept()
        await self.send_json({"type": "ready"})

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Nothing a page says changes anything."""

    async def inbox_changed(self, event: dict[str, Any]) -> None:
        """Pass the nudge on, naming the escalation and nothing of it."""
        await self.send_json({"type": "changed", "escalation": event.get("escalation", "")})
