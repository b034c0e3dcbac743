"""Links, make targets and paths that the documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, name

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").glob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    """Architecture 2.25: documentation is compared with what it speaks of."""
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", document.read_text())
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_make_targets_that_are_named_exist(document: Path) -> None:
    """The same for `make …`."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", document.read_text()))
    named |= set(re.findall(r"^ *\$? *make ([a-z]+)", document.read_text(), re.MULTILINE))
    assert named - targets == set()
