"""Tell open console pages that something changed. A nudge carries no facts and may be lost; readers ask the database.

Nudges leave from a thread of their own, because the ledger writer commits through here and must never wait for Redis.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future
from typing import Any, Final

from channels.layers import get_channel_layer

INBOX: Final = "inbox"
MOST_UNDER_WAY: Final = 64
log = logging.getLogger("gatehouse.nudges")
_starting = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_under_way: set[Future[None]] = set()


def nudge(group: str, message: dict[str, Any]) -> None:
    """Send `message` to a channel-layer group from any thread without waiting; dropped when too many are under way."""
    layer = get_channel_layer()
    if layer is None or len(_under_way) >= MOST_UNDER_WAY:
        return
    sending = asyncio.run_coroutine_threadsafe(layer.group_send(group, message), _running_loop())
    _under_way.add(sending)
    sending.add_done_callback(_sent)


def _sent(sending: Future[None]) -> None:
    _under_way.discard(sending)
    if not sending.cancelled() and (failure := sending.exception()) is not None:
        log.warning("a nudge was not delivered: %s", type(failure).__name__)


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop  # noqa: PLW0603 - one loop per process, started by the first nudge.
    with _starting:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="gatehouse-nudges", daemon=True).start()
        return _loop
