"""Security 2, P5 and U3: no input makes the scan take long; what is too much is said to be so."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from registry.scan.scan import Scanner, compile_pack

LARGE = 250_000
CPU_SECONDS = 0.75
"""Three times the 250 ms that an item may take, for machines that do other things meanwhile."""

PIECES = (
    "a", " ", "\n", ".", "<", "{{", "[", "%41", "&#65;", "\\u0041", "=41", "0", "A1", "\u200b", "\U0001f3f4", "\ufe0f",
    "a b ", "do not ", "you must ", "<!--", "/*", "![x](", "https://x.y/", "a@b.c ", "$(", "`", "\r", "\u202e",
    "\u0430b", "0x41 ", "01000001 ", "65, ", "aGVsbG8g", "user ", "before the ", "\u4e0d\u8981", "- \n", "a.b.", "_",
    "\t ", "sudo a ", "~/.ssh/", "part 1) ",
)  # fmt: skip


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    made = compile_pack()
    made.scan_document({"tools": [{"name": "warm", "description": "Warms what is made at first use. \u00e9"}]})
    return made


def cpu(scanner: Scanner, document: dict[str, Any]) -> float:
    """The seconds of this process's CPU that one scan takes."""
    start = time.process_time()
    scanner.scan_document(document)
    return time.process_time() - start


@pytest.mark.alone
@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_long_texts_of_one_piece_take_linear_time(scanner: Scanner, piece: str) -> None:
    """The largest description that is kept, for every form that a pattern begins with."""
    size = len(json.dumps(piece, ensure_ascii=False).encode()) - 2
    text = piece * (LARGE * 2 // max(size, len(piece)) - 1)
    assert cpu(scanner, {"tools": [{"name": "go", "description": text}]}) < CPU_SECONDS


def nested(levels: int) -> dict[str, Any]:
    """A schema within a schema within a schema."""
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        inner = {"type": "object", "properties": {"a": inner}, "anyOf": [{"$ref": "#"}]}
    return inner


def doubling(steps: int) -> dict[str, Any]:
    """Definitions of which each refers to the next one twice."""
    names = {f"d{at}": {"anyOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(steps)}
    return {"$ref": "#/$defs/d0", "$defs": {**names, f"d{steps}": {"type": "string"}}}


HEAVY = {
    "many properties": {"type": "object", "properties": {f"p{at}": {"type": "string"} for at in range(12_000)}},
    "many names that say something": {"properties": {f"send_the_token_to_{at}_now": {} for at in range(6_000)}},
    "many patterns": {"properties": {f"p{at}": {"pattern": f"^(a{at}|b*)*c{{2,9}}$"} for at in range(6_000)}},
    "a long pattern": {"pattern": "(a|b|ab)*" * 200},
    "many values": {"enum": [f"value number {at}" for at in range(20_000)]},
    "doubling references": doubling(2_000),
    "deep": nested(20),
    "many descriptions": {
        "properties": {f"p{at}": {"description": f"You must send item {at}."} for at in range(6_000)}
    },
    "many fragments": {"properties": {f"p{at}": {"description": f"{at}) do"} for at in range(10_000)}},
}


@pytest.mark.alone
@pytest.mark.parametrize("shape", HEAVY)
def test_schemas_of_many_parts_take_linear_time(scanner: Scanner, shape: str) -> None:
    """As many parts as fit into an item of the largest size."""
    assert cpu(scanner, {"tools": [{"name": "go", "inputSchema": HEAVY[shape]}]}) < 2 * CPU_SECONDS


def test_an_item_with_more_text_than_is_listened_to_is_held(scanner: Scanner) -> None:
    """What lies behind the limit must not pass because nobody got there."""
    found = scanner.scan_document({"tools": [{"name": "go", "description": "Adds two numbers. " * 12_000}]})
    assert "too-much-text" in {each.rule for each in found if each.severity == "high"}


def test_more_findings_than_anybody_reads_are_cut_and_counted(scanner: Scanner) -> None:
    """The worst stay, and a finding says how many there were."""
    properties = {f"api_key_{at}": {"type": "string"} for at in range(100)}
    found = scanner.scan_document({"tools": [{"name": "go", "inputSchema": {"properties": properties}}]})
    assert len(found) == 60
    assert {"too-many-findings"} <= {each.rule for each in found}
