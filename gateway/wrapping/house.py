"""The whole application in this process around one server: set up like `serve`, and bridged to the client's pipes."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

import uvicorn
import uvloop
from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError

from gateway.background import Background
from gateway.peers.identity import bound_address
from gateway.serving import CannotStart, http_server, serve_on, until_ready
from gateway.stdio.address import Address
from gateway.stdio.pipes import lines
from gateway.stdio.program import bridge_to
from gateway.wrapping.asking import Asking
from gateway.wrapping.configuration import AGENT, POLICY_FILE, configuration
from gateway.wrapping.folders import kept_between_runs
from gateway.wrapping.program import CannotServe, Wanted, tell
from governance import local_mode, schema
from governance.recovery import seal_dead_epochs
from registry.apply import apply_configuration, known_names
from registry.configuration.parse import parse_config
from registry.configuration.values import BadConfiguration
from registry.outcome import CannotApply, Outcome

HOST: Final = "127.0.0.1"
READY_WITHIN: Final = 30.0
ENDS_WITHIN: Final = 5


def serve(wanted: Wanted, protocol_in: int, protocol_out: int) -> int:
    """Serve one client until its input ends; gives the exit status. Raises CannotServe.

    The folder is claimed already.
    """
    background = Background()
    try:
        with socket.create_server((HOST, 0)) as listener:
            _settle_in(listener)
            token = _set_up(wanted)
            background.start_worker()
            background.start_beat()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(_serve(wanted, listener, token, protocol_in, protocol_out))
    finally:
        local_mode.switch_off()
        background.stop()


def _settle_in(listener: socket.socket) -> None:
    """Every entry of a client's configuration has a port of its own, which the system chooses."""
    settings.PORT = listener.getsockname()[1]
    settings.PUBLIC_URL = settings.PEER_URL = bound_address(HOST, settings.PORT)


def _set_up(wanted: Wanted) -> str:
    """Bring the data folder up to date and make it what the command says; the agent's token, made for this run."""
    try:
        schema.migrate_from_kept(kept_between_runs())
        if problems := [str(found) for found in run_checks(databases=["default"]) if found.is_serious()]:
            raise CannotServe("\n".join(problems))
        seal_dead_epochs(everyone_else_is_dead=True)
        issued: dict[str, Any] = {}
        outcome = apply_configuration(
            parse_config(
                configuration(wanted.name, wanted.command, own_policy=wanted.policy is not None),
                source="gatehouse wrap",
                read_file=lambda name: _policy(wanted, name),
                known=known_names(),
            ),
            environment={},
            folder=wanted.folder,
            deliver=issued.update,
            reissue=frozenset({AGENT}),
        )
        local_mode.switch_on()
    except BadConfiguration as refused:
        raise CannotServe("\n".join(_named(str(problem), wanted) for problem in refused.problems)) from None
    except CannotApply as refused:
        raise CannotServe(str(refused)) from None
    except local_mode.NotLocal as refused:
        raise CannotServe(f"{refused} {wanted.folder} belongs to somebody else; give --data another folder") from None
    except DatabaseError as problem:
        raise CannotServe(f"the database below {wanted.folder} cannot be used: {problem}") from None
    _tell_outcome(wanted, outcome)
    return str(issued["agents"][AGENT])


def _policy(wanted: Wanted, name: str) -> str:
    if name != POLICY_FILE or wanted.policy is None:
        raise FileNotFoundError(name)
    return wanted.policy


def _named(problem: str, wanted: Wanted) -> str:
    """A problem of the policy under the name that the person gave the file."""
    return wanted.policy_name + problem[len(POLICY_FILE) :] if problem.startswith(f"{POLICY_FILE}:") else problem


def _tell_outcome(wanted: Wanted, outcome: Outcome) -> None:
    if cause := outcome.unreachable.get(wanted.name):
        raise CannotServe(f"{wanted.name} cannot be started: {cause}")
    for held in outcome.held:
        tell(f"held back: {held}")
    for what in outcome.unmet:
        tell(what)


async def _serve(wanted: Wanted, listener: socket.socket, token: str, protocol_in: int, protocol_out: int) -> int:
    server = http_server(log_level="error", ends_within=ENDS_WITHIN)
    serving = asyncio.create_task(serve_on(server, listener))
    try:
        await _ready(server, serving)
        async with Asking(tell) as asking:
            tell(f"serving {wanted.name}; evidence in {wanted.folder}; {await asking.invitation()}")
            return await _bridged(wanted, serving, token, protocol_in, protocol_out)
    finally:
        server.should_exit = True
        with suppress(CannotStart):  # Told already.
            await serving


async def _ready(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    ready = asyncio.create_task(until_ready(server))
    await asyncio.wait({ready, serving}, timeout=READY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        return
    ready.cancel()
    if not serving.done():
        raise CannotServe(f"the gateway was not ready within {READY_WITHIN:g} s")
    problem = serving.exception()
    raise CannotServe(str(problem) if isinstance(problem, CannotStart) else "the gateway ended while it started")


async def _bridged(wanted: Wanted, serving: asyncio.Task[None], token: str, protocol_in: int, protocol_out: int) -> int:
    """Between the client's pipes and the endpoint, until the client's input or the server ends."""
    address = Address(secure=False, host=HOST, port=settings.PORT, target=f"/mcp/{wanted.name}")
    bridge = bridge_to(address, token, protocol_out, tell)
    serving.add_done_callback(lambda _: bridge.stop())
    return await bridge.run(lines(protocol_in))
