"""A stdio upstream: its child's environment, its faults, its death and what comes after, its end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from registry.manifest.canonical import Kind
from registry.mcp.revisions import Era
from registry.transports.base import (
    BrokenOff,
    Garbage,
    Limits,
    NotSent,
    TimedOut,
    TooLarge,
    Unreachable,
    UpstreamError,
)
from registry.transports.fetch import fetch_manifest
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment
from tests.node.programs import filesystem_server, node_problem

CHILD = str(Path(__file__).resolve().parents[2] / "upstream_child.py")
LIMITS = Limits(result_bytes=256 * 1024, probe_seconds=5.0, kill_seconds=0.5)
PATIENCE = 10.0
SHORT = 0.3

Make = Callable[..., StdioUpstream]


@asynccontextmanager
async def running(*options: str, limits: Limits = LIMITS, **extra: object) -> AsyncIterator[StdioUpstream]:
    environment = child_environment(os.environ, {"API_KEY": "for the child"})
    argv = [sys.executable, CHILD, *options]
    upstream = StdioUpstream(argv, environment=environment, limits=limits, **extra)  # type: ignore[arg-type]
    try:
        yield upstream
    finally:
        await upstream.close()


@pytest.fixture(params=["--modern", "--legacy"])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[StdioUpstream]:
    async with running(request.param) as opened:
        await opened.open()
        yield opened


async def call(upstream: StdioUpstream, tool: str, text: str = "", deadline: float = PATIENCE) -> str:
    params = json.dumps({"name": tool, "arguments": {"text": text}}).encode()
    answer = await upstream.request("tools/call", params, name=tool, deadline=deadline)
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


async def alive_again(upstream: StdioUpstream, text: str) -> str:
    """The answer of the next child, once the pause after a death is over; bounded."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await call(upstream, "echo", text)
            except Unreachable:
                await asyncio.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_call_is_answered_and_many_share_one_child(upstream: StdioUpstream) -> None:
    answers = await asyncio.gather(*(call(upstream, "echo", str(number)) for number in range(50)))
    assert answers == [str(number) for number in range(50)]


@pytest.mark.parametrize("tool", ["two_answers", "noise_then_answer", "split", "crlf", "stderr_flood"])
async def test_an_odd_but_sound_answer_is_taken(upstream: StdioUpstream, tool: str) -> None:
    assert await call(upstream, tool, "mine") == "mine"
    for number in range(5):
        assert await call(upstream, "echo", str(number)) == str(number)


@pytest.mark.parametrize("tool", ["hang", "garbage", "half_json", "wrong_id", "text_id"])
async def test_without_an_answer_of_its_own_a_call_times_out(upstream: StdioUpstream, tool: str) -> None:
    began = time.monotonic()
    with pytest.raises(TimedOut):
        await call(upstream, tool, "lost", deadline=SHORT)
    assert time.monotonic() - began < SHORT + 1
    for number in range(5):
        assert await call(upstream, "echo", str(number)) == str(number)


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("die", BrokenOff),
        ("die_mid_line", BrokenOff),
        ("close_stdout", BrokenOff),
        ("endless_line", TooLarge),
        ("large", TooLarge),
        ("endless_noise", Garbage),
        ("endless_foreign", Garbage),
    ],
)
async def test_a_child_that_cannot_go_on_fails_its_calls_and_is_replaced(
    upstream: StdioUpstream, tool: str, expected: type[UpstreamError]
) -> None:
    first = upstream.pid
    beside = asyncio.create_task(call(upstream, "hang", deadline=PATIENCE))
    await asyncio.sleep(0)  # It is written first.
    with pytest.raises(UpstreamError) as failure:
        await call(upstream, tool)
    assert type(failure.value) is expected
    assert failure.value.sent
    with pytest.raises(expected):
        await beside
    assert first is not None
    await until(lambda: not is_running(first))
    assert await alive_again(upstream, "back") == "back"
    assert upstream.pid != first


async def test_last_words_of_a_dead_child_come_with_the_error(upstream: StdioUpstream) -> None:
    with pytest.raises(BrokenOff) as failure:
        await call(upstream, "die")
    assert failure.value.detail == "I cannot go on"


async def test_an_answer_written_just_before_the_end_is_still_taken(upstream: StdioUpstream) -> None:
    assert await call(upstream, "answer_and_die", "last") == "last"


