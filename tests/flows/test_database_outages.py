"""The database hangs, dies, or is slow: calls are refused in two seconds, nothing is forwarded, and all comes back."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.databases import databases
from tests.flows.offices import POLICY, Office, configuration, desk
from tests.own_postgres import OwnPostgres, own_postgres
from tests.raw_agent import Reply
from tests.running import gatehouse
from tests.waiting import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(180)]

REFUSED_WITHIN = 2.0
# What the machine adds to two seconds: connecting, and a thread pool that shares two cores with PostgreSQL.
SLACK = 0.4
BACK_WITHIN = 10.0
LIMITED = "\n  - {id: five, tool: desk/wait, action: allow, limit: {calls: 5, per: 1h, by: agent}, reason: Five}\n"
POLICY_HERE = POLICY.replace("[desk/count_slowly, desk/wait]", "[desk/count_slowly]") + LIMITED


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, OwnPostgres]]:
    """An office on a PostgreSQL of its own."""
    folder = tmp_path_factory.mktemp("outage")
    with own_postgres() as postgres, databases(postgres.url, folder / "databases") as made, desk(folder) as (url, log):
        settings = {"GATEHOUSE_HOLD_SECONDS": "1", "GATEHOUSE_LEG_SECONDS": "1"}
        with gatehouse(configuration(url), POLICY_HERE, databases=made, **settings) as running:
            yield Office(running, log, url), postgres
            Office(running, log, url).require_sound_ledger()
            running.kill()


def timed(office: Office, path: str, tool: str = "read_file", **arguments: Any) -> tuple[Reply, float]:
    """One call and how long it took."""
    begun = time.monotonic()
    reply = office.agent().call(tool, **(arguments or {"path": path}))
    return reply, time.monotonic() - begun


def require_refused(office: Office, path: str) -> None:
    """Calls right after the fault, and calls that find the snapshot old already: all refused, none forwarded."""
    until = time.monotonic() + 4.0
    refused = 0
    with ThreadPoolExecutor(4) as pool:
        while time.monotonic() < until:
            for reply, seconds in pool.map(lambda _: timed(office, path), range(4)):
                assert reply.error["code"] == 50300, reply.message
                assert "nothing was sent" in reply.error["message"]
                assert seconds < REFUSED_WITHIN + SLACK, seconds
                refused += 1
    assert refused >= 8
    assert not office.log.having(path)
    assert office.running.readiness().startswith("503")


def require_back(office: Office) -> None:
    """Calls are served again, without anybody's hand, and the ledger counts what was refused."""
    path = f"/srv/notes/{secrets.token_hex(4)}"

    def served() -> bool:
        reply, _ = timed(office, path)
        return "result" in reply.message and not reply.result.get("isError")

    eventually(served, within=BACK_WITHIN, what="a served call")
    eventually(office.running.ready, within=BACK_WITHIN, what="/readyz")


def approved_call(office: Office) -> str:
    """The path of a held call that has been approved."""
    path = f"/srv/notes/{secrets.token_hex(6)}"
    assert office.agent().call("write_file", path=path, content="x").result["resultType"] == "input_required"
    assert office.approver().approve(office.waits(path)["id"])[0] == 200
    return path


FAULTS: dict[str, tuple[Callable[[OwnPostgres], None], Callable[[OwnPostgres], None]]] = {
    "frozen": (OwnPostgres.freeze, OwnPostgres.thaw),
    "killed": (OwnPostgres.kill, OwnPostgres.start),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_while_the_database_is_away_calls_are_refused_and_then_served_again(
    outage: tuple[Office, OwnPostgres], fault: str
) -> None:
    """Security F1 and D2: refused within 2 s, 0 forwarded, back within 10 s; approvals and counters survive."""
    office, postgres = outage
    away, back = FAULTS[fault]
    require_back(office)
    approved = approved_call(office)
    assert office.agent().call("wait", seconds=0).text == "waited"
    gaps = len(office.running.ledger("gap"))
    lost = f"/srv/notes/{secrets.token_hex(6)}"
    away(postgres)
    require_refused(office, lost)
    back(postgres)
    require_back(office)
    assert not office.log.having(lost), "what was refused does not run later"
    assert office.agent().call("write_file", path=approved, content="x").text.startswith("wrote")
    assert len(office.log.having(approved)) == 1
    eventually(lambda: len(office.running.ledger("gap")) > gaps, what="a gap entry")
    office.require_sound_ledger()


def test_a_limit_counts_across_the_outages(outage: tuple[Office, OwnPostgres]) -> None:
    """Contract 4.15: five calls an hour are five, however often the store went away meanwhile."""
    office, _ = outage
    taken = len(office.log.calls("wait"))
    for _ in range(5 - taken):
        assert office.agent().call("wait", seconds=0).text == "waited"
    assert office.agent().call("wait", seconds=0).decision["status"] == "limited"
    assert len(office.log.calls("wait")) == 5


@contextmanager
def slow_ledger(office: Office) -> Iterator[None]:
    """Nobody can write into the ledger while this lasts; everything can still be read."""
    copy = office.running.installation.copy
    if copy.url.startswith("sqlite"):
        holder = sqlite3.connect(copy.name, isolation_level=None, timeout=5)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")
            holder.close()
        return
    with psycopg.connect(copy.url, connect_timeout=5) as link:
        link.execute("LOCK TABLE governance_ledgerentry IN SHARE ROW EXCLUSIVE MODE")
        yield


def test_a_ledger_that_hangs_refuses_in_time_and_recovers(make_office: Callable[..., Any], tmp_path: Path) -> None:
    """Contract section 8, ledger deadline 2 s, on both databases: one closing record for each refused call."""
    with make_office() as office:
        assert not timed(office, "/srv/notes/before")[0].result.get("isError")
        with slow_ledger(office), ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(lambda number: timed(office, f"/srv/notes/slow-{number}"), range(6)))
        for reply, seconds in replies:
            assert reply.error["code"] == 50300 and seconds < REFUSED_WITHIN + SLACK
        require_back(office)
        assert not [call for call in office.log.calls() if "slow" in call["arguments"].get("path", "")]
        for reply, _ in replies:
            closing = [entry["kind"] for entry in office.records(reply.decision["record"])]
            assert closing in (["call.refused"], ["call.intent", "call.outcome"])
        office.require_sound_ledger()
