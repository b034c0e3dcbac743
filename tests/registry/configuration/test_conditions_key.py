"""`conditions:` of a server in `gatehouse.yaml`: read strictly, each problem with its place."""

from __future__ import annotations

import pytest

from registry.configuration.parse import parse_config
from registry.configuration.values import BadConfiguration, ServerEntry

FILE = """
version: 1
people: [{{email: ann@example.com, roles: [developer]}}]
servers:
  - name: files
    transport: http
    url: https://files.example.com/mcp
    environment: production
    description: Files of everybody
    owner: {owner}
    {conditions}
"""


def server(conditions: str = "", owner: str = "ann@example.com") -> ServerEntry:
    text = FILE.format(conditions=conditions, owner=owner)
    return parse_config(text, source="gatehouse.yaml", read_file=str).servers[0]


def test_what_is_said_of_the_server_is_read() -> None:
    found = server()
    assert (found.environment, found.description, found.owner) == (
        "production",
        "Files of everybody",
        "ann@example.com",
    )
    assert found.conditions is None


def test_conditions_of_tools_and_prompts_are_read() -> None:
    text = "conditions: {tools: {write: {verdict: escalate}, b: {}}, prompts: {ask: {teams: [ops]}}}"
    found = server(text).conditions
    assert found is not None
    assert [(entry.kind, entry.name, entry.condition.record()) for entry in found] == [
        ("prompt", "ask", {"teams": ["ops"]}),
        ("tool", "write", {"verdict": "escalate"}),
    ]


def test_an_empty_mapping_lifts_all_conditions() -> None:
    assert server("conditions: {}").conditions == ()


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ("conditions: {tools: {write: {verdict: maybe}}}", "11:"),
        ("conditions: {tools: {write: {verdict: maybe}}}", "one of allow, escalate, deny"),
        ("conditions: {tools: [write]}", "mapping of names to conditions"),
        ("conditions: {templates: {a: {verdict: deny}}}", "templates"),
        ("conditions: {tools: {write: {constraints: {path: {undr: [/srv]}}}}}", "undr"),
        ("environment2: x", "environment"),
    ],
)
def test_a_wrong_condition_is_a_problem_with_its_place(conditions: str, said: str) -> None:
    with pytest.raises(BadConfiguration, match=said):
        server(conditions)


def test_an_owner_that_nobody_knows_is_a_problem() -> None:
    with pytest.raises(BadConfiguration, match="owner of server files"):
        server(owner="bob@example.com")
