"""docs/import.md says what the import and `gatehouse discover` do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.discovery.places import configurations
from registry.imports.client_entries import MAX_URL, MAX_WORD
from registry.imports.documents import MAX_CHARACTERS
from registry.imports.reading import MAX_SERVERS, drafts_of
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs" / "import.md").read_text()


def test_the_example_is_read_as_the_page_says() -> None:
    """Comments, a last comma, and the name that is made to fit."""
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    first, second = drafts_of(example)
    assert (first.name, first.provenance.version, first.env) == ("github-issues", "2.3.1", ("GITHUB_TOKEN",))
    assert (second.name, second.headers, second.warnings) == ("tickets", ("X-Team",), ())


def test_every_client_that_is_looked_for_is_named_and_no_other() -> None:
    """A reader wants to know whether their client is seen."""
    (listed,) = re.findall(r"The clients looked for are (.*?)\.\n", PAGE, re.DOTALL)
    named = {each.strip() for each in re.split(r", | and ", re.sub(r"\(.*?\)", "", listed.replace("\n", " ")))}
    folder = Path("/nowhere")
    assert named == {each.client for each in configurations(folder, folder / "project")}


def test_the_options_are_those_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option of the table is one of the program's, and none is left out."""
    rows = set(re.findall(r"^\| `(--[a-z]+)", PAGE, re.MULTILINE))
    assert rows == set(re.findall(r"^  (--[a-z]+)", _help(capsys), re.MULTILINE))


def _help(capsys: pytest.CaptureFixture[str]) -> str:
    try:
        main(["discover", "--help"])
    except SystemExit as ended:
        assert ended.code == 0
    return str(capsys.readouterr().out)


def test_the_limits_are_those_of_the_code() -> None:
    """A limit that is told is kept."""
    assert (MAX_CHARACTERS // 2**20, MAX_SERVERS, MAX_URL, MAX_WORD) == (16, 1000, 2000, 8192)
    for told in ("16 million", "1,000 servers", "2,000 characters", "8,192"):
        assert told in PAGE
