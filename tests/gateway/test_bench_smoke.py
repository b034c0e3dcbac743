"""The benchmark is a judge that can be trusted: it sees every wrong answer, and a small run of it stands."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from registry.mcp.revisions import LATEST_LEGACY, MODERN
from tests.bench import load, upstream
from tests.bench.governed import numbering_faults
from tests.bench.load import Spec, measured
from tests.databases import ROOT, server_of_this_run

WITHIN = 110
SLACK = 3  # A shared machine; the figures themselves are `make bench`'s to judge.
UNDISTURBED = 0.3  # Cores that others use, above which a time by the clock says nothing of the gateway.


Spoil = Callable[[bytes], bytes]
WRONG: dict[str, Spoil] = {
    "the answer to another request": lambda body: body.replace(b'"id":1', b'"id":2', 1),
    "the text of another call": lambda body: body.replace(b"every call", b"every tall", 1),
    "no result": lambda body: body.replace(b'"isError":false', b'"isError":true', 1),
    "is malformed": lambda body: body[:-1] + b"!",
}


@asynccontextmanager
async def answering(spoil: Spoil, *, every: int, whole: Callable[[bytes], bytes] | None = None) -> AsyncIterator[str]:
    """An upstream that spoils every so many-th answer to a tool call, or sends it in another HTTP form."""

    class Spoiling(upstream.Wire):
        count = 0

        def called(self, request: upstream.Request, modern: bool) -> bytes:
            Spoiling.count += 1
            body = super().called(request, modern)
            return spoil(body) if Spoiling.count % every == 0 else body

        def answer(self, head: bytes, body: bytes) -> bytes:
            given = super().answer(head, body)
            return whole(given) if whole is not None and b'"isError"' in given else given

    server = await asyncio.get_running_loop().create_server(Spoiling, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    finally:
        server.close()


async def short(url: str, **more: Any) -> dict[str, Any]:
    """A run of a fraction of a second."""
    return await measured(Spec(urls=[url], sessions=3, seconds=0.2, warmup=0.05, **more))


@pytest.mark.parametrize("era", [LATEST_LEGACY, MODERN])
@pytest.mark.parametrize("tool", ["echo", "pad"])
async def test_right_answers_are_counted_one_by_one(era: str, tool: str) -> None:
    before = upstream.Wire.calls
    async with answering(lambda body: body, every=1) as url:
        figures = await short(url, era=era, tool=tool, size=3000)
    assert figures["errors"] == 0 and figures["calls"] > 0
    assert figures["sent"] == figures["answered"] == upstream.Wire.calls - before
    assert 0 < figures["p50_us"] <= figures["p95_us"] <= figures["p99_us"]


@pytest.mark.parametrize("what", WRONG)
async def test_every_wrong_answer_is_an_error_and_no_call(what: str) -> None:
    async with answering(WRONG[what], every=40) as url:
        figures = await short(url)
    assert figures["errors"] > 0
    assert figures["answered"] == figures["sent"] - figures["errors"]
    assert all(what in sample for sample in figures["samples"]), figures["samples"]


async def test_an_http_error_and_a_closed_connection_are_errors() -> None:
    def failing(answer: bytes) -> bytes:
        return answer.replace(b"200 OK", b"500 Internal Server Error", 1)

    async with answering(lambda body: body, every=1, whole=failing) as url:
        figures = await short(url)
    assert figures["calls"] == 0 and figures["errors"] >= load.FAULTS and "HTTP 500" in figures["samples"][0]

    def closing(answer: bytes) -> bytes:
        return answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)

    async with answering(lambda body: body, every=1, whole=closing) as url:
        figures = await short(url)
    assert figures["answered"] == 0 and figures["errors"] == figures["sent"] == 3


async def test_an_answer_that_never_comes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "DRAINED_WITHIN", 0.2)
    async with answering(lambda body: body, every=1, whole=lambda answer: answer[:-1]) as url:
        figures = await short(url)
    assert figures["answered"] == 0 and figures["errors"] == figures["sent"] == 3


async def test_an_answer_as_an_event_stream_in_chunks_is_read_like_a_plain_one() -> None:
    def streamed(answer: bytes) -> bytes:
        body = answer.partition(b"\r\n\r\n")[2]
        event = b": a comment\n\nevent: message\ndata: " + body + b"\n\n"
        parts = (event[:20], event[20:])
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head + chunks

    async with answering(lambda body: body, every=1, whole=streamed) as url:
        figures = await short(url)
    assert figures["errors"] == 0 and figures["calls"] > 0


def test_a_ledger_that_does_not_number_the_calls_makes_a_run_void() -> None:
    def counted(**statuses: int) -> list[dict[str, Any]]:
        kinds = {"intent": ("call.intent", ""), "ok": ("call.outcome", "ok"), "unknown": ("call.outcome", "unknown")}
        return [{"kind": kinds[name][0], "status": kinds[name][1], "n": n, "calls": n} for name, n in statuses.items()]

    assert numbering_faults(counted(intent=7, ok=7), 7) == []
    assert len(numbering_faults(counted(intent=7, ok=6), 7)) == 1
    assert len(numbering_faults(counted(intent=8, ok=7), 7)) == 1
    assert len(numbering_faults(counted(intent=7, ok=6, unknown=1), 7)) == 2
    assert len(numbering_faults(counted(intent=7), 7)) == 1
    twice = [{"kind": "call.intent", "status": "", "n": 7, "calls": 6}, *counted(ok=7)]
    assert len(numbering_faults(twice, 7)) == 1


@pytest.mark.alone
@pytest.mark.timeout(WITHIN + 10)
def test_a_small_run_of_the_benchmark_stands_and_meets_three_times_the_gate(tmp_path: Path) -> None:
    server, out = server_of_this_run(), tmp_path / "bench.json"
    command = [sys.executable, str(ROOT / "tests" / "bench" / "run.py"), "--out", str(out)]
    command += ["--rounds", "1", "--seconds", "0.6", "--warmup", "0.2", "--scenarios", "1", "16"]
    done = subprocess.run(
        [*command, *([] if server else ["--sqlite"])],
        env={**os.environ, "TEST_DATABASE_URL": server},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    report = json.loads(out.read_text())
    assert report["void"] == []
    assert all(run["errors"] == 0 and run["sent"] == run["answered"] and run["calls"] > 0 for run in report["runs"])
    assert any("numbers" in note for note in report["notes"])
    for sessions in ("1", "16"):
        assert all(stage["busy_us"] >= 0 for stage in report["stages"][sessions]["stages"].values())
        assert report["stages"][sessions]["stages"]["admit"]["busy_us"] > 0
    require_three_times_the_gate(report)


def require_three_times_the_gate(report: dict[str, Any]) -> None:
    """CPU and memory always; what the clock measured when little else ran."""
    admit = report["admit"]
    assert admit["rules"] == 1000 and admit["argument_bytes"] == 4096
    assert admit["cpu_p50_us"] <= SLACK * 100 and admit["cpu_p99_us"] <= SLACK * 300
    for row in report["rows"]:
        if row["figure"].startswith("`admit`"):
            continue  # Judged above by the thread's own CPU time, which neighbours do not stretch.
        by_clock = not row["figure"].startswith(("CPU", "memory"))
        if row["gate"] is None or (by_clock and report["others_cores"] > UNDISTURBED):
            continue
        value, gate = row["value"], row["gate"]
        assert value >= gate / SLACK if row["at_least"] else value <= gate * SLACK, row
