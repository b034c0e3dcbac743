"""Look at a server that nobody approved yet, step by step, from its name to the findings. Uses no database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from django.conf import settings

from governance.canonical.values import JSON
from governance.text.visible import one_line
from registry.looking import SCAN_SECONDS, Remark, Tell, step, storable_manifest, told_from_own_loop
from registry.manifest.canonical import Manifest, ManifestError
from registry.models import Transport
from registry.provenance import provenance_of
from registry.scan.finding import Finding
from registry.targets import NotReady, Target, open_upstream
from registry.transports.base import HttpStatus, Limits, Upstream, UpstreamError
from registry.transports.fetch import fetch_document
from registry.transports.http_address import HttpAddress, read_address, resolve
from registry.transports.http_pool import Pool

Judge = Callable[[Manifest], tuple[Finding, ...]]
"""What is found in a manifest."""

HINTS: Final[Mapping[int, str]] = {
    401: "it asks for credentials; name the header that carries them",
    403: "it refuses this gateway; it may ask for credentials, so name the header that carries them",
    404: "nothing answers at this path; look at the address again",
    405: "this path takes no MCP requests; look at the address again",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look brought. `cause` is "" where the server was read, else one sentence that says why not."""

    manifest: Manifest | None = None
    findings: tuple[Finding, ...] = ()
    provenance: Mapping[str, JSON] = field(default_factory=dict)
    cause: str = ""


def look(target: Target, *, judge: Judge, tell: Tell) -> Looked:
    """Look at one server within SCAN_SECONDS; the caller has made sure that it may. Callable with or without a loop.

    `judge` and `tell` run in the caller's thread, so that they may use the caller's database connection.
    """
    provenance: dict[str, JSON] = {}
    try:
        manifest = told_from_own_loop(partial(_observe, target, provenance), tell)
    except (UpstreamError, ManifestError, NotReady, TimeoutError) as error:
        return Looked(provenance=provenance, cause=_cause(target, error))
    with step("scan", tell) as remark:
        findings = judge(manifest)
        remark.text = f"{len(findings)} findings"
    return Looked(manifest, findings, provenance)


async def _observe(target: Target, provenance: dict[str, JSON], tell: Tell) -> Manifest:
    async with asyncio.timeout(SCAN_SECONDS):
        with step("resolve", tell) as remark:
            upstream = open_upstream(target)
            provenance |= (await asyncio.to_thread(provenance_of, target)).record()
            remark.text = await _resolved(target)
        try:
            if target.transport != Transport.STDIO:
                with step("connect", tell) as remark:
                    provenance |= await _connect(target, remark)
            with step("handshake", tell) as remark:
                await _shake_hands(upstream, remark, provenance)
            with step("list", tell):
                document = await fetch_document(upstream, deadline=SCAN_SECONDS)
        finally:
            await upstream.close()
        with step("hash", tell) as remark:
            manifest = storable_manifest(document)
            remark.text = manifest.held_digest
    return manifest


async def _resolved(target: Target) -> str:
    """The program's absolute path, or every address behind the host, each judged."""
    if target.transport == Transport.STDIO:
        return target.command[0]
    return ", ".join(await resolve(_address(target), asyncio.get_running_loop()))


async def _connect(target: Target, remark: Remark) -> dict[str, JSON]:
    """One connection of its own, so that what cannot be connected is told apart from what answers wrongly."""
    loop = asyncio.get_running_loop()
    limits = Limits()
    pool = Pool(_address(target), limits)
    try:
        await pool.connection(loop.time() + limits.connect_seconds)
        peer = pool.peer
    finally:
        pool.close()
    remark.text = f"{peer.address} port {peer.port}" if peer is not None else ""
    return provenance_of(target, peer).record()


async def _shake_hands(upstream: Upstream, remark: Remark, provenance: dict[str, JSON]) -> None:
    handshake = await upstream.open()
    remark.text = handshake.version
    # The server's own words, in a form that is shown and stored as it stands.
    said = {key: one_line(str(handshake.server_info.get(key, "")), 120) for key in ("name", "version")}
    provenance |= {"protocol": handshake.version, "server": {key: text for key, text in said.items() if text}}


def _address(target: Target) -> HttpAddress:
    return read_address(target.url, allow_private=target.allow_private_address, ports=settings.EGRESS_PORTS)


def _cause(target: Target, error: Exception) -> str:
    """One sentence for a person, without text of the server."""
    if isinstance(error, NotReady):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"Could not read the server: no manifest within {SCAN_SECONDS:.0f} s."
    if isinstance(error, ManifestError):
        return f"The server answered, and its manifest cannot be judged: {error}."[:500]
    hint = f"; {HINTS[error.status]}" if isinstance(error, HttpStatus) and error.status in HINTS else ""
    said = f"Could not read the server: {error}{hint}."
    return said.replace("set allow_private_address to permit it", "ask for a private address")[:500]
