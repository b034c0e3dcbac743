"""Official clients through a running Gatehouse to real servers: an HTTP one of ours, mcp-server-git, filesystem."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.databases import Databases
from tests.flows.offices import (
    POLICY,
    SERVERS,
    Log,
    Office,
    configuration,
    demo_program,
    git_is_here,
    repository,
)
from tests.node import programs
from tests.running import gatehouse

pytestmark = pytest.mark.any_database

DECISION = "io.gatehouse/decision"
OUTSIDE = "/etc/passwd"
PYTHON = ("legacy", "auto")
NODE = ("v1", "v2", "v2-auto")


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """The office with the desk alone."""
    with make_office() as started:
        yield started


@dataclass
class GitPlace:
    """An office with mcp-server-git behind a recorder, and how to reach the same program directly."""

    office: Office
    log: Log
    scratch: Path
    program: list[str]


@pytest.fixture(scope="module")
def git_place(make_office: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitPlace]:
    """Git over standard streams; every call that reaches it is in the recorder's log."""
    if not git_is_here():
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("git")
    scratch, log = repository(folder), folder / "git.log"
    program = [str(demo_program("mcp-server-git")), "-r", str(scratch)]
    recorded = [sys.executable, str(SERVERS / "recorder.py"), str(log), *program]
    git = {"name": "git", "transport": "stdio", "command": recorded, "approve": "all", "accept_findings": ["*"]}
    rule = f"""
  - id: read-the-repository
    tool: [git/git_log, git/git_status]
    action: allow
    constraints: {{repo_path: {{under: [{scratch}]}}}}
    reason: The repository may be read
"""
    with make_office(POLICY + rule, servers=[git], tools=["git/*"]) as started:
        yield GitPlace(started, Log(log), scratch, program)


