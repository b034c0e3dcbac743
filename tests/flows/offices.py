"""The office that the flows play in: people, agents, a desk server over HTTP, git over standard streams, a policy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.raw_agent import Agent, Approver
from tests.running import ROOT, Running
from tests.waiting import eventually

SERVERS = ROOT / "tests" / "fixtures_servers"
STARTS_WITHIN = 20.0

PEOPLE: list[dict[str, Any]] = [
    {
        "email": "sec@example.com",
        "roles": ["security-admin", "policy-author", "approver", "auditor", "server-owner"],
        "teams": ["platform"],
        "api_token": True,
    },
    {"email": "approver@example.com", "roles": ["approver"], "teams": ["platform"], "api_token": True},
    {"email": "second@example.com", "roles": ["approver"], "teams": ["platform"], "api_token": True},
    {"email": "dev@example.com", "roles": ["developer", "approver"], "teams": ["platform"], "api_token": True},
    {"email": "other@example.com", "roles": ["developer"], "api_token": True},
]
AGENTS: list[dict[str, Any]] = [
    {"name": "dev-claude", "owner": "dev@example.com", "roles": ["office"]},
    {"name": "second-bot", "owner": "dev@example.com", "roles": ["office"]},
    {"name": "other-bot", "owner": "other@example.com", "roles": ["office"]},
    {"name": "full-bot", "owner": "other@example.com", "roles": ["office"]},
    {"name": "blind-bot", "owner": "other@example.com", "roles": []},
]
POLICY = """
version: "1"
default: deny
rules:
  - id: read-notes
    tool: [desk/read_file, desk/measure]
    action: allow
    constraints: {path: {under: [/srv/notes, /srv/plans]}}
    reason: Notes and plans may be read
  - {id: tickets, tool: desk/create_ticket, action: allow, constraints: {amount: {max: 500}}, reason: Small tickets}
  - {id: counting, tool: [desk/count_slowly, desk/wait], action: allow, reason: Counting is harmless}
  - id: ask-before-writing
    tool: desk/write_file
    action: escalate
    constraints: {path: {under: [/srv/notes]}}
    reason: Writing is decided by a person
    approve: {from: [team:platform], required: 1, within: 10m}
  - {id: no-shell, tool: desk/execute_command, action: deny, reason: Shell execution is not permitted}
"""


class Log:
    """The calls that a fixture server wrote down."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def calls(self, name: str = "") -> list[dict[str, Any]]:
        """What arrived, in order."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        found = [json.loads(line) for line in lines]
        return [call for call in found if not name or call["name"] == name]

    def having(self, value: str) -> list[dict[str, Any]]:
        """The calls with `value` among their arguments."""
        return [call for call in self.calls() if value in call["arguments"].values()]


@contextmanager
def desk(folder: Path) -> Iterator[tuple[str, Log]]:
    """A running desk server: its URL and its log."""
    log = folder / "desk.log"
    with subprocess.Popen([sys.executable, str(SERVERS / "desk.py"), str(log)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield f"http://127.0.0.1:{port}/mcp", Log(log)
        finally:
            process.kill()


def repository(folder: Path) -> Path:
    """A scratch repository with one commit."""
    made = folder / "repository"
    made.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=Dev", "-c", "user.email=dev@example.com"]
    (made / "README.md").write_text("# Scratch\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", "-C", str(made), *arguments], check=True, env=environment, timeout=30)
    return made


def demo_program(name: str) -> Path:
    """A program of .venv-demo; skips where it is not installed."""
    found = ROOT / ".venv-demo" / "bin" / name
    if not found.exists():
        pytest.skip(f"{name} is not installed in .venv-demo (make run installs it)")
    return found


def configuration(
    desk_url: str, *, servers: Sequence[dict[str, Any]] = (), tools: Sequence[str] = (), **sections: Any
) -> dict[str, Any]:
    """The office as a gatehouse.yaml: the desk, `servers` and `tools` beside it; further keywords replace sections."""
    return {
        "teams": [{"name": "platform"}],
        "people": PEOPLE,
        "servers": [
            {
                "name": "desk",
                "transport": "http",
                "url": desk_url,
                "allow_private_address": True,
                "approve": "all",
                "accept_findings": ["*"],
            },
            *servers,
        ],
        "roles": [
            {
                "name": "office",
                "tools": [
                    *(f"desk/{tool}" for tool in ("read_file", "measure", "write_file", "create_ticket")),
                    *(f"desk/{tool}" for tool in ("execute_command", "count_slowly", "wait")),
                    *tools,
                ],
            }
        ],
        "agents": AGENTS,
    } | sections


class Office:
    """A running Gatehouse in front of a desk."""

    def __init__(self, running: Running, log: Log, desk_url: str) -> None:
        self.running, self.log, self.desk_url = running, log, desk_url

    def agent(self, name: str = "dev-claude", *, legacy: bool = False, server: str = "desk") -> Agent:
        """A raw client with the agent's token."""
        return Agent(self.running, self.running.token(name), server, legacy=legacy)

    def approver(self, email: str = "approver@example.com") -> Approver:
        """A person deciding over REST."""
        return Approver(self.running, email)

    def waits(self, path: str, *, within: float = 10.0) -> dict[str, Any]:
        """The escalation that waits for a call with this path, once there is one."""
        approver = self.approver("sec@example.com")

        def look() -> list[dict[str, Any]]:
            return [one for one in approver.waiting() if one["arguments"].get("path") == path]

        return eventually(look, within=within, what=f"an escalation for {path}")[0]

    def records(self, record: str) -> list[dict[str, Any]]:
        """The ledger's entries of one call, once its closing record is there."""

        def look() -> list[dict[str, Any]]:
            entries = [entry for entry in self.running.ledger() if entry.get("call") == record]
            closing = ("call.outcome", "call.refused", "call.held")
            return entries if any(entry["kind"] in closing for entry in entries) else []

        return eventually(look, what=f"a closing record of {record}")

    def require_sound_ledger(self) -> None:
        """`manage.py verify_ledger` agrees with every entry."""
        done = self.running.manage("verify_ledger")
        assert done.returncode == 0, done.stdout + done.stderr


def git_is_here() -> bool:
    """Whether git can make the scratch repository."""
    return shutil.which("git") is not None
