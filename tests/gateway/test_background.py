"""Worker and scheduler as threads of the process: how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.background import Background
from gateway.celery import app

SOON = 1.5
begun, let_go, done = threading.Event(), threading.Event(), threading.Event()


@app.task(name="tests.waits_until_told")
def waits_until_told() -> None:
    """A task that is still running when the process is told to end."""
    begun.set()
    if let_go.wait(10):
        done.set()


@pytest.fixture
def background(tmp_path: Path, settings: Any) -> Iterator[Background]:
    """Both threads, over a broker in this process."""
    settings.CELERY_BEAT_SCHEDULE_FILENAME = str(tmp_path / "beat")
    before = {name: app.conf[name] for name in ("broker_url", "beat_schedule")}
    app.conf.update(broker_url="memory://", beat_schedule={})
    for event in (begun, let_go, done):
        event.clear()
    made = Background()
    made.start_worker()
    made.start_beat()
    yield made
    let_go.set()
    made.stop()
    app.conf.update(before)


def test_a_task_that_runs_is_finished_before_the_end(background: Background) -> None:
    """What a scan has begun is written; then nothing is waited for."""
    waits_until_told.delay()
    assert begun.wait(10)
    ending = threading.Thread(target=background.stop)
    ending.start()
    ending.join(0.5)
    assert ending.is_alive() and not done.is_set()
    let_go.set()
    ending.join(10)
    assert not ending.is_alive() and done.is_set()


def test_an_idle_process_ends_at_once(background: Background, tmp_path: Path) -> None:
    """Celery's own threads would sleep for seconds; the schedule is written all the same."""
    started = time.monotonic()
    background.stop()
    assert time.monotonic() - started < SOON
    assert list(tmp_path.glob("beat*"))
