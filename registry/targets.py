"""What is needed to reach a server, secrets opened, and the upstream made of it. Touches no transaction."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from django.conf import settings

from governance import secrets
from governance.egress.door import Judgement, judge_url
from governance.vault.envelope import BadKeyRing, NotSealed, VaultLocked
from registry.mcp.revisions import Era
from registry.models import Server, Transport
from registry.transports.base import EMPTY_OBJECT, Limits, Unreachable, Upstream
from registry.transports.http import HttpUpstream
from registry.transports.sandbox import NO_SANDBOX, BadSandbox, Sandbox, account_of, read_sandbox
from registry.transports.sse import SseUpstream
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment
from registry.transports.stdio_start import Confinement, tried

Given = Mapping[str, "str | Mapping[str, str]"]
"""Environment or headers as stored: plain strings, or {"secret": name}."""


class NotReady(Exception):
    """The server must not or cannot be reached as things stand; one sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """One server, ready to be reached. `environment` and `headers` hold opened secrets and are never shown."""

    name: str
    transport: str
    url: str = ""
    command: tuple[str, ...] = ()
    cwd: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_private_address: bool = False
    sandbox: Sandbox = NO_SANDBOX
    result_bytes: int = 10 * 1024 * 1024


def target_of(server: Server, reveal: Callable[[str], str] = secrets.reveal) -> Target:
    """The target of a stored server. Raises NotReady, above all for a program that nobody accepted as it is."""
    if not server.launch_accepted():
        raise NotReady(f"The command of {server.name} is not accepted as it stands; an administrator must accept it.")
    try:
        sandbox = read_sandbox(server.sandbox)
    except BadSandbox as error:
        raise NotReady(f"The sandbox of {server.name} cannot be understood: {error}.") from None
    return Target(
        name=server.name,
        transport=server.transport,
        url=server.url,
        command=tuple(server.command),
        cwd=server.cwd,
        environment=opened(server.env, reveal),
        headers=opened(server.headers, reveal),
        allow_private_address=server.allow_private_address,
        sandbox=sandbox,
        result_bytes=server.result_bytes,
    )


def opened(given: Given, reveal: Callable[[str], str]) -> dict[str, str]:
    """The values with their secrets opened. Raises NotReady where a secret is missing or the vault is locked."""
    try:
        return {name: value if isinstance(value, str) else reveal(value["secret"]) for name, value in given.items()}
    except (secrets.UnknownSecret, VaultLocked, NotSealed, BadKeyRing) as error:
        raise NotReady(f"A secret cannot be opened: {error}.") from None


def open_upstream(target: Target, *, client_capabilities: bytes = EMPTY_OBJECT, prefer: Era | None = None) -> Upstream:
    """The upstream, not yet opened; nothing is started or sent. Raises NotReady, AddressRefused.

    `prefer` is the era it is asked for first (the modern one without), the other one where it does not speak that.
    """
    limits = Limits(result_bytes=target.result_bytes, open_files=target.sandbox.open_files or Limits().open_files)
    if target.transport == Transport.STDIO:
        return StdioUpstream(
            _runnable(target),
            environment=child_environment(settings.PROCESS_ENVIRONMENT, target.environment, settings.CHILD_INHERITS),
            cwd=target.cwd or None,
            confined=_confinement(target),
            client_capabilities=client_capabilities,
            prefer=prefer,
            limits=limits,
        )
    # The old SSE transport has the session era alone.
    reach = SseUpstream if target.transport == Transport.SSE else partial(HttpUpstream, prefer=prefer)
    try:
        return reach(
            target.url,
            headers=target.headers,
            allow_private=target.allow_private_address,
            ports=settings.EGRESS_PORTS,
            client_capabilities=client_capabilities,
            limits=limits,
        )
    except ValueError as error:
        raise NotReady(f"The address or headers of {target.name} cannot be used: {error}.") from None


def judged(url: str, *, allow_private: bool) -> Judgement:
    """What this installation says of a server's address before anything is resolved or connected."""
    return judge_url(url, allow_private=allow_private, ports=settings.EGRESS_PORTS)


def sandbox_abilities() -> dict[str, str]:
    """By protection, what stands against it on this machine, "" where nothing does. Each is tried, for a moment."""
    account = settings.SANDBOX_ACCOUNTS[0] if settings.SANDBOX_ACCOUNTS else None
    wanted = {
        "privileges and limits": Sandbox(open_files=64),
        "network": Sandbox(network=False),
        "uid": Sandbox(own_uid=True),
    }
    return {name: tried(Confinement(sandbox, account)) for name, sandbox in wanted.items()}


def _confinement(target: Target) -> Confinement:
    accounts = settings.SANDBOX_ACCOUNTS if target.sandbox.own_uid else None
    return Confinement(target.sandbox, account_of(target.name, accounts) if accounts else None)


def _runnable(target: Target) -> tuple[str, ...]:
    program = target.command[0]
    if not Path(program).is_absolute():
        raise Unreachable(f"there is no program {program} on the PATH of the gateway")
    return target.command


def resolved(command: Sequence[str], path: str | None = None) -> tuple[str, ...]:
    """The argv with its program as an absolute path; unchanged where there is no such program.

    It is looked up on the gateway's PATH and then beside the running Python. An absolute path stays as written, and
    links are not followed, because a Python environment is told by the path its program is started by.
    """
    program, *arguments = command
    searched = path if path is not None else settings.PROCESS_ENVIRONMENT.get("PATH", os.defpath)
    places = os.pathsep.join((searched, str(Path(sys.executable).parent)))
    found = None if Path(program).is_absolute() else shutil.which(program, path=places)
    return (str(Path(found).absolute()) if found else program, *arguments)
