"""What the demo consists of: a scratch repository, real servers, people, agents and a policy, as a gatehouse.yaml."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from gateway.demo import office

PEOPLE = {
    "sec@example.com": ["security-admin", "policy-author", "approver", "auditor", "server-owner"],
    # Lifting a stop takes two security administrators.
    "admin@example.com": ["security-admin"],
    "approver@example.com": ["approver"],
    "owner@example.com": ["approver", "server-owner"],
    "dev@example.com": ["developer"],
}
PLATFORM = frozenset({"sec@example.com", "approver@example.com", "owner@example.com"})
AGENT = "dev-claude"
REQUESTER = "dev@example.com"


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs found on this machine for real servers; None where one is missing."""

    git: Path | None
    time: Path | None
    filesystem: Path | None


def programs() -> Programs:
    """Look for the demo's servers: Python ones in .venv-demo, the official filesystem server among Node's packages."""
    beside = settings.BASE_DIR / ".venv-demo" / "bin"
    packages = settings.BASE_DIR / "tests" / "node" / "node_modules" / ".bin"
    filesystem = packages / "mcp-server-filesystem"
    return Programs(
        git=_there(beside / "mcp-server-git") if shutil.which("git") else None,
        time=_there(beside / "mcp-server-time"),
        filesystem=_there(filesystem) if shutil.which("node") else None,
    )


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def workspace() -> Path:
    """The folder that the demo's servers work in."""
    return Path(settings.DATA_DIR) / "demo"


def make_workspace() -> None:
    """A scratch repository with two commits, one of which holds a made-up key, and a folder of notes."""
    notes, repository = workspace() / "notes", workspace() / "repository"
    notes.mkdir(parents=True, exist_ok=True)
    (notes / "welcome.txt").write_text("This folder is what the demo's agents may read.\n")
    if not shutil.which("git") or (repository / ".git").exists():
        return
    repository.mkdir(parents=True, exist_ok=True)
    (repository / "README.md").write_text("# Scratch\n\nA repository for agents to play in.\n")
    _git(repository, "init", "--quiet", "--initial-branch=main")
    _commit(repository, "Begin")
    made_up = "AK" + "IA" + "Q3EGS7W2XK5TJ9LM"
    (repository / "deploy.env").write_text(f"REGION=eu-central-1\nACCESS_KEY={made_up}\n")
    _commit(repository, "Add deployment settings")


def _commit(repository: Path, message: str) -> None:
    _git(repository, "add", "--all")
    identity = ("-c", "user.name=Demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false")
    _git(repository, *identity, "commit", "--quiet", "--message", message)


def _git(repository: Path, *arguments: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(repository), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(repository), *arguments]
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)  # noqa: S603  Git itself, with words of this module.


def configuration(found: Programs) -> str:
    """The demo as a gatehouse.yaml; JSON is YAML, and quotes every path."""
    return json.dumps(
        {
            "version": 1,
            "teams": [{"name": "platform"}],
            "people": [
                {"email": email, "roles": roles, "teams": ["platform"] if email in PLATFORM else [], "api_token": True}
                for email, roles in PEOPLE.items()
            ],
            "servers": servers(found),
            # The office is asked for and not there yet: once it is approved, the role reaches it.
            "roles": [
                {
                    "name": "developer",
                    "servers": [server["name"] for server in servers(found)],
                    "tools": ["office/*"],
                }
            ],
            "agents": [
                {"name": AGENT, "owner": "dev@example.com", "roles": ["developer"], "expires_in": "30d"},
                {"name": "build-bot", "team": "platform", "roles": ["developer"], "expires_in": "30d"},
            ],
            "policy": policy(),
        },
        indent=2,
    )


def office_request() -> dict[str, Any]:
    """The server that the demo's developer asks for: its program is stored, and runs once somebody accepted it."""
    return {
        "name": "office",
        "transport": "stdio",
        "command": [sys.executable, "-I", str(Path(office.__file__)), str(office_switch())],
        "description": "Rooms, bookings and colleagues",
        "team": "platform",
        "category": ["office"],
        "environment": "development",
        "justification": "Our agents book meeting rooms for the team; today we do it by hand.",
        "days": 90,
    }


def office_switch() -> Path:
    """While this file is there, the office server says something else of one tool."""
    return workspace() / "office-shifted"


def servers(found: Programs) -> list[dict[str, object]]:
    """The servers whose programs are there."""
    repository, notes = str(workspace() / "repository"), str(workspace() / "notes")
    wanted = (
        ("git", found.git, ["-r", repository], ["source-control"]),
        ("time", found.time, ["--local-timezone", "UTC"], ["clock"]),
        ("files", found.filesystem, [notes], ["storage"]),
    )
    return [
        {
            "name": name,
            "transport": "stdio",
            "command": [str(program), *arguments],
            "cwd": str(workspace()),
            "team": "platform",
            "category": category,
            "approve": "all",
        }
        for name, program, arguments, category in wanted
        if program is not None
    ]


def policy() -> dict[str, object]:
    """Rules that show every verdict."""
    inside = {"repo_path": {"under": [str(workspace() / "repository")]}}
    return {
        "version": "1",
        "default": "deny",
        "rules": [
            {
                "id": "read-the-repository",
                "tool": ["git/git_log", "git/git_status", "git/git_show", "git/git_diff*", "git/git_branch"],
                "action": "allow",
                "constraints": inside,
                "reason": "The scratch repository may be read",
            },
            {
                "id": "branches-need-a-person",
                "tool": "git/git_create_branch",
                "action": "escalate",
                "constraints": inside,
                "reason": "A new branch is decided by a person",
                "approve": {"from": ["team:platform"], "required": 1, "within": "10m"},
            },
            {"id": "no-reset", "tool": "git/git_reset", "action": "deny", "reason": "Nothing is thrown away"},
            {"id": "clock", "server": "time", "action": "allow", "reason": "Telling the time is harmless"},
            {
                "id": "office-reads",
                "tool": "office/*",
                "intent": ["read"],
                "action": "allow",
                "reason": "Looking at rooms and menus is harmless",
            },
            {
                "id": "read-notes",
                "tool": ["files/read_*", "files/list_*"],
                "action": "allow",
                "constraints": {"allowedPaths": [str(workspace() / "notes")]},
                "reason": "The notes may be read",
            },
        ],
    }
