"""`gatehouse stdio`: what a client that only speaks over pipes starts to reach an endpoint of Gatehouse."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import ssl
import sys
from contextlib import suppress
from typing import Final

from gateway.stdio.address import Address, BadAddress, read_address
from gateway.stdio.bridge import Bridge
from gateway.stdio.endpoint import Endpoint
from gateway.stdio.http import HttpClient
from gateway.stdio.pipes import Output, lines

STDIN: Final = 0
STDOUT: Final = 1
TOLD_CHARACTERS: Final = 1000
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
    tls = ssl.create_default_context() if address.secure else None
    http = HttpClient(address, tls=tls)
    endpoint = Endpoint(http, name=str(address), token=token, tell=tell, random=random.SystemRandom().random)
    bridge = Bridge(endpoint, lambda lost: Output(STDOUT, lost), tell)
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has no such handlers; there the client just ends the process.
            loop.add_signal_handler(ending, bridge.stop)
    return await bridge.run(lines(STDIN))


def tell(text: str) -> None:
    """One line for a person on standard error; nothing in it moves a terminal's cursor."""
    plain = "".join(char if char.isprintable() else " " for char in text[:TOLD_CHARACTERS])
    with suppress(OSError, ValueError):
        sys.stderr.write(f"gatehouse stdio: {plain}\n")
        sys.stderr.flush()
