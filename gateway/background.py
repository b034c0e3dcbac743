"""The Celery worker and the scheduler as threads of `serve`, where no broker runs beside it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from celery.beat import Service
from celery.worker import WorkController
from django.conf import settings

from gateway.celery import app

log = logging.getLogger("gatehouse.tasks")

LOOKS_EVERY = 0.2  # Seconds between two looks of each thread whether it should end.
ENDS_WITHIN = 5.0


class Background:
    """One worker thread and one beat thread; both end with `stop`."""

    def __init__(self) -> None:
        self._worker: WorkController | None = None
        self._beat: Service | None = None
        self._scheduler: threading.Thread | None = None

    def start_worker(self) -> None:
        """Run tasks in this process."""
        # Scans of servers that hang may take two of them for half a minute; what is due every two seconds goes on.
        self._worker = app.WorkController(pool="threads", concurrency=4, without_gossip=True, without_mingle=True)
        # Without anything to do Celery's timer sleeps for whole seconds, also when it should end.
        self._worker.timer.call_repeatedly(LOOKS_EVERY, _nothing)
        threading.Thread(target=self._worker.start, name="celery-worker", daemon=True).start()

    def start_beat(self) -> None:
        """Send due tasks from this process."""
        Path(settings.CELERY_BEAT_SCHEDULE_FILENAME).parent.mkdir(parents=True, exist_ok=True)
        schedule = settings.CELERY_BEAT_SCHEDULE_FILENAME
        self._beat = Service(app, max_interval=LOOKS_EVERY, schedule_filename=schedule)
        self._scheduler = threading.Thread(target=self._beat.start, name="celery-beat", daemon=True)
        self._scheduler.start()

    def stop(self) -> None:
        """End both; a task that runs is finished first, and the schedule written."""
        if self._beat is not None:
            self._beat.stop(wait=False)
        if self._worker is not None:
            self._worker.stop()  # Its thread still waits for messages for up to two seconds, and is not waited for.
        if self._scheduler is not None:
            self._scheduler.join(ENDS_WITHIN)


def _nothing() -> None:
    """What the timer does so that it looks up."""
