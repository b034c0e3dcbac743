"""The office where calls are held for a moment, and what is done with such a call again and again."""

from __future__ import annotations

from typing import Any

from tests.flows.offices import Office
from tests.raw_agent import Reply

HOLD = 2
LEG = 1
TEXT = "hello"
LATE = """
  - id: large-tickets
    tool: desk/create_ticket
    action: escalate
    constraints: {amount: {min: 501}}
    approve: {from: [team:platform], within: 1s}
"""


def escalation(place: Office, ticket: str) -> dict[str, Any]:
    """One escalation as an approver sees it."""
    token = place.running.api_token("sec@example.com")
    answer = place.running.request("GET", f"/api/v1/escalations/{ticket}", token=token)
    assert answer.status == 200, answer.body
    return dict(answer.json())


def detached(place: Office, path: str, agent: str = "dev-claude") -> str:
    """A call whose request gave up waiting after one leg; gives its ticket."""
    reply = place.agent(agent).call("write_file", path=path, content=TEXT)
    assert reply.result["resultType"] == "input_required", reply.message
    return str(place.waits(path)["id"])


def approved(place: Office, path: str) -> str:
    """A detached call that has been approved; gives its ticket."""
    ticket = detached(place, path)
    assert place.approver().approve(ticket)[0] == 200
    return ticket


def again(place: Office, path: str, agent: str = "dev-claude", content: str = TEXT) -> Reply:
    """The same call once more, or one with other content, in the session era."""
    return place.agent(agent, legacy=True).call("write_file", path=path, content=content)


def statuses(place: Office, ticket: str) -> list[str]:
    """What was decided about an escalation, in order."""
    entries = place.running.ledger("call.decided")
    return [entry["approval"]["act"] for entry in entries if entry["approval"]["escalation"] == ticket]
