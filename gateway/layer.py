"""A channel layer inside one process that threads other than the event loop may send to."""

from __future__ import annotations

import asyncio
from typing import Any

from channels.layers import InMemoryChannelLayer


class ThreadSafeChannelLayer(InMemoryChannelLayer):
    """Deliver every message on the loop that receives it.

    The stock in-memory layer puts into a queue of another thread's loop, which then notices only when something
    else wakes it; a message from a worker thread arrived seconds late.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def receive(self, channel: str) -> dict[str, Any]:
        """Receive the next message on the loop that asks; that loop becomes the one all sends go to."""
        self._loop = asyncio.get_running_loop()
        message: dict[str, Any] = await super().receive(channel)
        return message

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        """Send from any thread."""
        await self._there(super().send, channel, message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to a group from any thread."""
        await self._there(super().group_send, group, message)

    async def _there(self, act: Any, *args: Any) -> None:
        loop = self._loop
        if loop is None or loop is asyncio.get_running_loop() or loop.is_closed():
            await act(*args)
            return
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(act(*args), loop))
