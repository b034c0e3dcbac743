"""Servers whose manifests a test can change, stored and accepted as an administrator would."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from registry.models import Server

# The pure tests below this folder run without Django, so the fixtures import what needs it.
SHAPESHIFTER = Path(__file__).parent / "shapeshifter.py"
ROOT = Path(__file__).parent.parent.parent


class Shapeshifter:
    """One shapeshifter: its manifest file, and the argv that runs it."""

    def __init__(self, folder: Path) -> None:
        self.manifest = folder / "manifest.json"
        self.marker = folder / "started"
        self.command = [sys.executable, str(SHAPESHIFTER), str(self.manifest), str(self.marker)]
        self.offer(read="Read a file.", write="Write a file.")

    def offer(self, version: str = "1", **tools: str) -> None:
        """Offer these tools with these descriptions from now on."""
        listed = [
            {"name": name, "description": text, "inputSchema": {"type": "object"}} for name, text in tools.items()
        ]
        self.offer_all({"tools": listed, "version": version})

    def offer_all(self, manifest: dict[str, Any]) -> None:
        """Offer exactly this from now on."""
        self.manifest.write_text(json.dumps(manifest))


@pytest.fixture
def shapeshifter(tmp_path: Path) -> Shapeshifter:
    """A server program whose manifest the test rewrites."""
    return Shapeshifter(tmp_path)


@pytest.fixture
def make_server() -> Callable[..., Server]:
    """Stores a server as the operator does, its program accepted."""
    from governance.rights import Machine
    from registry.models import Server
    from registry.servers import ASKED, set_server

    def make(name: str, command: list[str] | None = None, **fields: Any) -> Server:
        empty = {field: getattr(Server(), field) for field in ASKED}
        transport = "stdio" if command else "http"
        asked = empty | {"transport": transport, "command": command or []} | fields
        return set_server(name=name, asked=asked, team=None, by=Machine.OPERATOR)[0]

    return make


@pytest.fixture
def approved(shapeshifter: Shapeshifter, make_server: Callable[..., Server]) -> Server:
    """A shapeshifter that was scanned, with both of its tools approved."""
    from governance.rights import Machine
    from registry.lifecycle import Shown, approve_items
    from registry.scanning import scan

    server = make_server("files", shapeshifter.command)
    scan(server.pk, by=Machine.OPERATOR)
    shown = [Shown.of(item) for item in server.items.all()]
    approve_items(server=server, items=shown, by=Machine.OPERATOR)
    server.refresh_from_db()
    return server
