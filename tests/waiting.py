"""Waiting for something to become true: bounded, by looking. The one place of the tests that sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
EVERY = 0.05


class NotInTime(AssertionError):
    """What was waited for did not come; the text says what it was."""


def eventually(look: Callable[[], T], *, within: float = 10.0, what: str = "") -> T:
    """The first true answer of `look`, asked every 50 ms for at most `within` seconds. Raises NotInTime."""
    until = time.monotonic() + within
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() >= until:
            raise NotInTime(f"after {within} s still not: {what or look.__name__} (last answer: {answer!r})")
        time.sleep(EVERY)


async def eventually_async(look: Callable[[], T], *, within: float = 10.0, what: str = "") -> T:
    """The same for a test that shares the event loop with what it waits for."""
    until = time.monotonic() + within
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() >= until:
            raise NotInTime(f"after {within} s still not: {what or look.__name__} (last answer: {answer!r})")
        await asyncio.sleep(EVERY)
