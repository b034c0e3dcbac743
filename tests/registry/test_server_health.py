"""Between scans: a server that stops answering is in error, one that answers again is back, and no item moves."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from governance.models import LedgerEntry
from governance.rights import Machine
from registry import health
from registry.lifecycle import Shown, approve_items
from registry.models import ScanRun, Server
from registry.scanning import scan
from tests.upstream_simulator import HttpSimulator

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9/mcp"


@pytest.fixture
def simulator() -> Iterator[HttpSimulator]:
    """A real server over HTTP, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def started() -> HttpSimulator:
        return await HttpSimulator().__aenter__()

    made = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
    yield made
    asyncio.run_coroutine_threadsafe(made.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def web(simulator: HttpSimulator, make_server: Callable[..., Server]) -> Server:
    """A web server that was scanned and approved a while ago."""
    server = make_server("web", url=simulator.url, allow_private_address=True)
    scan(server.pk, by=Machine.OPERATOR)
    approve_items(server=server, items=[Shown.of(item) for item in server.items.all()], by=Machine.OPERATOR)
    long_ago(server)
    return server


def long_ago(server: Server) -> None:
    Server.objects.filter(pk=server.pk).update(scanned_at=timezone.now() - timedelta(minutes=5))
    server.refresh_from_db()


def checked(server: Server, after: timedelta = timedelta()) -> int:
    changed = health.check_due(timezone.now() + after)
    server.refresh_from_db()
    return changed


def last_change() -> dict[str, Any]:
    entry = LedgerEntry.objects.order_by("seq").last()
    assert entry is not None
    found: dict[str, Any] = json.loads(entry.text)["change"]
    return found


def test_a_server_that_answers_is_noted_and_asked_for_nothing_that_it_offers(
    web: Server, simulator: HttpSimulator
) -> None:
    """health checks between scans."""
    before, entries = len(simulator.received), LedgerEntry.objects.count()
    assert checked(web) == 0
    assert web.checked_at is not None
    asked = [received.message["method"] for received in simulator.received[before:] if received.verb == "POST"]
    assert asked
    assert not {"tools/list", "prompts/list", "resources/list"} & set(asked)
    assert (web.state, LedgerEntry.objects.count()) == ("ready", entries)


def test_it_is_not_asked_again_before_its_time(web: Server, simulator: HttpSimulator) -> None:
    checked(web)
    before = len(simulator.received)
    checked(web)
    assert len(simulator.received) == before
    checked(web, after=health.EVERY)
    assert len(simulator.received) > before


def test_a_server_that_stops_answering_is_in_error_and_back_when_it_answers(
    web: Server, simulator: HttpSimulator
) -> None:
    Server.objects.filter(pk=web.pk).update(url=NOWHERE)
    assert checked(web) == 1
    assert web.state == "error"
    assert web.state_reason.startswith("Could not reach web: ")
    assert (last_change()["what"], last_change()["after"]) == ("does not answer", "error")
    assert checked(web) == 0  # Still down: said once.
    Server.objects.filter(pk=web.pk).update(url=simulator.url)
    assert checked(web) == 1
    assert (web.state, web.state_reason, last_change()["what"]) == ("ready", "", "answers again")
    assert web.next_scan_at is not None
    assert web.next_scan_at <= timezone.now()  # What it offers may be something else by now.
    assert set(web.items.values_list("state", flat=True)) == {"approved"}


def test_one_that_answers_wrongly_is_not_cured_by_answering_at_all(web: Server, simulator: HttpSimulator) -> None:
    """Its manifest cannot be read, and only a scan can tell that it can be again."""
    simulator.offer.tools = ({"name": "a name with spaces", "inputSchema": {}},)
    scan(web.pk, by=Machine.SYSTEM)
    long_ago(web)
    assert web.state == "error"
    assert checked(web) == 0
    assert (web.state, web.state_reason[:21]) == ("error", "The server web answer")


def test_a_scan_that_saw_more_recently_is_not_overruled(web: Server) -> None:
    Server.objects.filter(pk=web.pk).update(url=NOWHERE, scanned_at=timezone.now() + timedelta(minutes=1))
    assert health.check([Server.objects.get(pk=web.pk)], timezone.now()) == 0
    web.refresh_from_db()
    assert web.state == "ready"


def test_a_program_is_not_started_for_it_and_noticed_when_it_is_gone(
    shapeshifter: Any, make_server: Callable[..., Server], tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.symlink_to(shapeshifter.command[0])
    server = make_server("files", [str(program), *shapeshifter.command[1:]])
    scan(server.pk, by=Machine.OPERATOR)
    approve_items(server=server, items=[Shown.of(item) for item in server.items.all()], by=Machine.OPERATOR)
    long_ago(server)
    shapeshifter.marker.unlink()
    assert checked(server) == 0
    assert not shapeshifter.marker.exists()
    program.unlink()
    assert checked(server, after=health.EVERY) == 1
    assert (server.state, "there is no program" in server.state_reason) == ("error", True)


@pytest.mark.parametrize("state", ["suspended", "quarantined", "retired"])
def test_a_server_out_of_use_is_left_in_peace(web: Server, simulator: HttpSimulator, state: str) -> None:
    Server.objects.filter(pk=web.pk).update(state=state)
    before = len(simulator.received)
    assert checked(web) == 0
    assert len(simulator.received) == before


def test_a_server_that_fails_is_tried_again_soon_and_then_ever_later(web: Server) -> None:
    """backoff; the first scan that succeeds ends it."""
    url = web.url
    Server.objects.filter(pk=web.pk).update(url=NOWHERE)
    pauses = []
    for failures in (1, 2, 3):
        scan(web.pk, by=Machine.SYSTEM)
        web.refresh_from_db()
        assert web.failures == failures
        assert web.next_scan_at is not None and web.scanned_at is not None
        pauses.append((web.next_scan_at - web.scanned_at).total_seconds())
    assert 20 < pauses[0] < pauses[1] < pauses[2] < 170
    Server.objects.filter(pk=web.pk).update(url=url)
    scan(web.pk, by=Machine.SYSTEM)
    web.refresh_from_db()
    assert (web.failures, web.state) == (0, "ready")
    assert ScanRun.objects.filter(server=web, state="failed").count() == 3
