"""Where a server comes from: its program before it runs, or its address and who answered. Runs and opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from governance.canonical.urls import canonical_url
from governance.canonical.values import NotCanonical
from registry.programs.facts import Place, Program, difference
from registry.programs.launch import look_up
from registry.transports.peer import PeerFacts

__all__ = ["Place", "Program", "Reached", "difference", "provenance_of"]


class Reached(Protocol):
    """What a Target and a stored server have in common."""

    @property
    def url(self) -> str:
        """The address of a web server, else ""."""
        ...

    @property
    def command(self) -> Sequence[str]:
        """The argv of a local one, its program absolute."""
        ...

    @property
    def cwd(self) -> str:
        """The folder that a local one runs in."""
        ...


def provenance_of(server: Reached, peer: PeerFacts | None = None) -> Program | Place:
    """What is known of a server; reads files of a local one, so it belongs in a thread. `peer` is its transport's."""
    if not server.url:
        return look_up(tuple(server.command), server.cwd)
    try:
        parts = canonical_url(server.url)
    except NotCanonical:
        return Place("", "", 0)  # Nothing is reached there either.
    certificate = peer.certificate if peer is not None else None
    return Place(
        parts.scheme,
        parts.host,
        parts.port or 0,
        peer.address if peer is not None else "",
        certificate.record() if certificate is not None else None,
    )
