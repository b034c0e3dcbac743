"""docs/findings.md: its rules are those of the pack, its figures those that the corpus gives, its commands exist."""

from __future__ import annotations

import re

import pytest

from gateway.cli import _parser
from registry.scan.listening import LISTENED
from registry.scan.pack import PACK
from tests.architecture.sources import ROOT

pytestmark = pytest.mark.any_database

PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")


def test_the_rules_on_the_page_are_those_of_the_pack() -> None:
    """Rule, severity, meaning and advice, each in a row of its own."""
    shown = {
        (rule, severity, why, action)
        for rule, severity, why, action in re.findall(
            r"^\| `([a-z-]+)` \| (\w+) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE
        )
    }
    assert shown == {(rule.id, rule.severity.value, rule.why, rule.action) for rule in PACK.rules}


def test_every_rule_is_named_once() -> None:
    """An id is what people accept findings by."""
    ids = [rule.id for rule in PACK.rules]
    assert len(ids) == len(set(ids))
    assert all(rule.why.endswith(".") and rule.action.endswith(".") for rule in PACK.rules)


def test_what_the_page_says_of_limits_and_options_is_so() -> None:
    """The length that is listened to, and the options of the command."""
    assert f"{LISTENED:,} characters" in PAGE
    for option in ("--lines", "--json", "--rules", "--allow-private-address"):
        assert option in PAGE
    assert _parser().parse_args(["scan", "--rules", "x", "--allow-private-address", "--json", "--lines"])
