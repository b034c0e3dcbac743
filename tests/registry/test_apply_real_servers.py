"""`apply` against real MCP servers: the reference programs over stdio, and an SDK server over HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from governance.models import Agent
from registry.models import Server

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / ".venv-demo" / "bin"
SDK_SERVER = Path(__file__).parent / "transports" / "sdk_server.py"


@pytest.fixture
def demo_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference servers are found by PATH, as an operator would have them."""
    if not (DEMO / "mcp-server-git").exists():
        pytest.skip("needs .venv-demo, which requirements/demo.txt makes")
    monkeypatch.setitem(settings.PROCESS_ENVIRONMENT, "PATH", f"{DEMO}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A scratch git repository with one commit."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    folder = tmp_path / "repository"
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    for arguments in (
        ["init", "-q", str(folder)],
        ["-C", str(folder), *identity, "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run([git, *arguments], check=True, timeout=30, capture_output=True)
    return folder


@pytest.fixture
def http_server() -> Iterator[str]:
    """The URL of a running SDK server."""
    child = subprocess.Popen([sys.executable, str(SDK_SERVER)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(child.stdout.readline())}/mcp"
    finally:
        child.kill()
        child.wait(10)
        child.stdout.close()


def apply(file: Path) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("apply", str(file), stdout=out, stderr=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_reference_servers_and_an_http_server_are_approved_and_stay_so(
    demo_programs: None, repository: Path, http_server: str, tmp_path: Path
) -> None:
    file = tmp_path / "gatehouse.yaml"
    file.write_text(
        f"""\
version: 1
people: [{{email: dev@example.com, roles: [developer]}}]
servers:
  - {{name: time, transport: stdio, command: [mcp-server-time, --local-timezone, UTC], approve: all}}
  - {{name: git, transport: stdio, command: [mcp-server-git, --repository, "{repository}"], approve: all}}
  - {{name: sdk, transport: http, url: "{http_server}", allow_private_address: true, approve: [echo, instructions]}}
roles: [{{name: developer, tools: ["time/*", "git/git_status", "sdk/echo"]}}]
agents: [{{name: dev-claude, owner: dev@example.com, roles: [developer]}}]
"""
    )
    code, said = apply(file)
    assert code == 0, said
    time, git, sdk = (Server.objects.get(name=name) for name in ("time", "git", "sdk"))
    assert (time.state, git.state, sdk.state) == ("ready", "ready", "ready")
    assert time.command[0] == str(DEMO / "mcp-server-time")
    assert {item.name for item in time.items.filter(kind="tool", state="approved")} == {
        "get_current_time",
        "convert_time",
    }
    assert git.items.filter(kind="tool", state="approved", name="git_status").exists()
    assert {item.name for item in sdk.items.filter(state="approved").exclude(kind="resource")} == {
        "echo",
        "instructions",
    }
    assert Agent.objects.filter(name="dev-claude").exists()
    assert time.items.get(name="get_current_time").intent == "read"
    code, said = apply(file)
    assert code == 0
    assert "nothing changed" in said.splitlines()


def test_an_http_server_without_leave_for_a_private_address_is_not_reached(http_server: str, tmp_path: Path) -> None:
    file = tmp_path / "gatehouse.yaml"
    file.write_text(f'version: 1\nservers: [{{name: sdk, transport: http, url: "{http_server}", approve: all}}]\n')
    code, said = apply(file)
    assert code == 1
    assert "unreachable: sdk: Could not reach sdk: " in said
    assert not Server.objects.get(name="sdk").items.exists()
