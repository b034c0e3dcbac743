"""Where a server comes from is kept at each scan, and a program that is another one is recorded in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from governance.models import LedgerEntry
from governance.rights import Machine
from registry import scanning
from registry.models import Server

pytestmark = pytest.mark.django_db


def changes() -> list[str]:
    entries = [json.loads(entry.text)["change"] for entry in LedgerEntry.objects.filter(kind="change.server")]
    return [change["reason"] for change in entries if change["what"] == "provenance"]


def test_a_scan_keeps_the_program_and_says_when_it_is_another(
    shapeshifter: Any, make_server: Callable[..., Server], tmp_path: Path
) -> None:
    copy = tmp_path / "server.py"
    copy.write_text(Path(shapeshifter.command[1]).read_text())
    server = make_server("files", [shapeshifter.command[0], str(copy), *shapeshifter.command[2:]])
    Server.objects.update(provenance={"imported": {"registry": "a file"}})
    assert not scanning.scan(server.pk, by=Machine.SYSTEM).cause
    kept = Server.objects.get().provenance
    assert kept["kind"] == "program" and kept["script"] == str(copy) and len(kept["sha256"]) == 64
    assert kept["imported"] == {"registry": "a file"}
    scanning.scan(server.pk, by=Machine.SYSTEM)
    assert changes() == [], "the same program is no change"
    copy.write_text(copy.read_text() + "# One line more.\n")
    scanning.scan(server.pk, by=Machine.SYSTEM)
    assert changes() == ["The file that is run changed."]
    assert Server.objects.get().provenance["changed"] == "The file that is run changed."
