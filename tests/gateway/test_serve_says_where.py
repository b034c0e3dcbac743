"""What `manage.py serve` says on standard output: one line once it listens, at once and whatever standard output is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.running import Running
from tests.waiting import eventually

pytestmark = pytest.mark.any_database

NOBODY: dict[str, Any] = {"people": [{"email": "dev@example.com", "roles": ["developer"]}]}


def lines(running: Running) -> list[str]:
    """The lines about running, once there is one."""
    return eventually(lambda: [line for line in running.log.splitlines() if "running" in line], what="a line")


def test_a_started_process_says_its_address_once(gatehouse: Callable[..., Running]) -> None:
    """Into a file too, which Python would buffer."""
    running = gatehouse(NOBODY, PYTHONUNBUFFERED="")
    assert lines(running) == [f"Gatehouse is running: {running.url}"]
    assert running.stop() == 0
    assert lines(running) == [f"Gatehouse is running: {running.url}"]


def test_the_address_is_the_one_that_people_open(gatehouse: Callable[..., Running]) -> None:
    """Behind a proxy it is the proxy's."""
    running = gatehouse(NOBODY, GATEHOUSE_PUBLIC_URL="https://gatehouse.example.com")
    assert lines(running) == ["Gatehouse is running: https://gatehouse.example.com"]


@pytest.mark.postgres
def test_each_process_says_it_that_listens(gatehouse: Callable[..., Running], databases: Any) -> None:
    """One that serves the console alone too; a worker or scheduler has no address."""
    if not databases.server:
        pytest.skip("several processes need PostgreSQL")
    first = gatehouse(NOBODY)
    with first.beside("--only", "console") as console, first.beside("--only", "scheduler") as scheduler:
        assert lines(console) == [f"Gatehouse is running: {console.url}"]
        assert "running" not in scheduler.log
