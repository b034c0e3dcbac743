"""Two gateway processes on PostgreSQL behind a proxy that sends each request of a client to the other one in turn."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPDeprecationWarning

from tests.conformance import offer
from tests.databases import Databases
from tests.flows.eras_place import MAY_ASK, Heard, by_command, by_url, client, program, served
from tests.flows.round_robin import RoundRobin, round_robin
from tests.gateway.stdio.piping import opened, piped, request
from tests.raw_agent import Agent, Approver
from tests.running import Running, gatehouse
from tests.waiting import eventually, eventually_async

pytestmark = pytest.mark.postgres

MODES = ("legacy", "auto")
modes = pytest.mark.parametrize("mode", MODES)
AGENTS = [f"{what}-{mode}" for what in ("caller", "listener", "asker", "holder", "counter", "other") for mode in MODES]
LESS = {"name": "everything", "servers": ["own", "old", "counter"], "tools": ["shared/echo"]}
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: [own, old, shared, counter], action: allow, reason: Everything may be used}
  - id: ask
    tool: shared/test_error_handling
    action: escalate
    reason: A person decides
    approve: {from: [team:platform], required: 1, within: 10m}
"""


@dataclass
class House:
    """Two processes, the proxy in front of them, and the configuration they serve."""

    first: Running
    second: Running
    proxy: RoundRobin
    config: dict[str, Any]

    @asynccontextmanager
    async def client(self, agent: str, server: str, mode: str, heard: Heard | None = None) -> AsyncIterator[Client]:
        """An official client at a server, through the proxy; afterwards it has to have switched on every request."""
        token = self.first.token(agent)
        async with client(f"{self.proxy.url}/mcp/{server}", mode, heard, token=token) as connected:
            yield connected
        self.proxy.require_every_turn(token)

    def agent(self, agent: str, server: str) -> Agent:
        """A raw client of the session era, through the proxy."""
        return Agent(self.proxy, self.first.token(agent), server, legacy=True)  # type: ignore[arg-type]


@contextmanager
def housed(databases: Databases) -> Iterator[House]:
    """The two processes and their servers."""
    if not databases.server:
        pytest.skip("several processes need PostgreSQL")
    with ExitStack() as stack:
        servers = [
            by_url("own", stack.enter_context(served("both")), client_requests=MAY_ASK),
            by_url("old", stack.enter_context(served("legacy")), client_requests=MAY_ASK),
            by_url("shared", stack.enter_context(served("both")), sessions="shared"),
            by_command("counter", program("both"), sessions="agent"),
        ]
        config = {
            "teams": [{"name": "platform"}],
            "people": [
                {"email": "dev@example.com", "roles": ["developer"], "teams": ["platform"]},
                {"email": "approver@example.com", "roles": ["approver"], "teams": ["platform"], "api_token": True},
            ],
            "servers": servers,
            "roles": [{"name": "everything", "servers": [server["name"] for server in servers]}],
            "agents": [{"name": name, "owner": "dev@example.com", "roles": ["everything"]} for name in AGENTS],
        }
        redis = os.environ.get("REDIS_URL", "")
        first = stack.enter_context(gatehouse(config, POLICY, databases=databases, redis_url=redis))
        second = stack.enter_context(first.beside())
        proxy = stack.enter_context(round_robin([first.port, second.port]))
        yield House(first, second, proxy, config)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    """One house for all tests that leave it as it was."""
    with housed(databases) as made:
        yield made


@pytest.fixture(scope="module")
def mortal(databases: Databases) -> Iterator[House]:
    """Another one, for tests that kill one of its processes and start it again."""
    with housed(databases) as made:
        yield made


@modes
async def test_a_client_is_served_whichever_process_it_reaches(house: House, mode: str) -> None:
    """Lists, calls, prompts and resources; every one at the other process than the one before."""
    async with house.client(f"caller-{mode}", "shared", mode) as connected:
        for number in range(6):
            said = await connected.call_tool("echo", {"said": f"{mode} {number}"})
            assert said.content[0].text == f"{mode} {number}"
        assert len((await connected.list_tools()).tools) == len(offer.TOOLS) + 5
        assert (await connected.get_prompt("test_simple_prompt")).messages
        assert (await connected.read_resource(offer.STATIC_TEXT)).contents


