"""What the aggregate endpoint lists and finds: all servers an agent may use, and nothing more (contract section 2)."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from tests.flows.aggregate.place import ASKABLE, ROOM, SEARCH, STATUS, Place
from tests.raw_agent import LEGACY, Agent

pytestmark = pytest.mark.any_database

# Names and lists.


@pytest.mark.parametrize("legacy", [True, False])
def test_lists_hold_every_server_under_its_name(place: Place, legacy: bool) -> None:
    """Contract section 2: own tools first, then the servers by name, each in its own order; nothing that is hidden."""
    names = place.agent(legacy=legacy).tools()
    assert names[:2] == [SEARCH, STATUS]
    assert names[2:6] == [f"desk__{tool}" for tool in ("read_file", "measure", "write_file", "create_ticket")]
    assert [name.partition("__")[0] for name in names] == sorted(
        (name.partition("__")[0] for name in names), key=lambda server: (server != "gatehouse", server)
    )
    assert {"gone__read_file", "slow__read_file", f"{ROOM}__test_simple_text"} < set(names)
    assert "desk__count_slowly" not in names and "desk__execute_command" not in names
    assert max(map(len, names)) == 64


@pytest.mark.parametrize("method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"])
def test_definitions_are_the_approved_bytes_with_one_text_changed(place: Place, method: str) -> None:
    """What the server's own endpoint lists, found again byte for byte but for name or URI."""
    token = place.token()
    alone = Agent(place.office.running, token, ROOM).request(method, {})
    together = place.agent().request(method, {})
    (member,) = set(alone.result) & {"tools", "prompts", "resources", "resourceTemplates"}
    key = {"tools": "name", "prompts": "name", "resources": "uri", "resourceTemplates": "uriTemplate"}[member]
    spelled = alone.body
    for item in alone.result[member]:
        before = b'"%s":%s' % (key.encode(), json.dumps(item[key]).encode())
        assert spelled.count(before) >= 1
        spelled = spelled.replace(before, b'"%s":"%s"' % (key.encode(), spelling(member, item[key]).encode()), 1)
    inside = spelled[spelled.index(b"[") + 1 : spelled.rindex(b"]")]
    assert alone.result[member] and inside in together.body


def spelling(member: str, name: str) -> str:
    """The name of an item of the room at the aggregate endpoint."""
    if member in ("resources", "resourceTemplates"):
        return f"gatehouse+{ROOM}:{name}"
    full = f"{ROOM}__{name}"
    return full if len(full) <= 64 else f"{full[:55]}_{sha256(full.encode()).hexdigest()[:8]}"


def test_a_name_that_was_cut_is_called_by_its_cut_name_alone(place: Place) -> None:
    """Contract section 2: over 64 characters; the record has the whole name of the server's own."""
    tool = "test_input_required_result_elicitation"
    full = f"{ROOM}__{tool}"
    reply = place.agent().call(spelling("tools", tool), meta=ASKABLE)
    assert reply.result["resultType"] == "input_required" and reply.result["inputRequests"]
    unknown = place.agent().call(full)
    assert unknown.text == f"Unknown tool: {full}"
    [entry] = place.office.records(unknown.decision["record"])
    assert (entry["target"]["server"], entry["target"]["name"]) == (ROOM, tool)


def test_instructions_stand_under_the_names_of_their_servers(place: Place) -> None:
    """In both eras."""
    discovered = place.agent().request("server/discover", {}).result
    opened = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    begun = place.agent().post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opened}).result
    for told in (discovered, begun):
        said = told["instructions"]
        assert said.startswith("# desk\n\nFiles of a small office.\n\n# everything-there-is-to-try\n\nEverything that")
        assert said.index("\n\n# gone\n\nFiles of") < said.index("\n\n# old\n\nEverything")
        assert said.endswith("\n\n# slow\n\nFiles of a small office.")
        assert told["capabilities"]["resources"] == {"listChanged": True, "subscribe": True}
        assert {"tools", "prompts", "completions", "logging"} <= told["capabilities"].keys()
    assert begun["serverInfo"]["name"] == "gatehouse"


