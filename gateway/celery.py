"""The Celery application: the same tasks in a thread of `serve`, or in processes of their own over Redis."""

from __future__ import annotations

import os

from celery import Celery

from gateway.settings.env import settings_module

os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
app = Celery("gatehouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["governance", "registry"])
app.conf.beat_schedule = {
    "expire-escalations": {"task": "governance.tasks.expire_due", "schedule": 2.0},
    "sweep-usage": {"task": "governance.tasks.sweep_usage", "schedule": 600.0},
    "scan-servers": {"task": "registry.tasks.scan_all", "schedule": 900.0},
}
