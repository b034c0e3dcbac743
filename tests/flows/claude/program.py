"""The Claude Code binary: where it is, and one question to it in a home of its own, with no way out of the machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import ROOT
from tests.waiting import eventually

NAMED = "GATEHOUSE_TEST_CLAUDE"
FOLDER = ROOT / "tests" / "node" / "optional"
INSTALLED = FOLDER / "node_modules" / "@anthropic-ai" / "claude-code-linux-x64" / "claude"
COMMAND = "npm ci --prefix tests/node/optional --ignore-scripts"
# Read by the program wherever its home is: what an administrator lays down for every user of the machine, which is not
# ours to set aside, and the sign-in of a machine that is made for it.
OF_THE_MACHINE = ("/etc/claude-code", "/home/claude/.claude")
SERVER = "desk"
ANSWERS_WITHIN = 90.0
ENDS_WITHIN = 15.0


def claude() -> str:
    """The program that GATEHOUSE_TEST_CLAUDE names, else the one installed in tests/node/optional; "" without."""
    named = os.environ.get(NAMED, "")
    if named:
        return shutil.which(named) or ""
    return str(INSTALLED) if INSTALLED.exists() else ""


def claude_problem() -> str:
    """Why Claude Code cannot be run here, or ""."""
    for place in OF_THE_MACHINE:
        if os.access(place, os.F_OK):
            return f"Claude Code would run with this machine's own configuration: {place} is there"
    if claude():
        return ""
    named = os.environ.get(NAMED, "")
    where = f"{NAMED} names {named}, which is no program" if named else "Claude Code is not installed"
    return f"{where}: {COMMAND} installs it (370 MB, Linux on x86-64), or {NAMED} names one"


def tool_name(tool: str) -> str:
    """What the model calls a tool of the one configured server."""
    return f"mcp__{SERVER}__{tool}"


@dataclass(frozen=True, slots=True)
class Asking:
    """A question under way."""

    process: subprocess.Popen[str]
    home: Path

    def waits(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def answer(self) -> dict[str, Any]:
        """What it printed: the whole report, the model's last words under `result`. Fails unless it exits 0 in time."""
        said, complaints = self.process.communicate(timeout=ANSWERS_WITHIN)
        assert self.process.returncode == 0, f"claude exited with {self.process.returncode}: {complaints}\n{said}"
        return dict(json.loads(said))

    def left_behind(self) -> list[str]:
        """The processes that still run with this home, as pid and command."""
        return [f"{pid} {command}" for pid, command in running_in(self.home)]


def running_in(home: Path) -> list[tuple[int, str]]:
    """Pid and command of every process whose environment names this home."""
    wanted, found = f"HOME={home}".encode(), []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(folder.name), command.strip()))
        except OSError:
            # It ended meanwhile, or is somebody else's.
            continue
    return found


def environment(home: Path, api: str) -> dict[str, str]:
    """The whole environment of the program. Everything that is not loopback goes to the mock, which is no proxy."""
    folders = {
        "HOME": home,
        "CLAUDE_CONFIG_DIR": home / "config",
        "TMPDIR": home / "tmp",
        "XDG_CONFIG_HOME": home / "xdg-config",
        "XDG_CACHE_HOME": home / "xdg-cache",
        "XDG_DATA_HOME": home / "xdg-data",
        "XDG_STATE_HOME": home / "xdg-state",
        "XDG_RUNTIME_DIR": home / "xdg-runtime",
    }
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    return {name: str(folder) for name, folder in folders.items()} | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "ANTHROPIC_BASE_URL": api,
        "ANTHROPIC_API_KEY": "fa" + "ke",
        "ENABLE_TOOL_SEARCH": "false",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "HTTP_PROXY": api,
        "HTTPS_PROXY": api,
        "NO_PROXY": "127.0.0.1",
    }


@contextmanager
def asking(question: str, server: Mapping[str, Any], *, api: str, home: Path) -> Iterator[Asking]:
    """Ask Claude Code, with one MCP server (an entry of `mcpServers`) whose tools it may use unasked.

    At the end everything that it started is gone.
    """
    home.mkdir()
    work = home / "work"
    work.mkdir()
    settings = home / "servers.json"
    settings.write_text(json.dumps({"mcpServers": {SERVER: dict(server)}}))
    command = [claude(), "-p", question, "--output-format", "json", "--mcp-config", str(settings)]
    process = subprocess.Popen(
        [*command, "--strict-mcp-config", "--allowedTools", tool_name("*")],
        env=environment(home, api),
        cwd=work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Asking(process, home)
    finally:
        with process:
            end(process, home)


def end(process: subprocess.Popen[str], home: Path) -> None:
    """Kill what still runs of it, also outside its process group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(ENDS_WITHIN)

    def gone() -> bool:
        for pid, _ in running_in(home):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return not running_in(home)

    eventually(gone, within=ENDS_WITHIN, what=f"nothing runs in {home}")