@modes
async def test_what_an_agents_own_server_process_remembers_stays_consistent(house: House, mode: str) -> None:
    """A local server with state: the agent's calls all reach the one child, whichever gateway process took them."""
    async with house.client(f"counter-{mode}", "counter", mode) as connected:
        found = [json.loads((await connected.call_tool("count", {})).content[0].text) for _ in range(7)]
    assert [one["count"] for one in found] == list(range(1, 8))
    assert len({one["process"] for one in found}) == 1


async def test_agents_do_not_share_a_server_process_that_keeps_state(house: House) -> None:
    """`sessions: agent`: another agent counts from the beginning."""
    for name in ("other-legacy", "other-auto"):
        async with house.client(name, "counter", "auto") as connected:
            found = json.loads((await connected.call_tool("count", {})).content[0].text)
            again = json.loads((await connected.call_tool("count", {})).content[0].text)
        assert (found["count"], again["count"]) == (1, 2)


@modes
@pytest.mark.parametrize("server", ["own", "old"])
async def test_questions_in_the_middle_of_a_call_are_answered_from_another_process(
    house: House, mode: str, server: str
) -> None:
    """Session era: the answer's POST goes elsewhere than the call's. Stateless era at `old`: the call is parked."""
    heard = Heard()
    async with house.client(f"asker-{mode}", server, mode, heard) as connected:
        for number in range(3):
            asked = await connected.call_tool("test_elicitation", {"message": f"question {number}"})
            assert "action=accept" in asked.content[0].text
            three = await connected.call_tool("test_input_required_result_multiple_inputs", {})
            assert three.content[0].text == "Got client_roots, greeting, user_name"
            two = await connected.call_tool("test_input_required_result_multi_round", {})
            assert two.content[0].text == "bob likes bob"
    assert [one["message"] for one in heard.elicited if one["message"].startswith("question")] == [
        f"question {number}" for number in range(3)
    ]


@modes
async def test_a_held_call_is_approved_while_its_requests_switch(house: House, mode: str) -> None:
    """The stateless era comes back with another leg, the session era waits on one request."""
    approver = Approver(house.second, "approver@example.com")

    def waiting() -> list[dict[str, Any]]:
        return [one for one in approver.waiting() if one["agent"] == f"holder-{mode}"]

    async with house.client(f"holder-{mode}", "shared", mode) as connected:
        for _ in range(2):
            call = asyncio.ensure_future(connected.call_tool("test_error_handling", {}))
            ticket = (await eventually_async_thread(waiting))[0]["id"]
            status, told = await asyncio.to_thread(approver.approve, ticket)
            assert status == 200, told
            said = await asyncio.wait_for(call, 60)
            assert said.content[0].text == "This tool intentionally returns an error for testing"
            assert len((await connected.list_tools()).tools) == len(offer.TOOLS) + 5  # One request more: an odd turn.


async def eventually_async_thread(look: Any) -> Any:
    """`eventually`, on a thread, so that this loop's clients go on."""
    return await asyncio.to_thread(eventually, look, within=20, what="a call that waits for a person")


async def test_the_stream_of_a_session_tells_what_a_call_elsewhere_set_off(house: House) -> None:
    """The GET stream, the subscription and the call that changes the resource reach different processes."""
    heard = Heard()
    async with house.client("listener-legacy", "own", "legacy", heard) as connected:
        await eventually_async(lambda: gets(house, "listener-legacy"), what="the GET stream")
        with pytest.warns(MCPDeprecationWarning):
            await connected.subscribe_resource(offer.WATCHED)
        for _ in range(2):
            await connected.call_tool("test_trigger_resource_change", {})
            await connected.call_tool("echo", {"said": "between"})
        await eventually_async(lambda: heard.told.count("notifications/resources/updated") >= 2, what="both notices")


def gets(house: House, agent: str) -> bool:
    """Whether the client has opened its stream."""
    return any(one.http == "GET" for one in house.proxy.of(house.first.token(agent)))


async def test_a_change_of_rights_is_told_by_whichever_process_has_the_stream(house: House) -> None:
    """In both eras, with calls at the other process meanwhile."""
    old, new = Heard(), Heard()
    told: list[Any] = []

    async def listen(connected: Client) -> None:
        async with connected.listen(tools_list_changed=True) as events:
            told.append("open")
            async for event in events:
                told.append(event)

    async with (
        house.client("listener-legacy", "shared", "legacy", old) as legacy,
        house.client("listener-auto", "shared", "auto", new) as modern,
    ):
        before = len((await legacy.list_tools()).tools)
        assert len((await modern.list_tools()).tools) == before
        listening = asyncio.ensure_future(listen(modern))
        await eventually_async(lambda: bool(told), what="the subscription")
        await eventually_async(lambda: gets(house, "listener-legacy"), what="the GET stream")
        try:
            await asyncio.to_thread(house.first.apply, house.config | {"roles": [LESS]}, POLICY)
            changed = "notifications/tools/list_changed"
            await eventually_async(lambda: changed in old.told, what="the session era's notice")
            await eventually_async(lambda: len(told) > 1, what="the stateless era's notice")
        finally:
            listening.cancel()
            await asyncio.to_thread(house.first.apply, house.config, POLICY)


