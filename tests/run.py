"""The whole suite: on SQLite, then what depends on the database again on PostgreSQL and Redis. `make test` runs this.

GATEHOUSE_REQUIRE=postgres,redis,browser,node turns what would be skipped into failures. Arguments go to pytest.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.databases import LOCAL_POSTGRES, LOCAL_REDIS  # noqa: E402  The path above comes first.
from tests.present import NEEDS, missing  # noqa: E402
from tests.running import forget_redis_keys, public  # noqa: E402

COUNTS = "GATEHOUSE_TEST_COUNTS"  # Where tests/conftest.py leaves what came of a run.
OUTCOMES = ("failed", "passed", "skipped", "xfailed", "xpassed", "error")
NO_TESTS = 5  # pytest's exit status when nothing was selected.
INTERRUPTED = 2
# Most tests wait for a process more than they compute: with one worker a core, half of the machine would idle.
WORKERS = min(8, 2 * (os.cpu_count() or 1))
WORKERS_ON_A_SERVER = min(3, WORKERS)  # Each has several processes, and a server takes 100 connections as it comes.
WIDTH = 80


@dataclass(slots=True)
class Sums:
    """What came of all runs of pytest together."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    status: int = 0

    def add(self, status: int, left: Path) -> None:
        """Add one run; a run that left no counts behind did not get to its end."""
        if status not in (0, NO_TESTS):
            self.status = self.status or status
        if left.exists():
            told = json.loads(left.read_text())
            self.counts.update(told["counts"])
            self.reasons += [reason for reason in told["skipped"] if reason not in self.reasons]

    def line(self, seconds: float) -> str:
        """The closing line, as pytest writes it."""
        words = {"error": "errors" if self.counts["error"] != 1 else "error"}
        said = [f"{self.counts[each]} {words.get(each, each)}" for each in OUTCOMES if self.counts[each]]
        text = f" {', '.join(said) or 'no tests ran'} in {seconds:.2f}s ({timedelta(seconds=int(seconds))}) "
        return text.center(WIDTH, "=")


def main(arguments: list[str]) -> int:
    """Run everything; returns the exit status."""
    started = time.monotonic()
    required = [name for name in os.environ.get("GATEHOUSE_REQUIRE", "").split(",") if name]
    if unknown := sorted({*required} - {*NEEDS}):
        print(f"GATEHOUSE_REQUIRE names {', '.join(unknown)}; it may name {', '.join(NEEDS)}", file=sys.stderr)
        return 2
    absent = {need: why for need in NEEDS if (why := missing(need))}
    sums = Sums()
    for need, why in absent.items():
        say(f"{'REQUIRED, and missing' if need in required else 'skipped'}: tests that need {need} ({why})")
    plain = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    run_suite("SQLite, everything in one process", plain, arguments, sums)
    if "postgres" not in absent and sums.status != INTERRUPTED:
        on_postgres(plain, "" if "redis" in absent else redis_url(), arguments, sums)
    for reason in sums.reasons:
        say(f"skipped: {reason.removeprefix('Skipped: ')}")
    if refused := sorted({*absent} & {*required}):
        say(f"GATEHOUSE_REQUIRE asks for {', '.join(refused)}, which is not here")
        sums.status = sums.status or 1
    if not sums.counts["passed"]:
        sums.status = sums.status or 1
    print(sums.line(time.monotonic() - started), flush=True)
    return sums.status


def on_postgres(plain: dict[str, str], redis: str, arguments: list[str], sums: Sums) -> None:
    """Run again what depends on the database: on PostgreSQL, and with Redis where it answers."""
    server = os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    name = f"gatehouse_run_{secrets.token_hex(4)}"
    environment = plain | {
        "TEST_DATABASE_URL": server,
        "DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl(),
        "GATEHOUSE_REDIS_PREFIX": name,
    }
    if redis:
        environment["REDIS_URL"] = redis
    title = f"PostgreSQL at {public(server)}, " + (f"Redis at {public(redis)}" if redis else "without Redis")
    try:
        run_suite(title, environment, ["--each-database", *arguments], sums, workers=WORKERS_ON_A_SERVER)
    finally:
        if redis:
            forget_redis_keys(redis, name)


def run_suite(
    title: str, environment: dict[str, str], arguments: list[str], sums: Sums, *, workers: int = WORKERS
) -> None:
    """The bulk on all cores, then the tests that measure seconds, by themselves."""
    say(title)
    # A file stays with one worker, since its tests share what is started; tests/conftest.py says which begin.
    shared = ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
    run_pytest([*shared, "-m", "not alone", *arguments], environment, sums)
    if sums.status != INTERRUPTED:
        say(f"{title}: tests that measure seconds, by themselves")
        run_pytest(["-m", "alone", *arguments], environment, sums)


def run_pytest(arguments: list[str], environment: dict[str, str], sums: Sums) -> None:
    """One run of pytest, added to the sums."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-counts-") as folder:
        left = Path(folder, "counts.json")
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        status = subprocess.run(command, cwd=ROOT, env=environment | {COUNTS: str(left)}, check=False).returncode
        sums.add(status, left)


def redis_url() -> str:
    """The Redis that tests use."""
    return os.environ.get("TEST_REDIS_URL") or LOCAL_REDIS


def say(text: str) -> None:
    """A line between two runs, in order with what they print."""
    print(f"## {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
