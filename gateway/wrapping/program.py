"""`gatehouse wrap`: what a client starts instead of a local server. Arranges this process, then opens the house.

Django is imported only after the environment and the standard streams are arranged.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.settings import env
from gateway.stdio.telling import teller
from gateway.wrapping.folders import NoFolder, claim
from gateway.wrapping.naming import BadName, server_name

OWNER_ONLY: Final = 0o077
SELDOM: Final = (100_000, 20, 100)  # Modules stay: looking for garbage among them takes a fifth of the start.
SETTINGS: Final = "gateway.settings.wrap"
tell: Final = teller("gatehouse wrap")


class BadUsage(ValueError):
    """The program was not started as it has to be. The text says what to change."""


class CannotServe(Exception):
    """The wrapped server cannot be served; each line says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wrapped: name and argv of the server, the data folder, and the text of the policy, if one is given."""

    name: str
    command: tuple[str, ...]
    folder: Path
    policy: str | None
    policy_name: str


def run(*, command: Sequence[str], policy: str, name: str, data: str) -> int:
    """Serve until input ends; gives the exit status. Raises BadUsage, CannotServe."""
    wanted = _wanted(command, policy, name, data)
    os.umask(OWNER_ONLY)
    try:
        claimed = claim(wanted.folder, wanted.name, alone=bool(data))
    except NoFolder as problem:
        raise CannotServe(str(problem)) from None
    instead = f"; {claimed.busy.partition(';')[0]}, so the data of this one is in {claimed.folder}"
    tell(f"starting {wanted.name}{instead if claimed.busy else ''}")
    try:
        return _served(replace(wanted, folder=claimed.folder))
    except CannotServe:
        claimed.discard()
        raise
    finally:
        claimed.lock.release()


def _served(wanted: Wanted) -> int:
    protocol_in, protocol_out = _take_streams()
    env.replace(
        GATEHOUSE_DATA=str(wanted.folder),
        DJANGO_SETTINGS_MODULE=SETTINGS,
        GATEHOUSE_PUBLIC_URL="",
        GATEHOUSE_PEER_URL="",
        GATEHOUSE_ALLOWED_HOSTS="",
        DATABASE_URL="",
        DATABASE_OWNER_URL="",
        REDIS_URL="",
        PORT="",
    )
    gc.set_threshold(*SELDOM)
    import django

    django.setup()
    from gateway.wrapping.house import serve

    return serve(wanted, protocol_in, protocol_out)


def _wanted(command: Sequence[str], policy: str, name: str, data: str) -> Wanted:
    if not command:
        raise BadUsage("say which server to wrap: gatehouse wrap [--policy FILE] -- COMMAND ARGUMENT…")
    if env.mode() == "production":
        raise BadUsage("GATEHOUSE_MODE is production, where nobody decides their own calls; unset it for this program")
    try:
        called = server_name(command, name)
    except BadName as problem:
        raise BadUsage(str(problem)) from None
    folder = Path(data) if data else Path(env.read("GATEHOUSE_DATA", "var")) / called
    return Wanted(called, _rooted(command), folder.absolute(), _read(policy), policy)


def _rooted(command: Sequence[str]) -> tuple[str, ...]:
    """A program that is named by a path is meant from here; one that is not is looked up on PATH."""
    program, *arguments = command
    return (str(Path(program).absolute()) if os.sep in program else program, *arguments)


def _read(policy: str) -> str | None:
    if not policy:
        return None
    try:
        return Path(policy).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise BadUsage(f"--policy {policy} cannot be read: {why}") from None


def _take_streams() -> tuple[int, int]:
    """Keep standard input and output for the protocol: whatever else is printed goes to standard error."""
    protocol_in, protocol_out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return protocol_in, protocol_out
