"""docs/protocol.md names every code on the wire, docs/evidence.md every kind and status of the ledger."""

from __future__ import annotations

import ast
import json
import re
from functools import cache

from gateway.refusal import Refusal, Unavailable
from governance.audit.entry import CallStatus, EntryKind
from governance.audit.verify import Row, verify_stream
from registry.mcp.revisions import LEGACY, MODERN
from tests.architecture.sources import ROOT, modules, tree

PROTOCOL, EVIDENCE = ROOT / "docs" / "protocol.md", ROOT / "docs" / "evidence.md"


@cache
def table(page: str, heading: str) -> list[str]:
    """The first cells of the first table behind a heading."""
    text = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [row.split("|")[1].strip() for row in text.splitlines() if row.startswith("| ")][1:]


def codes_in_code() -> set[int]:
    """Numbers that are JSON-RPC codes by their range, in what answers agents."""
    found = set()
    for path in modules("gateway"):
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.UnaryOp)
                and isinstance(node.op, ast.USub)
                and isinstance(node.operand, ast.Constant)
            ):
                found.add(-node.operand.value if isinstance(node.operand.value, int) else 0)
            elif isinstance(node, ast.Constant) and isinstance(node.value, int):
                found.add(node.value)
    return {code for code in found if -32_800 < code < -32_000 or 40_000 <= code < 60_000}


def test_every_code_is_documented_and_every_documented_one_is_sent() -> None:
    documented = {int(cell) for cell in table(PROTOCOL.read_text(), "Codes")}
    assert documented == codes_in_code()


def test_every_revision_that_is_spoken_is_named() -> None:
    page = PROTOCOL.read_text()
    assert [revision for revision in (MODERN, *LEGACY) if f"`{revision}`" not in page] == []


def test_the_gateways_own_code_of_unavailability_is_the_documented_one() -> None:
    assert Unavailable.form.code == 50300
    assert "code 50300" in EVIDENCE.read_text()


def test_every_kind_and_status_of_the_ledger_is_documented_and_no_other() -> None:
    page = EVIDENCE.read_text()
    kinds, statuses = page.split("\nA call ends as one of these statuses:\n")
    named = {name for cell in table(kinds, "Kinds") for name in re.findall(r"`([^`]+)`", cell)}
    assert named == {kind.value for kind in EntryKind}
    rows = [row for row in statuses.split("\n## ")[0].splitlines() if row.startswith("| `")]
    ends = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert ends == {status.value for status in CallStatus}


def test_every_refusal_ends_with_a_status_that_is_documented() -> None:
    kinds = [Refusal, *Refusal.__subclasses__()]
    assert {kind.form.status for kind in kinds} <= {status.value for status in CallStatus}


def test_the_example_chain_is_whole_and_has_the_head_that_the_page_names() -> None:
    page = EVIDENCE.read_text()
    lines = re.search(r"```jsonl ledger\n(.*?)\n```", page, re.DOTALL)
    head = re.search(r"head is `([0-9a-f]{64})`", page)
    assert lines and head
    texts = lines[1].splitlines()
    digests = [json.loads(text)["prev"] for text in texts[1:]] + [head[1]]
    rows = [
        Row("gateway-2223-ab1c4f82", place, text, bytes.fromhex(digest))
        for place, (text, digest) in enumerate(zip(texts, digests, strict=True), 1)
    ]
    report = verify_stream(rows)
    assert report.kinds == {"call.intent": 1, "call.outcome": 1, "call.refused": 1}
    assert report.open_intents == ()
