"""Every test that the threat model calls as a witness exists in the file it is linked to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "threat-model.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("| threat |")]
WITNESS = re.compile(r"\]\(([^)]+\.py)\)|`(test_[a-z0-9_]+)`")


def witnesses(row: str) -> list[tuple[Path, str]]:
    """The tests a row names, each with the file of the link before it."""
    found, file = [], None
    for target, name in WITNESS.findall(row):
        if target:
            file = (PAGE.parent / target).resolve()
        else:
            assert file is not None, f"{name} has no file"
            found.append((file, name))
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_every_row_is_shown_by_tests_that_exist(row: str) -> None:
    named = witnesses(row)
    assert named, "a row without a test claims what nothing shows"
    assert [name for file, name in named if f"def {name}(" not in file.read_text()] == []
