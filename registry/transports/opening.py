"""Opening an upstream once for everybody who waits for it. No Django."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from registry.transports.base import NotSent, Unreachable, UpstreamError

Opened = TypeVar("Opened")


class Opening(Generic[Opened]):
    """Holds what `make` gave, until it is forgotten; any number of tasks may wait for the same making of it."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Opened]]) -> None:
        self._make = make
        self._task: asyncio.Task[Opened] | None = None
        self.value: Opened | None = None

    async def get(self) -> Opened:
        """The value, made now if need be. A waiter that is cancelled leaves the making to the others."""
        if self.value is not None:
            return self.value
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._make())
            self._task.add_done_callback(self._made)
        task = self._task
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            waiter = asyncio.current_task()
            if task.cancelled() and (waiter is None or waiter.cancelling() == 0):
                raise NotSent("the server was closed while it was being opened") from None
            raise

    async def get_for_request(self, until: float) -> Opened:
        """The value for a request that is not sent yet: whatever goes wrong is NotSent or a kind of it."""
        try:
            async with asyncio.timeout_at(until):
                return await self.get()
        except TimeoutError:
            raise Unreachable("the server could not be opened within the time limit") from None
        except NotSent:
            raise
        except UpstreamError as wrong:
            raise Unreachable(f"the server could not be opened: {wrong}", detail=wrong.detail) from wrong

    def _made(self, task: asyncio.Task[Opened]) -> None:
        made = not task.cancelled() and task.exception() is None
        if self._task is task:
            self._task = None
            if made:
                self.value = task.result()

    def forget(self, value: Opened) -> None:
        """Make anew next time, unless somebody has done so already."""
        if self.value is value:
            self.value = None

    def stop(self) -> Opened | None:
        """Give up a making that is under way, and the value, which is returned."""
        value, self.value = self.value, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return value
