"""Many tools of many servers are read, compared and told of within the time that a scan has, whatever they write."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from governance.canonical.strict_json import parse
from registry.manifest.canonical import Manifest, read_manifest
from registry.manifest.explain import explain
from registry.manifest.telling import ALWAYS_OF_ITEM, MAX_CHANGES, MAX_OF_ITEM, MAX_TEXT
from registry.manifest.words import Op
from tests.registry.manifest.documents import manifest, tool
from tests.registry.manifest.fleet import SERVERS, TOOLS, fleet

MEASURED = 6.0
"""Seconds of one core for the fleet, read twice and compared."""


def read(data: bytes) -> Manifest:
    return read_manifest(parse(data, max_depth=64, max_members=10**6))


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_a_fleet_of_25000_tools_is_read_and_told_of_in_three_times_what_was_measured() -> None:
    assert SERVERS * TOOLS == 25_000
    pairs = fleet()
    started = time.process_time()
    told = [explain(read(before), read(after)) for before, after in pairs]
    spent = time.process_time() - started
    assert all(len(one.items) == TOOLS and one.risk for one in told)
    assert spent <= 3 * MEASURED


def hostile(kind: str, turn: int) -> Any:
    """A manifest made to be slow to compare; two turns differ everywhere."""
    if kind == "texts":
        words = ["a b " * 4_000, "b a " * 4_000][turn]
        return {"tools": [{"name": f"t{number}", "description": words} for number in range(500)]}
    if kind == "fields":
        return tool(_meta={f"k{number}": turn for number in range(40_000)})
    if kind == "references":
        definitions = {
            f"d{n}": {"properties": {f"p{m}": {"$ref": f"#/$defs/d{n + 1}"} for m in range(20)}} for n in range(40)
        }
        properties = {f"url{turn}{n}": {"$ref": "#/$defs/d0", "maxLength": n} for n in range(3_000)}
        return tool(inputSchema={"properties": properties, "$defs": definitions})
    if kind == "alternatives":
        return tool(inputSchema={"anyOf": [{"type": "string", "maxLength": 2 * n + turn} for n in range(10_000)]})
    deep: Any = {"const": turn}
    for _ in range(11):
        deep = {"items": deep, "enum": list(range(4_000)), "description": "d" * 900 + str(turn)}
    return tool(inputSchema=deep)


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["texts", "fields", "references", "alternatives", "depth"])
def test_a_manifest_made_to_be_slow_is_told_of_all_the_same(kind: str) -> None:
    """Our choice: five seconds of one core for any one server; the slowest of these takes about half of one."""
    old, new = manifest(hostile(kind, 0)), manifest(hostile(kind, 1))
    started = time.process_time()
    told = explain(old, new)
    assert time.process_time() - started <= 5
    assert len(told.items) == len(new.items)


def test_an_item_with_more_changes_than_are_listed_says_so() -> None:
    (item,) = explain(manifest(hostile("fields", 0)), manifest(hostile("fields", 1))).items
    assert len(item.changes) == MAX_OF_ITEM + 1
    assert item.changes[0].kind == "more-changes"
    assert item.changes[0].sentence == 'Tool "t": 39500 further changes are not listed.'
    assert item.risk == "high"


def test_however_much_changes_every_item_is_told_of() -> None:
    def of(turn: int) -> Manifest:
        meta = {f"k{number}": turn for number in range(300)}
        return manifest({"tools": [{"name": f"t{number}", "_meta": meta} for number in range(200)]})

    told = explain(of(0), of(1))
    assert len(told.items) == 200
    assert all(len(item.changes) >= min(ALWAYS_OF_ITEM, 300) for item in told.items)
    assert sum(len(item.changes) for item in told.items) <= MAX_CHANGES + MAX_OF_ITEM + 200 * (ALWAYS_OF_ITEM + 1)
    assert json.loads(told.encoded())["risk"] == "high"


@pytest.mark.parametrize("letters", [MAX_TEXT // 4, MAX_TEXT])
def test_a_text_that_is_too_long_is_compared_by_its_ends(letters: int) -> None:
    """Below the limit word by word; above it, all between the first and the last difference counts as replaced."""
    middle = " ".join(map(str, range(letters // 6)))
    old, new = f"old {middle} old", f"new {middle} new"
    (change,) = explain(manifest(tool(description=old)), manifest(tool(description=new))).items[0].changes
    assert len([run for run in change.words if run.op is Op.REMOVED]) == (1 if len(old) + len(new) > MAX_TEXT else 2)
    assert "".join(run.text for run in change.words if run.op is not Op.ADDED) == old
