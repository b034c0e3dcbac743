"""The aggregate endpoint: all servers an agent may use at one address, and not one item more (contract section 2)."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mcp import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from tests.conformance import offer
from tests.flows.eras_place import MAY_ASK, Heard, by_url, client, served
from tests.flows.offices import AGENTS, POLICY, SERVERS, Office
from tests.node import programs
from tests.raw_agent import DECISION, LEGACY, META, MODERN, Agent, Reply
from tests.waiting import eventually, eventually_async

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

    def agent(self, name: str = "dev-claude", *, profile: str | None = None, legacy: bool = False) -> AllAgent:
        """A raw client at it."""
        running = self.office.running
        query = "" if profile is None else f"?profile={profile}"
        return AllAgent(running, running.token(name), query, legacy=legacy)

    def token(self, name: str = "dev-claude") -> str:
        """An agent's token."""
        return self.office.running.token(name)


class AllAgent(Agent):
    """One agent at `/mcp`, whose `server` is the query."""

    def post(self, body: bytes | Mapping[str, Any], *, within: float = 30.0, **headers: str | None) -> Reply:
        """One POST with exactly these headers added to the usual ones."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self.token}",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=within)
        try:
            given = {name: value for name, value in sent.items() if value is not None}
            connection.request("POST", f"/mcp{self.server}", body=data, headers=given)
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, said, answer.read())
        finally:
            connection.close()


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


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A desk, two more that will fail, and the server that has everything."""
    folder = tmp_path_factory.mktemp("desks")
    with ExitStack() as stack:
        slow, slow_url = stack.enter_context(another_desk(folder, "slow"))
        gone, gone_url = stack.enter_context(another_desk(folder, "gone"))
        room_url, old_url = stack.enter_context(served("both")), stack.enter_context(served("legacy"))
        servers = [
            by_url("slow", slow_url),
            by_url("gone", gone_url),
            by_url(ROOM, room_url, client_requests=MAY_ASK),
            by_url("old", old_url, client_requests=MAY_ASK),
        ]
        sections = {"roles": ROLES, "agents": [*AGENTS, *MINE]}
        made = make_office(POLICY + RULES, servers=servers, sections=sections, GATEHOUSE_HOLD_SECONDS="1")
        yield Place(stack.enter_context(made), slow, gone, room_url)


@pytest.fixture
def path() -> str:
    """A path that no other test names."""
    return f"/srv/notes/{uuid4()}"


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
    """Issue 3 deliver 4: what the server's own endpoint lists, found again byte for byte but for name or URI."""
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
    """Issue 3 deliver 4, in both eras."""
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


# Calls.


@pytest.mark.parametrize("legacy", [True, False])
def test_rules_and_record_know_the_server_and_its_own_name(place: Place, legacy: bool, path: str) -> None:
    """Contract 4.2: aggregate names never reach rules; denials explain themselves as on the server's own endpoint."""
    agent = place.agent(legacy=legacy)
    assert agent.call("desk__read_file", path=path).text.startswith(f"contents of {path}")
    assert [call["name"] for call in place.office.log.having(path)] == ["read_file"]
    denied = agent.call("desk__read_file", path="/etc/passwd")
    assert 'path "/etc/passwd" is outside /srv/notes, /srv/plans (rule read-notes)' in denied.text
    [entry] = place.office.records(denied.decision["record"])
    assert entry["target"] | {"digest": ""} == {"server": "desk", "kind": "tool", "name": "read_file", "digest": ""}
    assert "__" not in json.dumps(entry["target"])


UNKNOWN = [
    "desk__read_salaries",  # Outside the agent's roles.
    "desk__count_slowly",  # Hidden by a rule.
    f"{ROOM}__test_x_mcp_header",  # Hidden too; headers that would be wanted for it are not asked for.
    "desk__nothing",
    "vault__read_file",  # No such server.
    "gatehouse__nothing",
    "read_file",  # No server at all.
    "desk__",
]


@pytest.mark.parametrize("legacy", [True, False])
def test_what_may_not_be_known_answers_alike(place: Place, legacy: bool) -> None:
    """Contract section 5: byte for byte but for id, record and the name that was called; each is recorded."""
    agent = place.agent(legacy=legacy)
    before = len(place.office.log.calls())
    answers = set()
    for name in UNKNOWN:
        reply = agent.call(name, path="/srv/notes/a", region="eu")
        record = reply.decision["record"]
        body = reply.body.replace(record.encode(), b"RECORD").replace(name.encode(), b"NAME")
        answers.add((reply.status, body.replace(b'"id":%d' % reply.message["id"], b'"id":0')))
        [entry] = place.office.records(record)
        assert (entry["kind"], entry["outcome"]["status"]) == ("call.refused", "denied")
    assert len(answers) == 1, answers
    assert b"Unknown tool: NAME" in next(iter(answers))[1]
    assert len(place.office.log.calls()) == before


