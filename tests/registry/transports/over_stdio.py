"""A child process as an upstream, for the tests of its transport: opened, asked, and watched."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from registry.transports.base import Limits, Unreachable
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment

CHILD = str(Path(__file__).resolve().parents[2] / "upstream_child.py")
LIMITS = Limits(result_bytes=256 * 1024, probe_seconds=5.0, kill_seconds=0.5)
PATIENCE = 10.0
SHORT = 0.3


@asynccontextmanager
async def running(*options: str, limits: Limits = LIMITS, **extra: object) -> AsyncIterator[StdioUpstream]:
    """An upstream whose child, once it is opened, behaves as the options of `upstream_child.py` say."""
    environment = child_environment(os.environ, {"API_KEY": "for the child"})
    argv = [sys.executable, CHILD, *options]
    upstream = StdioUpstream(argv, environment=environment, limits=limits, **extra)  # type: ignore[arg-type]
    try:
        yield upstream
    finally:
        await upstream.close()


async def call(upstream: StdioUpstream, tool: str, text: str = "", deadline: float = PATIENCE) -> str:
    """Call a tool of the child; the text it answers with."""
    params = json.dumps({"name": tool, "arguments": {"text": text}}).encode()
    answer = await upstream.request("tools/call", params, name=tool, deadline=deadline)
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


async def alive_again(upstream: StdioUpstream, text: str) -> str:
    """The answer of the next child, once the pause after a death is over; bounded."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await call(upstream, "echo", text)
            except Unreachable:
                await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process lives; one that nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(condition: Callable[[], object]) -> None:
    """Return once it holds; bounded."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
