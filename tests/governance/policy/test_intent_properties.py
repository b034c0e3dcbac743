"""What holds for every tool: annotations only raise, answers repeat, nothing crashes, time grows with the text."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policy.intent import classify
from governance.policy.values import Intent
from tests.corpus.score_intents import rows

WORSE = {Intent.READ: 0, Intent.WRITE: 1, Intent.UNKNOWN: 2, Intent.EXFILTRATIVE: 3, Intent.DESTRUCTIVE: 3}
HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
TOOLS = [row.tool for row in rows()]
SPOKEN = (
    "get delete send create list run update and or not the a it is are removed when to tool webhook sql . , ; : ( - if"
)
NAMED = "url to body sql method action force webhook_url query status visibility public x"
WORDS = st.sampled_from(SPOKEN.split())
TEXT = st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
PARAMETERS = st.dictionaries(
    st.sampled_from(NAMED.split()),
    VALUE | st.fixed_dictionaries({"enum": st.lists(VALUE, max_size=4), "description": VALUE, "type": VALUE}),
    max_size=5,
)
SCHEMA = st.fixed_dictionaries({"properties": PARAMETERS}) | st.dictionaries(
    st.sampled_from(["properties", "$defs", "type", "anyOf"]), VALUE, max_size=4
)
ANNOTATIONS = st.dictionaries(st.sampled_from(HINTS), st.booleans() | VALUE, max_size=4)


@given(st.sampled_from(TOOLS), st.dictionaries(st.sampled_from(HINTS), st.booleans(), max_size=4))
def test_annotations_never_make_a_labelled_tool_less(tool: dict[str, Any], annotations: dict[str, Any]) -> None:
    """Security, threat table: annotations never lower the risk class."""
    without = classify(tool["name"], tool.get("description"), tool.get("inputSchema"))[0]
    with_them = classify(tool["name"], tool.get("description"), tool.get("inputSchema"), annotations)[0]
    assert WORSE[with_them] >= WORSE[without]


@given(TEXT, TEXT, SCHEMA, ANNOTATIONS)
def test_annotations_never_make_any_tool_less(
    name: str, description: str, schema: dict[str, Any], annotations: dict[str, Any]
) -> None:
    """The same over made-up tools, whatever JSON stands in their fields; and none of it ends in an error."""
    without = classify(name, description, schema)[0]
    assert WORSE[classify(name, description, schema, annotations)[0]] >= WORSE[without]


@given(TEXT, TEXT, SCHEMA, ANNOTATIONS)
def test_the_same_manifest_always_gets_the_same_answer(
    name: str, description: str, schema: dict[str, Any], annotations: dict[str, Any]
) -> None:
    """Pure and deterministic: also from a copy, and with the keys in another order."""
    turned = json.loads(json.dumps(dict(reversed(list(annotations.items())))))
    copy = json.loads(json.dumps(schema))
    assert classify(name, description, schema, annotations) == classify(name, description, copy, turned)


@given(TEXT, TEXT)
def test_the_reason_is_one_sentence_and_short(name: str, description: str) -> None:
    """The reason is stored in 300 characters and shown on one line."""
    why = classify(name, description)[1]
    assert why
    assert "\n" not in why
    assert len(why) <= 300


@pytest.mark.parametrize(
    "piece",
    [
        "Deletes a thing and sends it. ", "x ", "\n", "a", "- ", "The url of Foo ", "é", "(", "A ", "a-", ". ", "any ",
        "\n ", "select sql ", "https://a.example ", "not ",
    ],
)  # fmt: skip
def test_a_description_of_a_megabyte_takes_no_quarter_of_a_second(piece: str) -> None:
    """Security P5: no input of up to 1 MB takes the decision path over 250 ms of processor time."""
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    schema = {"properties": {"url": {"description": text}, "query": {}, "action": {"description": text}, text: {}}}
    before = time.process_time()
    classify("fetch_query", text, schema)
    classify(text, text, schema)
    assert time.process_time() - before < 0.25


def test_the_longest_description_that_is_read_takes_no_quarter_of_a_second() -> None:
    """The same just below the limit, where every word is looked at."""
    before = time.process_time()
    classify("fetch_query", "deletes it and sends " * 3_100, {"properties": {"url": {}, "sql": {}}})
    assert time.process_time() - before < 0.25
