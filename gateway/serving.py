"""The HTTP server of this process, the same for `serve` and `gatehouse wrap`; and when it is ready."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Final

import uvicorn
from django.conf import settings

from gateway import runtime
from gateway.http import CorkedProtocol, DrainingServer

LOOKS_EVERY: Final = 0.02


class CannotStart(Exception):
    """The application did not start. The text is a sentence for a person; the log says why."""


def http_server(*, log_level: str, ends_within: int) -> DrainingServer:
    """A server of the whole application; told to end, it gives what is under way so many seconds."""
    return DrainingServer(
        uvicorn.Config(
            "gateway.asgi:application",
            http=CorkedProtocol,
            loop="uvloop",
            ws="websockets-sansio",
            lifespan="on",
            access_log=False,
            log_level=log_level,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=ends_within,
        )
    )


async def serve_on(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, or until the server is told to exit. Raises CannotStart."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again when it has stopped; without a handler the rest of the ending is lost.
        signal.signal(ending, lambda *_: None)
    try:
        await server.serve(sockets=[listener])
    except SystemExit:  # So uvicorn ends a process whose application did not start.
        raise CannotStart("the gateway did not start; what it said stands above") from None


async def until_ready(server: uvicorn.Server) -> None:
    """Return when it listens, and calls would be served where it serves any."""
    while not (server.started and _serves_calls()):  # noqa: ASYNC110
        await asyncio.sleep(LOOKS_EVERY)  # Several unrelated things have to be up, none of which announces itself.


def _serves_calls() -> bool:
    gateway = runtime.running()
    return "gateway" not in settings.SERVES or (gateway is not None and not gateway.unready())
