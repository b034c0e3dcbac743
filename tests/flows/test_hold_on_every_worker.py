"""What is new or changed is hidden and refused in every process a second after the scan; the rest goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.databases import Databases
from tests.flows.shifting import HOLDS_WITHIN, POLICY, SERVER, Shifting, approved, configured, scanned, tools
from tests.raw_agent import LEGACY, Agent, Reply
from tests.running import Running, gatehouse
from tests.waiting import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(240)]

CHANGED, STAYS, NEW, LATER = "read", "write", "extra", "gone"
HELD_URI, OPEN_URI, RESOURCE = "held:///{name}", "open:///{name}", "page:///one"


@dataclass
class Place:
    """The processes of one installation, and the server behind them."""

    processes: list[Running]
    server: Shifting

    def agents(self, *, path: str = "", legacy: bool = False) -> list[Agent]:
        """One client at each process."""
        token = self.processes[0].token("dev-claude")
        return [Agent(process, token, SERVER, path=path, legacy=legacy) for process in self.processes]


def manifest(*, before: bool) -> dict[str, Any]:
    """What the server offers before and after it changed: something of every kind, and something that stays."""
    words = "" if before else " and tell the world"
    offered = tools(CHANGED, STAYS, LATER) if before else tools(CHANGED, STAYS, NEW)
    offered[0]["description"] += words
    prompts = [{"name": "ask", "description": f"Ask{words}"}, {"name": "stay", "description": "Stay"}]
    templates = [
        {"uriTemplate": HELD_URI, "name": "held", "description": f"Pages{words}"},
        {"uriTemplate": OPEN_URI, "name": "open"},
    ]
    resources = [{"uri": RESOURCE, "name": "one", "description": f"One page{words}"}]
    return {
        "tools": offered,
        "prompts": prompts,
        "resourceTemplates": templates,
        "resources": resources,
        "instructions": f"Be quick{words}.",
    }


@pytest.fixture(scope="module")
def place(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two processes on PostgreSQL, one on SQLite, with everything that the server offers approved."""
    with ExitStack() as stack:
        server = Shifting(tmp_path_factory.mktemp("server"))
        server.offer(manifest(before=True))
        redis = os.environ.get("REDIS_URL", "") if databases.server else ""
        config = configured(server, ["dev-claude"])
        first = stack.enter_context(gatehouse(config, POLICY, databases=databases, redis_url=redis))
        processes = [first, stack.enter_context(first.beside())] if databases.server else [first]
        made = Place(processes, server)
        for agent in made.agents():
            assert agent.call(CHANGED).text == f"{CHANGED}: Read a page."
        yield made
        assert first.manage("verify_ledger").returncode == 0


@pytest.fixture
def held(place: Place) -> Iterator[float]:
    """The server has changed and was scanned; the moment at which that was committed. Restored afterwards."""
    place.server.offer(manifest(before=False))
    yield scanned(place.processes[0])
    restored(place)


def restored(place: Place) -> None:
    """Everything is as it was: an item that comes and goes is not open again by itself after a while."""
    place.server.offer(manifest(before=True))
    scanned(place.processes[0])
    approved(place.processes[0])
    for agent in place.agents():
        eventually(lambda agent=agent: set(agent.tools()) == {CHANGED, STAYS, LATER}, what="all of it is open again")


def in_time(committed: float, held: Callable[[], bool], what: str) -> None:
    """Fail unless it holds within the second, however late it was looked at first, and is still so."""
    while not held():
        assert time.time() <= committed + HOLDS_WITHIN, f"{what}: not within {HOLDS_WITHIN} s of the commit"
    assert held(), what


def unknown_tool(reply: Reply, name: str) -> bool:
    """Whether a call was answered exactly as one of a tool that does not exist."""
    return (
        bool(reply.result.get("isError"))
        and reply.text == f"Unknown tool: {name}"
        and set(reply.decision) == {"verdict", "status", "record"}
    )


def listed(agent: Agent, what: str, member: str, name: str) -> set[str]:
    """The names or URIs of one list."""
    return {one[name] for one in agent.request(what, {}).result[member]}


def instructions(agent: Agent) -> str | None:
    """What a new session is told."""
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    reply = agent.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    said: str | None = reply.result.get("instructions")
    return said


