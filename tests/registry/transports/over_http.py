"""A simulated server as an upstream over HTTP, for the tests of its transport."""

from __future__ import annotations

import json

from registry.transports.http import HttpUpstream
from tests.upstream_simulator import HttpSimulator, Received

MODERN_ONLY = frozenset(("modern",))
LEGACY_ONLY = frozenset(("legacy",))


async def echo(upstream: HttpUpstream, text: str, deadline: float = 5.0) -> str:
    """Call `echo`; the text it answers with."""
    params = json.dumps({"name": "echo", "arguments": {"text": text}}).encode()
    answer = await upstream.request("tools/call", params, name="echo", deadline=deadline)
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


def last_call(simulator: HttpSimulator) -> Received:
    """The last call of a tool that the server received."""
    return simulator.calls("tools/call")[-1]
