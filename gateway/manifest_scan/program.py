"""`gatehouse scan`: look at the manifest in a file, at an address, or of a program that is started. No Django."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON
from registry.manifest.canonical import MAX_MANIFEST_BYTES, ManifestError
from registry.scan.lexicon import UnusablePack
from registry.scan.own_rules import read_rules
from registry.scan.pack import PACK
from registry.scan.scan import Scanner, compile_pack
from registry.transports.base import UpstreamError
from registry.transports.fetch import fetch_document
from registry.transports.http import HttpUpstream
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment

MAX_DEPTH: Final = 512
MAX_MEMBERS: Final = 1_000_000
FETCH_SECONDS: Final = 60.0
SCHEMES: Final = ("http://", "https://")


class BadUsage(ValueError):
    """The program was not started as it has to be. The text says what to change."""


class CannotRead(Exception):
    """There is no manifest to judge. The text says what was tried and why it failed."""


def scanner(rules: str) -> Scanner:
    """The pack, with the rules of a file added where one is named. Raises BadUsage."""
    if not rules:
        return compile_pack()
    try:
        return compile_pack(read_rules(_body(rules), PACK))
    except (UnusablePack, CannotRead) as problem:
        raise BadUsage(f"{rules}: {problem}") from None


def manifest_of(
    source: str, command: Sequence[str], *, environment: Mapping[str, str], reach: Callable[[str], HttpUpstream]
) -> JSON:
    """The manifest in a file, at an address that `reach` opens, or of a command. Raises BadUsage, CannotRead."""
    if command and source:
        raise BadUsage("give a file, an address or a command, not two of them")
    if command:
        return asyncio.run(_of_program(_argv(command, environment), environment))
    if source.lower().startswith(SCHEMES):
        return asyncio.run(_of_address(source, reach))
    return read_document(_body(source), source)


def read_document(body: bytes, where: str) -> JSON:
    """A manifest as JSON; one that stands in a field `manifest` is taken out of it. Raises CannotRead."""
    try:
        document = parse(body, max_depth=MAX_DEPTH, max_members=MAX_MEMBERS)
    except Malformed as wrong:
        raise CannotRead(f"{where}: {wrong.message}; give the JSON of a manifest") from None
    inner = document.get("manifest") if isinstance(document, dict) else None
    return inner if isinstance(inner, dict) else document


def _body(file: str) -> bytes:
    try:
        with Path(file).open("rb") as opened:
            body = opened.read(MAX_MANIFEST_BYTES + 1)
    except OSError as problem:
        raise CannotRead(f"{file}: cannot be read: {problem.strerror}; name a file, a URL, or -- COMMAND") from None
    if len(body) > MAX_MANIFEST_BYTES:
        raise CannotRead(f"{file}: is larger than {MAX_MANIFEST_BYTES} bytes")
    return body


async def _of_address(url: str, reach: Callable[[str], HttpUpstream]) -> JSON:
    try:
        upstream = reach(url)
    except (ValueError, UpstreamError) as problem:
        raise CannotRead(f"{url}: {_told(problem)}") from None
    return await _fetched(upstream, url)


def _argv(command: Sequence[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    program = shutil.which(command[0], path=environment.get("PATH", os.defpath))
    if program is None:
        raise CannotRead(f"{command[0]}: there is no such program on the PATH; install it or name it in full")
    return (str(Path(program).absolute()), *command[1:])


async def _of_program(argv: Sequence[str], environment: Mapping[str, str]) -> JSON:
    return await _fetched(StdioUpstream(argv, environment=child_environment(environment, {})), argv[0])


async def _fetched(upstream: Any, where: str) -> JSON:
    try:
        return await fetch_document(upstream, deadline=FETCH_SECONDS)
    except (UpstreamError, ManifestError) as problem:
        raise CannotRead(f"{where}: {_told(problem)}") from None
    finally:
        await upstream.close()


def _told(problem: Exception) -> str:
    """The refusal of an address names the setting of a server record; here it is an option."""
    return str(problem).replace("set allow_private_address to permit it", "--allow-private-address permits it")
