"""What is told of schemas, keyword by keyword, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from governance.canonical.strict_json import parse
from registry.manifest.canonical import read_manifest
from registry.manifest.explain import explain
from tests.registry.manifest.documents import arguments, changes, kinds, manifest, parameter, said, tool

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
AT = "/inputSchema/properties/p"

ONE_CHANGE: list[tuple[Any, Any, str, str, str]] = [
    (TEXT, {"type": ["string", "null"]}, "type-widened", "/type", "type widened from string to null or string"),
    ({"type": "integer"}, NUMBER, "type-widened", "/type", "type widened from integer to number"),
    (TEXT, {}, "type-widened", "/type", "type widened from string to any type"),
    ({"type": ["string", "null"]}, TEXT, "type-narrowed", "/type", "type narrowed from null or string to string"),
    (NUMBER, {"type": "integer"}, "type-narrowed", "/type", "type narrowed from number to integer"),
    (TEXT, NUMBER, "type-changed", "/type", "type changed from string to number"),
    (TEXT, {"type": "text"}, "type-changed", "/type", 'type changed from "string" to "text"'),
    (TEXT, {"type": ["string"]}, "restated", "/type", "type is written otherwise"),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "enum-widened", "/enum", 'now also accepts "b"'),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "enum-narrowed", "/enum", 'no longer accepts "b"'),
    ({"enum": ["a"]}, {}, "enum-widened", "/enum", 'is no longer limited to "a"'),
    ({}, {"enum": ["a"]}, "enum-narrowed", "/enum", 'is limited to "a" now'),
    ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, "order-changed", "/enum", "the values are listed otherwise"),
    ({"const": "a"}, {"enum": ["a", "b"]}, "enum-widened", "/enum", 'now also accepts "b"'),
    ({"const": "a"}, {"enum": ["a"]}, "restated", "/enum", "the values are listed otherwise"),
    ({"enum": [1]}, {"enum": [1, True]}, "enum-widened", "/enum", "now also accepts true"),
    ({"enum": "a"}, {"enum": "b"}, "keyword-changed", "/enum", 'enum changed from "a" to "b"'),
    ({"maximum": 10}, {"maximum": 100}, "bound-loosened", "/maximum", "maximum loosened from 10 to 100"),
    ({"maximum": 100}, {"maximum": 10}, "bound-tightened", "/maximum", "maximum tightened from 100 to 10"),
    ({"maximum": 10}, {}, "bound-loosened", "/maximum", "maximum is gone; it was 10"),
    ({}, {"maxLength": 10}, "bound-tightened", "/maxLength", "maxLength is new: 10"),
    ({"minLength": 5}, {"minLength": 1}, "bound-loosened", "/minLength", "minLength loosened from 5 to 1"),
    ({"minimum": 0}, {"minimum": 0.5}, "bound-tightened", "/minimum", "minimum tightened from 0 to 0.5"),
    ({"maxItems": 1}, {"maxItems": "x"}, "bound-changed", "/maxItems", 'maxItems changed from 1 to "x"'),
    ({"multipleOf": 10}, {"multipleOf": 5}, "bound-loosened", "/multipleOf", "multipleOf loosened from 10 to 5"),
    ({"multipleOf": 5}, {"multipleOf": 10}, "bound-tightened", "/multipleOf", "multipleOf tightened from 5 to 10"),
    ({"multipleOf": 5}, {"multipleOf": 7}, "bound-changed", "/multipleOf", "multipleOf changed from 5 to 7"),
    ({"uniqueItems": True}, {}, "bound-loosened", "/uniqueItems", "uniqueItems is gone; it was true"),
    ({"uniqueItems": False}, {}, "restated", "/uniqueItems", "uniqueItems is written otherwise with the same meaning"),
    ({"pattern": "^a$"}, {"pattern": "^a"}, "pattern-loosened", "/pattern", 'pattern loosened from "^a$" to "^a"'),
    ({"pattern": "^a"}, {"pattern": "^a$"}, "pattern-tightened", "/pattern", 'pattern tightened from "^a" to "^a$"'),
    ({"pattern": "^a$"}, {"pattern": "^b$"}, "pattern-changed", "/pattern", 'pattern changed from "^a$" to "^b$"'),
    ({"pattern": "^a$"}, {}, "pattern-loosened", "/pattern", 'pattern is gone; it was "^a$"'),
    ({}, {"pattern": "^a$"}, "pattern-tightened", "/pattern", 'pattern is new: "^a$"'),
    ({"pattern": 1}, {"pattern": "a"}, "pattern-changed", "/pattern", 'pattern changed from 1 to "a"'),
    ({"format": "date"}, {}, "format-loosened", "/format", 'format is gone; it was "date"'),
    ({}, {"format": "date"}, "format-tightened", "/format", 'format is new: "date"'),
    ({"format": "date"}, {"format": "time"}, "format-changed", "/format", 'format changed from "date" to "time"'),
    ({"default": 1}, {"default": 2}, "default-changed", "/default", "default changed from 1 to 2"),
    ({}, {"default": None}, "default-changed", "/default", "default is new: null"),
    ({"default": None}, {}, "default-changed", "/default", "default is gone; it was null"),
    ({"examples": [1]}, {"examples": [2]}, "remark-changed", "/examples", "examples changed from [1] to [2]"),
    (
        {"description": "a"},
        {"description": "b"},
        "description-changed",
        "/description",
        "the description is worded otherwise",
    ),
    ({"title": "a"}, {"title": "b"}, "title-changed", "/title", "the title is worded otherwise"),
    ({"$comment": "a"}, {}, "description-changed", "/$comment", "the comment is gone"),
    ({"$ref": "#/a"}, {"$ref": "#/b"}, "reference-changed", "/$ref", '$ref changed from "#/a" to "#/b"'),
    (
        {"$ref": "#/a"},
        {"$ref": "https://x.example/s"},
        "reference-remote",
        "/$ref",
        '$ref, which leads out of the manifest, changed from "#/a" to "https://x.example/s"',
    ),
    ({"x-new": 1}, {"x-new": 2}, "keyword-changed", "/x-new", "x-new changed from 1 to 2"),
    (
        {"not": TEXT},
        {"not": NUMBER},
        "condition-changed",
        "/not",
        'the keyword "not" changed from {"type":"string"} to {"type":"number"}',
    ),
    ({}, {"not": TEXT}, "constraint-added", "/not", 'the keyword "not" is new: {"type":"string"}'),
    ({"not": TEXT}, {}, "constraint-removed", "/not", 'the keyword "not" is gone; it was {"type":"string"}'),
    ({"items": TEXT}, {}, "constraint-removed", "/items", 'items is gone; it was {"type":"string"}'),
    ({"items": True}, {}, "restated", "/items", "items is written otherwise"),
    (True, TEXT, "schema-replaced", "", 'the schema changed from true to {"type":"string"}'),
]


@pytest.mark.parametrize(("old", "new", "kind", "field", "clause"), ONE_CHANGE)
def test_a_keyword_that_changes_is_told_in_its_own_words(
    old: Any, new: Any, kind: str, field: str, clause: str
) -> None:
    ((told, where, sentence),) = said(parameter(old), parameter(new))
    assert (told, where) == (kind, AT + field)
    place = 'Parameter "p[]"' if field == "/items" else 'Parameter "p"'
    assert sentence in (f"{place} {clause}", f"{place}: {clause}")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"enum": ["a", "b"]}, {"enum": ["b", "c"]}, ["enum-narrowed", "enum-widened"]),
        ({"minimum": 1, "maximum": 2}, {"minimum": 0, "maximum": 1}, ["bound-loosened", "bound-tightened"]),
        ({"const": 1, "enum": [1, 2]}, {"const": 2, "enum": [2, 1]}, ["keyword-changed", "keyword-changed"]),
        (TEXT, {"anyOf": [TEXT, {"type": "null"}]}, ["alternative-added"]),
        ({**TEXT, "description": "d"}, {"description": "d", "anyOf": [TEXT, {"type": "null"}]}, ["alternative-added"]),
        ({"anyOf": [TEXT, {"type": "null"}]}, TEXT, ["alternative-removed"]),
        (TEXT, {"anyOf": [TEXT]}, ["restated"]),
        (TEXT, {"anyOf": [NUMBER, {"type": "null"}]}, ["constraint-added", "type-widened"]),
        ({}, {"anyOf": [TEXT]}, ["constraint-added"]),
        ({"anyOf": [TEXT, NUMBER]}, {"anyOf": [NUMBER, TEXT]}, ["order-changed"]),
        ({"anyOf": [TEXT, NUMBER]}, {"anyOf": [TEXT, {"type": "null"}]}, ["type-changed"]),
        ({"allOf": [TEXT]}, {"allOf": [TEXT, {"maxLength": 3}]}, ["constraint-added"]),
        ({"allOf": [TEXT, {"maxLength": 3}]}, {"allOf": [TEXT]}, ["constraint-removed"]),
        ({"oneOf": [{"title": "A"}, {"title": "B"}]}, {"oneOf": [{"title": "B"}]}, ["alternative-removed"]),
        ({"anyOf": 1}, {"anyOf": 2}, ["keyword-changed"]),
        ({"items": {"type": "string"}}, {"items": {"type": "number"}}, ["type-changed"]),
        ({"items": [TEXT]}, {"items": [TEXT, NUMBER]}, ["constraint-added"]),
        ({"prefixItems": [TEXT, NUMBER]}, {"prefixItems": [NUMBER]}, ["constraint-removed", "type-changed"]),
        ({"items": TEXT}, {"items": 3}, ["keyword-changed"]),
        ({"$defs": {"a": TEXT}}, {"$defs": {"b": NUMBER}}, ["definition-added", "definition-removed"]),
        ({"$defs": {"a": TEXT}}, {"$defs": {"a": NUMBER}}, ["type-changed"]),
        ({"definitions": {}}, {}, ["restated"]),
        ({"patternProperties": {}}, {"patternProperties": {"^x": TEXT}}, ["properties-opened"]),
        ({"then": {"maximum": 1}}, {"then": {"maximum": 2}}, ["bound-loosened"]),
        ({"if": TEXT}, {"if": NUMBER}, ["condition-changed"]),
        ({"dependentRequired": {"a": ["b"]}}, {"dependentRequired": {"a": ["c"]}}, ["condition-changed"]),
    ],
)
def test_schemas_inside_schemas_are_told_of(old: Any, new: Any, expected: list[str]) -> None:
    assert kinds(parameter(old), parameter(new)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (False, True, "properties-opened"),
        (False, None, "properties-opened"),
        (False, TEXT, "properties-opened"),
        (TEXT, {}, "properties-opened"),
        (None, False, "properties-closed"),
        (True, TEXT, "properties-closed"),
        (None, True, "restated"),
        (True, {}, "restated"),
        (TEXT, NUMBER, "type-changed"),
        (1, 2, "keyword-changed"),
    ],
)
@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_an_object_that_lets_more_through_is_opened(keyword: str, old: Any, new: Any, expected: str) -> None:
    def of(value: Any) -> Any:
        return arguments() if value is None else arguments(**{keyword: value})

    assert kinds(of(old), of(new)) == [expected]


def test_parameters_come_go_and_turn() -> None:
    old = arguments(properties={"a": TEXT, "b": TEXT, "c": TEXT}, required=["a"])
    new = arguments(properties={"a": TEXT, "b": TEXT, "d": NUMBER, "e": {"type": "boolean"}}, required=["b", "e"])
    assert said(old, new) == [
        ("parameter-became-optional", "/inputSchema/properties/a", 'Parameter "a" became optional'),
        ("parameter-became-required", "/inputSchema/properties/b", 'Parameter "b" became required'),
        ("parameter-removed", "/inputSchema/properties/c", 'Parameter "c" is gone'),
        (
            "parameter-added-optional",
            "/inputSchema/properties/d",
            'Parameter "d" is new and optional: {"type":"number"}',
        ),
        (
            "parameter-added-required",
            "/inputSchema/properties/e",
            'Parameter "e" is new and required: {"type":"boolean"}',
        ),
    ]


def test_a_renamed_parameter_is_told_as_one_and_what_it_now_takes() -> None:
    old = arguments(properties={"note": {**TEXT, "description": "Text"}, "n": NUMBER}, required=["note"])
    new = arguments(properties={"url": {**TEXT, "description": "Words"}, "n": NUMBER}, required=["url"])
    told = changes(old, new)
    assert [(change.kind.value, change.field) for change in told] == [
        ("parameter-renamed", "/inputSchema/properties/url"),
        ("url-parameter", "/inputSchema/properties/url"),
        ("description-changed", "/inputSchema/properties/url/description"),
    ]
    assert told[0].moved_from == "/inputSchema/properties/note"
    assert 'takes the place of the parameter "note"' in told[0].sentence


def test_two_that_could_be_the_renamed_one_are_not_called_renamed() -> None:
    old = arguments(properties={"a": TEXT})
    new = arguments(properties={"b": TEXT, "c": TEXT})
    assert kinds(old, new) == ["parameter-added-optional", "parameter-added-optional", "parameter-removed"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"required": ["x"]}, {}, ["required-changed"]),
        ({}, {"required": ["x"]}, ["required-changed"]),
        ({"required": []}, {}, ["restated"]),
        ({"properties": {}}, {}, ["restated"]),
        (
            {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
            {"properties": {"a": {}, "b": {}}, "required": ["b", "a"]},
            ["order-changed"],
        ),
        ({"required": ["x", "x"]}, {"required": ["x"]}, ["restated"]),
        ({"required": True}, {"required": ["x"]}, ["keyword-changed", "required-changed"]),
        ({"required": [1]}, {"required": [2]}, ["keyword-changed"]),
        ({"properties": []}, {"properties": {"a": {}}}, ["keyword-changed"]),
        ({"properties": {"a": False}}, {"properties": {"a": {}}}, ["parameter-added-optional"]),
        ({"properties": {"a": False}}, {"properties": {}}, ["constraint-removed"]),
        ({"properties": {}}, {"properties": {"a": False}}, ["constraint-added"]),
    ],
)
def test_odd_ways_to_declare_parameters_are_told_of(old: Any, new: Any, expected: list[str]) -> None:
    assert kinds(arguments(**old), arguments(**new)) == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("callback_url", "url-parameter"),
        ("file_path", "path-parameter"),
        ("command", "command-parameter"),
        ("sql", "code-parameter"),
        ("api_key", "credential-parameter"),
        ("recipient", "recipient-parameter"),
    ],
)
def test_a_new_parameter_that_a_person_should_know_of_is_named(name: str, kind: str) -> None:
    told = changes(arguments(), arguments(properties={name: TEXT}))
    assert {change.kind.value for change in told} == {"parameter-added-optional", kind}
    assert next(change.risk for change in told if change.kind == kind) == "high"


def test_what_lies_inside_a_new_parameter_is_looked_at_too() -> None:
    inner = {"type": "object", "properties": {"webhook": TEXT, "n": NUMBER}}
    told = said(arguments(), arguments(properties={"options": {"type": "array", "items": inner}}))
    assert ("url-parameter", 'Parameter "options[].webhook" is new and takes what looks like a URL or host') in [
        (kind, clause) for kind, _, clause in told
    ]


def test_an_old_parameter_that_now_takes_a_url_is_named() -> None:
    old, new = parameter(TEXT, "note"), parameter({**TEXT, "format": "uri"}, "note")
    assert kinds(old, new) == ["format-tightened", "url-parameter"]


def test_nested_parameters_have_names_and_places_of_their_own() -> None:
    def of(kind: str) -> Any:
        inner = {"type": "object", "properties": {"to": {"type": "object", "properties": {"x": {"type": kind}}}}}
        return arguments(properties={"edits": {"type": "array", "items": inner}})

    ((kind, field, clause),) = said(of("string"), of("number"))
    assert kind == "type-changed"
    assert field == "/inputSchema/properties/edits/items/properties/to/properties/x/type"
    assert clause == 'Parameter "edits[].to.x": type changed from string to number'


def deep(levels: int, leaf: Any) -> Any:
    for _ in range(levels):
        leaf = {"type": "object", "properties": {"a": leaf}}
    return leaf


def test_beyond_the_depth_that_is_explained_the_change_is_still_named() -> None:
    told = changes(tool(inputSchema=deep(12, TEXT)), tool(inputSchema=deep(12, NUMBER)))
    assert [change.kind.value for change in told] == ["type-changed"]
    told = changes(tool(inputSchema=deep(13, TEXT)), tool(inputSchema=deep(13, NUMBER)))
    assert [(change.kind.value, change.field) for change in told] == [
        ("beyond-depth", "/inputSchema" + 13 * "/properties/a")
    ]
    assert told[0].before == TEXT
    assert told[0].after == NUMBER


@pytest.mark.parametrize(
    ("old", "new", "expected", "risk"),
    [
        (None, {"type": "object"}, "schema-added", "low"),
        ({"type": "object"}, None, "schema-removed", "medium"),
        ({"properties": {}}, {"properties": {"url": TEXT}}, "parameter-added-optional", "low"),
        ({"properties": {"a": TEXT}}, {"properties": {"a": NUMBER}}, "type-changed", "low"),
    ],
)
def test_a_schema_of_results_weighs_less_and_takes_nothing(old: Any, new: Any, expected: str, risk: str) -> None:
    def of(schema: Any) -> Any:
        return tool() if schema is None else tool(outputSchema=schema)

    (change,) = changes(of(old), of(new))
    assert (change.kind.value, change.risk.value) == (expected, risk)


def test_an_input_schema_that_is_gone_is_grave() -> None:
    (change,) = changes(arguments(), tool())
    assert (change.kind.value, change.risk.value) == ("schema-removed", "high")


def test_spellings_of_one_number_are_no_change_and_near_ones_are() -> None:
    def of(literal: str) -> Any:
        text = '{"tools":[{"name":"t","inputSchema":{"maximum":' + literal + "}}]}"
        return read_manifest(parse(text.encode()))

    assert explain(of("1.0"), of("1")).items == ()
    assert explain(of("10e-1"), of("1")).items == ()
    (item,) = explain(of("9007199254740992"), of("9007199254740993")).items
    assert [change.kind.value for change in item.changes] == ["bound-loosened"]
    (item,) = explain(of("1"), of("true")).items
    assert [change.kind.value for change in item.changes] == ["bound-changed"]


def test_the_order_of_keys_is_no_change() -> None:
    old, new = (
        manifest(parameter({"type": "string", "title": "x"})),
        manifest(parameter({"title": "x", "type": "string"})),
    )
    assert explain(old, new).items == ()


@pytest.mark.parametrize("key", ["then", "else", "propertyNames"])
def test_what_holds_under_a_condition_or_for_names_is_not_said_of_the_parameter_itself(key: str) -> None:
    (_, _, sentence), *_ = said(parameter({key: {"enum": ["a"]}}), parameter({key: {"enum": ["a", "b"]}}))
    assert sentence == f'Parameter "p[{key}]" now also accepts "b"'


def test_an_alternative_that_becomes_like_another_is_told_where_it_stands() -> None:
    """Found over real manifests: its place was told as that of the other, where no such field is."""
    old = {"anyOf": [{"type": "string", "format": "binary"}, {"type": "string"}, {"type": "integer"}]}
    new = {"anyOf": [{"type": "string"}, {"type": "string"}, {"type": "integer"}]}
    assert [where for _, where, _ in said(parameter(old), parameter(new))] == [f"{AT}/anyOf/0/format"]
    assert [where for _, where, _ in said(parameter(new), parameter(old))] == [f"{AT}/anyOf/0/format"]
