"""Every policy that the documentation shows is read, checked by lint, and keeps its own tests."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from governance.policy.compiled import compile_policy
from governance.policy.grammar_constraints import KINDS, SHORT_FORMS
from governance.policy.grammar_rules import CONDITION_KEYS
from governance.policy.language import parse
from governance.policy.lint import Level, lint
from governance.policy.rehearsal import run_tests
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "policy.md"
NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
BLOCK = re.compile(r"^```yaml policy\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Each policy in the documentation with the file and line where it begins."""
    found = []
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        text = page.read_text()
        for match in BLOCK.finditer(text):
            found.append((f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}", match[1]))
    return found


@pytest.mark.parametrize("text", [text for _, text in examples()], ids=[place for place, _ in examples()])
def test_a_policy_in_the_documentation_says_what_its_tests_say(text: str) -> None:
    compiled = compile_policy(parse(text))
    assert compiled.policy.tests, "an example without tests shows nothing"
    assert [str(failed) for failed in run_tests(compiled, now=NOW)] == []
    assert [str(found) for found in lint(compiled, ()) if found.level is Level.ERROR] == []


def test_the_page_shows_or_names_every_condition_and_kind_of_the_language() -> None:
    page = PAGE.read_text()
    words = {*CONDITION_KEYS, *KINDS, *SHORT_FORMS, "any_of", "unless", "limit", "approve", "mode", "extra"}
    assert {word for word in words if not re.search(rf"\b{re.escape(word)}\b", page)} == set()


def test_every_table_row_of_a_constraint_names_kinds_that_exist() -> None:
    table = PAGE.read_text().split("| kind | the value |", 1)[1].split("\n\n", 1)[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = {word for cell in first_cells for word in re.findall(r"`([a-z_]+)", cell)}
    assert named == {*KINDS, "any_of"}


def test_the_examples_are_more_than_a_handful() -> None:
    """A changed fence would silently turn every example into prose."""
    assert len(examples()) >= 10
