"""Tasks beside the requests of one upstream: cancellations, replies, answers being sought. No Django, no I/O."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

from registry.transports.base import UpstreamError

ASIDE_SECONDS: Final = 5.0
"""How long a message beside the requests may take: a cancellation, a reply, a farewell."""

MAX_ASIDE: Final = 64


class Beside:
    """Keeps the tasks that nobody waits for, and ends them with their upstream."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._saying = 0

    def say(self, work: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do `work`, whatever comes of it; False when too much is being said already and this is left out."""
        if self._saying >= MAX_ASIDE:
            return False
        self._saying += 1
        self.keep(_quietly(work)).add_done_callback(self._said)
        return True

    def _said(self, task: asyncio.Task[None]) -> None:
        self._saying -= 1

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` as a task; whoever calls bounds how many there are."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def stop(self) -> None:
        """End all of them."""
        for task in tuple(self._tasks):
            task.cancel()


async def _quietly(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with contextlib.suppress(UpstreamError):
        await work()
