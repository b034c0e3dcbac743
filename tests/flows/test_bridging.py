"""Every client at every server (protocol 1.5): clients of both eras, servers of both or one, over both transports.

Each cell plays the same tour through a running Gatehouse and at the server directly, and has to see the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from tests.conformance import offer
from tests.databases import Databases
from tests.flows.eras_place import MAY_ASK, Heard, by_command, by_url, client, plain, program, served
from tests.running import Running, gatehouse
from tests.waiting import eventually_async

pytestmark = pytest.mark.any_database

ERAS, TRANSPORTS, MODES = ("both", "legacy", "modern"), ("http", "stdio"), ("legacy", "auto")
SPOKEN = {"legacy": "2025-11-25", "auto": "2026-07-28"}
CELLS = [(mode, f"{era}-{transport}") for mode in MODES for era in ERAS for transport in TRANSPORTS]
cells = pytest.mark.parametrize(("mode", "server"), CELLS, ids=lambda part: part)
AGENT = "bridger"
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: "*", action: allow, reason: Everything may be used}
"""
PLAIN_CALLS: dict[str, dict[str, Any]] = {
    "test_simple_text": {},
    "test_image_content": {},
    "test_audio_content": {},
    "test_embedded_resource": {},
    "test_multiple_content_types": {},
    "test_error_handling": {},
    "test_x_mcp_header": {"region": "größer ☃", "priority": 9007199254740991, "verbose": True},
    "json_schema_2020_12_tool": {"name": "x", "contactMethod": "email", "email": "a@example.com"},
}
ASKING: dict[str, dict[str, Any]] = {
    "test_elicitation": {"message": "Who are you?"},
    "test_elicitation_sep1034_defaults": {},
    "test_elicitation_sep1330_enums": {},
    "ask_by_url": {},
    "test_sampling": {"prompt": "What is the capital of France?"},
    "test_input_required_result_list_roots": {},
    "test_input_required_result_request_state": {},
    "test_input_required_result_multiple_inputs": {},
    "test_input_required_result_multi_round": {},
    "test_missing_capability": {},
}


class Place:
    """The servers by name, with the way to each directly, and a Gatehouse in front of them all."""

    def __init__(self, running: Running, direct: dict[str, str | list[str]]) -> None:
        self.running, self.direct = running, direct

    @asynccontextmanager
    async def through(self, server: str, mode: str, heard: Heard | None = None) -> AsyncIterator[Client]:
        """A client at one server's endpoint of the gateway."""
        url, token = f"{self.running.url}/mcp/{server}", self.running.token(AGENT)
        async with client(url, mode, heard, token=token) as connected:
            assert connected.protocol_version == SPOKEN[mode], "the gateway speaks the client's era to every server"
            yield connected

    @asynccontextmanager
    async def straight(self, server: str, mode: str, heard: Heard | None = None) -> AsyncIterator[Client]:
        """A client at the server itself: of the same mode where the server speaks that era, else of the other."""
        mode = "auto" if server.startswith("modern") else mode
        async with client(self.direct[server], mode, heard) as connected:
            yield connected


@pytest.fixture(scope="module")
def place(databases: Databases) -> Iterator[Place]:
    """Six servers."""
    direct: dict[str, str | list[str]] = {}
    with ExitStack() as stack:
        for era in ERAS:
            direct[f"{era}-http"] = stack.enter_context(served(era))
            direct[f"{era}-stdio"] = program(era)
        fields = {"client_requests": MAY_ASK}
        config = {
            "people": [{"email": "dev@example.com", "roles": ["developer"]}],
            "servers": [
                by_url(name, at, **fields) if isinstance(at, str) else by_command(name, at, **fields)
                for name, at in direct.items()
            ],
            "roles": [{"name": "everything", "servers": list(direct)}],
            "agents": [{"name": AGENT, "owner": "dev@example.com", "roles": ["everything"]}],
        }
        redis = os.environ.get("REDIS_URL", "") if databases.server else ""
        running = stack.enter_context(gatehouse(config, POLICY, databases=databases, redis_url=redis))
        yield Place(running, direct)


