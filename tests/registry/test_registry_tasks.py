"""The scheduled scans: every server in use, one scan of a server at a time, and twice is once."""

from __future__ import annotations

from typing import Any

import pytest

from registry.models import Server
from registry.scanning import lease
from registry.tasks import scan_all, scan_server

pytestmark = pytest.mark.django_db


def test_a_scheduled_scan_records_drift_and_may_run_twice(approved: Server, shapeshifter: Any) -> None:
    shapeshifter.offer(read="Changed.", write="Write a file.")
    for _ in range(2):
        scan_server(approved.pk)
        approved.refresh_from_db()
        assert approved.state == "sync-required"
    assert approved.manifests.count() == 2


def test_a_server_that_is_being_scanned_is_not_scanned_again(approved: Server, shapeshifter: Any) -> None:
    shapeshifter.marker.unlink()
    with lease(approved.pk):
        scan_server(approved.pk)
    assert not shapeshifter.marker.exists()


def test_every_server_in_use_is_scanned(approved: Server, shapeshifter: Any, celery_inline: None) -> None:
    shapeshifter.marker.unlink()
    scan_all()
    assert shapeshifter.marker.exists()


def test_a_quarantined_server_is_not_started(approved: Server, shapeshifter: Any, celery_inline: None) -> None:
    shapeshifter.marker.unlink()
    Server.objects.update(state="quarantined")
    scan_all()
    assert not shapeshifter.marker.exists()


@pytest.fixture
def celery_inline() -> Any:
    """Tasks run where they are called."""
    app = scan_server.app
    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager, app.conf.task_eager_propagates = before
