"""Which answers show that a server has an approved item no longer: a reason to look at it, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.mcp.unknown_here import LONGEST, unknown_here
from governance.policy.values import Kind
from registry.transports.base import Answer


def error(message: str, code: int = -32602) -> Answer:
    """A JSON-RPC error."""
    return Answer(error=json.dumps({"code": code, "message": message}).encode())


def result(*texts: str, failed: bool = True, **more: Any) -> Answer:
    """A tool's result."""
    content = [{"type": "text", "text": text} for text in texts]
    return Answer(result=json.dumps({"content": content, "isError": failed, **more}).encode())


@pytest.mark.parametrize(
    "answer",
    [
        error("Unknown tool: read_file"),
        error("MCP error -32602: Tool read_file not found"),
        error("Prompt read_file does not exist", -32000),
        error("Method not found: read_file", -32601),
        result("Unknown tool: read_file"),
        result("Tool 'read_file' no longer exists."),
        result("first", "Tool read_file not found"),
    ],
)
def test_servers_say_in_several_ways_that_they_have_no_such_tool(answer: Answer) -> None:
    """The forms of the official SDKs among them."""
    assert unknown_here(answer, Kind.TOOL, "read_file") and unknown_here(answer, Kind.PROMPT, "read_file")


@pytest.mark.parametrize(
    "answer",
    [
        result("Unknown tool: read_file", failed=False),
        result("File not found: notes.txt"),
        result("read_file: 12 lines"),
        result("Unknown tool: another"),
        result("read_file failed", "nothing of that name was not found"),
        result("Unknown tool: read_file", padding="x" * LONGEST),
        error("Invalid arguments for tool read_file: path is required"),
        error("Unknown tool: read_file", -32603),
        error("Unknown tool: read_file" + "x" * LONGEST),
        Answer(error=b"[]"),
        Answer(error=b'{"code": "x"}'),
        Answer(result=b'{"isError": true, "content": 3}'),
        Answer(result=b"{}"),
        Answer(),
    ],
)
def test_other_failures_are_no_reason_to_look(answer: Answer) -> None:
    assert not unknown_here(answer, Kind.TOOL, "read_file")


def test_a_resource_that_is_not_there_is_nothing_unusual() -> None:
    assert not unknown_here(error("Resource not found: file:///a", -32002), Kind.RESOURCE, "file:///a")


def test_a_name_that_holds_such_words_says_nothing_by_itself() -> None:
    assert not unknown_here(error("Invalid arguments for not found"), Kind.TOOL, "not found")
    assert unknown_here(error("not found not found"), Kind.TOOL, "not found")
