"""The real Claude Code in front of a running Gatehouse, offline: the model's side is `claude/model.py`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.flows.claude.model import CALL_ID, Mock, model
from tests.flows.claude.program import Asking, asking, claude_problem, tool_name
from tests.flows.claude.tap import Tap, tap
from tests.flows.offices import POLICY, Office
from tests.gateway.stdio.piping import PROGRAM
from tests.raw_agent import MODERN
from tests.waiting import eventually

AGENT = "dev-claude"
LEG = 2
HELD_WITHIN = 60.0
QUESTION = "Use the tool once."
PRIVATE = """
  - id: private-notes
    tool: desk/read_file
    action: deny
    constraints: {path: {under: [/srv/notes/private]}}
    reason: Private notes are nobody's business
"""

pytestmark = [
    pytest.mark.skipif(bool(claude_problem()), reason=claude_problem()),
    pytest.mark.parametrize("way", ["http", "stdio"]),
]


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """An office whose held calls wait for two seconds on a leg, so that a client has to come back."""
    with make_office(POLICY + PRIVATE, GATEHOUSE_LEG_SECONDS=str(LEG)) as started:
        yield started
        started.require_sound_ledger()


class Desk:
    """Claude Code at the desk, its model, and what it said to Gatehouse."""

    def __init__(self, place: Office, way: str, mock: Mock, listener: Tap, home: Path) -> None:
        self.place, self.way, self.mock, self.tap, self.home = place, way, mock, listener, home
        self._earlier = {entry.get("call") for entry in place.running.ledger()}

    @contextmanager
    def asked(self, tool: str, **arguments: Any) -> Iterator[Asking]:
        """A question that makes the model call a tool."""
        self.mock.tool, self.mock.arguments = tool_name(tool), arguments
        with asking(QUESTION, self.server(), api=self.mock.url, home=self.home) as question:
            yield question

    def server(self) -> dict[str, Any]:
        """The entry in its configuration: the endpoint with the agent's token, or the bridge as a command."""
        url, token = f"http://127.0.0.1:{self.tap.port}/mcp/desk", self.place.running.token(AGENT)
        if self.way == "http":
            return {"type": "http", "url": url, "headers": {"Authorization": f"Bearer {token}"}}
        command = {"command": str(PROGRAM), "args": ["stdio", "--url", url]}
        return {"type": "stdio", **command, "env": {"GATEHOUSE_TOKEN": token}}

    def heard(self, question: Asking) -> dict[str, Any]:
        """The one tool result that the model was given and repeated; everything has ended by then."""
        report = question.answer()
        assert self.mock.tool in self.mock.offered, f"{self.mock.tool} is not among {sorted(self.mock.offered)}"
        assert not report["is_error"] and not report["permission_denials"], report
        (result,) = json.loads(report["result"])
        assert result["tool_use_id"] == CALL_ID
        assert self.mock.told == [result], "the model was told once"
        eventually(lambda: not question.left_behind(), what="what it started has ended by itself")
        assert self.mock.strangers == [], "nothing was asked of another machine"
        return dict(result)

    def entries(self) -> dict[str, list[dict[str, Any]]]:
        """The entries about calls since this desk was set up, by kind."""
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self.place.running.ledger():
            if entry["kind"].startswith("call.") and entry.get("call") not in self._earlier:
                found.setdefault(entry["kind"], []).append(entry)
        return found

    def require_the_stateless_era(self) -> None:
        """It opened with 2026-07-28 and stayed there, without a session."""
        posted = [each for each in self.tap.asked if each.verb == "POST"]
        assert posted[0].method == "server/discover"
        assert {each.version for each in posted} == {MODERN}
        assert not any(each.method == "initialize" or "mcp-session-id" in each.headers for each in self.tap.asked)
        assert {each.path for each in self.tap.asked} == {"/mcp/desk"}
        (client,) = {each.body["params"]["_meta"]["io.modelcontextprotocol/clientInfo"]["name"] for each in posted}
        assert client == "claude-code"


@pytest.fixture
def desk(place: Office, way: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk with nothing asked yet."""
    with model() as mock, tap(place.running.port) as listener:
        yield Desk(place, way, mock, listener, tmp_path / "home")


def text_of(result: dict[str, Any]) -> str:
    """The words in a tool result, as the model reads them."""
    content = result["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def test_the_result_of_an_allowed_call_reaches_the_model(desk: Desk) -> None:
    """Through once, recorded as one intent and one outcome."""
    path = f"/srv/notes/{secrets.token_hex(6)}"
    with desk.asked("read_file", path=path) as question:
        result = desk.heard(question)
    assert f"contents of {path}: ünï ☃" in text_of(result)
    assert not result.get("is_error")
    assert [call["arguments"] for call in desk.place.log.having(path)] == [{"path": path}]
    entries = desk.entries()
    assert sorted(entries) == ["call.intent", "call.outcome"]
    (intent,), (outcome,) = entries["call.intent"], entries["call.outcome"]
    assert intent["principal"]["agent"] == AGENT and intent["decision"]["rule"] == "read-notes"
    assert outcome["call"] == intent["call"] and outcome["outcome"]["status"] == "ok"
    desk.require_the_stateless_era()


def test_the_reason_of_a_denial_reaches_the_model(desk: Desk) -> None:
    """The model reads rule and reason; the server hears nothing."""
    path = f"/srv/notes/private/{secrets.token_hex(6)}"
    with desk.asked("read_file", path=path) as question:
        result = desk.heard(question)
    assert result["is_error"]
    assert "Private notes are nobody's business" in text_of(result)
    assert "private-notes" in text_of(result)
    assert not desk.place.log.having(path)
    assert tool_name("execute_command") not in desk.mock.offered, "what could never run is not offered"
    entries = desk.entries()
    assert sorted(entries) == ["call.refused"]
    (refused,) = entries["call.refused"]
    assert refused["principal"]["agent"] == AGENT
    assert (refused["decision"]["verdict"], refused["decision"]["rule"]) == ("deny", "private-notes")
    desk.require_the_stateless_era()


def test_a_held_call_completes_when_it_is_approved_meanwhile(desk: Desk) -> None:
    """It comes back leg after leg, and the approved call runs once."""
    path = f"/srv/notes/{secrets.token_hex(6)}"
    with desk.asked("write_file", path=path, content="three words here") as question:
        ticket = desk.place.waits(path, within=HELD_WITHIN)["id"]
        eventually(lambda: len(desk.tap.calls()) > 1, within=LEG * 5, what="a second leg")
        assert question.waits() and not desk.place.log.having(path)
        assert desk.place.approver().approve(ticket)[0] == 200
        result = desk.heard(question)
    assert f"wrote 16 characters to {path}" in text_of(result)
    assert not result.get("is_error")
    assert [call["arguments"] for call in desk.place.log.having(path)] == [dict(desk.mock.arguments)]
    entries = desk.entries()
    assert sorted(entries) == ["call.decided", "call.held", "call.intent", "call.outcome"]
    assert [len(found) for found in entries.values()] == [1, 1, 1, 1]
    (intent,), (outcome,) = entries["call.intent"], entries["call.outcome"]
    assert (intent["approval"]["escalation"], intent["approval"]["by"]) == (ticket, ["approver@example.com"])
    assert outcome["call"] == intent["call"] and outcome["outcome"]["status"] == "ok"
    desk.require_the_stateless_era()