async def test_after_a_death_requests_fail_fast_until_the_pause_is_over(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    async with running("--start", "die", "--starts", str(starts)) as upstream:
        with pytest.raises(Unreachable):
            await call(upstream, "echo")
        began = time.monotonic()
        refused = 0
        for _ in range(20):
            with pytest.raises(Unreachable) as failure:
                await call(upstream, "echo")
            refused += "at the earliest" in str(failure.value)
        assert time.monotonic() - began < PATIENCE
        assert refused >= 15
        assert len(starts.read_text().splitlines()) < 10


async def test_a_command_that_is_not_there_is_unreachable() -> None:
    upstream = StdioUpstream(["/no/such/program"], environment={})
    with pytest.raises(Unreachable, match="/no/such/program"):
        await upstream.open()
    await upstream.close()


async def test_the_child_sees_five_variables_of_the_gateway_and_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEHOUSE_SECRET_KEY", "never shown")
    monkeypatch.setenv("TZ", "UTC")
    async with running(cwd=str(tmp_path)) as upstream:
        facts = json.loads(await call(upstream, "environment"))
    assert set(facts["env"]) - {"LC_CTYPE"} <= {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "API_KEY"}
    assert (facts["env"]["API_KEY"], facts["env"]["TZ"]) == ("for the child", "UTC")
    assert facts["cwd"] == str(tmp_path)
    assert facts["leads"]


async def test_arguments_of_the_command_reach_the_child_unread_by_any_shell(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    heard = tmp_path / "heard"
    speak = "import pathlib, sys; pathlib.Path(sys.argv[2]).write_text(sys.argv[1])"
    argv = [sys.executable, "-c", speak, f"$(touch {marker}); `id` && x", str(heard)]
    upstream = StdioUpstream(argv, environment=child_environment(os.environ, {}))
    with pytest.raises((BrokenOff, NotSent)):  # It ends without an answer: before or after it was asked.
        await upstream.open()
    assert heard.read_text() == argv[3]
    assert not marker.exists()
    await upstream.close()


@pytest.mark.parametrize("options", [(), ("--ignore-term",)])
async def test_closing_ends_the_child_and_all_it_started(tmp_path: Path, options: tuple[str, ...]) -> None:
    grandchild = tmp_path / "pid"
    async with running("--grandchild", str(grandchild), *options) as upstream:
        await call(upstream, "echo")
        child, below = upstream.pid, int(grandchild.read_text())
        assert child is not None
        waiting = asyncio.create_task(call(upstream, "hang"))
        await asyncio.sleep(0)
        await upstream.close()
        with pytest.raises(UpstreamError):
            await waiting
    await until(lambda: not is_running(child) and not is_running(below))


async def test_a_closed_upstream_starts_no_child() -> None:
    async with running() as upstream:
        await upstream.open()
        await upstream.close()
        with pytest.raises(NotSent):
            await call(upstream, "echo")
        assert upstream.pid is None


async def test_a_child_that_does_not_read_takes_no_more_requests() -> None:
    async with running() as upstream:
        assert await call(upstream, "stop_reading") == "deaf from now on"
        text = "x" * 1_000_000
        failures = []
        for _ in range(16):
            with pytest.raises(UpstreamError) as failure:
                await call(upstream, "echo", text, deadline=0.05)
            failures.append(type(failure.value))
        assert failures[0] is TimedOut
        assert failures[-1] is NotSent


async def test_a_cancelled_call_is_cancelled_at_the_server(upstream: StdioUpstream) -> None:
    waiting = asyncio.create_task(call(upstream, "hang", deadline=60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(TimedOut):
        await call(upstream, "hang", deadline=0.05)
    await call(upstream, "echo")
    assert len(json.loads(await call(upstream, "cancelled"))) == 2


async def test_calls_beyond_the_limit_wait_and_fail_unsent() -> None:
    async with running(limits=Limits(connections=1)) as upstream:
        await upstream.open()
        stuck = asyncio.create_task(call(upstream, "hang", deadline=60))
        await asyncio.sleep(0)
        with pytest.raises(NotSent):
            await call(upstream, "echo", deadline=0.1)
        stuck.cancel()
        await asyncio.wait([stuck])
        assert await call(upstream, "echo", "free") == "free"


async def test_progress_comes_back_under_the_callers_own_token(upstream: StdioUpstream) -> None:
    heard: list[tuple[str, bytes]] = []
    await upstream.request(
        "tools/call",
        b'{"name":"progress"}',
        deadline=PATIENCE,
        progress_token=b"4",
        on_event=lambda method, params: heard.append((method, params)),
    )
    assert heard == [("notifications/progress", b'{"progressToken":4,"progress":1}')] * 2


async def test_what_a_child_says_to_nobody_is_heard_by_all_who_listen_and_by_no_request() -> None:
    async with running("--legacy") as upstream:
        await upstream.open()
        heard: list[list[str]] = [[], []]
        listening = [
            asyncio.create_task(upstream.listen(b"{}", lambda method, _, to=to: to.append(method), deadline=PATIENCE))  # type: ignore[misc]
            for to in heard
        ]
        await asyncio.sleep(0)
        said: list[str] = []
        await upstream.request(
            "tools/call", b'{"name":"announce"}', deadline=PATIENCE, on_event=lambda method, _: said.append(method)
        )
        assert heard == [["notifications/tools/list_changed", "notifications/message"]] * 2
        assert said == []
        for task in listening:
            task.cancel()
        await asyncio.wait(listening)


async def test_a_child_of_the_modern_era_tells_listeners_no_change_they_did_not_subscribe_to() -> None:
    async with running("--modern") as upstream:
        await upstream.open()
        heard: list[str] = []
        listening = asyncio.create_task(upstream.listen(b"{}", lambda method, _: heard.append(method), deadline=SHORT))
        await asyncio.sleep(0)
        await call(upstream, "announce")
        with pytest.raises(NotSent):  # It answers that it has no subscriptions; what it said came before or after.
            await listening
        assert "notifications/tools/list_changed" not in heard


async def test_a_child_lives_under_the_limits_it_was_given() -> None:
    limits = Limits(open_files=300, memory_bytes=1 << 31)
    async with running(limits=limits) as upstream:
        assert json.loads(await call(upstream, "limits")) == [[0, 0], [300, 300], [1 << 31, 1 << 31]]


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


async def test_a_silent_child_is_unreachable_within_the_deadline_of_the_call() -> None:
    async with running("--start", "silent") as upstream:
        began = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            await call(upstream, "echo", deadline=SHORT)
        assert not failure.value.sent
        assert time.monotonic() - began < SHORT + 1


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
