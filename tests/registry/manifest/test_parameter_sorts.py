"""What a parameter looks like it takes. The names are examples of general words, not a list of servers."""

from __future__ import annotations

from typing import Any

import pytest

from registry.manifest.parameter_sorts import Sort, sensitive, sorts_of
from registry.manifest.telling import Place
from tests.registry.manifest.documents import changes, tool

TEXT: dict[str, Any] = {"type": "string"}


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("url", Sort.URL),
        ("callbackUrl", Sort.URL),
        ("base_url", Sort.URL),
        ("host", Sort.URL),
        ("webhook", Sort.URL),
        ("path", Sort.PATH),
        ("filePath", Sort.PATH),
        ("output_dir", Sort.PATH),
        ("command", Sort.COMMAND),
        ("shell_cmd", Sort.COMMAND),
        ("code", Sort.CODE),
        ("sql", Sort.CODE),
        ("pythonScript", Sort.CODE),
        ("password", Sort.CREDENTIAL),
        ("apiKey", Sort.CREDENTIAL),
        ("GITHUB_TOKEN", Sort.CREDENTIAL),
        ("recipients", Sort.RECIPIENT),
        ("to", Sort.RECIPIENT),
        ("bcc", Sort.RECIPIENT),
        ("reply_to", Sort.RECIPIENT),
        ("ｕｒｌ", Sort.URL),
    ],
)
def test_names_tell(name: str, sort: Sort) -> None:
    assert sort in sorts_of(name, TEXT)


@pytest.mark.parametrize(
    "name",
    [
        "timezone",
        "country_code",
        "nextPageToken",
        "max_tokens",
        "query",
        "valid_to",
        "title",
        "monkey",
        "hostility",
        "key",
    ],
)
def test_names_that_only_sound_alike_do_not(name: str) -> None:
    assert sorts_of(name, TEXT) == ()


@pytest.mark.parametrize(
    ("schema", "sort"),
    [
        ({"type": "string", "format": "uri"}, Sort.URL),
        ({"type": ["string", "null"], "format": "email"}, Sort.RECIPIENT),
        ({"type": "array", "items": {"type": "string", "format": "hostname"}}, Sort.URL),
        ({"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]}, Sort.URL),
        ({"type": "string", "description": "The full URL to fetch"}, Sort.URL),
        ({"type": "string", "description": "Absolute path of the thing"}, Sort.PATH),
        ({"type": "string", "description": "A shell command to run"}, Sort.COMMAND),
        ({"type": "string", "description": "Python code to run"}, Sort.CODE),
        ({"type": "string", "description": "Your API key"}, Sort.CREDENTIAL),
        ({"type": "string", "title": "E-mail address"}, Sort.RECIPIENT),
        ({"description": "Recipients of the message"}, Sort.RECIPIENT),
    ],
)
def test_formats_and_first_words_tell(schema: dict[str, Any], sort: Sort) -> None:
    assert sort in sorts_of("x", schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "boolean"},
        {"type": "integer"},
        {"type": "string", "enum": ["a", "b"]},
        {"const": "a"},
        {"type": "array", "items": {"type": "integer"}},
        {"type": "object", "properties": {"a": TEXT}},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        False,
    ],
)
def test_what_takes_no_text_of_the_callers_choice_takes_none_of_these(schema: Any) -> None:
    assert sorts_of("url", schema) == ()


def test_parameters_inside_others_are_found_with_their_places() -> None:
    schema: Any = {
        "type": "object",
        "properties": {
            "options": {"type": "object", "properties": {"proxy": TEXT}},
            "steps": {"type": "array", "items": {"anyOf": [{"properties": {"cmd": TEXT}}, {"$ref": "#/$defs/mail"}]}},
        },
        "$defs": {"mail": {"properties": {"cc": TEXT}}},
    }
    found = {
        each.place.pointer: (each.place.called, each.sorts)
        for each in sensitive("", schema, Place(root="arguments"), schema)
    }
    assert found == {
        "/properties/options/properties/proxy": ('parameter "options.proxy"', (Sort.URL,)),
        "/properties/steps/items/anyOf/0/properties/cmd": ('parameter "steps[].cmd"', (Sort.COMMAND,)),
        "/properties/steps/items/anyOf/1/$ref": ('parameter "steps[].cc"', (Sort.RECIPIENT,)),
    }


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema: Any = {"properties": {"url": TEXT, "next": {"$ref": "#"}, "again": {"$ref": "#/properties/again"}}}
    assert len(list(sensitive("", schema, Place(root="arguments"), schema))) == 1


MAIL: list[str] = ["from", "to", "subject", "body"]
RANGE: list[str] = ["from", "to", "metric"]


@pytest.mark.parametrize(
    ("schema", "beside", "recipient"),
    [
        (TEXT, (), True),
        (TEXT, ["to", "text"], True),
        (TEXT, MAIL, True),
        ({**TEXT, "description": "To whom it goes"}, (), True),
        ({**TEXT, "description": "Recipient of the invoice"}, RANGE, True),
        ({**TEXT, "format": "email"}, RANGE, True),
        ({"type": "array", "items": {"type": "string", "format": "email"}}, (), True),
        (TEXT, RANGE, False),
        (TEXT, ["To", "From"], False),
        (TEXT, ["start", "to"], False),
        ({**TEXT, "format": "date-time"}, (), False),
        ({**TEXT, "description": "End of the range"}, (), False),
        ({**TEXT, "description": "The last day to show"}, (), False),
        ({**TEXT, "description": "Target currency, such as EUR"}, ["amount", "from", "to"], False),
        ({**TEXT, "title": "Language to translate into"}, ["text", "to"], False),
        ({"type": "integer"}, (), False),
    ],
)
def test_a_parameter_named_to_is_a_recipient_or_where_something_ends(
    schema: dict[str, Any], beside: list[str], recipient: bool
) -> None:
    """What it says of itself and what stands beside it tell; without either it counts as a recipient."""
    assert (Sort.RECIPIENT in sorts_of("to", schema, beside)) is recipient


def test_what_stands_beside_a_parameter_is_known_wherever_it_stands() -> None:
    """In the arguments, inside others, and in the arguments of a prompt."""
    ways: Any = {"properties": {"from": TEXT, "to": TEXT}}
    inside: Any = {"properties": {"range": ways, "mail": {"properties": {"to": TEXT, "subject": TEXT}}}}
    found = [each.place.called for each in sensitive("", inside, Place(root="arguments"), inside)]
    assert found == ['parameter "mail.to"']
    for old, new in (
        (tool(inputSchema={"properties": {"from": TEXT}}), tool(inputSchema=ways)),
        (tool(inputSchema={"properties": {"from": TEXT, "until": TEXT}}), tool(inputSchema=ways)),
        (prompt("from"), prompt("from", "to")),
    ):
        assert "recipient-parameter" not in [change.kind for change in changes(old, new)]
    assert "recipient-parameter" in [change.kind for change in changes(prompt("subject"), prompt("subject", "to"))]


def prompt(*arguments: str) -> Any:
    """A document with one prompt."""
    return {"prompts": [{"name": "p", "arguments": [{"name": name} for name in arguments]}]}