Tour = Callable[[Client, Heard], Any]


async def compared(place: Place, server: str, mode: str, tour: Tour) -> Any:
    """Play a tour directly and through the gateway; what was seen and heard has to be the same. Gives it."""
    near, far = Heard(), Heard()
    async with place.straight(server, mode, near) as connected:
        expected = await tour(connected, near)
    async with place.through(server, mode, far) as connected:
        seen = await tour(connected, far)
    assert seen == expected
    ours, theirs = asdict(far), asdict(near)
    for heard in (ours, theirs):
        del heard["told"]
    assert ours == theirs
    return seen


async def tried(work: Any) -> Any:
    """A result as it would be on the wire, or the error."""
    try:
        return plain(await work)
    except MCPError as problem:
        return {"error": problem.error.code, "message": problem.error.message}


@cells
async def test_lists_are_what_the_server_lists(place: Place, mode: str, server: str) -> None:
    """Nothing dropped, renamed or re-typed."""

    async def tour(connected: Client, heard: Heard) -> Any:
        return [
            plain(await ask())
            for ask in (
                connected.list_tools,
                connected.list_prompts,
                connected.list_resources,
                connected.list_resource_templates,
            )
        ]

    tools, prompts, resources, templates = await compared(place, server, mode, tour)
    assert len(tools["tools"]) == len(offer.TOOLS) + 5
    assert len(prompts["prompts"]) == len(offer.PROMPTS)
    assert len(resources["resources"]) == len(offer.RESOURCES) and len(templates["resourceTemplates"]) == 1


@cells
async def test_calls_answer_what_the_server_answers(place: Place, mode: str, server: str) -> None:
    """Every kind of content, errors of the tool, and arguments that headers repeat."""

    async def tour(connected: Client, heard: Heard) -> Any:
        await connected.list_tools()  # The client learns from it which arguments travel in headers.
        return {name: await tried(connected.call_tool(name, given)) for name, given in PLAIN_CALLS.items()}

    seen = await compared(place, server, mode, tour)
    assert all("error" not in each for each in seen.values()), seen


@cells
async def test_prompts_resources_and_completion_answer_what_the_server_answers(
    place: Place, mode: str, server: str
) -> None:
    """Judged and recorded like calls (contract 4.1), and unchanged all the same; a prompt may ask, too."""

    async def tour(connected: Client, heard: Heard) -> Any:
        by_prompt = PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
        by_template = ResourceTemplateReference(type="ref/resource", uri="test://template/{id}/data")
        filled = {"arg1": "paris", "arg2": "world"}
        return [
            await tried(connected.get_prompt("test_simple_prompt")),
            await tried(connected.get_prompt("test_prompt_with_arguments", filled)),
            await tried(connected.get_prompt("test_prompt_with_image")),
            await tried(connected.get_prompt("test_input_required_result_prompt")),
            await tried(connected.read_resource(offer.STATIC_TEXT)),
            await tried(connected.read_resource(offer.STATIC_BINARY)),
            await tried(connected.read_resource("test://template/12/data")),
            await tried(connected.complete(by_prompt, {"name": "arg1", "value": "par"})),
            await tried(connected.complete(by_template, {"name": "id", "value": "1"})),
        ]

    seen = await compared(place, server, mode, tour)
    assert all("error" not in each for each in seen), seen


@cells
async def test_progress_arrives_in_order_before_the_answer(place: Place, mode: str, server: str) -> None:
    """Under the client's own token, in every pairing of the eras."""

    async def tour(connected: Client, heard: Heard) -> Any:
        return plain(await connected.call_tool("test_tool_with_progress", {}, progress_callback=heard.on_progress))

    heard = Heard()
    await compared(place, server, mode, tour)
    async with place.through(server, mode, heard) as connected:
        await tour(connected, heard)
    assert [step[0] for step in heard.progress] == [0, 50, 100]