def test_answers_to_questions_nobody_asked_tell_nothing_of_servers_out_of_sight(place: Place) -> None:
    """A later leg that was never begun answers alike for a server that may ask, out of sight, and for none."""
    reader = place.agent("reading-bot", profile="audited")
    said = []
    for name in (f"{ROOM}__test_elicitation", "vault__test_elicitation", "desk__read_file"):
        params = {"name": name, "arguments": {}, "inputResponses": {"q": {"action": "accept"}}}
        said.append(reader.request("tools/call", params, rpc_id=1).body)
        params = {"name": name, "arguments": {}, "requestState": "v1.AAAA"}
        said.append(reader.request("tools/call", params, rpc_id=1).body)
    assert said[:2] == said[2:4] == said[4:]


def test_unknown_prompts_and_resources_answer_alike(place: Place) -> None:
    """The same for methods that answer with errors."""
    reader = place.agent("reading-bot", profile="reader")
    for method, key, names in (
        ("prompts/get", "name", [f"{ROOM}__test_simple_prompt", f"{ROOM}__nothing", "vault__x", "x"]),
        ("resources/read", "uri", [f"gatehouse+{ROOM}:test://watched-resource", "gatehouse+vault:x", "test://x"]),
    ):
        agent = place.agent() if method == "nothing" else reader
        errors = []
        for name in names:
            header = {"Mcp_Name": name}
            error = agent.request(method, {key: name}, **header).error
            errors.append(json.dumps(error).replace(error["data"][DECISION]["record"], "").replace(name, "NAME"))
        assert "-32602" in errors[0] or "-32601" in errors[0]
        assert len(set(errors)) == 1


@pytest.mark.parametrize("first", ["single", "aggregate"])
def test_an_approval_is_redeemed_whichever_way_the_call_comes(place: Place, first: str, path: str) -> None:
    """Contract section 6: bound to agent, server, tool and arguments, not to an endpoint."""
    ways = {
        "single": lambda: place.office.agent(legacy=True).call("write_file", path=path, content="x"),
        "aggregate": lambda: place.agent(legacy=True).call("desk__write_file", path=path, content="x"),
    }
    second = "aggregate" if first == "single" else "single"
    held = ways[first]()
    assert held.decision["status"] == "waiting"
    assert ways[second]().decision["ticket"] == held.decision["ticket"]
    waiting = place.office.waits(path)
    assert (waiting["server"], waiting["tool"]) == ("desk", "write_file")
    assert place.office.approver().approve(held.decision["ticket"])[0] == 200
    assert ways[second]().text.startswith("wrote")
    assert len(place.office.log.having(path)) == 1


def test_a_held_call_completes_over_its_legs(place: Place, path: str) -> None:
    """Protocol 2.3: the sealed state of a leg is good at this endpoint and through this profile alone."""
    waiting = place.agent().started("desk__write_file", path=path, content="x")
    ticket = place.office.waits(path)["id"]
    assert place.office.approver().approve(ticket)[0] == 200
    assert waiting.result(20).text.startswith("wrote")
    assert len(place.office.log.having(path)) == 1


def test_a_stop_holds_here_as_well(place: Place, path: str) -> None:
    """Contract 4.5: stops come first, whatever the entry point."""
    stop = place.office.running.manage("stop", "agent:full-bot", "--reason", "being looked at")
    assert stop.returncode == 0
    agent = place.agent("full-bot")
    eventually(lambda: agent.call("desk__read_file", path=path).decision.get("status") == "stopped", what="a stop")
    assert agent.call(f"{ROOM}__test_simple_text").decision["status"] == "stopped"


# Profiles.


