"""Clients that only speak the transport of 2024-11-05, at `/sse/<server>` of a running Gatehouse (contract 2)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
from mcp import Client
from mcp.client.sse import sse_client

from tests.databases import Databases
from tests.flows.eras_place import MAY_ASK, Heard, by_url, plain, served
from tests.flows.offices import POLICY, Office, configuration
from tests.flows.sse_line import INITIALIZE, Refused, SseLine
from tests.node import programs
from tests.running import Running, gatehouse
from tests.waiting import eventually, eventually_async

once = pytest.mark.any_database
DECISION = "io.gatehouse/decision"
OUTSIDE = "/etc/passwd"
PING = {"jsonrpc": "2.0", "id": 77, "method": "ping"}
ALL = 'version: "1"\ndefault: deny\nrules:\n  - {id: all, server: "*", action: allow, reason: A test}\n'


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """The office with the desk alone."""
    with make_office(GATEHOUSE_HOLD_SECONDS="20") as started:
        yield started


@asynccontextmanager
async def connected(running: Running, token: str, server: str, **settings: Any) -> AsyncIterator[Client]:
    """The official Python client over the old transport."""
    transport = sse_client(f"{running.url}/sse/{server}", headers={"Authorization": f"Bearer {token}"})
    async with Client(transport, **settings) as client:
        yield client


def line_of(office: Office, agent: str = "dev-claude") -> SseLine:
    """A raw client at the desk."""
    return SseLine(office.running, office.running.token(agent))


def without_record(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision without what differs from call to call."""
    return {name: said for name, said in decision.items() if name not in ("record", "request_url")}


# Official clients.


@once
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_python_client_calls_over_the_old_transport(place: Office, mode: Any) -> None:
    """Lists, an allowed call, a denied one, progress; it asks for the newer era first and falls back."""
    path = f"/srv/notes/sse-{mode}"
    heard = Heard()
    async with connected(place.running, place.running.token("dev-claude"), "desk", mode=mode) as client:
        tools = await client.list_tools()
        allowed = await client.call_tool("read_file", {"path": path})
        denied = await client.call_tool("read_file", {"path": OUTSIDE})
        counted = await client.call_tool("count_slowly", {"steps": 3}, progress_callback=heard.on_progress)
    assert {tool.name for tool in tools.tools} >= {"read_file", "measure"}
    assert allowed.content[0].text == f"contents of {path}: ünï ☃"
    assert denied.is_error and "is outside /srv/notes" in denied.content[0].text
    assert counted.content[0].text == "counted"
    assert [step for step, _, _ in heard.progress] == [1, 2, 3]
    assert len(place.log.having(path)) == 1 and not place.log.having(OUTSIDE)


@once
@pytest.mark.node
def test_the_typescript_client_calls_over_the_old_transport(place: Office) -> None:
    """SSEClientTransport of the v1 SDK."""
    url, token, path = f"{place.running.url}/sse/desk", place.running.token("dev-claude"), "/srv/notes/sse-node"
    allowed = programs.call("sse", url, token, "read_file", {"path": path})
    denied = programs.call("sse", url, token, "read_file", {"path": OUTSIDE})["result"]
    assert allowed["result"]["content"][0]["text"] == f"contents of {path}: ünï ☃"
    assert {tool["name"] for tool in allowed["tools"]} >= {"read_file", "measure"}
    assert denied["isError"] and "is outside /srv/notes" in denied["content"][0]["text"]
    assert len(place.log.having(path)) == 1


