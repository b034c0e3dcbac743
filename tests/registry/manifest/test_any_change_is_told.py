"""Any change of any field of any item is told of: over copies of what public servers offer, and over made-up ones."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.manifest.canonical import Manifest
from registry.manifest.explain import explain
from tests.registry.manifest.documents import LISTS, items, manifest, real_documents
from tests.registry.manifest.mutating import Path, at_path, covers, escaped, fields, readable, require_told

REAL = [
    pytest.param(document, id=f"{server}/{name}")
    for server, whole in real_documents().items()
    for name, document in items(whole)
]
OTHERS: list[Any] = [None, True, False, 0, 1, -1.5, "", "other", ["other"], [], {}, {"other": 1}, {"type": "integer"}]
PAIRS_OF_CHANGES = 40


def mutations(document: Any, path: Path, rng: random.Random) -> Iterator[Any]:
    """The document with the field replaced, removed, added to, and turned round."""
    for how in ("other", "removed", "added", "reversed", "reworded"):
        changed = copy.deepcopy(document)
        place, step = at_path(changed, path[:-1]), path[-1]
        value = place[step]
        if how == "other":
            place[step] = rng.choice([other for other in OTHERS if json.dumps(other) != json.dumps(value)])
        elif how == "removed":
            del place[step]
        elif how == "added" and isinstance(value, dict):
            value[rng.choice(["x-new", "url", "type", "not", "enum", "description"])] = rng.choice(OTHERS)
        elif how == "added" and isinstance(value, list):
            value.insert(rng.randrange(len(value) + 1), rng.choice(OTHERS))
        elif how == "reversed" and isinstance(value, list):
            value.reverse()
        elif how == "reworded" and isinstance(value, str):
            place[step] = rng.choice([value + " ", value.upper() + "!", value.replace(" ", "  "), f"\u200b{value}"])
        yield changed


def test_there_are_manifests_of_several_servers() -> None:
    assert len(real_documents()) >= 5
    assert len(REAL) >= 60


@pytest.mark.parametrize("document", REAL)
def test_any_change_of_one_field_is_told_where_it_is(document: Any) -> None:
    """Every field of every item, changed in every way that its value lets."""
    rng = random.Random(5)
    old = manifest(document)
    start = 2 if next(iter(document)) in LISTS else 1 if isinstance(next(iter(document.values())), dict) else 0
    start = 0 if next(iter(document)) == "capabilities" else start
    for path in fields(document):
        for changed in mutations(document, path, rng):
            new = readable(changed)
            if new is None or new.by_key.keys() != old.by_key.keys():
                continue
            require_told(old, new)
            for item in explain(old, new).items:
                assert any(covers(change, escaped(path[start:])) for change in item.changes), (path, item.changes)


@pytest.mark.parametrize("document", REAL)
def test_several_changes_at_once_are_each_told(document: Any) -> None:
    """Two fields at a time, neither inside the other: none hides the other."""
    rng = random.Random(6)
    old = manifest(document)
    places = fields(document)
    for _ in range(PAIRS_OF_CHANGES if len(places) > 1 else 0):
        one, other = rng.sample(places, 2)
        if one[: len(other)] == other or other[: len(one)] == one:
            continue
        first = next(mutations(document, one, rng))
        second = next(mutations(first, other, rng))
        new = readable(second)
        if new is not None:
            require_told(old, new)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYWORDS = [
    *("type", "properties", "required", "items", "enum", "const", "default", "description", "title", "anyOf", "allOf"),
    *("oneOf", "not", "if", "then", "else", "$ref", "$defs", "pattern", "format", "minimum", "maximum", "multipleOf"),
    *("uniqueItems", "additionalProperties", "patternProperties", "prefixItems", "examples", "dependentRequired"),
    *("dependentSchemas", "definitions", "contains", "propertyNames", "$comment", "x-odd"),
]
words = st.sampled_from(["string", "integer", "number", "object", "^a$", "a", "b", "uri", "url", "#/$defs/a"])
schemas = st.recursive(
    json_values | words,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYWORDS), inner | st.lists(inner, max_size=3), max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "url"]), inner, max_size=3)
    ),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {
        "inputSchema": schemas,
        "outputSchema": schemas,
        "annotations": st.dictionaries(
            st.sampled_from(["readOnlyHint", "destructiveHint", "title", "x"]), st.booleans() | json_values, max_size=3
        ),
        "icons": json_values,
        "_meta": json_values,
        "description": json_values,
    }
)


@settings(max_examples=250, deadline=None)
@given(documents, documents)
def test_whatever_a_server_writes_is_told_of(old: Any, new: Any) -> None:
    """Schemas of any shape, broken ones included: never an error, never silence, never words without a change."""
    require_told(manifest({"tools": [{"name": "t", **old}]}), manifest({"tools": [{"name": "t", **new}]}))


@settings(max_examples=200, deadline=None)
@given(schemas, schemas, st.sampled_from(["prompts", "resourceTemplates", "resources"]))
def test_so_is_any_other_item(old: Any, new: Any, field: str) -> None:
    def of(value: Any) -> Manifest:
        return manifest({field: [{LISTS[field]: "x", "arguments": value, "mimeType": value, "annotations": value}]})

    require_told(of(old), of(new))