def test_a_profile_narrows_and_never_widens(place: Place, path: str) -> None:
    """Issue 3 deliver 4: the subset that one role reaches; rules go on knowing every role of the agent."""
    whole, reader = place.agent("reading-bot"), place.agent("reading-bot", profile="reader")
    assert reader.tools() == [SEARCH, STATUS, "desk__read_file"], "the ticket is denied by a rule on another role"
    assert {"desk__read_file", "desk__write_file"} < set(whole.tools())
    assert reader.call("desk__read_file", path=path).text.startswith("contents")
    assert reader.call("desk__write_file", path=path, content="y").text == "Unknown tool: desk__write_file"
    assert "audited" in str(reader.call("desk__create_ticket", title="x", amount=1).decision)
    uris = [one["uri"] for one in reader.request("resources/list", {}).result["resources"]]
    assert uris == [f"gatehouse+{ROOM}:{uri}" for uri in (offer.STATIC_TEXT, offer.STATIC_BINARY)]
    assert [call["name"] for call in place.office.log.having(path)] == ["read_file"]


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("profile", ["later", "nothing", "", "office%20", "Reader"])
def test_a_role_of_somebody_else_is_no_endpoint(place: Place, profile: str, legacy: bool) -> None:
    """As an unknown server: 404, 40400, the same words for roles that exist and for those that do not."""
    agent = place.agent("reading-bot", profile=profile)
    if legacy:
        opened = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
        reply = agent.post({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": opened})
    else:
        reply = agent.call("desk__read_file", path="/srv/notes/a")
        [entry] = place.office.records(reply.decision["record"])
        assert entry["outcome"]["status"] == "denied"
    assert (reply.status, reply.error["code"]) == (404, 40400)
    assert reply.error["message"] == f"Unknown server: ?profile={profile.replace('%20', ' ')}"


def test_names_of_any_length_are_recorded(place: Place) -> None:
    """A server or role that nobody has cannot be too long for the record, on any database."""
    agent = place.agent(profile="r" * 500)
    single = Agent(place.office.running, place.token(), "s" * 500)
    for reply in (
        agent.call("x"),
        single.call("x"),
        place.agent().call("t" * 2000),
        place.agent().call("v" * 41 + "__x"),
    ):
        [entry] = place.office.records(reply.decision["record"])
        assert entry["kind"] == "call.refused" and len(entry["target"]["server"]) <= 40
    assert place.office.running.ready()


def test_a_profile_that_comes_twice_is_refused(place: Place) -> None:
    """Nobody guesses which one was meant."""
    reply = place.agent("reading-bot", profile="reader&profile=office").request("tools/list", {})
    assert (reply.status, reply.error["code"]) == (400, -32600)


def test_sessions_are_good_at_their_own_endpoint_alone(place: Place) -> None:
    """Bound to endpoint and profile, in every direction."""
    ways: dict[str, Agent] = {
        "whole": place.agent("reading-bot", legacy=True),
        "reader": place.agent("reading-bot", profile="reader", legacy=True),
        "single": place.office.agent("reading-bot", legacy=True),
    }
    sessions = {way: agent.open() for way, agent in ways.items()}
    for way, agent in ways.items():
        for other, session in sessions.items():
            agent.session = session
            assert agent.request("tools/list", {}).status == (200 if way == other else 404), (way, other)


def test_request_states_are_good_at_their_own_endpoint_alone(place: Place) -> None:
    """The same for the sealed state of a server's question."""
    asked = {"name": f"{ROOM}__test_elicitation", "arguments": {"message": "Who?"}, "_meta": ASKABLE}
    whole = place.agent("reading-bot")
    state = whole.request("tools/call", asked).result["requestState"]
    for agent, name in (
        (place.agent("reading-bot", profile="office"), asked["name"]),
        (Agent(place.office.running, place.token("reading-bot"), ROOM), "test_elicitation"),
    ):
        reply = agent.request("tools/call", asked | {"name": name, "requestState": state})
        assert reply.error["code"] == -32602 and "requestState" in reply.error["message"]
    again = whole.request("tools/call", asked | {"requestState": state, "inputResponses": {}})
    assert again.result.get("resultType") == "input_required" or "content" in again.result


# The gateway's own tools.


@pytest.mark.parametrize("legacy", [True, False])
def test_the_search_finds_what_is_listed_and_nothing_else(place: Place, legacy: bool) -> None:
    """Issue 3 deliver 4: deterministic, over what the caller would be listed."""
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


# Streams, resources, prompts, questions: with the official client in both modes.


@pytest.mark.parametrize("mode", MODES)
async def test_the_official_python_client_uses_all_of_it(place: Place, mode: str, path: str) -> None:
    """Issue 3 deliver 4: tools, prompts, resources, templates, completion, elicitation and progress at one address."""
    heard = Heard()
    async with client(place.url, mode, heard, token=place.token()) as it:
        tools = [tool.name for tool in (await it.list_tools()).tools]
        assert {"desk__read_file", f"{ROOM}__test_simple_text", SEARCH} < set(tools)
        read = await it.call_tool("desk__read_file", {"path": path})
        assert read.content[0].text.startswith("contents of")
        searched = await it.call_tool(SEARCH, {"query": "simple text"})
        assert searched.structured_content["tools"][0]["name"] == f"{ROOM}__test_simple_text"
        prompt = await it.get_prompt(f"{ROOM}__test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
        assert "a" in prompt.messages[0].content.text
        uri = f"gatehouse+{ROOM}:{offer.STATIC_TEXT}"
        assert uri in [str(one.uri) for one in (await it.list_resources()).resources]
        assert [str(one.uri) for one in (await it.read_resource(uri)).contents] == [uri]
        made = f"gatehouse+{ROOM}:test://template/7/data"
        assert [str(one.uri) for one in (await it.read_resource(made)).contents] == [made]
        [template] = (await it.list_resource_templates()).resource_templates
        assert template.uri_template == f"gatehouse+{ROOM}:test://template/{{id}}/data"
        reference = ResourceTemplateReference(uri=template.uri_template)
        assert "123" in (await it.complete(reference, {"name": "id", "value": "1"})).completion.values
        named = PromptReference(name=f"{ROOM}__test_prompt_with_arguments")
        assert "paris" in (await it.complete(named, {"name": "arg1", "value": "pa"})).completion.values
        asked = await it.call_tool(f"{ROOM}__test_elicitation", {"message": "Who are you?"})
        assert not asked.is_error and heard.elicited[0]["message"] == "Who are you?"
        progress = await it.call_tool(f"{ROOM}__test_tool_with_progress", {}, progress_callback=heard.on_progress)
        assert not progress.is_error and len(heard.progress) == 3
        with pytest.raises(MCPError, match="Unknown resource"):
            await it.read_resource(offer.STATIC_TEXT)


@pytest.mark.parametrize("mode", MODES)
async def test_a_server_of_the_session_era_asks_through_it(place: Place, mode: str) -> None:
    """ADR 0006: for a stateless agent the call stays open between its legs, at this endpoint as at the server's own."""
    heard = Heard()
    async with client(place.url, mode, heard, token=place.token()) as it:
        asked = await it.call_tool("old__test_elicitation", {"message": "Who are you?"})
    assert not asked.is_error and heard.elicited[0]["message"] == "Who are you?"


@pytest.mark.node
def test_the_official_typescript_clients_call_through_it(place: Place, path: str) -> None:
    """The v1 line, and v2 as it negotiates."""
    for sdk in ("v1", "v2-auto"):
        mark = f"{path}-{sdk}"
        answer = programs.call(sdk, place.url, place.token(), "desk__read_file", {"path": mark})
        assert answer["result"]["content"][0]["text"].startswith(f"contents of {mark}")
        found = programs.call(sdk, place.url, place.token(), SEARCH, {"query": "read file", "limit": 1})["result"]
        assert found["structuredContent"]["tools"][0]["name"] == "desk__read_file"
        denied = programs.call(sdk, place.url, place.token(), "desk__read_salaries", {"path": mark})["result"]
        assert denied["content"][0]["text"] == "Unknown tool: desk__read_salaries"
        assert len(place.office.log.having(mark)) == 1


@contextmanager
def listening(place: Place, agent: Agent, body: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """An open stream of an agent, GET in a session or else what `body` asks for; gives its response."""
    connection = http.client.HTTPConnection("127.0.0.1", place.office.running.port, timeout=10)
    headers = {"Authorization": f"Bearer {agent.token}", "Accept": "application/json, text/event-stream"}
    if body is None:
        headers |= {"Mcp-Session-Id": agent.session, "MCP-Protocol-Version": LEGACY}
        connection.request("GET", f"/mcp{agent.server}", headers=headers)
    else:
        headers |= {
            "Content-Type": "application/json",
            "MCP-Protocol-Version": MODERN,
            "Mcp-Method": str(body["method"]),
        }
        connection.request("POST", f"/mcp{agent.server}", body=json.dumps(body), headers=headers)
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


@pytest.mark.parametrize("legacy", [True, False])
def test_a_watched_resource_is_told_under_its_name_here(place: Place, legacy: bool) -> None:
    """Subscribe, or listen; the server's notice comes with the URI that the agent knows, and each one was judged."""
    uri = f"gatehouse+{ROOM}:{offer.WATCHED}"
    agent, body = place.agent("other-bot", legacy=legacy), None
    if legacy:
        agent.open()
    else:
        wanted = {"resourceSubscriptions": [uri, "gatehouse+vault:x", "gatehouse+desk:x", offer.WATCHED]}
        body = {
            "jsonrpc": "2.0",
            "id": 5,
            "method": "subscriptions/listen",
            "params": {"notifications": wanted, "_meta": META},
        }
    with listening(place, agent, body) as response:
        if legacy:
            assert "result" in agent.request("resources/subscribe", {"uri": uri}).message
            assert agent.request("resources/subscribe", {"uri": "gatehouse+vault:x"}).error["code"] == -32602
        else:
            begun = next_message(response, "notifications/subscriptions/acknowledged")
            assert begun["params"]["notifications"]["resourceSubscriptions"] == [uri]
        with changing(agent):
            assert next_message(response, "notifications/resources/updated")["params"]["uri"] == uri


@contextmanager
def changing(agent: Agent) -> Iterator[None]:
    """The resource changes again and again: what changes before the server is listened to is not told."""
    told = threading.Event()

    def change() -> None:
        while not told.is_set():
            assert not agent.call(f"{ROOM}__test_trigger_resource_change").result.get("isError")
            told.wait(0.2)

    with ThreadPoolExecutor(1) as others:
        done = others.submit(change)
        try:
            yield
        finally:
            told.set()
        done.result()


@pytest.mark.parametrize("legacy", [True, False])
def test_levels_are_told_to_every_server_that_logs(place: Place, legacy: bool) -> None:
    """`logging/setLevel`, and `logLevel` with the call; log lines of the server come ahead of the answer."""
    agent = place.agent("other-bot", legacy=legacy)
    if legacy:
        assert agent.request("logging/setLevel", {"level": "debug"}).result == {}
        reply = agent.call(f"{ROOM}__test_tool_with_logging")
    else:
        meta = {"io.modelcontextprotocol/logLevel": "debug"}
        reply = agent.call(f"{ROOM}__test_tool_with_logging", meta=meta)
    told = [event["method"] for event in reply.events[:-1]]
    assert told.count("notifications/message") == 3


def test_a_server_that_comes_into_sight_is_told_on_open_streams(place: Place) -> None:
    """Deliver 7: within two seconds, also for a server that was behind nothing when the stream was opened."""
    running = place.office.running
    later, legacy = place.agent("later-bot"), place.agent("later-bot", legacy=True)
    legacy.open()
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    body = {"jsonrpc": "2.0", "id": 5, "method": "subscriptions/listen", "params": params}
    with listening(place, legacy) as first, listening(place, later, body) as second:
        assert later.tools() == [SEARCH, STATUS]
        config = json.loads((running.folder / "gatehouse.yaml").read_text())
        for role in config["roles"]:
            if role["name"] == "later":
                role["tools"] = ["desk/read_file"]
        running.apply(json.dumps(config))
        applied = time.monotonic()
        for response in (first, second):
            next_message(response, "notifications/tools/list_changed")
        assert time.monotonic() - applied < 2.0
        assert later.tools() == [SEARCH, STATUS, "desk__read_file"]


# Neighbours.


@pytest.mark.parametrize("legacy", [True, False])
def test_dead_and_hanging_servers_hold_nobody_up(place: Place, legacy: bool, path: str) -> None:
    """Issue 3 deliver 4: lists, sessions, search, levels and the calls of others go on beside both."""
    os.kill(place.slow.pid, signal.SIGSTOP)
    place.gone.kill()
    place.gone.wait(10)
    try:
        agent = place.agent("other-bot", legacy=legacy)
        stuck = place.agent("second-bot", legacy=legacy).started("slow__read_file", path=path)
        begun = time.monotonic()
        assert {"slow__read_file", "gone__read_file", "desk__read_file"} < set(agent.tools())
        if legacy:
            assert agent.request("logging/setLevel", {"level": "info"}).result == {}
        assert agent.call(SEARCH, query="read file").result["structuredContent"]["tools"]
        for number in range(20):
            assert agent.call("desk__read_file", path=f"{path}-{number}").text.startswith("contents")
        assert time.monotonic() - begun < 5.0
        dead = agent.call("gone__read_file", path=path)
        assert dead.decision["status"] == "not_sent"
        assert not stuck.done()
    finally:
        os.kill(place.slow.pid, signal.SIGCONT)
    assert stuck.result(30).text.startswith("contents")


async def test_streams_of_an_agent_open_beside_dead_and_hanging_servers(place: Place, path: str) -> None:
    """The official client opens its stream at once, whatever a server behind it does."""
    os.kill(place.slow.pid, signal.SIGSTOP)
    try:
        async with client(place.url, "legacy", Heard(), token=place.token()) as it:
            result = await it.call_tool("desk__read_file", {"path": path})
            assert result.content[0].text.startswith("contents")
    finally:
        os.kill(place.slow.pid, signal.SIGCONT)
    await eventually_async(place.office.running.ready, what="a ready gateway")


def test_the_ledger_is_sound_after_all_of_it(place: Place) -> None:
    """Nothing of this left an entry that does not verify."""
    place.office.require_sound_ledger()
