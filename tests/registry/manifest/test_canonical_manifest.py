"""A manifest's items, digests and refusals."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical.strict_json import parse
from registry.manifest.canonical import MAX_DEPTH, MAX_ITEM_BYTES, Kind, ManifestError, read_manifest
from registry.manifest.diff import compare

TOOL: dict[str, Any] = {
    "name": "read_file",
    "title": "Read",
    "description": "Read a file.",
    "inputSchema": {"type": "object", "properties": {"path": {"type": "string", "x-odd": [1, None]}}},
    "outputSchema": {"type": "object"},
    "annotations": {"readOnlyHint": True},
    "icons": [{"src": "https://x.example/i.png"}],
    "_meta": {"vendor/x": 1},
    "execution": {"new": "field"},
}
WHOLE: dict[str, Any] = {
    "tools": [TOOL, {"name": "write_file", "inputSchema": {}}],
    "prompts": [{"name": "greet", "arguments": []}],
    "resourceTemplates": [{"uriTemplate": "file:///{path}", "name": "files"}],
    "resources": [{"uri": "file:///a", "name": "a"}],
    "instructions": "Be kind.",
    "serverInfo": {"name": "s", "version": "1"},
    "somethingNew": {"kept": True},
}


def manifest(document: Any, **options: bool) -> Any:
    return read_manifest(parse(json.dumps(document).encode(), max_depth=200, max_members=10**6), **options)


def test_every_item_and_every_field_is_kept() -> None:
    read = manifest(WHOLE)
    assert [(item.kind.value, item.name) for item in read.items] == [
        ("tool", "read_file"),
        ("tool", "write_file"),
        ("prompt", "greet"),
        ("template", "file:///{path}"),
        ("resource", "file:///a"),
        ("instructions", "instructions"),
        ("server-info", "serverInfo"),
        ("other", "somethingNew"),
    ]
    assert json.loads(read.encoded()) == WHOLE


def test_a_manifest_read_back_is_the_same() -> None:
    read = manifest(WHOLE)
    again = read_manifest(parse(read.encoded()))
    assert again.digest == read.digest
    assert again.held_digest == read.held_digest
    assert again.by_key == read.by_key


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, member in inner for path in paths(member, (*at, key)))]


@pytest.mark.parametrize("path", paths(TOOL)[1:], ids=str)
def test_any_change_in_a_tool_is_seen(path: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(WHOLE)
    place: Any = changed["tools"][0]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = ["changed"] if path != ("name",) else "renamed"
    old, new = manifest(WHOLE), manifest(changed)
    assert old.held_digest != new.held_digest
    difference = compare(old, new)
    if path == ("name",):
        assert difference.added == ((Kind.TOOL, "renamed"),)
        assert difference.removed == ((Kind.TOOL, "read_file"),)
    else:
        assert difference.changed == ((Kind.TOOL, "read_file"),)
    assert difference.touches_held


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(member) for member in value] if isinstance(value, list) else value


def test_the_order_of_keys_and_of_lists_changes_no_digest() -> None:
    turned = {key: value[::-1] if isinstance(value, list) else value for key, value in shuffled(WHOLE).items()}
    assert manifest(turned).digest == manifest(WHOLE).digest
    assert not compare(manifest(WHOLE), manifest(turned)).any


@pytest.mark.parametrize(
    "change", [{"resources": []}, {"serverInfo": {"name": "s", "version": "2"}}, {"somethingNew": {"kept": False}}]
)
def test_what_is_only_noticed_changes_the_digest_but_not_the_held_one(change: dict[str, Any]) -> None:
    old, new = manifest(WHOLE), manifest(WHOLE | change)
    assert old.digest != new.digest
    assert old.held_digest == new.held_digest
    difference = compare(old, new)
    assert difference.any
    assert not difference.touches_held


def test_numbers_that_differ_are_different_and_spellings_of_one_are_not() -> None:
    def of(literal: str) -> str:
        text = '{"tools":[{"name":"t","inputSchema":{"maximum":' + literal + "}}]}"
        return str(read_manifest(parse(text.encode())).digest)

    assert of("1.0") == of("1") == of("10e-1")
    assert len({of("1"), of("9007199254740993"), of("9007199254740992"), of('"1"'), of("true"), of("1e400")}) == 6


@pytest.mark.parametrize(
    "name",
    ["", "a b", "größe", "a/b", "a" * 129, "\u0430dd", "add\u200b", "a\nb", "a:b", "a\0", 7, None, ["a"]],
)
def test_a_tool_name_outside_the_rule_is_refused_and_named(name: Any) -> None:
    with pytest.raises(ManifestError, match=r"tools\[1\]"):
        manifest({"tools": [TOOL, {"name": name}]})


def test_a_scan_may_let_odd_names_through_to_report_them() -> None:
    read = manifest({"tools": [{"name": "\u0430dd"}]}, any_names=True)
    assert read.items[0].name == "\u0430dd"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([], "object"),
        ({"tools": {}}, "tools is not a list"),
        ({"tools": ["x"]}, r"tools\[0\] is not an object"),
        ({"prompts": [{}]}, r"prompts\[0\] has no name"),
        ({"resources": [{"name": "x"}]}, r"resources\[0\] has no uri"),
        ({"instructions": ["x"]}, "instructions is not a string"),
        ({"serverInfo": "x"}, "serverInfo is not an object"),
        ({"tools": [TOOL, TOOL]}, "two items of kind tool have the name 'read_file'"),
        ({"tools": [{"name": "t", "description": "x" * MAX_ITEM_BYTES}]}, r"tools\[0\] \('t'\) is larger"),
        ({"prompts": [{"name": "p" * 3000}]}, "longer than"),
    ],
)
def test_a_manifest_that_cannot_be_judged_is_refused_by_name(document: Any, what: str) -> None:
    with pytest.raises(ManifestError, match=what):
        manifest(document)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_nesting_is_accepted_up_to_the_limit_and_refused_beyond() -> None:
    manifest({"tools": [{"name": "t", "inputSchema": nested(MAX_DEPTH - 2)}]})
    with pytest.raises(ManifestError, match="nested deeper"):
        manifest({"tools": [{"name": "t", "inputSchema": nested(MAX_DEPTH + 1)}]})


def test_a_tool_and_a_prompt_may_share_a_name() -> None:
    read = manifest({"tools": [{"name": "x"}], "prompts": [{"name": "x"}]})
    assert len(read.by_key) == 2


def test_an_empty_manifest_is_one() -> None:
    assert manifest({}).items == ()
    assert manifest({"tools": [], "instructions": None, "serverInfo": None}).digest == manifest({}).digest


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values, json_values)
def test_two_tools_have_one_digest_exactly_when_they_are_equal(first: Any, second: Any) -> None:
    one = manifest({"tools": [{"name": "t", "x": first}]})
    other = manifest({"tools": [{"name": "t", "x": second}]})
    assert (one.digest == other.digest) == (json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True))
