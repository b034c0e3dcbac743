"""The Celery worker and the scheduler as threads of `serve`, where no broker runs beside it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from celery.beat import EmbeddedService
from celery.worker import WorkController
from django.conf import settings

from gateway.celery import app

log = logging.getLogger("gatehouse.tasks")


class Background:
    """One worker thread and one beat thread; both end with `stop`."""

    def __init__(self) -> None:
        self._worker: WorkController | None = None
        self._beat: threading.Thread | None = None
        self._thread: threading.Thread | None = None

    def start_worker(self) -> None:
        """Run tasks in this process."""
        self._worker = app.WorkController(pool="threads", concurrency=2, without_gossip=True, without_mingle=True)
        self._thread = threading.Thread(target=self._worker.start, name="celery-worker", daemon=True)
        self._thread.start()

    def start_beat(self) -> None:
        """Send due tasks from this process."""
        Path(settings.CELERY_BEAT_SCHEDULE_FILENAME).parent.mkdir(parents=True, exist_ok=True)
        self._beat = EmbeddedService(app, thread=True, schedule_filename=settings.CELERY_BEAT_SCHEDULE_FILENAME)
        self._beat.daemon = True
        self._beat.start()

    def stop(self) -> None:
        """End both; a task that runs is finished first."""
        if self._beat is not None:
            self._beat.stop()
        if self._worker is not None:
            self._worker.stop()
        if self._thread is not None:
            self._thread.join(5)
