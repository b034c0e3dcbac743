"""Database work for the event loop: in a thread of its own pool, and refusing when the database does not answer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import Error as DatabaseError
from django.db import connection

from gateway.refusal import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

WORKERS = 8
DEADLINE = 1.9
# A connection that rested longer is tried first: it may have died with a database that is back since.
TRUSTED = 1.0
_used = threading.local()
_pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="database")


async def in_thread(act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What `act` returns. Raises Unavailable when the database fails or takes longer than the caller may wait."""

    def run() -> T:
        if time.monotonic() - getattr(_used, "at", 0.0) > TRUSTED:
            connection.close_if_unusable_or_obsolete()
        try:
            return act(*given, **named)
        except DatabaseError as problem:
            connection.close()
            raise Unavailable("The database does not answer; nothing was sent. Try again in a moment.") from problem
        finally:
            _used.at = time.monotonic()

    try:
        async with asyncio.timeout(DEADLINE):
            return await asyncio.get_running_loop().run_in_executor(_pool, run)
    except TimeoutError as late:
        raise Unavailable("The database did not answer in time; nothing was sent. Try again in a moment.") from late
