"""A stdio upstream and the eras: which one a child speaks, what is tried first, and real servers in theirs."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.manifest.canonical import Kind
from registry.mcp.revisions import Era
from registry.transports.base import BrokenOff, Limits, Unreachable
from registry.transports.fetch import fetch_manifest
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment
from tests.node.programs import filesystem_server, node_problem
from tests.registry.transports.over_stdio import PATIENCE, alive_again, call, running


@pytest.mark.parametrize(
    ("options", "era"),
    [
        (("--modern",), Era.MODERN),
        (("--legacy",), Era.LEGACY),
        (("--lock",), Era.MODERN),
        (("--legacy", "--discover", "die"), Era.LEGACY),
        (("--legacy", "--discover", "silent"), Era.LEGACY),
        (("--start", "noise"), Era.MODERN),
        (("--legacy", "--lock"), Era.LEGACY),
    ],
)
async def test_opening_finds_the_era_of_every_kind_of_server(options: tuple[str, ...], era: Era) -> None:
    async with running(*options, limits=Limits(probe_seconds=1.0, kill_seconds=0.2)) as upstream:
        assert (await upstream.open()).era is era
        assert await call(upstream, "echo", "hello") == "hello"


@pytest.mark.parametrize(
    ("options", "era", "starts"),
    [
        ((), Era.LEGACY, 1),
        (("--lock",), Era.LEGACY, 1),
        (("--legacy",), Era.LEGACY, 1),
        (("--legacy", "--discover", "die"), Era.LEGACY, 1),
        (("--modern",), Era.MODERN, 1),
        (("--modern", "--lock"), Era.MODERN, 2),
        (("--modern", "--initialize", "die"), Era.MODERN, 2),
        (("--modern", "--initialize", "silent"), Era.MODERN, 2),
    ],
)
async def test_the_session_era_is_tried_first_where_it_is_preferred(
    options: tuple[str, ...], era: Era, starts: int, tmp_path: Path
) -> None:
    file = tmp_path / "starts"
    limits = Limits(open_seconds=4.0, probe_seconds=2.5, kill_seconds=0.2)
    async with running(*options, "--starts", str(file), limits=limits, prefer=Era.LEGACY) as upstream:
        assert (await upstream.open()).era is era
        assert await call(upstream, "echo", "hello") == "hello"
        assert len(file.read_text().splitlines()) == starts


async def test_a_server_that_cannot_be_started_is_not_tried_in_the_other_era() -> None:
    for prefer in (None, Era.LEGACY):
        upstream = StdioUpstream(["/no/such/program"], environment={}, prefer=prefer)
        with pytest.raises(Unreachable, match="cannot be started"):
            await upstream.open()
        await upstream.close()


async def test_a_restarted_child_of_the_session_era_is_not_asked_to_discover_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    async with running("--legacy", "--discover", "die", "--starts", str(starts)) as upstream:
        await upstream.open()
        assert len(starts.read_text().splitlines()) == 2
        with pytest.raises(BrokenOff):
            await call(upstream, "die")
        assert await alive_again(upstream, "back") == "back"
        assert len(starts.read_text().splitlines()) == 3


@pytest.fixture
def demo() -> Iterator[Path]:
    folder = Path(__file__).resolve().parents[3] / ".venv-demo" / "bin"
    if not (folder / "mcp-server-time").exists():
        pytest.skip("needs .venv-demo, which requirements/demo.txt makes")
    yield folder


async def test_the_real_time_server_answers_in_the_preferred_era(demo: Path) -> None:
    argv = [str(demo / "mcp-server-time"), "--local-timezone", "UTC"]
    for prefer in (None, Era.LEGACY):
        upstream = StdioUpstream(argv, environment=child_environment(os.environ, {}), prefer=prefer)
        assert (await upstream.open()).era is (prefer or Era.MODERN)
        params = b'{"name":"get_current_time","arguments":{"timezone":"UTC"}}'
        answer = await upstream.request("tools/call", params, name="get_current_time", deadline=PATIENCE)
        assert answer.result is not None
        assert json.loads(answer.result)["isError"] is False
        await upstream.close()


@pytest.mark.node
async def test_the_real_filesystem_server_is_opened_in_the_session_era_whatever_is_preferred(tmp_path: Path) -> None:
    if problem := node_problem():
        pytest.skip(problem)
    (tmp_path / "here.txt").write_text("x")
    for prefer in (None, Era.MODERN, Era.LEGACY):
        environment = child_environment(os.environ, {})
        upstream = StdioUpstream(filesystem_server(tmp_path), environment=environment, prefer=prefer)
        assert (await upstream.open()).era is Era.LEGACY
        params = json.dumps({"name": "list_directory", "arguments": {"path": str(tmp_path)}}).encode()
        answer = await upstream.request("tools/call", params, name="list_directory", deadline=PATIENCE)
        assert b"here.txt" in (answer.result or b"")
        await upstream.close()


async def test_the_real_git_server_gives_its_manifest_and_reads_a_repository(demo: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec("git", "init", "-q", str(tmp_path))
    assert await process.wait() == 0
    upstream = StdioUpstream(
        [str(demo / "mcp-server-git"), "-r", str(tmp_path)], environment=child_environment(os.environ, {})
    )
    manifest = await fetch_manifest(upstream, deadline=PATIENCE)
    assert {"git_status", "git_commit", "git_reset"} <= {item.name for item in manifest.of(Kind.TOOL)}
    params = json.dumps({"name": "git_status", "arguments": {"repo_path": str(tmp_path)}}).encode()
    answer = await upstream.request("tools/call", params, name="git_status", deadline=PATIENCE)
    assert answer.result is not None
    assert json.loads(answer.result)["isError"] is False
    await upstream.close()