def test_an_agent_that_sees_nothing_has_the_gateways_own_tools(place: Place) -> None:
    """The endpoint is there for every agent; what is behind it is not."""
    blind = place.agent("blind-bot")
    assert blind.tools() == [SEARCH, STATUS]
    assert blind.call(SEARCH, query="read file").result["structuredContent"] == {"tools": []}
    assert "prompts" not in blind.request("server/discover", {}).result["capabilities"]
    assert blind.request("prompts/list", {}).error["code"] == -32601


# The gateway's own tools.


@pytest.mark.parametrize("legacy", [True, False])
def test_the_search_finds_what_is_listed_and_nothing_else(place: Place, legacy: bool) -> None:
    """Deterministic, over what the caller would be listed."""
    agent = place.agent(legacy=legacy)
    listed = {tool["name"]: tool for tool in agent.request("tools/list", {}).result["tools"]}
    found = agent.call(SEARCH, query="read file", limit=3).result
    tools = found["structuredContent"]["tools"]
    assert [tool["name"] for tool in tools] == ["desk__read_file", "gone__read_file", "slow__read_file"]
    assert all(tool["inputSchema"] == listed[tool["name"]]["inputSchema"] for tool in tools)
    assert json.loads(found["content"][0]["text"]) == found["structuredContent"]
    assert agent.call(SEARCH, query="salaries shell").result["structuredContent"]["tools"] == []
    profiled = place.agent("reading-bot", profile="reader", legacy=legacy)
    names = [tool["name"] for tool in profiled.call(SEARCH, query="file").result["structuredContent"]["tools"]]
    assert names == ["desk__read_file"]
    wrong = agent.call(SEARCH, query="", limit=3)
    assert wrong.result["isError"] and "`query`" in wrong.text


def test_own_tools_take_from_the_agents_rate(place: Place) -> None:
    """Three calls an hour; the fourth is limited and recorded, whatever it was."""
    hasty = place.agent("hasty-bot")
    assert not hasty.call(SEARCH, query="read").result["isError"]
    assert hasty.call("desk__nothing").text == "Unknown tool: desk__nothing"
    assert hasty.call(STATUS, ticket="x").text == "Unknown ticket: x"
    for name in (SEARCH, "desk__nothing", "desk__read_file"):
        reply = hasty.call(name, query="read")
        assert reply.decision["status"] == "limited" and reply.decision["rule"] == "agent-rate"
        assert place.office.records(reply.decision["record"])[-1]["outcome"]["status"] == "limited"


def test_an_agent_learns_how_its_own_ticket_stands(place: Place, path: str) -> None:
    """Contract section 6; the ticket of another agent is an unknown one, byte for byte."""
    held = place.agent(legacy=True).call("desk__write_file", path=path, content="x")
    ticket = held.decision["ticket"]

    def status(agent: str = "dev-claude") -> Any:
        return place.agent(agent).call(STATUS, ticket=ticket).result

    told = status()["structuredContent"]
    assert (told["ticket"], told["state"], told["tool"]) == (ticket, "waiting", "desk__write_file")
    foreign, nobody = place.agent("second-bot"), str(uuid4())
    theirs = foreign.call(STATUS, ticket=ticket)
    unknown = foreign.call(STATUS, ticket=nobody)
    assert theirs.result["isError"] and theirs.text == f"Unknown ticket: {ticket}"
    assert theirs.result == json.loads(json.dumps(unknown.result).replace(nobody, ticket))
    assert place.office.approver().approve(ticket)[0] == 200
    assert status()["structuredContent"]["state"] == "approved"
    assert place.agent(legacy=True).call("desk__write_file", path=path, content="x").text.startswith("wrote")
    assert status()["structuredContent"]["state"] == "redeemed"
