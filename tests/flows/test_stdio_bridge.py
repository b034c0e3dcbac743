"""`gatehouse stdio` between official clients that speak over pipes and a running Gatehouse."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

from tests.flows.offices import POLICY, Office, configuration
from tests.gateway.stdio.piping import PROGRAM, notification, opened, piped, request, stateless
from tests.node import programs
from tests.running import ROOT
from tests.waiting import eventually_async

pytestmark = pytest.mark.any_database

DECISION = "io.gatehouse/decision"
OUTSIDE = "/etc/passwd"
PYTHON = ("legacy", "auto")
NODE = ("v1", "v2", "v2-auto")
SDK_SERVER = ROOT / "tests" / "registry" / "transports" / "sdk_server.py"


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """The office with the desk alone."""
    with make_office(GATEHOUSE_HOLD_SECONDS="20") as started:
        yield started


def endpoint_of(office: Office) -> str:
    """Where the desk is served."""
    return f"{office.running.url}/mcp/desk"


@asynccontextmanager
async def bridged(url: str, token: str, mode: Any, **settings: Any) -> AsyncIterator[Client]:
    """The official Python client, which starts the bridge."""
    environment = {"GATEHOUSE_TOKEN": token}
    program = StdioServerParameters(command=str(PROGRAM), args=["stdio", "--url", url], env=environment)
    async with Client(program, mode=mode, **settings) as client:
        yield client


@asynccontextmanager
async def connected(office: Office, mode: Any) -> AsyncIterator[Client]:
    """The same client over HTTP."""
    headers = {"Authorization": f"Bearer {office.running.token('dev-claude')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(endpoint_of(office), http_client=http), mode=mode) as client,
    ):
        yield client


def dumped(result: Any) -> dict[str, Any]:
    """A result as the client understood it, without what differs from call to call."""
    plain: dict[str, Any] = result.model_dump(by_alias=True, exclude_none=True, mode="json")
    decision = plain.get("_meta", {}).get(DECISION, {})
    for name in ("record", "request_url"):
        decision.pop(name, None)
    return plain


# Official clients.


@pytest.mark.parametrize("mode", PYTHON)
async def test_python_clients_get_over_the_pipe_what_they_get_over_http(place: Office, mode: str) -> None:
    """Lists, allowed calls, denied calls, unknown tools; the same answers."""
    asked: list[tuple[str, dict[str, Any]]] = [
        ("read_file", {"path": f"/srv/notes/{mode}-größe-☃"}),
        ("measure", {"path": f"/srv/plans/{mode}"}),
        ("create_ticket", {"title": "ü" * 20_000 + "\u2028😀", "amount": 12.50}),
        ("read_file", {"path": OUTSIDE}),
        ("execute_command", {"command": "ls"}),
        ("read_salaries", {"path": "/srv/notes/a"}),
    ]
    token = place.running.token("dev-claude")
    async with connected(place, mode) as client:
        expected = [dumped(await client.list_tools())]
        expected += [dumped(await client.call_tool(name, arguments)) for name, arguments in asked]
    async with bridged(endpoint_of(place), token, mode) as client:
        got = [dumped(await client.list_tools())]
        got += [dumped(await client.call_tool(name, arguments)) for name, arguments in asked]
    assert got == expected
    denied = got[4]
    assert denied["isError"] and "is outside /srv/notes" in denied["content"][0]["text"]
    assert denied["_meta"][DECISION]["status"] == "denied"


@pytest.mark.node
@pytest.mark.parametrize("sdk", NODE)
def test_typescript_clients_call_over_the_pipe(place: Office, sdk: str) -> None:
    """Both lines of the SDK, in both negotiations."""
    token, path = place.running.token("dev-claude"), f"/srv/notes/piped-{sdk}"
    command = [str(PROGRAM), "stdio", "--url", endpoint_of(place)]
    allowed = programs.call(sdk, "", token, "read_file", {"path": path}, command=command)
    denied = programs.call(sdk, "", token, "read_file", {"path": OUTSIDE}, command=command)["result"]
    assert allowed["result"]["content"][0]["text"] == f"contents of {path}: ünï ☃"
    assert {tool["name"] for tool in allowed["tools"]} >= {"read_file", "measure"}
    assert denied["isError"] and "is outside /srv/notes" in denied["content"][0]["text"]
    assert len(place.log.having(path)) == 1


@pytest.mark.parametrize("mode", PYTHON)
async def test_progress_comes_in_order_over_the_pipe(place: Office, mode: str) -> None:
    """Under the client's own token, ahead of the answer."""
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with bridged(endpoint_of(place), place.running.token("dev-claude"), mode) as client:
        await client.call_tool("count_slowly", {"steps": 3}, progress_callback=hear)
    assert heard == [1, 2, 3]