@cells
async def test_what_a_server_asks_reaches_the_client_and_its_answer_the_server(
    place: Place, mode: str, server: str
) -> None:
    """Forms, addresses, sampling and roots; several at once, and one after the other."""

    async def tour(connected: Client, heard: Heard) -> Any:
        return {name: without_order(await tried(connected.call_tool(name, given))) for name, given in ASKING.items()}

    seen = await compared(place, server, mode, tour)
    assert all("error" not in each and not each.get("isError") for each in seen.values()), seen


def without_order(seen: dict[str, Any]) -> dict[str, Any]:
    """A result whose text repeats JSON, with that read: the gateway forwards members in an order of its own."""
    for part in seen.get("content", ()):
        before, marked, said = part["text"].partition("content={")
        if marked:
            part["text"] = [before, json.loads("{" + said)]
    return seen


@cells
async def test_a_client_that_offers_nothing_is_asked_nothing(place: Place, mode: str, server: str) -> None:
    """The server learns that its client cannot be asked; the call ends with an error, not with a wait."""
    async with place.through(server, mode) as connected:
        refused = await tried(connected.call_tool("test_missing_capability", {}))
        asked = await tried(connected.call_tool("test_input_required_result_capabilities", {}))
        unable = await tried(connected.call_tool("test_elicitation", {"message": "Who?"}))
    assert refused["error"] == -32021
    assert asked["content"][0]["text"] == "Got nothing"
    assert "error" in unable or unable["isError"], unable


@cells
async def test_a_cancelled_call_is_cancelled_at_the_server(place: Place, mode: str, server: str) -> None:
    """By a notification in the session era, by closing the request in the stateless one; and the client goes on."""
    async with place.through(server, mode) as connected:

        async def seen() -> dict[str, int]:
            return dict(json.loads((await connected.call_tool("cancelled", {})).content[0].text))

        before = await seen()
        hanging = asyncio.ensure_future(connected.call_tool("hang", {}))
        await until_more(seen, "hanging", before)
        hanging.cancel()
        await until_more(seen, "cancelled", before)
        assert (await connected.call_tool("echo", {"said": "still here"})).content[0].text == "still here"


async def until_more(seen: Callable[[], Any], what: str, before: dict[str, int]) -> None:
    """Return when a figure of the server has grown."""
    now: dict[str, int] = dict(before)

    async def look() -> None:
        while now[what] <= before[what]:
            now.update(await seen())

    await asyncio.wait_for(look(), 15)


async def test_the_eras_of_the_servers_are_what_they_are_called(place: Place) -> None:
    """A fixture that spoke the other era too would make every bridge an ordinary call."""
    for server, spoken in (("legacy-http", "2025-11-25"), ("modern-http", "2026-07-28")):
        async with client(place.direct[server], "auto") as connected:
            assert connected.protocol_version == spoken
    with pytest.raises(BaseExceptionGroup):
        async with client(place.direct["modern-http"], "legacy"):
            pass


async def test_every_leg_that_was_sent_has_one_intent_and_one_outcome(place: Place) -> None:
    """A bridged question belongs to its one call; between two stateless sides each leg is a call (ADR 0006, 6)."""
    marks: dict[str, int] = {}
    for mode, server in CELLS:
        mark = f"mark-{mode}-{server}-{secrets.token_hex(4)}"
        marks[mark] = 2 if mode == "auto" and not server.startswith("legacy") else 1
        async with place.through(server, mode, Heard()) as connected:
            result = await connected.call_tool("test_elicitation", {"message": mark})
            assert not result.is_error

    def counted() -> dict[str, tuple[int, int]]:
        entries = place.running.ledger()
        return {mark: intents_and_outcomes(entries, mark) for mark in marks}

    wanted = {mark: (legs, legs) for mark, legs in marks.items()}
    await eventually_async(lambda: counted() == wanted, what="an outcome of every call")
    assert place.running.manage("verify_ledger").returncode == 0


def intents_and_outcomes(entries: list[dict[str, Any]], mark: str) -> tuple[int, int]:
    """How many intents there are with this text, and how many outcomes of those calls."""
    calls = [entry["call"] for entry in entries if entry["kind"] == "call.intent" and mark in json.dumps(entry)]
    return len(calls), sum(1 for entry in entries if entry["kind"] == "call.outcome" and entry["call"] in calls)
