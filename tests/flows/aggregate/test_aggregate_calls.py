"""Calls at the aggregate endpoint and through its profiles: judged as at a server of its own, and as little told."""

from __future__ import annotations

import json

import pytest

from tests.conformance import offer
from tests.flows.aggregate.place import ASKABLE, ROOM, SEARCH, STATUS, Place
from tests.raw_agent import DECISION, LEGACY, Agent
from tests.waiting import eventually

pytestmark = pytest.mark.any_database

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
        errors = []
        for name in names:
            error = reader.request(method, {key: name}).error
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
    """The subset that one role reaches; rules go on knowing every role of the agent."""
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