def test_sessions_outlive_the_process_that_opened_them_where_nothing_is_lost(mortal: House) -> None:
    """SIGKILL: a session at a shared server goes on elsewhere; one with a connection of its own is answered 404."""
    house = mortal
    sessions = {server: house.agent("caller-legacy", server) for server in ("shared", "counter", "own")}
    owners = {server: opened_at(house, agent) for server, agent in sessions.items()}
    elsewhere = {server: agent.call("echo", said="before") for server, agent in sessions.items()}
    assert all(reply.text == "before" for reply in elsewhere.values())
    for port in set(owners.values()):
        survivor = house.second if port == house.first.port else house.first
        doomed = house.first if port == house.first.port else house.second
        doomed.kill()
        house.proxy.ports = [survivor.port]
        for server in [name for name, at in owners.items() if at == port]:
            agent = sessions[server]
            after = agent.call("echo", said="after")
            if server == "shared":
                assert after.text == "after"
                continue
            assert (after.status, after.error["code"]) == (404, -32600)
            assert "initialize again" in after.error["message"]
            agent.open()
            assert agent.call("echo", said="anew").text == "anew"
        return_to_two(house, doomed)


def opened_at(house: House, agent: Agent) -> int:
    """Open a session; the port of the process that did."""
    agent.open()
    return [one.port for one in house.proxy.of(agent.token) if one.method == "initialize"][-1]


def return_to_two(house: House, doomed: Running) -> None:
    """Start the killed process again, with nothing of what it knew."""
    doomed.start()
    house.proxy.ports = [house.first.port, house.second.port]


async def test_a_call_whose_process_dies_in_its_midst_is_not_made_again(mortal: House) -> None:
    """Over the bridge, which opens a lost session again and sends again what met the loss: this call met more."""
    token = mortal.first.token("caller-legacy")
    watcher = mortal.agent("other-auto", "shared")

    def hanging() -> int:
        return int(json.loads(watcher.call("cancelled").text)["hanging"])

    async with piped(f"{mortal.proxy.url}/mcp/shared", token=token) as pipe:
        await opened(pipe)
        owner = [one.port for one in mortal.proxy.of(token) if one.method == "initialize"][-1]
        doomed, survivor = sorted((mortal.first, mortal.second), key=lambda process: process.port != owner)
        mortal.proxy.ports = [survivor.port]
        watcher.open()
        pipe.write(request(1, "tools/call", name="hang", arguments={}))
        await asyncio.to_thread(eventually, lambda: hanging() == 1, what="the call is under way")
        await asyncio.to_thread(doomed.kill)
        while (answer := await pipe.message()).get("id") != 1:
            pass
        assert answer["error"]["code"] == 50400 and "unknown" in answer["error"]["message"]
        assert (await pipe.ask(request(2, "tools/call", name="echo", arguments={"said": "on"})))["id"] == 2
    assert hanging() == 1
    return_to_two(mortal, doomed)


def test_a_server_process_that_keeps_state_moves_when_its_gateway_process_is_killed(mortal: House) -> None:
    """Stateless era: the next call finds a new child at the other process, and counts from the beginning."""
    agent = Agent(mortal.proxy, mortal.first.token("counter-auto"), "counter")  # type: ignore[arg-type]
    # A process that began within the last second is not known to the other one yet, and both may have a child then.
    eventually(lambda: consecutive(counts(agent, 4)), what="one child counts for both processes")
    mortal.second.kill()
    mortal.proxy.ports = [mortal.first.port]
    assert consecutive(counts(agent, 3)), "either its owner lives, or one new child counts for all"
    return_to_two(mortal, mortal.second)


def counts(agent: Agent, calls: int) -> list[int]:
    """What the server that counts answers to so many calls in turn."""
    return [json.loads(agent.call("count").text)["count"] for _ in range(calls)]


def consecutive(found: list[int]) -> bool:
    """Whether one process counted all of them."""
    return found == list(range(found[0], found[0] + len(found)))
