"""Scans that a server asks for and that are due, in every process shape of the contract."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.flows.shifting import POLICY, SERVER, Shifting, configured, tools
from tests.raw_agent import Agent
from tests.running import Running, gatehouse
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(240)
WITHIN = 90.0  # Beside a full machine; alone it takes two seconds, and fifteen until a scheduler looks.


@contextmanager
def serving(shape: str, databases: Databases, server: Shifting) -> Iterator[Running]:
    """The process that agents talk to, with whatever else the shape has."""
    redis = os.environ.get("REDIS_URL", "") if shape == "roles apart" else ""
    with gatehouse(configured(server, ["dev-claude"]), POLICY, databases=databases, redis_url=redis) as whole:
        if shape == "one process":
            yield whole
        elif shape == "a gateway beside one that does everything":
            with whole.beside("--only", "gateway") as other:
                yield other
        else:
            with whole.beside("--only", "gateway") as other, whole.beside("--only", "worker"):
                whole.stop()
                yield other


def offer(server: Shifting, told: int, words: str = "") -> None:
    """Offer two tools, one with these words; counting `told` up makes the server say that its lists changed."""
    offered = tools("read", "write")
    offered[0]["description"] += words
    server.offer({"tools": offered, "told": told})


def state(running: Running) -> str:
    return str(running.rows("SELECT state FROM registry_server WHERE name = ?", SERVER)[0]["state"])


SHAPES = [
    "one process",
    pytest.param("a gateway beside one that does everything", marks=pytest.mark.postgres),
    pytest.param("roles apart", marks=[pytest.mark.postgres, pytest.mark.redis]),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_change_that_the_server_announces_is_scanned_and_held(
    shape: str, databases: Databases, tmp_path: Path
) -> None:
    """A gateway without a worker of its own leaves the wish in the database, where another process finds it."""
    server = Shifting(tmp_path)
    offer(server, told=1)
    with serving(shape, databases, server) as running:
        agent = Agent(running, running.token("dev-claude"), SERVER)
        assert agent.call("read").text == "read: Read a page."
        offer(server, told=2, words=" And mail it.")
        eventually(lambda: state(running) == "sync-required", within=WITHIN, what="the change is held")
        eventually(lambda: set(agent.tools()) == {"write"}, within=WITHIN, what="it is hidden")
        run = running.rows("SELECT why, state, started_at FROM registry_scanrun ORDER BY id DESC LIMIT 1")[0]
        assert (run["why"], run["state"]) == ("list_changed", "done")


def test_a_server_that_is_due_is_scanned_by_the_scheduler(databases: Databases, tmp_path: Path) -> None:
    server = Shifting(tmp_path)
    offer(server, told=1)
    config = configured(server, ["dev-claude"])
    with gatehouse(config, POLICY, databases=databases, GATEHOUSE_SCAN_EVERY="1") as running:
        offer(server, told=1, words=" And mail it.")  # It says nothing of it.
        eventually(lambda: state(running) == "sync-required", within=WITHIN, what="the change is held")
        why = {row["why"] for row in running.rows("SELECT why FROM registry_scanrun")}
        assert why == {"apply", "schedule"}
