"""`gatehouse classify` as its users run it (contract 1)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

RUN = [sys.executable, "-c", "from gateway.cli import main; main()", "classify"]


def ran(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *options], input=text, capture_output=True, text=True, timeout=60, check=False)


def answers(*rows: object) -> list[dict[str, Any]]:
    """What the command answers to these rows, in their order."""
    result = ran("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "--lines")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_object_gets_one_answer() -> None:
    """`{id, tool}` in, `{id, intent, why}` out; the object may go over several lines."""
    result = ran(json.dumps({"id": "a", "tool": {"name": "delete_branch"}}, indent=2))
    assert result.returncode == 0
    assert json.loads(result.stdout) == {"id": "a", "intent": "destructive", "why": "the name says delete"}


def test_lines_are_answered_one_by_one_and_in_order() -> None:
    """Every field of a tool counts; a row without an id answers its number."""
    said = answers(
        {"id": 7, "tool": {"name": "x", "description": "Lists all users", "inputSchema": {"type": "object"}}},
        {"tool": {"name": "get_thing", "annotations": {"destructiveHint": True}}},
        {"id": "z", "tool": {"name": "note", "inputSchema": {"properties": {"webhook_url": {}}}}},
    )
    assert [(row["id"], row["intent"]) for row in said] == [(7, "read"), (2, "destructive"), ("z", "exfiltrative")]
    assert all(set(row) == {"id", "intent", "why"} for row in said)


def test_the_server_and_the_arguments_of_a_call_may_be_given_and_change_nothing() -> None:
    """A tool is judged by the worst it can do; fields that are not known are no error either."""
    tool = {"name": "run_sql", "title": "Run", "outputSchema": {}, "_meta": {"x": 1}, "inputSchema": None}
    plain, full = answers(
        {"id": 1, "tool": tool},
        {"id": 1, "tool": tool, "server": "db", "arguments": {"sql": "select 1"}, "comment": "x"},
    )
    assert plain == full
    assert plain["intent"] == "destructive"


def test_a_row_that_cannot_be_judged_says_why_and_the_others_go_on() -> None:
    """`{id, error}`, one sentence that names what and the remedy."""
    said = answers(
        {"id": "no tool"},
        {"id": "no name", "tool": {"description": "Deletes"}},
        {"id": "schema", "tool": {"name": "x", "inputSchema": ["sql"]}},
        {"id": "text", "tool": {"name": "x", "description": 5}},
        {"id": "hints", "tool": {"name": "x", "annotations": "readOnlyHint"}},
        "[1]",
        "{broken",
        {"id": "last", "tool": {"name": "delete_it"}},
    )
    assert [row["id"] for row in said] == ["no tool", "no name", "schema", "text", "hints", 6, 7, "last"]
    assert all(set(row) == {"id", "error"} for row in said[:-1])
    assert '"inputSchema"' in said[2]["error"]
    assert said[-1]["intent"] == "destructive"


def test_one_object_that_cannot_be_judged_ends_with_status_1() -> None:
    """Exit 1: a failed check (contract 1), so that a script notices."""
    result = ran('{"id": 3, "tool": {}}')
    assert result.returncode == 1
    assert set(json.loads(result.stdout)) == {"id", "error"}