@pytest.fixture(scope="module")
def asking(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks its client, logs, and has resources and prompts."""
    with ExitStack() as stack:
        url = stack.enter_context(served("both"))
        config = {
            "people": [{"email": "dev@example.com", "roles": ["developer"]}],
            "servers": [by_url("eras", url, client_requests=MAY_ASK)],
            "roles": [{"name": "all", "servers": ["eras"]}],
            "agents": [{"name": "old", "owner": "dev@example.com", "roles": ["all"]}],
        }
        folder = tmp_path_factory.mktemp("asking")
        redis = os.environ.get("REDIS_URL", "") if databases.server else ""
        yield stack.enter_context(gatehouse(config, ALL, databases=databases, folder=folder, redis_url=redis))


@once
async def test_questions_of_the_server_go_over_the_old_transport(asking: Running) -> None:
    """Elicitation, sampling and roots on the stream, their answers by POST; prompts and resources too."""
    heard = Heard()
    offers = {
        "elicitation_callback": heard.on_elicit,
        "sampling_callback": heard.on_sample,
        "list_roots_callback": heard.on_roots,
    }
    async with connected(asking, asking.token("old"), "eras", mode="legacy", **offers) as client:
        asked = await client.call_tool("test_elicitation", {"message": "Who are you?"})
        sampled = await client.call_tool("test_sampling", {"prompt": "What is the capital of France?"})
        prompt = await client.get_prompt("test_simple_prompt")
        read = await client.read_resource("test://static-text")
    assert not asked.is_error and len(heard.elicited) == 1
    assert "Paris" in sampled.content[0].text and len(heard.sampled) == 1
    assert plain(prompt)["messages"] and plain(read)["contents"]


# What goes over the stream.


@once
def test_a_message_is_accepted_at_once_and_answered_on_the_stream(place: Office) -> None:
    """The address names the server, is on this origin, and carries a sealed handle."""
    with line_of(place) as line:
        assert line.address.startswith("/sse/desk?session_id=v1.")
        early = line.answer_to(line.ask("tools/list"))
        assert "initialize" in early["error"]["message"]
        said = line.open()
        assert said["protocolVersion"] == "2024-11-05" and said["serverInfo"]["name"] == "gatehouse/desk"
        assert line.answer_to(line.ask("ping"))["result"] == {}
        assert line.answer_to(line.ask("no/such"))["error"]["code"] == -32601
        again = line.answer_to(line.ask("initialize", INITIALIZE))
        assert "open already" in again["error"]["message"]


@once
def test_a_denied_call_answers_as_over_http(place: Office) -> None:
    """The same text and decision, and the same entry in the ledger."""
    over_http = place.agent(legacy=True).call("execute_command", command="ls sse").result
    with line_of(place) as line:
        line.open()
        over_sse = line.call("execute_command", command="ls sse")
        unknown = line.call("no_such_tool")
    assert over_sse["isError"] and over_sse["content"] == over_http["content"]
    assert without_record(over_sse["_meta"][DECISION]) == without_record(over_http["_meta"][DECISION])
    assert unknown["content"][0]["text"] == "Unknown tool: no_such_tool"
    kinds = [entry["kind"] for entry in place.records(over_sse["_meta"][DECISION]["record"])]
    assert kinds == ["call.refused"]
    assert not place.log.calls("execute_command")


@once
def test_a_held_call_is_answered_on_the_stream_once_it_is_approved(place: Office) -> None:
    """While other requests of the session are answered."""
    path = "/srv/notes/sse-held"
    with line_of(place) as line:
        line.open()
        held = line.ask("tools/call", {"name": "write_file", "arguments": {"path": path, "content": "x"}})
        waiting = place.waits(path)
        assert line.answer_to(line.ask("ping"))["result"] == {}
        assert place.approver().approve(waiting["id"])[0] == 200
        assert "wrote 1 characters" in line.answer_to(held)["result"]["content"][0]["text"]
    assert len(place.log.having(path)) == 1


@once
def test_a_closed_stream_detaches_a_held_call(place: Office) -> None:
    """As a closed connection does in the session era: it stays decidable, and the next identical call passes once."""
    path = "/srv/notes/sse-left"
    arguments = {"path": path, "content": "x"}
    with line_of(place) as line:
        line.open()
        line.ask("tools/call", {"name": "write_file", "arguments": arguments})
        waiting = place.waits(path)
        line.close()
        eventually(lambda: place.waits(path)["detached"], what="the escalation is detached")
    assert place.approver().approve(waiting["id"])[0] == 200
    assert not place.log.having(path)
    with line_of(place) as line:
        line.open()
        assert "wrote" in line.call("write_file", **arguments)["content"][0]["text"]
    assert len(place.log.having(path)) == 1


@once
def test_a_cancelled_call_gets_no_answer(place: Office) -> None:
    """`notifications/cancelled` withdraws a held call."""
    path = "/srv/notes/sse-withdrawn"
    with line_of(place) as line:
        line.open()
        held = line.ask("tools/call", {"name": "write_file", "arguments": {"path": path, "content": "x"}})
        waiting = place.waits(path)
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": held}}
        assert line.post(cancelled).status == 202

        def state() -> bool:
            answer = place.running.request(
                "GET", f"/api/v1/escalations/{waiting['id']}", token=place.approver("sec@example.com").token
            )
            return bool(answer.json()["state"] == "cancelled")

        eventually(state, what="the escalation is cancelled")
        assert line.answer_to(line.ask("ping"))["result"] == {}
        assert not [said for said in line.messages if said.get("id") == held]


@once
def test_a_changed_list_is_told_on_the_stream(make_office: Callable[..., Any]) -> None:
    """Within two seconds of the change."""
    with make_office() as office, line_of(office) as line:
        line.open()
        fewer = configuration(office.desk_url, roles=[{"name": "office", "tools": ["desk/read_file"]}])
        office.running.apply(fewer, POLICY)
        changed = "notifications/tools/list_changed"
        eventually(lambda: [said for said in line.messages if said.get("method") == changed], within=5, what=changed)
        tools = line.answer_to(line.ask("tools/list"))["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["read_file"]


# Who may not.


@once
def test_without_a_token_nothing_is_served(place: Office) -> None:
    """The stream and the messages ask for it, each of them; the answer says what to do."""
    bare = place.running.request("GET", "/sse/desk")
    assert bare.status == 401 and bare.json()["error"]["code"] == 40100
    assert 'resource_metadata="' in bare.headers["www-authenticate"]
    assert bare.headers["www-authenticate"].endswith('/oauth-protected-resource/sse/desk", scope="mcp"')
    with line_of(place) as line:
        line.open()
        assert line.post(PING, token="").status == 401
        assert line.post(PING, token="gha_" + "x" * 40).status == 401
        assert line.answer_to(line.ask("ping"))["result"] == {}
        assert not [said for said in line.messages if said.get("id") == PING["id"]]


@once
def test_another_agents_token_finds_no_session(place: Office) -> None:
    """A message address is worth nothing to anybody else, not even to an agent of the same owner."""
    with line_of(place) as line:
        line.open()
        foreign = line.post(PING, token=place.running.token("second-bot"))
        assert foreign.status == 404 and foreign.json()["error"]["code"] == -32600
        assert not [said for said in line.messages if said.get("id") == PING["id"]]


@once
def test_only_the_address_of_an_open_stream_takes_messages(place: Office) -> None:
    """Made up, of the other endpoint, of another server, twice, missing; and none after the stream is closed."""
    session = place.agent(legacy=True).open()
    with line_of(place) as line:
        line.open()
        handle = line.address.partition("=")[2]
        for wrong in ("v1.AAAA", "x", session):
            assert line.post(PING, address=f"/sse/desk?session_id={wrong}").status == 404
        assert line.post(PING, address=f"/sse/other?session_id={handle}").status == 404
        assert line.post(PING, address=f"{line.address}&session_id={handle}").status == 405
        assert line.post(PING, address="/sse/desk").status == 405
        over_http = place.agent(legacy=True).post(PING, Mcp_Session_Id=handle, MCP_Protocol_Version="2025-11-25")
        assert over_http.status == 404, "and the handle is no session of the other endpoint"
        line.close()
        eventually(lambda: line.post(PING).status == 404, what="the session ends with its stream")


@once
def test_bad_requests_are_refused_as_over_http(place: Office) -> None:
    """Host, origin, method, media type, body, revision, and a server that this agent does not see."""
    token = place.running.token("dev-claude")
    request = place.running.request
    assert request("GET", "/sse/desk", token=token, headers={"Host": "evil.example"}).status == 421
    assert request("GET", "/sse/desk", token=token, headers={"Origin": "https://evil.example"}).status == 403
    assert request("GET", "/sse/desk", token=token, headers={"Accept": "application/json"}).status == 406
    assert request("DELETE", "/sse/desk", token=token).status == 405
    assert request("GET", "/sse/", token=token).status == 404
    for name, agent in (("nothing", "dev-claude"), ("desk", "blind-bot")):
        missing = request("GET", f"/sse/{name}", token=place.running.token(agent))
        assert missing.status == 404 and missing.json()["error"]["code"] == 40400
    with line_of(place) as line:
        line.open()
        assert line.post(PING, Origin="https://evil.example").status == 403
        assert line.post(PING, Host="evil.example").status == 421
        assert line.post(PING, Content_Type="text/plain").status == 415
        assert line.post(b"{").json()["error"]["code"] == -32700
        assert line.post(b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}').json()["error"]["code"] == -32600
        assert line.post(b"[" + b" " * 1024 * 1024 + b"]").status == 413
        assert line.post(PING, MCP_Protocol_Version="2030-01-01").status == 400
        assert line.answer_to(line.ask("ping"))["result"] == {}


@once
def test_a_revoked_token_ends_the_stream(make_office: Callable[..., Any]) -> None:
    """Within a second or so, and its address with it."""
    with make_office() as office, line_of(office) as line:
        line.open()
        office.running.apply(configuration(office.desk_url), POLICY, reissue="dev-claude")
        eventually(lambda: line.ended, within=5, what="the stream ends")
        assert line.post(PING).status == 401


@once
async def test_streams_of_an_agent_are_limited(make_office: Callable[..., Any]) -> None:
    """The 65th is refused, and takes again when one has been closed."""
    with make_office() as office, ExitStack() as stack:
        lines = [stack.enter_context(line_of(office)) for _ in range(64)]
        refused = office.running.request("GET", "/sse/desk", token=office.running.token("dev-claude"))
        assert refused.status == 429
        lines[0].close()

        def room() -> bool:
            try:
                with line_of(office):
                    return True
            except Refused:
                return False

        await eventually_async(room, what="room for one more")


# Several processes.


@pytest.mark.postgres
def test_a_message_that_arrives_elsewhere_is_relayed_to_the_owner(
    make_office: Callable[..., Any], databases: Databases
) -> None:
    """The handle names the process; when that is gone, the session is not found."""
    if not databases.server:
        pytest.skip("several processes need PostgreSQL")
    with make_office() as office, office.running.beside() as second:
        token = second.token("dev-claude")
        with SseLine(second, token, to=office.running) as line:
            line.open()
            text = line.call("read_file", path="/srv/notes/relayed")["content"][0]["text"]
            assert text.startswith("contents of /srv/notes/relayed")
            assert line.post(PING, token=office.running.token("second-bot")).status == 404
            assert line.post(PING, token="").status == 401
            second.kill()
            eventually(lambda: line.post(PING).status == 404, within=15, what="the owner is gone")
