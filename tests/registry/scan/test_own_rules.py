"""The rule pack is data, versioned, extensible; docs/findings.md says how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.scan.lexicon import UnusablePack
from registry.scan.own_rules import read_rules
from registry.scan.scan import compile_pack

RULE: dict[str, Any] = {
    "id": "code-name",
    "severity": "high",
    "why": "It names a project that is not public.",
    "pattern": "blue heron",
}


def body(*rules: Any, **more: Any) -> bytes:
    """A file of rules."""
    return json.dumps({"version": "7", "rules": list(rules), **more}).encode()


def test_a_rule_by_pattern_and_one_by_form_are_found_beside_the_others() -> None:
    """A pattern is for what stands in a text, a form for what is said, with words of one's own."""
    said = {"id": "door-code", "severity": "medium", "why": "It asks for a door code.", "forms": ["+askb ~4 doorcode"]}
    scanner = compile_pack(read_rules(body(RULE, said, words={"doorcode": "door code*, gate code*"})))
    found = scanner.scan_document(
        {"tools": [{"name": "go", "description": "Part of Blue Heron. Ask for the gate code."}]}
    )
    assert {"code-name", "door-code"} <= {each.rule for each in found}
    assert scanner.version.endswith("+7")


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (b"[", "not JSON"),
        (b"{}", "rules"),
        (body({**RULE, "id": "Code Name"}), "Code Name"),
        (body({**RULE, "id": "secrets-taken"}), "already"),
        (body({**RULE, "severity": "awful"}), "code-name"),
        (body({**RULE, "pattern": "(?<=a)b"}), "not RE2"),
        (body({**RULE, "forms": ["dont tell"]}), "either"),
        (body({**RULE, "patern": "x"}), "patern"),
        (body({"id": "x", "severity": "low", "why": "y", "forms": []}), "forms"),
        (body(RULE, words=["x"]), "words"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_one_sentence(rules: bytes, told: str) -> None:
    """Which rule, and what is wrong with it."""
    with pytest.raises(UnusablePack) as refused:
        read_rules(rules)
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_a_form_with_an_unknown_word_is_refused_when_the_pack_is_compiled() -> None:
    """The concepts are those of the pack and of the file."""
    wrong = {"id": "x", "severity": "low", "why": "y", "forms": ["dont nosuchconcept"]}
    with pytest.raises(UnusablePack, match="nosuchconcept"):
        compile_pack(read_rules(body(wrong)))


def test_the_example_in_the_docs_works() -> None:
    """docs/findings.md shows a file of rules."""
    page = Path(__file__).parent.parent.parent.parent / "docs" / "findings.md"
    example = page.read_text(encoding="utf-8").split("```json\n", 1)[1].split("```", 1)[0]
    assert compile_pack(read_rules(example.encode()))
