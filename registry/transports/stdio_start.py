"""Starts the program of a stdio server: as it is, or through the shim that confines it. No shell, no Django."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registry.transports.base import Unreachable
from registry.transports.sandbox import LIMITS, NO_SANDBOX, Sandbox

SHIM: Final = str(Path(__file__).with_name("sandbox_shim.py"))
SHIM_SECONDS: Final = 10.0
STATUS_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Confinement:
    """A sandbox, and the account that it is run as where it asks for one."""

    sandbox: Sandbox = NO_SANDBOX
    account: int | None = None


UNCONFINED: Final = Confinement()


@dataclass(frozen=True, slots=True)
class Started:
    """A process that leads a group of its own. `status` tells whether the shim got through; None without a shim."""

    process: subprocess.Popen[bytes]
    status: int | None


def start(argv: Sequence[str], environment: Mapping[str, str], cwd: str | None, confined: Confinement) -> Started:
    """Run `argv`. Raises Unreachable when it cannot be started, or not as confined as it has to be."""
    try:
        if not confined.sandbox.demanded:
            return Started(_run(argv, environment, cwd), None)
        return _through_shim(argv, environment, cwd, confined)
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "an argument holds a null character"
        raise Unreachable(f"the command {argv[0]} cannot be started ({reason})") from None


def _run(
    argv: Sequence[str], environment: Mapping[str, str], cwd: str | None, handed: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - an accepted argv, and it returns once the child runs.
        list(argv),
        bufsize=0,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        umask=0o022,  # Our own files are private; what a server writes for people is its own affair.
        pass_fds=handed,
    )


def _through_shim(
    argv: Sequence[str] | None, environment: Mapping[str, str], cwd: str | None, confined: Confinement
) -> Started:
    """Hand the plan over in memory: arguments of a process are seen by others, an environment would bend the shim."""
    if not hasattr(os, "memfd_create"):
        raise Unreachable("a program can be confined on Linux alone; run it there, or remove its sandbox")
    plan = _plan(argv, environment, confined)
    status, theirs = os.pipe()
    memory = os.memfd_create("plan")
    try:
        with os.fdopen(os.dup(memory), "wb") as file:
            file.write(plan)
        os.lseek(memory, 0, os.SEEK_SET)
        shim = [sys.executable, "-I", "-S", "-X", "utf8", SHIM, str(memory), str(theirs)]
        return Started(_run(shim, {}, cwd, (memory, theirs)), status)
    except BaseException:
        os.close(status)
        raise
    finally:
        os.close(memory)
        os.close(theirs)


def _plan(argv: Sequence[str] | None, environment: Mapping[str, str], confined: Confinement) -> bytes:
    sandbox = confined.sandbox
    if sandbox.own_uid and confined.account is None:
        raise Unreachable("the program has to run as an account of its own, and GATEHOUSE_SANDBOX_UID names none")
    texts = [*(argv or ()), *environment, *environment.values()]
    if any("\0" in text for text in texts) or any("=" in name for name in environment):
        raise ValueError
    plan = {
        "argv": None if argv is None else list(argv),
        "environment": dict(environment),
        "network": sandbox.network,
        "uid": confined.account if sandbox.own_uid else None,
        "limits": {name: value for name in LIMITS if (value := getattr(sandbox, name)) is not None},
    }
    return json.dumps(plan).encode()


class _Status(asyncio.Protocol):
    """Collects what the shim says, until it closes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.said = bytearray()
        self.over: asyncio.Future[None] = loop.create_future()

    def data_received(self, data: bytes) -> None:
        self.said += data[: STATUS_BYTES - len(self.said)]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def confined_as_told(status: int, program: str) -> None:
    """Wait until the shim became the program. Raises Unreachable with what it could not do; closes `status`."""
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(status, "rb", 0)
    try:
        transport, heard = await loop.connect_read_pipe(lambda: _Status(loop), pipe)
    except BaseException:
        pipe.close()
        raise
    try:
        async with asyncio.timeout(SHIM_SECONDS):
            await heard.over
    except TimeoutError:
        raise Unreachable(f"the sandbox of {program} was not ready within {SHIM_SECONDS:g} s") from None
    finally:
        transport.close()
    if refusal := refusal_in(bytes(heard.said)):
        raise Unreachable(f"the command {program} {refusal}")


def refusal_in(said: bytes) -> str:
    """What the shim could not do, as a clause; "" when all that was demanded holds."""
    good, refused, clause = said.partition(b"!")
    if refused:
        return clause.decode("utf-8", "replace")
    return "" if good == b"+" else "cannot be started: its sandbox failed before it was there"


def tried(confined: Confinement) -> str:
    """What stands against such a confinement on this machine, as a clause; "" where nothing does. It takes a moment."""
    try:
        started = _through_shim(None, {}, None, confined)
    except Unreachable as wrong:
        return str(wrong)
    assert started.status is not None
    with started.process as process, os.fdopen(started.status, "rb") as status:
        said = status.read(STATUS_BYTES)
        process.communicate()
    return refusal_in(said)
