"""The servers of the matrix: the official reference servers over each transport, and ours that speak one era alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.flows.eras_place import by_command, by_url, program, served
from tests.flows.offices import demo_program, repository
from tests.node import programs
from tests.running import free_port
from tests.waiting import eventually

EVERYTHING, MEMORY = "server-everything", "server-memory"


@dataclass(frozen=True)
class Reached:
    """One server: how it is reached directly (an argv or a URL), and the call that is compared."""

    title: str
    at: list[str] | str
    tool: str
    arguments: dict[str, Any]
    sse: bool = False
    env: dict[str, str] = field(default_factory=dict)

    def entry(self, name: str) -> dict[str, Any]:
        """Its entry in a gatehouse.yaml."""
        if isinstance(self.at, list):
            return by_command(name, self.at, **({"env": self.env} if self.env else {}))
        return by_url(name, self.at) | ({"transport": "sse"} if self.sse else {})


TITLES = {
    "git": "git, stdio",
    "time": "time, stdio",
    "files": "filesystem, stdio",
    "memory": "memory, stdio",
    "every-stdio": "everything, stdio",
    "every-sse": "everything, SSE",
    "every-http": "everything, HTTP",
    "only-legacy": "session era only",
    "only-modern": "stateless era only",
}


def _official(name: str) -> Path:
    return programs.MODULES / "@modelcontextprotocol" / name / "dist" / "index.js"


@contextmanager
def _listening(kind: str, path: str) -> Iterator[str]:
    """The everything server on a port of its own."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    command = [programs.node(), str(_official(EVERYTHING)), kind]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: _answers(port), within=30, what=f"the everything server on {kind}")
            yield f"http://127.0.0.1:{port}{path}"
        finally:
            process.kill()


def _answers(port: int) -> bool:
    try:
        httpx2.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx2.TransportError:
        return False
    return True


@contextmanager
def reached(folder: Path) -> Iterator[dict[str, Reached]]:
    """All of them, by the names that the gateway gives them."""
    scratch = repository(folder)
    (folder / "files").mkdir()
    note, graph = folder / "files" / "note.txt", folder / "graph.jsonl"
    note.write_text("größer ☃\n")
    graph.write_text(json.dumps({"type": "entity", "name": "Ada", "entityType": "person", "observations": ["writes"]}))
    node, echo, said = programs.node(), "echo", {"message": "größer ☃"}
    with ExitStack() as stack:
        made: dict[str, tuple[Any, ...]] = {
            "git": (
                [str(demo_program("mcp-server-git")), "-r", str(scratch)],
                "git_log",
                {"repo_path": str(scratch), "max_count": 1},
            ),
            "time": (
                [str(demo_program("mcp-server-time")), "--local-timezone", "UTC"],
                "convert_time",
                {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"},
            ),
            "files": (programs.filesystem_server(folder / "files"), "read_text_file", {"path": str(note)}),
            "memory": ([node, str(_official(MEMORY))], "read_graph", {}, False, {"MEMORY_FILE_PATH": str(graph)}),
            "every-stdio": ([node, str(_official(EVERYTHING)), "stdio"], echo, said),
            "every-sse": (stack.enter_context(_listening("sse", "/sse")), echo, said, True),
            "every-http": (stack.enter_context(_listening("streamableHttp", "/mcp")), echo, said),
            "only-legacy": (stack.enter_context(served("legacy")), echo, {"said": "größer ☃"}),
            "only-modern": (program("modern"), echo, {"said": "größer ☃"}),
        }
        yield {name: Reached(TITLES[name], *parts) for name, parts in made.items()}
