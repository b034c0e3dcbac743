"""A stdio upstream: its child's environment, its faults, its death and what comes after, its end."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.transports.base import BrokenOff, Garbage, Limits, NotSent, TimedOut, TooLarge, Unreachable, UpstreamError
from registry.transports.stdio import StdioUpstream
from registry.transports.stdio_child import child_environment
from tests.registry.transports.over_stdio import PATIENCE, SHORT, alive_again, call, is_running, running, until


@pytest.fixture(params=["--modern", "--legacy"])
async def upstream(request: pytest.FixtureRequest) -> AsyncIterator[StdioUpstream]:
    async with running(request.param) as opened:
        await opened.open()
        yield opened


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


async def test_a_child_of_the_session_era_confirms_listening_at_once() -> None:
    async with running("--legacy") as upstream:
        await upstream.open()
        confirmed: list[bytes] = []
        listening = asyncio.create_task(
            upstream.listen(b'{"n":1}', lambda *_: None, deadline=PATIENCE, on_confirmed=confirmed.append)
        )
        await asyncio.sleep(0)
        assert confirmed == [b'{"n":1}']
        listening.cancel()
        await asyncio.wait([listening])


async def test_a_child_of_the_modern_era_confirms_each_subscription_by_its_own_acknowledgement() -> None:
    async with running("--modern", "--subscriptions") as upstream:
        await upstream.open()
        confirmed: list[list[bytes]] = [[], []]
        heard: list[str] = []
        listening = [
            asyncio.create_task(
                upstream.listen(
                    b'{"resourceSubscriptions":["x:%d","x:9"]}' % number,
                    lambda method, _: heard.append(method),
                    deadline=PATIENCE,
                    on_confirmed=into.append,
                )
            )
            for number, into in enumerate(confirmed)
        ]
        await asyncio.sleep(0)
        assert await call(upstream, "echo", "meanwhile") == "meanwhile"
        assert confirmed == [[], []]
        assert await call(upstream, "acknowledge", "x:9") == "2"
        said = [[json.loads(one)["resourceSubscriptions"] for one in each] for each in confirmed]
        assert said == [[["x:0"]], [["x:1"]]] and heard == []
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


async def test_a_silent_child_is_unreachable_within_the_deadline_of_the_call() -> None:
    async with running("--start", "silent") as upstream:
        began = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            await call(upstream, "echo", deadline=SHORT)
        assert not failure.value.sent
        assert time.monotonic() - began < SHORT + 1
