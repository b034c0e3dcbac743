"""Links, make targets and paths that the documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import APPS, ROOT, name

MAPS = [ROOT / app / "README.md" for app in APPS]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").glob("*.md"), *MAPS])


def anchors(document: Path) -> set[str]:
    """What a link into a document may name: its headings, as every renderer of Markdown slugs them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_places_within_documents_that_links_name_are_there(document: Path) -> None:
    """A renamed heading must not leave a link behind."""
    wanted = re.findall(r"\]\(([^)\s#:]*)#([^)\s]+)\)", document.read_text())
    missing = [
        f"{target}#{place}"
        for target, place in wanted
        if place not in anchors(document.parent / target if target else document)
    ]
    assert missing == []


@pytest.mark.parametrize("page", MAPS, ids=name)
def test_the_map_of_an_app_names_what_is_there_and_leaves_no_package_out(page: Path) -> None:
    """Architecture 3.2: each app's README is its map."""
    named = {
        entry for row in re.findall(r"^\| (`.*?) \|", page.read_text(), re.MULTILINE) for entry in row.split("`")[1::2]
    }
    assert [entry for entry in named if not [*page.parent.glob(entry.rstrip("/"))]] == []
    folders = {each.parent.name for each in page.parent.glob("*/__init__.py")} - {"templatetags"}
    assert sorted(folders - {entry.rstrip("/") for entry in named}) == []
