"""`gatehouse stdio`: what a client that only speaks over pipes starts to reach an endpoint of Gatehouse."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import ssl
from contextlib import suppress
from typing import Final

from gateway.stdio.address import Address, BadAddress, read_address
from gateway.stdio.bridge import Bridge
from gateway.stdio.endpoint import Endpoint, Tell
from gateway.stdio.http import HttpClient
from gateway.stdio.pipes import Output, lines
from gateway.stdio.telling import teller

STDIN: Final = 0
STDOUT: Final = 1
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class BadUsage(ValueError):
    """The program was not started as it has to be. The text says what to change."""


def run(*, url: str, token: str, allow_http: bool) -> int:
    """Bridge standard input and output to the endpoint until input ends; gives the exit status. Raises BadUsage."""
    try:
        address = read_address(url, allow_http=allow_http)
    except BadAddress as problem:
        raise BadUsage(str(problem)) from None
    if not token:
        raise BadUsage("GATEHOUSE_TOKEN is not set; give it the agent's token in the client's configuration, under env")
    if not _TOKEN.fullmatch(token):
        raise BadUsage("GATEHOUSE_TOKEN holds a character that no token has; copy it again")
    with suppress(KeyboardInterrupt):
        return asyncio.run(_run(address, token))
    return 0


async def _run(address: Address, token: str) -> int:
    bridge = bridge_to(address, token, STDOUT, teller("gatehouse stdio"))
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has no such handlers; there the client just ends the process.
            loop.add_signal_handler(ending, bridge.stop)
    return await bridge.run(lines(STDIN))


def bridge_to(address: Address, token: str, output: int, tell: Tell) -> Bridge:
    """A bridge from this event loop to an endpoint; what the client gets goes to the descriptor `output`."""
    http = HttpClient(address, tls=ssl.create_default_context() if address.secure else None)
    endpoint = Endpoint(http, name=str(address), token=token, tell=tell, random=random.SystemRandom().random)
    return Bridge(endpoint, lambda lost: Output(output, lost), tell)
