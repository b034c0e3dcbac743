"""docs/changes-of-servers.md: its table is that of the code, its examples are what the code says."""

from __future__ import annotations

import json
import re

import pytest

from registry.manifest.canonical import Kind
from registry.manifest.change_kinds import WEIGHTS, ChangeKind
from registry.manifest.explain import explain
from registry.manifest.lock import read_lock, write_lock
from registry.manifest.schema_walk import MAX_WALKED
from registry.manifest.telling import (
    ALWAYS_OF_ITEM,
    MAX_CHANGES,
    MAX_COMPARED,
    MAX_LOOKS,
    MAX_OF_ITEM,
    MAX_TEXT,
)
from tests.architecture.sources import ROOT
from tests.registry.manifest.documents import manifest

PAGE = (ROOT / "docs" / "changes-of-servers.md").read_text()
KINDS = PAGE.split("\n## Kinds\n", 1)[1].split("\n## ", 1)[0]
ROWS = {
    row.split("|")[1].strip(" `"): [cell.strip() for cell in row.split(" | ", 3)[1:]]
    for row in KINDS.splitlines()
    if row.startswith("| `")
}


def block(name: str) -> str:
    """The text of the example of this name."""
    found = re.search(rf"```json {name}\n(.*?)\n```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


def test_every_kind_has_a_weight_and_a_row_in_its_order() -> None:
    assert list(WEIGHTS) == list(ChangeKind)
    assert list(ROWS) == [kind.value for kind in ChangeKind]


@pytest.mark.parametrize("kind", ChangeKind)
def test_a_row_says_what_the_code_does(kind: ChangeKind) -> None:
    weight = WEIGHTS[kind]
    results = weight.results.value if weight.results else "–"
    assert [cell.removesuffix(" |") for cell in ROWS[kind.value]] == [weight.arguments.value, results, weight.meaning]


def test_the_example_is_what_the_code_tells() -> None:
    old, new = (manifest(json.loads(block(name))) for name in ("before", "after"))
    assert json.loads(block("changes")) == json.loads(explain(old, new).encoded())


def test_the_example_of_a_lock_is_one_as_it_is_written() -> None:
    text = block("lock") + "\n"
    assert write_lock(read_lock(text.encode())).decode() == text


def test_every_kind_of_item_is_named() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `items[]` | `kind` (`tool`"))
    assert [name for name in Kind if f"`{name.value}`" not in row] == []


def test_the_limits_are_those_of_the_code() -> None:
    rows = PAGE.split("| limit | beyond it |", 1)[1].split("\n## ", 1)[0]
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", rows)]
    assert numbers == [MAX_WALKED, MAX_OF_ITEM, MAX_CHANGES, ALWAYS_OF_ITEM, MAX_TEXT, MAX_COMPARED, MAX_LOOKS]
