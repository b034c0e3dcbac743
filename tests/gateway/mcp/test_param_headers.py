"""`Mcp-Param-*`: what a header says has to be what the body says, and what is sent on is what was judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.mcp.param_headers import DEEPEST, Wanted, checked, wanted
from gateway.refusal import Malformed
from governance.canonical import strict_json
from registry.mcp.revisions import header_value

REGION = (Wanted(("region",), "Region"),)
NESTED = (Wanted(("a", "b"), "B"),)


def agreed(asked: tuple[Wanted, ...], arguments: str, **headers: str) -> tuple[tuple[str, str], ...]:
    """The headers to send on for arguments given as JSON; `_` reads as `-`."""
    parsed = strict_json.parse(arguments.encode())
    assert isinstance(parsed, dict)
    return checked(
        asked, parsed, {name.replace("_", "-").encode(): said.encode("latin-1") for name, said in headers.items()}
    )


def schema(**properties: Any) -> dict[str, Any]:
    """An input schema."""
    return {"type": "object", "properties": properties}


def test_annotations_are_found_through_properties_alone() -> None:
    """Protocol 1.2; not behind `items`, `anyOf`, `$defs` or `$ref`."""
    marked = {"type": "string", "x-mcp-header": "Deep"}
    found = wanted(
        schema(
            region={"type": "string", "x-mcp-header": "Region"},
            options=schema(verbose={"type": "boolean", "x-mcp-header": "Verbose"}),
            many={"type": "array", "items": schema(x=marked), "anyOf": [schema(x=marked)], "$defs": {"x": marked}},
        )
    )
    assert found == (Wanted(("region",), "Region"), Wanted(("options", "verbose"), "Verbose"))
    assert wanted(None) == wanted({}) == ()


@pytest.mark.parametrize("header", [5, None, [], "", "a b", "a:b", "a\r\nX", "ä", "x" * 101, "a/b"])
def test_an_annotation_that_is_no_header_name_is_none(header: Any) -> None:
    """A schema is the server's text: it must not write lines into a request."""
    assert wanted(schema(region={"type": "string", "x-mcp-header": header})) == ()


@pytest.mark.parametrize("properties", [None, [], 5, {"a": None}, {"a": 5}, {"a": {"properties": []}}])
def test_garbage_for_a_schema_wants_nothing(properties: Any) -> None:
    """Approved schemas are odd, too."""
    assert wanted({"properties": properties}) == ()


def test_a_schema_is_not_followed_for_ever() -> None:
    """At the limit and past it."""
    inner: dict[str, Any] = {"type": "string", "x-mcp-header": "Deep"}
    for _ in range(DEEPEST - 1):
        inner = schema(a=inner)
    assert len(wanted(schema(a=inner))) == 1 and wanted(schema(a=schema(a=inner))) == ()


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("north", "north"),
        ("größer ☃", "größer ☃"),
        (" padded ", " padded "),
        ("a\r\nX-Evil: 1", "a\r\nX-Evil: 1"),
        ("=?base64?QUJD?=", "=?base64?QUJD?="),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (9007199254740993, "9007199254740993"),
    ],
)
def test_a_header_that_agrees_is_sent_on_from_the_body(argument: Any, text: str) -> None:
    """The value that goes on is the judged one, not the agent's spelling of it."""
    found = agreed(REGION, json.dumps({"region": argument}), mcp_param_region=header_value(text))
    assert found == (("Mcp-Param-Region", text),)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ('"north"', "south"),
        ('"north"', "North"),
        ('"north"', ""),
        ('"north"', "=?base64?bm9ydGg?="),  # Its padding is missing.
        ('"north"', "=?base64?c291dGg=?="),
        ('"north"', "north\x7f"),
        ('"\\u00e9"', "\xe9"),
        ("true", "True"),
        ("true", "1"),
        ("1", "1.0"),
        ("1", "01"),
        ("1.0", "1"),
        ("{}", "{}"),
        ("null", "null"),
        ("[]", ""),
    ],
)
def test_a_header_that_differs_is_refused(argument: str, said: str) -> None:
    """Protocol 1.2: -32020, whatever policy would have said."""
    with pytest.raises(Malformed) as refused:
        agreed(REGION, f'{{"region":{argument}}}', mcp_param_region=said)
    assert (refused.value.form.code, refused.value.form.http) == (-32020, 400)


def test_a_missing_header_and_a_lonely_one_are_refused() -> None:
    """Each of the two without the other."""
    with pytest.raises(Malformed, match="is missing"):
        agreed(REGION, '{"region":"north"}')
    for arguments in ("{}", '{"region":null}', '{"Region":"north"}'):
        with pytest.raises(Malformed, match="no argument"):
            agreed(REGION, arguments, mcp_param_region="north")
    assert agreed(REGION, "{}") == () == agreed(REGION, '{"region":null}')


@pytest.mark.parametrize("arguments", ["{}", '{"a":5}', '{"a":[]}', '{"a":null}', '{"a":{"b":{}}}', '{"a.b":"x"}'])
def test_a_path_that_leads_nowhere_wants_no_header(arguments: str) -> None:
    """The arguments are the agent's: any shape of them."""
    assert agreed(NESTED, arguments) == ()
    assert agreed(NESTED, '{"a":{"b":"x"}}', mcp_param_b="x") == (("Mcp-Param-B", "x"),)
