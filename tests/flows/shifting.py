"""A server that changes on request, agents that call it without end, and what reached it: for flows about the hold."""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.raw_agent import Agent, Reply
from tests.running import ROOT, Running
from tests.waiting import eventually

PROGRAM = ROOT / "tests" / "registry" / "shapeshifter.py"
SERVER = "shift"
HOLDS_WITHIN = 1.0
"""Seconds from the commit of a scan until no worker lets a call of a changed item through."""

PEOPLE: list[dict[str, Any]] = [
    {
        "email": "sec@example.com",
        "roles": ["security-admin", "policy-author", "approver", "auditor", "server-owner"],
        "api_token": True,
    },
    {"email": "sec2@example.com", "roles": ["security-admin"]},
    {"email": "dev@example.com", "roles": ["developer"], "api_token": True},
]
POLICY = """
version: "1"
default: deny
rules:
  - {id: read, tool: shift/read, action: allow, reason: Reading is harmless}
  - {id: rest, server: shift, action: allow, reason: The rest may be used}
"""


class Shifting:
    """One such server: its manifest file, its log, and the argv that runs it."""

    def __init__(self, folder: Path) -> None:
        self.manifest, self.log = folder / "manifest.json", folder / "calls.log"
        self.command = [sys.executable, str(PROGRAM), str(self.manifest), str(folder / "started"), str(self.log)]

    def offer(self, document: Mapping[str, Any]) -> None:
        """Offer exactly this from now on, at once and as a whole."""
        new = self.manifest.with_suffix(".new")
        new.write_text(json.dumps(document))
        new.replace(self.manifest)

    def offered(self) -> dict[str, Any]:
        """What it offers now."""
        found: dict[str, Any] = json.loads(self.manifest.read_text())
        return found

    def reword(self, tool: str, description: str) -> None:
        """Change one description, and nothing else."""
        document = self.offered()
        (found,) = (one for one in document["tools"] if one["name"] == tool)
        found["description"] = description
        self.offer(document)

    def calls(self, name: str = "") -> list[dict[str, Any]]:
        """What reached it, in order."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines]
        return [call for call in found if not name or call["name"] == name]


def tools(*names: str) -> list[dict[str, Any]]:
    """Tools of these names with a description each."""
    schema = {"type": "object", "properties": {"nonce": {"type": "string"}}}
    return [{"name": name, "description": f"{name.capitalize()} a page.", "inputSchema": schema} for name in names]


def configured(server: Shifting, agents: Sequence[str], **fields: Any) -> dict[str, Any]:
    """A gatehouse.yaml with this server and agents that may use all of it."""
    row = {"name": SERVER, "transport": "stdio", "command": server.command, "approve": "all"} | fields
    return {
        "people": PEOPLE,
        "servers": [row],
        "roles": [{"name": "everything", "servers": [SERVER]}],
        "agents": [{"name": name, "owner": "dev@example.com", "roles": ["everything"]} for name in agents],
    }


def scanned(running: Running, server: str = SERVER) -> float:
    """Have the server scanned by a process of its own; the time at which the scan had just been committed."""
    said = running.manage(
        "shell",
        "-c",
        "import time\nfrom governance.rights import Machine\nfrom registry.models import Server\n"
        f"from registry.scanning import scan\nserver = Server.objects.get(name={server!r})\n"
        "report = scan(server.pk, by=Machine.OPERATOR)\nprint(f'at {time.time()} {report.cause}')",
    )
    line = next(line for line in said.stdout.splitlines() if line.startswith("at "))
    _, at, cause = line.split(" ", 2)
    assert not cause, cause
    return float(at)


def approved(running: Running, server: str = SERVER) -> tuple[float, float]:
    """Have what is held approved as it was last seen, by two people where it takes two.

    Answers the times just before that and just after its last commit.
    """
    said = running.manage(
        "shell",
        "-c",
        "import time\nfrom governance.models import Person\nfrom registry.lifecycle import Shown, approve_items\n"
        f"from registry.models import Server\nserver = Server.objects.get(name={server!r})\n"
        "held = [Shown.of(item) for item in server.items.filter(state__in=['new', 'changed'])]\n"
        "one, other = Person.objects.filter(email__in=['sec@example.com', 'sec2@example.com'])\n"
        "before = time.time()\nwaiting = approve_items(server=server, items=held, by=one).waiting\n"
        "left = [shown for shown, _ in waiting]\n"
        "assert not left or not approve_items(server=server, items=left, by=other).waiting\n"
        "print(f'at {before} {time.time()}')",
    )
    _, before, after = next(line for line in said.stdout.splitlines() if line.startswith("at ")).split()
    return float(before), float(after)


@dataclass(frozen=True, slots=True)
class Called:
    """One call as its agent saw it: which tool, by what nonce, when it began and ended, and what was said."""

    tool: str
    nonce: str
    begun: float
    ended: float
    said: str


@dataclass
class Crowd:
    """Agents that call these tools in turn, without end; `every` sees each call when it has ended."""

    agents: Sequence[Agent]
    tools: Sequence[str]
    history: list[Called] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _problems: list[BaseException] = field(default_factory=list)

    def since(self, moment: float, tool: str = "") -> list[Called]:
        """The calls that began after a moment, of one tool or of all."""
        return [one for one in list(self.history) if one.begun > moment and tool in ("", one.tool)]

    def goes_on(self, more: int, *tools: str) -> None:
        """Return when so many more calls of each of these tools have ended."""
        now = time.time()
        eventually(
            lambda: self._problems or all(len(self.since(now, tool)) >= more for tool in tools or self.tools),
            within=60,
            what=f"{more} more calls",
        )
        assert not self._problems, self._problems

    def _run(self, agent: Agent, number: int) -> None:
        try:
            for count in itertools.count():
                if self._ending.is_set():
                    return
                tool = self.tools[(count + number) % len(self.tools)]
                nonce = f"{number}-{count}"
                begun = time.time()
                reply = agent.call(tool, nonce=nonce)
                self.history.append(Called(tool, nonce, begun, time.time(), said(reply, tool)))
        except Exception as problem:
            self._problems.append(problem)

    @contextmanager
    def calling(self) -> Iterator[Crowd]:
        """Call as long as the block lasts."""
        for number, agent in enumerate(self.agents):
            thread = threading.Thread(target=self._run, args=(agent, number), daemon=True)
            thread.start()
            self._threads.append(thread)
        try:
            yield self
        finally:
            self._ending.set()
            for thread in self._threads:
                thread.join(60)
        assert not self._problems, self._problems


def said(reply: Reply, tool: str) -> str:
    """What an answer means: `ok` with the tool's words, `unknown`, or what else there was."""
    if reply.status != 200 or "error" in reply.message:
        return f"HTTP {reply.status} {reply.body[:200]!r}"
    if not reply.result.get("isError"):
        return "ok" if reply.text.startswith(f"{tool}: ") else f"other words: {reply.text[:200]}"
    return "unknown" if reply.text == f"Unknown tool: {tool}" else reply.text[:200]
