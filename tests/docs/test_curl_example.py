"""The calls by hand in docs/protocol.md are run as they stand, but for the port."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.running import Running

SERVER = """
from mcp.server import MCPServer

server = MCPServer("time", log_level="ERROR")


@server.tool()
def get_current_time(timezone: str) -> str:
    return f"noon in {timezone}"


server.run()
"""
POLICY = """
version: "1"
default: deny
rules:
  - {server: time, action: allow, reason: Telling the time is harmless}
"""
pytestmark = pytest.mark.any_database


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_both_calls_are_answered(gatehouse: Callable[..., Running], tmp_path: Path) -> None:
    """Architecture 2.24: examples of the documentation have tests."""
    program = tmp_path / "clock.py"
    program.write_text(SERVER)
    config = {
        "people": [{"email": "dev@example.com", "roles": ["developer"]}],
        "servers": [
            {"name": "time", "transport": "stdio", "command": [sys.executable, str(program)], "approve": "all"}
        ],
        "roles": [{"name": "developer", "servers": ["time"]}],
        "agents": [{"name": "dev-claude", "owner": "dev@example.com", "roles": ["developer"], "expires_in": "1d"}],
    }
    running = gatehouse(config, POLICY)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run.json").write_text(json.dumps({"agents": {"dev-claude": running.token("dev-claude")}}))
    page = (ROOT / "docs" / "protocol.md").read_text()
    [script] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert script.count("http://127.0.0.1:8000/") == 1
    script = script.replace("http://127.0.0.1:8000/", f"{running.url}/")
    done = subprocess.run(["sh", "-ec", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    decoder, answers, said = json.JSONDecoder(), [], done.stdout.lstrip()
    while said:
        answer, end = decoder.raw_decode(said)
        answers.append(answer)
        said = said[end:].lstrip()
    texts = [(answer["id"], answer["result"]["content"][0]["text"]) for answer in answers]
    assert texts == [(1, "noon in UTC"), (2, "noon in UTC")]