@pytest.mark.parametrize("mode", PYTHON)
async def test_a_held_call_is_approved_while_the_pipe_waits(place: Office, mode: str) -> None:
    """The client waits as over HTTP; the desk is called once."""
    path = f"/srv/notes/held-{mode}"
    async with bridged(endpoint_of(place), place.running.token("dev-claude"), mode) as client:
        calling = asyncio.create_task(client.call_tool("write_file", {"path": path, "content": "x"}))
        waiting = await asyncio.to_thread(place.waits, path, within=20)
        assert (await asyncio.to_thread(place.approver().approve, waiting["id"]))[0] == 200
        assert (await calling).content[0].text == f"wrote 1 characters to {path}"
    assert len(place.log.having(path)) == 1


@pytest.mark.parametrize("mode", PYTHON)
async def test_forty_calls_at_once_get_their_own_answers(place: Office, mode: str) -> None:
    """No answer goes to another request."""
    async with bridged(endpoint_of(place), place.running.token("dev-claude"), mode) as client:
        paths = [f"/srv/notes/{mode}-{number}" for number in range(40)]
        got = await asyncio.gather(*(client.call_tool("read_file", {"path": path}) for path in paths))
    assert [each.content[0].text for each in got] == [f"contents of {path}: ünï ☃" for path in paths]


# Numbers, endings and outages, down to the lines.


async def test_numbers_are_carried_as_written(place: Office) -> None:
    """A large id and literals that no number type keeps."""
    line = (
        b'{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"create_ticket","arguments":'
        b'{"title":"n","amount":0.10},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
        b'"io.modelcontextprotocol/clientCapabilities":{}}}}'
    )
    async with piped(endpoint_of(place), token=place.running.token("dev-claude")) as pipe:
        pipe.write(line)
        answer = await pipe.line()
    assert b'"id":9007199254740993' in answer and b"ticket 'n' for 0.1" in answer


async def test_a_bad_token_ends_the_program_with_the_remedy(place: Office) -> None:
    """Exit 1; the client's request is answered with the gateway's own error."""
    async with piped(endpoint_of(place), token="gha_wrong") as pipe:
        answer = await pipe.ask(stateless(1, "server/discover"))
        assert (answer["id"], answer["error"]["code"]) == (1, 40100)
        assert await pipe.ended() == 1
        assert await pipe.complaints() == f"gatehouse stdio: {answer['error']['message']}\n"
    assert "Authorization: Bearer" in answer["error"]["message"]


async def test_a_server_that_is_not_there_is_the_gateways_answer(place: Office) -> None:
    """A role may come later: the program stays."""
    async with piped(f"{place.running.url}/mcp/nowhere", token=place.running.token("dev-claude")) as pipe:
        answer = await pipe.ask(request(1, "initialize", protocolVersion="2025-11-25", capabilities={}))
        assert answer["error"]["code"] == 40400
        pipe.end_input()
        assert await pipe.ended() == 0


async def test_a_script_gets_its_answers_and_the_program_ends(place: Office) -> None:
    """Everything is written at once and input closed."""
    async with piped(endpoint_of(place), token=place.running.token("dev-claude")) as pipe:
        await opened(pipe)
        pipe.write(request(1, "tools/list"), request(2, "tools/call", name="wait", arguments={"seconds": 0.3}))
        pipe.end_input()
        got = {each["id"]: each["result"] for each in await pipe.messages(2)}
        assert got[2]["content"][0]["text"] == "waited"
        assert (await pipe.ended(), await pipe.complaints()) == (0, "")


@pytest.mark.parametrize("legacy", [True, False])
async def test_a_cancelled_call_is_cancelled_in_the_gateway(place: Office, legacy: bool) -> None:
    """Closing the stream in one era, a notification in the other; the ledger has the outcome."""
    seconds = 50.0 + legacy
    call = (request if legacy else stateless)(5, "tools/call", name="wait", arguments={"seconds": seconds})
    async with piped(endpoint_of(place), token=place.running.token("dev-claude")) as pipe:
        if legacy:
            await opened(pipe)
        pipe.write(call)
        await eventually_async(lambda: place.log.having(seconds), what="the call reaches the desk")  # type: ignore[arg-type]
        pipe.write(notification("notifications/cancelled", requestId=5))
        await eventually_async(
            lambda: [each for each in place.running.ledger("call.outcome") if each["outcome"]["status"] == "cancelled"],
            what="the outcome `cancelled`",
        )
        ping = request(6, "ping") if legacy else stateless(6, "server/discover")
        assert (await pipe.ask(ping))["id"] == 6, "the cancelled one has no answer"