@asynccontextmanager
async def connected(
    office: Office, mode: str, server: str = "desk", agent: str = "dev-claude"
) -> AsyncIterator[Client]:
    """The official client at one server of the gateway."""
    headers = {"Authorization": f"Bearer {office.running.token('dev-claude')}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        transport = streamable_http_client(f"{office.running.url}/mcp/{server}", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def dumped(result: Any) -> dict[str, Any]:
    """A result as the client understood it, without what every server says of itself."""
    plain: dict[str, Any] = result.model_dump(by_alias=True, exclude_none=True, mode="json")
    plain.get("_meta", {}).pop("io.modelcontextprotocol/serverInfo", None)
    return {key: value for key, value in plain.items() if value != {}}


@pytest.mark.parametrize("mode", PYTHON)
async def test_an_allowed_call_returns_exactly_what_the_server_returns(place: Office, mode: str) -> None:
    """For the official Python client in both of its modes, over HTTP."""
    asked: list[tuple[str, dict[str, Any]]] = [
        ("read_file", {"path": f"/srv/notes/{mode}"}),
        ("measure", {"path": f"/srv/plans/{mode}"}),
        ("create_ticket", {"title": "größer ☃", "amount": 12.50}),
    ]
    async with Client(place.desk_url, mode=mode) as direct:
        expected = [dumped(await direct.call_tool(name, arguments)) for name, arguments in asked]
    async with connected(place, mode) as client:
        got = [dumped(await client.call_tool(name, arguments)) for name, arguments in asked]
    assert got == expected


@pytest.mark.parametrize("mode", PYTHON)
async def test_git_answers_through_the_gateway_as_it_does_directly(git_place: GitPlace, mode: str) -> None:
    """Over standard streams, with the real mcp-server-git."""
    arguments = {"repo_path": str(git_place.scratch), "max_count": 1}
    program = StdioServerParameters(command=git_place.program[0], args=git_place.program[1:])
    async with Client(program, mode=mode) as direct:
        expected = dumped(await direct.call_tool("git_log", arguments))
    before = len(git_place.log.calls())
    async with connected(git_place.office, mode, "git") as client:
        assert dumped(await client.call_tool("git_log", arguments)) == expected
    assert git_place.log.calls()[before:] == [{"name": "git_log", "arguments": arguments}]


@pytest.mark.parametrize("mode", PYTHON)
async def test_a_path_outside_is_denied_with_the_explained_reason(place: Office, mode: str) -> None:
    """Contract 4.23 and section 5; the server's own log has nothing of it."""
    before = place.log.calls()
    async with connected(place, mode) as client:
        result = await client.call_tool("read_file", {"path": OUTSIDE})
    assert result.is_error
    said = result.content[0].text
    assert f'path "{OUTSIDE}" is outside /srv/notes, /srv/plans (rule read-notes)' in said
    decision = result.meta[DECISION]
    assert (decision["verdict"], decision["status"]) == ("deny", "denied")
    assert decision["request_url"].startswith(place.running.url)
    assert place.log.calls() == before
    assert place.records(decision["record"])[-1]["kind"] == "call.refused"


@pytest.mark.parametrize("mode", PYTHON)
async def test_a_repository_outside_never_reaches_git(git_place: GitPlace, mode: str) -> None:
    """The same over standard streams: nothing arrives at the child."""
    before = git_place.log.calls()
    async with connected(git_place.office, mode, "git") as client:
        result = await client.call_tool("git_log", {"repo_path": "/etc"})
    assert result.is_error and "outside" in result.content[0].text
    assert git_place.log.calls() == before


@pytest.mark.parametrize("legacy", [True, False])
def test_an_invisible_tool_answers_as_a_missing_one_byte_for_byte(place: Office, legacy: bool) -> None:
    """Contract section 5: only the id and the record differ, and the name that was asked for."""
    agent = place.agent(legacy=legacy)
    hidden = agent.request("tools/call", {"name": "read_salaries", "arguments": {"path": "/srv/notes/a"}}, rpc_id=71)
    missing = agent.request("tools/call", {"name": "make_the_coffee", "arguments": {"path": "/srv/notes/a"}}, rpc_id=72)
    assert (hidden.status, missing.status) == (200, 200)
    kept = ("content-type",)
    assert [hidden.headers[name] for name in kept] == [missing.headers[name] for name in kept]
    told = hidden.body.replace(hidden.decision["record"].encode(), b"R").replace(b"read_salaries", b"T")
    same = missing.body.replace(missing.decision["record"].encode(), b"R").replace(b"make_the_coffee", b"T")
    assert told.replace(b":71", b":I") == same.replace(b":72", b":I")
    assert hidden.decision.keys() == {"verdict", "status", "record"}
    assert "read_salaries" not in agent.tools()
    assert not place.log.calls("read_salaries")


@pytest.mark.parametrize("mode", PYTHON)
async def test_the_servers_own_log_has_one_entry_per_allowed_call(place: Office, mode: str) -> None:
    """Ledger and log of the server, joined over a mixed run."""
    marks = [f"/srv/notes/mixed-{mode}-{number}" for number in range(6)]
    async with connected(place, mode) as client:
        for mark in marks:
            await client.call_tool("read_file", {"path": mark})
            await client.call_tool("read_file", {"path": mark.replace("/srv/notes", "/srv/secrets")})
            await client.call_tool("execute_command", {"command": mark})
    assert [len(place.log.having(mark)) for mark in marks] == [1] * len(marks)
    assert not place.log.calls("execute_command")
    assert not [call for call in place.log.calls("read_file") if "/srv/secrets" in call["arguments"]["path"]]
    assert all("authorization" not in call["headers"] for call in place.log.calls())
    place.require_sound_ledger()


@pytest.mark.parametrize("mode", PYTHON)
async def test_progress_reaches_the_client_in_order(place: Office, mode: str) -> None:
    """Notifications that belong to a call are passed on under the client's own token."""
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with connected(place, mode) as client:
        result = await client.call_tool("count_slowly", {"steps": 3}, progress_callback=hear)
    assert result.content[0].text == "counted"
    assert heard == [1, 2, 3]


# The official TypeScript SDK.


@pytest.mark.node
@pytest.mark.parametrize("sdk", NODE)
def test_typescript_clients_call_through_the_gateway(place: Office, sdk: str) -> None:
    """For the TypeScript SDK: its v1 line, and v2 in both negotiations."""
    token = place.running.token("dev-claude")
    url = f"{place.running.url}/mcp/desk"
    mark = f"/srv/notes/typescript-{sdk}"
    allowed = programs.call(sdk, url, token, "read_file", {"path": mark})["result"]
    denied = programs.call(sdk, url, token, "read_file", {"path": OUTSIDE})["result"]
    unknown = programs.call(sdk, url, token, "read_salaries", {"path": mark})["result"]
    direct = programs.call(sdk, place.desk_url, "", "read_file", {"path": mark})["result"]
    assert allowed["content"] == direct["content"]
    assert allowed.get("structuredContent") == direct.get("structuredContent")
    assert denied["isError"] and "is outside /srv/notes" in denied["content"][0]["text"]
    assert unknown["content"][0]["text"] == "Unknown tool: read_salaries"
    assert len(place.log.having(mark)) == 2


GUIDE = """
version: "1"
default: deny
rules:
  - tool: read_file
    action: allow
    constraints:
      allowedPaths: [NOTES/, PLANS/]
    reason: Workspace files are readable
  - tool: write_file
    action: escalate
    reason: File writes require approval
  - tool: execute_command
    action: deny
    reason: Shell execution is not permitted
"""


@dataclass
class Files:
    """An office with the official filesystem server under the guide's policy, and the folder it serves."""

    office: Office
    folder: Path


@pytest.fixture(scope="module")
def files(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    """Three folders, of which the policy opens two."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("notes", "plans", "secret"):
        (folder / name).mkdir()
        (folder / name / "a.txt").write_text(f"in {name}\n")
    command = programs.filesystem_server(folder)
    server = {"name": "files", "transport": "stdio", "command": command, "approve": "all", "accept_findings": ["*"]}
    config = configuration("") | {"servers": [server], "roles": [{"name": "office", "servers": ["files"]}]}
    guide = GUIDE.replace("NOTES", str(folder / "notes")).replace("PLANS", str(folder / "plans"))
    with gatehouse(config, guide, databases=databases, GATEHOUSE_HOLD_SECONDS="1") as running:
        yield Files(Office(running, Log(folder / "none"), ""), folder)


@pytest.mark.node
@pytest.mark.parametrize("mode", PYTHON)
async def test_a_policy_in_the_guides_form_runs_verbatim(files: Files, mode: str) -> None:
    """Contract 4.11, against the official filesystem server: in, out, and no shell."""
    async with connected(files.office, mode, "files") as client:
        for name in ("notes", "plans"):
            read = await client.call_tool("read_file", {"path": str(files.folder / name / "a.txt")})
            assert read.content[0].text == f"in {name}\n" and not read.is_error
        outside = await client.call_tool("read_file", {"path": str(files.folder / "secret" / "a.txt")})
        assert outside.is_error and "outside" in outside.content[0].text
        assert outside.meta[DECISION]["status"] == "denied"
        shell = await client.call_tool("execute_command", {"command": "ls"})
        assert shell.is_error and shell.content[0].text == "Unknown tool: execute_command"


@pytest.mark.node
def test_a_write_under_the_guides_form_waits_and_runs_once_approved(files: Files) -> None:
    """Contract 4.11: `escalate` in a guide's rule; nothing is written before, exactly the content afterwards."""
    new, agent = files.folder / "notes" / "b.txt", files.office.agent(server="files", legacy=True)
    held = agent.call("write_file", path=str(new), content="approved words")
    assert (held.decision["verdict"], held.decision["status"]) == ("escalate", "waiting")
    assert not new.exists()
    ticket = held.decision["ticket"]
    status, told = files.office.approver().approve(ticket)
    assert (status, told["code"]) == (403, "step-up-required"), "overwriting is destructive"
    stepped_up = (
        "from governance import approvals\nfrom governance.models import Person\n"
        "person = Person.objects.get(email='approver@example.com')\n"
        f"approvals.approve(escalation_id='{ticket}', by=person, stepped_up=True)"
    )
    files.office.running.manage("shell", "-c", stepped_up)
    assert not agent.call("write_file", path=str(new), content="approved words").result.get("isError")
    assert new.read_text() == "approved words"


@pytest.mark.node
@pytest.mark.parametrize("sdk", NODE)
def test_typescript_clients_wait_for_a_person(place: Office, sdk: str) -> None:
    """Protocol 2.3: a held call completes in every line of the SDK, without a word of ours in its code."""
    path = f"/srv/notes/held-{sdk}"
    url, token = f"{place.running.url}/mcp/desk", place.running.token("dev-claude")
    waiting = programs.begin(sdk, url, token, "write_file", {"path": path, "content": "x"})
    assert place.approver().approve(place.waits(path, within=30)["id"])[0] == 200
    assert waiting.answer()["result"]["content"][0]["text"].startswith("wrote")
    assert len(place.log.having(path)) == 1
