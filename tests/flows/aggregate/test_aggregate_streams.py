"""Official clients at the aggregate endpoint, and what its streams tell."""

from __future__ import annotations

import json
import time

import pytest
from mcp import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from tests.conformance import offer
from tests.flows.aggregate.place import MODES, ROOM, SEARCH, STATUS, Place, listening, next_message
from tests.flows.eras_place import Heard, client
from tests.node import programs
from tests.raw_agent import META

pytestmark = pytest.mark.any_database

# Streams, resources, prompts, questions: with the official client in both modes.


@pytest.mark.parametrize("mode", MODES)
async def test_the_official_python_client_uses_all_of_it(place: Place, mode: str, path: str) -> None:
    """Tools, prompts, resources, templates, completion, elicitation and progress at one address."""
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
        assert not agent.call(f"{ROOM}__test_trigger_resource_change").result.get("isError")
        assert next_message(response, "notifications/resources/updated")["params"]["uri"] == uri


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
    """Within two seconds, also for a server that was behind nothing when the stream was opened."""
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
        running.apply(json.dumps(config), check=False)  # It exits 1 where one of the servers is dead already.
        applied = time.monotonic()
        for response in (first, second):
            next_message(response, "notifications/tools/list_changed")
        assert time.monotonic() - applied < 2.0
        assert later.tools() == [SEARCH, STATUS, "desk__read_file"]