async def test_a_line_that_the_gateway_finds_too_long_gets_its_refusal(place: Office) -> None:
    """The refusal comes while the body is still being sent; the program goes on."""
    async with piped(endpoint_of(place), token=place.running.token("dev-claude")) as pipe:
        answer = await pipe.ask(stateless("big", "tools/call", name="read_file", arguments={"path": "a" * 5_000_000}))
        assert answer["id"] == "big" and "longer than" in answer["error"]["message"]
        assert (await pipe.ask(stateless(2, "server/discover")))["id"] == 2


async def test_a_changed_list_is_told_over_the_pipe_in_both_eras(make_office: Callable[..., Any]) -> None:
    """On the session's own stream and on a subscription."""
    with make_office() as office:
        token = office.running.token("dev-claude")
        async with piped(endpoint_of(office), token=token) as old, piped(endpoint_of(office), token=token) as new:
            await opened(old)
            new.write(stateless("listen-1", "subscriptions/listen", notifications={"toolsListChanged": True}))
            assert (await new.message())["method"] == "notifications/subscriptions/acknowledged"
            hidden = POLICY + "  - {id: no-measuring, tool: desk/measure, action: hide, reason: Not today}\n"
            await asyncio.to_thread(office.running.apply, configuration(office.desk_url), hidden)
            for pipe in (old, new):
                assert (await pipe.message())["method"] == "notifications/tools/list_changed"


@pytest.mark.parametrize("ending", ["stop", "kill"])
@pytest.mark.parametrize("mode", PYTHON)
async def test_a_restart_between_two_calls_is_survived(make_office: Callable[..., Any], mode: str, ending: str) -> None:
    """And a call made while the gateway is away is served once it is back, exactly once."""
    with make_office() as office:
        end = getattr(office.running, ending)
        async with bridged(endpoint_of(office), office.running.token("dev-claude"), mode) as client:
            await client.call_tool("read_file", {"path": "/srv/notes/before"})
            await asyncio.to_thread(end)
            await asyncio.to_thread(office.running.start)
            after = await client.call_tool("read_file", {"path": "/srv/notes/after"})
            assert after.content[0].text == "contents of /srv/notes/after: ünï ☃"
            await asyncio.to_thread(end)
            calling = asyncio.create_task(client.call_tool("read_file", {"path": "/srv/notes/away"}))
            await asyncio.to_thread(office.running.start)
            assert (await calling).content[0].text == "contents of /srv/notes/away: ünï ☃"
        assert len(office.log.having("/srv/notes/away")) == 1


# What the gateway may not offer yet, against a server of the official SDK.


@pytest.fixture
async def sdk_server() -> AsyncIterator[str]:
    """The URL of a server with elicitation, prompts and resources."""
    process = await asyncio.create_subprocess_exec(sys.executable, str(SDK_SERVER), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}/mcp"
    finally:
        process.kill()
        await process.wait()


async def test_a_question_in_the_middle_of_a_call_is_answered_over_the_pipe(sdk_server: str) -> None:
    """Elicitation in the session era: asked on the call's stream, answered with a POST of its own."""

    async def answer(*_: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"name": "Bö"})

    async with bridged(sdk_server, "any", "legacy", elicitation_callback=answer) as client:
        result = await client.call_tool("ask", {})
    assert result.content[0].text == "accept Bö", result


@pytest.mark.parametrize("mode", PYTHON)
async def test_prompts_and_resources_pass_over_the_pipe(sdk_server: str, mode: str) -> None:
    """With their names in the headers of the stateless era."""
    async with bridged(sdk_server, "any", mode) as client:
        prompt = await client.get_prompt("greet", {"name": "Ü"})
        resource = await client.read_resource("test://item/7")
    assert prompt.messages[0].content.text == "Hello Ü"
    assert resource.contents[0].text == "7"


def test_the_program_is_where_the_guide_says() -> None:
    """The command of the guide's `mcpServers`."""
    assert Path(PROGRAM).name == "gatehouse" and Path(PROGRAM).exists()
