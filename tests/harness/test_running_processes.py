"""Real processes of the product, started, asked, killed and stopped by the tools that all flow tests use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.databases import ROOT
from tests.node import programs
from tests.running import Failed, Running

pytestmark = pytest.mark.any_database

SERVER = ROOT / "tests" / "registry" / "shapeshifter.py"
POLICY = """
version: "1"
default: deny
rules:
  - {tool: files/read, action: allow, reason: Reading is harmless}
"""


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """One person, one agent, one stdio server with a tool `read` and a tool `write`."""
    manifest = tmp_path / "manifest.json"
    tools = (
        '[{"name": "read", "inputSchema": {"type": "object"}}, {"name": "write", "inputSchema": {"type": "object"}}]'
    )
    manifest.write_text(f'{{"tools": {tools}, "version": "1"}}')
    command = [sys.executable, str(SERVER), str(manifest), str(tmp_path / "started")]
    return {
        "people": [{"email": "dev@example.com", "roles": ["developer"], "api_token": True}],
        "servers": [{"name": "files", "transport": "stdio", "command": command, "approve": "all"}],
        "roles": [{"name": "developer", "servers": ["files"]}],
        "agents": [{"name": "dev-claude", "owner": "dev@example.com", "roles": ["developer"], "expires_in": "1d"}],
    }


def test_a_process_serves_dies_comes_back_and_stops(gatehouse: Callable[..., Running], config: dict[str, Any]) -> None:
    """Contract 1: /readyz, sign_in, verify_ledger beside a running process, and an end on SIGTERM."""
    running = gatehouse(config, POLICY)
    assert running.token("dev-claude").startswith("gha_")
    assert running.api_token("dev@example.com").startswith("ghp_")
    assert running.sign_in("dev@example.com").startswith(f"{running.url}/admin/")
    assert running.request("GET", "/healthz").json() == {"alive": True}
    before = running.ledger()
    assert [entry["kind"] for entry in before if entry["kind"] == "change.policy"] == ["change.policy"]
    running.kill()
    assert not running.ready()
    running.restart()
    assert [entry for entry in running.ledger() if entry in before] == before
    running.manage("verify_ledger")
    assert running.stop() == 0
    assert not running.ready()


def test_a_process_that_cannot_start_says_why(gatehouse: Callable[..., Running], config: dict[str, Any]) -> None:
    """The tools' own duty: a failure shows what was printed, within its time."""
    with pytest.raises(Failed, match="unknown option|unrecognized arguments"):
        gatehouse(config, POLICY, arguments=("--no-such-option",))


def test_a_configuration_that_is_refused_shows_the_problem(gatehouse: Callable[..., Running]) -> None:
    """The same for apply."""
    with pytest.raises(Failed, match=r"gatehouse\.yaml"):
        gatehouse({"people": [{"email": "nobody", "roles": ["king"]}]}, POLICY)


@pytest.mark.node
@pytest.mark.parametrize(("client", "version"), [("v1", "2025-11-25"), ("v2", "2025-11-25"), ("v2-auto", "2026-07-28")])
def test_official_typescript_clients_list_and_call(
    gatehouse: Callable[..., Running], config: dict[str, Any], client: str, version: str, tmp_path: Path
) -> None:
    """The TypeScript SDK in both eras, before the official filesystem server."""
    note = tmp_path / "notes" / "welcome.txt"
    note.parent.mkdir()
    note.write_text("hello")
    config["servers"][0]["command"] = programs.filesystem_server(note.parent)
    running = gatehouse(config, POLICY.replace("files/read", "files/read_text_file"))
    address, token = f"{running.url}/mcp/files", running.token("dev-claude")
    seen = programs.call(client, address, token, "read_text_file", {"path": str(note)})
    assert seen["version"] == version
    assert [tool["name"] for tool in seen["tools"]] == ["read_text_file"], "no rule allows the others"
    assert seen["result"]["content"] == [{"type": "text", "text": "hello"}], seen
    refused = programs.call(client, address, token, "write_file", {"path": str(note), "content": "x"})
    assert refused["result"]["isError"], "visible, so the refusal is explained"
    assert note.read_text() == "hello"
