"""The end of children when the gateway is killed, and that nothing but its end kills them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from registry.transports.base import Limits
from registry.transports.stdio_child import Child, child_environment
from registry.transports.watchman import end_with, watchman
from tests.architecture.sources import ROOT
from tests.waiting import eventually

CHILD = str(ROOT / "tests" / "upstream_child.py")
GATEWAY = """
import asyncio, json, os, signal, sys
from registry.transports.stdio import StdioUpstream
from registry.transports.watchman import watchman

async def main():
    pids = []
    for folder in sys.argv[2:]:
        argv = [sys.executable, sys.argv[1], "--ignore-term", "--grandchild", folder]
        upstream = StdioUpstream(argv, environment=dict(os.environ))
        await upstream.open()
        pids.append(upstream.pid)
        if len(pids) == 1 and WATCHMAN_DIES:
            os.kill(watchman.pid, signal.SIGKILL)
            os.waitpid(watchman.pid, 0)
    print(json.dumps([watchman.pid, *pids]), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("watchman_dies", [False, True])
def test_a_gateway_that_is_killed_takes_its_children_and_all_they_started_with_it(
    tmp_path: Path, watchman_dies: bool
) -> None:
    files = [tmp_path / "first", tmp_path / "second"]
    program = GATEWAY.replace("WATCHMAN_DIES", str(watchman_dies))
    argv = [sys.executable, "-c", program, CHILD, *map(str, files)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True) as gateway:
        assert gateway.stdout is not None
        pids = [*json.loads(gateway.stdout.readline()), *(int(file.read_text()) for file in files)]
        assert all(map(is_running, pids))
        os.killpg(gateway.pid, signal.SIGKILL)
    eventually(lambda: not any(map(is_running, pids)), what="watchman, children and grandchildren are gone")


def test_a_child_outlives_the_thread_that_started_it() -> None:
    children: list[Child] = []

    async def start() -> None:
        child = Child(Limits(), lambda _, line: True, lambda _, error: None)
        await child.start([sys.executable, CHILD, "--ignore-term"], child_environment(os.environ, {}), None)
        children.append(child)
        child._disconnect()  # It does not care, and its pipes are closed before their event loop is.
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(start()))
    thread.start()
    thread.join()
    pid = children[0].pid
    assert is_running(pid)
    os.killpg(pid, signal.SIGKILL)
    eventually(lambda: not is_running(pid))


def test_what_is_released_is_left_alone_and_the_rest_is_ended() -> None:
    with (
        subprocess.Popen(["sleep", "1000"], start_new_session=True) as kept,
        subprocess.Popen(["sleep", "1000"], start_new_session=True) as ended,
    ):
        lines = [b"+%d\n" % kept.pid, b"+%d\n" % ended.pid, b"-%d\n" % kept.pid]
        end_with(lines)
        assert ended.wait(10) == -signal.SIGKILL
        assert kept.poll() is None
        kept.kill()


def test_a_forked_process_holds_nothing_of_its_parents_watchman() -> None:
    watchman.watch(2**22 + 1)  # No group has so high a number.
    try:
        child = os.fork()
        if child == 0:
            watchman.watch(2**22 + 2)
            os._exit(0 if watchman.pid and watchman._groups == {2**22 + 2} else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert is_running(watchman.pid)
    finally:
        watchman.release(2**22 + 1)
    assert watchman._groups.isdisjoint({2**22 + 1, 2**22 + 2})
