"""The office with its aggregate endpoint: a desk, two more that can be stopped, and a server that has everything."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flows.offices import SERVERS, Office
from tests.raw_agent import LEGACY, MODERN, Agent

ROOM = "everything-there-is-to-try"
SEARCH, STATUS = "gatehouse__search_tools", "gatehouse__approval_status"
MODES = ("legacy", "auto")
ASKABLE = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
RULES = f"""
  - {{id: trying, server: {ROOM}, action: allow, reason: Everything may be tried}}
  - {{id: trying-what-is-old, tool: "old/*", action: allow, reason: That too}}
  - {{id: reading-elsewhere, tool: [slow/read_file, gone/read_file], action: allow, reason: Other desks}}
  - {{id: nobody-counts, tool: [desk/count_slowly, {ROOM}/test_x_mcp_header], action: hide}}
  - {{id: audited, tool: desk/create_ticket, who: {{roles: [audited]}}, action: deny, reason: Audited agents open none}}
"""
ROLES = [
    {
        "name": "office",
        "tools": [
            *(f"desk/{tool}" for tool in ("read_file", "measure", "write_file", "create_ticket")),
            *("desk/execute_command", "desk/count_slowly", "desk/wait", "slow/read_file", "gone/read_file"),
            *(f"{ROOM}/*", "old/test_elicitation", "old/count"),
        ],
        "prompts": [f"{ROOM}/*"],
        "resources": [f"{ROOM}/*"],
    },
    {"name": "reader", "tools": ["desk/read_file", "desk/create_ticket"], "resources": [f"{ROOM}/test://static-*"]},
    {"name": "audited", "tools": []},
    {"name": "later", "tools": []},
]
MINE = [
    {"name": "reading-bot", "owner": "other@example.com", "roles": ["office", "reader", "audited"]},
    {"name": "later-bot", "owner": "other@example.com", "roles": ["later"]},
    {"name": "hasty-bot", "owner": "other@example.com", "roles": ["office"], "rate": {"calls": 3, "per": "1h"}},
]


@dataclass
class Place:
    """The office with its aggregate endpoint, and the desks that can be stopped."""

    office: Office
    slow: subprocess.Popen[bytes]
    gone: subprocess.Popen[bytes]
    room_url: str

    @property
    def url(self) -> str:
        """The aggregate endpoint."""
        return f"{self.office.running.url}/mcp"

    def agent(self, name: str = "dev-claude", *, profile: str | None = None, legacy: bool = False) -> Agent:
        """A raw client at it."""
        query = "" if profile is None else f"?profile={profile}"
        return Agent(self.office.running, self.token(name), legacy=legacy, path=f"/mcp{query}")

    def token(self, name: str = "dev-claude") -> str:
        """An agent's token."""
        return self.office.running.token(name)


@contextmanager
def another_desk(folder: Path, name: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """One more desk, whose process is at hand."""
    argv = [sys.executable, str(SERVERS / "desk.py"), str(folder / f"{name}.log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()


@contextmanager
def listening(place: Place, agent: Agent, body: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """An open stream of an agent, GET in a session or else what `body` asks for; gives its response."""
    connection = http.client.HTTPConnection("127.0.0.1", place.office.running.port, timeout=10)
    headers = {"Authorization": f"Bearer {agent.token}", "Accept": "application/json, text/event-stream"}
    if body is None:
        headers |= {"Mcp-Session-Id": agent.session, "MCP-Protocol-Version": LEGACY}
        connection.request("GET", agent.path, headers=headers)
    else:
        headers |= {
            "Content-Type": "application/json",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": str(body["method"]),
        }
        connection.request("POST", agent.path, body=json.dumps(body), headers=headers)
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


def next_message(response: Any, method: str) -> Any:
    """The next message of a method on a stream."""
    while line := response.readline():
        if line.startswith(b"data: ") and (message := json.loads(line[6:])).get("method") == method:
            return message
    raise AssertionError(f"the stream ended without {method}")