@pytest.mark.parametrize("path", ["", "/mcp"], ids=["its own endpoint", "the aggregate"])
def test_changed_new_and_missing_tools_are_hidden_and_refused_everywhere_within_a_second(
    place: Place, held: float, path: str
) -> None:
    """Lists and calls at every process, at the server's own address and at the one for all servers."""
    front = f"{SERVER}__" if path else ""
    for agent in place.agents(path=path):
        in_time(
            held,
            lambda agent=agent: {f"{front}{name}" for name in (CHANGED, NEW, LATER)}.isdisjoint(agent.tools()),
            f"the list at {agent.running.url}",
        )
        assert f"{front}{STAYS}" in agent.tools()
        for name in (CHANGED, NEW, LATER):
            assert unknown_tool(agent.call(f"{front}{name}", nonce=f"held{path}"), f"{front}{name}")
        assert agent.call(f"{front}{STAYS}", nonce="on").text == f"{STAYS}: Write a page. on"
    reached = [call for call in place.server.calls() if call["arguments"].get("nonce") == f"held{path}"]
    assert reached == [], "what is held never reaches the server"


@pytest.mark.parametrize("path", ["", "/mcp"], ids=["its own endpoint", "the aggregate"])
def test_changed_prompts_templates_and_instructions_are_held_and_a_resource_is_noticed(
    place: Place, held: float, path: str
) -> None:
    """The four kinds that are locked; a single resource stays as it is now (contract 5)."""
    front, scheme = (f"{SERVER}__", f"gatehouse+{SERVER}:") if path else ("", "")
    names = ("prompts/list", "prompts", "name")
    for agent in place.agents(path=path):
        in_time(held, lambda agent=agent: f"{front}ask" not in listed(agent, *names), "the changed prompt")
        assert f"{front}stay" in listed(agent, *names)
        assert agent.request("prompts/get", {"name": f"{front}ask"}).error["code"] == -32602
        assert agent.request("prompts/get", {"name": f"{front}stay"}).result["messages"]
        templates = listed(agent, "resources/templates/list", "resourceTemplates", "uriTemplate")
        assert f"{scheme}{OPEN_URI}" in templates and f"{scheme}{HELD_URI}" not in templates
        assert agent.request("resources/read", {"uri": f"{scheme}held:///a"}).error["code"] == -32602
        assert agent.request("resources/read", {"uri": f"{scheme}open:///a"}).result["contents"]
        resources = agent.request("resources/list", {}).result["resources"]
        assert [one["description"] for one in resources] == ["One page and tell the world"]
        assert agent.request("resources/read", {"uri": f"{scheme}{RESOURCE}"}).result["contents"]
        assert "Be quick" not in (instructions(agent) or "")
    assert not [call for call in place.server.calls() if call["name"].startswith("held:")]


def test_a_session_that_was_opened_before_knows_no_more_than_a_new_one(place: Place) -> None:
    """An agent of the session era that listed the tools before they changed."""
    agents = place.agents(legacy=True)
    for agent in agents:
        assert {CHANGED, STAYS, LATER} == set(agent.tools())
    place.server.offer(manifest(before=False))
    try:
        committed = scanned(place.processes[0])
        for agent in agents:
            in_time(committed, lambda agent=agent: agent.tools() == [STAYS], "the list of an open session")
            assert unknown_tool(agent.call(CHANGED), CHANGED)
            assert agent.call(STAYS).text == f"{STAYS}: Write a page."
    finally:
        restored(place)


def test_what_is_approved_again_is_open_everywhere_within_a_second(place: Place) -> None:
    """Its new definition, with the approval's own commit as the beginning."""
    place.server.reword(CHANGED, "Read a page, slowly.")
    try:
        scanned(place.processes[0])
        _, committed = approved(place.processes[0])
        for agent in place.agents():
            in_time(committed, lambda agent=agent: CHANGED in agent.tools(), "the approved tool is listed")
            assert agent.call(CHANGED).text == f"{CHANGED}: Read a page, slowly."
            (told,) = (one for one in agent.request("tools/list", {}).result["tools"] if one["name"] == CHANGED)
            assert told["description"] == "Read a page, slowly."
    finally:
        restored(place)
