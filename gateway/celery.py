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
    "send-notices": {"task": "governance.tasks.send_notices", "schedule": 10.0, "options": {"expires": 10}},
    "sweep-usage": {"task": "governance.tasks.sweep_usage", "schedule": 600.0},
    # What was not begun by its next turn is not wanted any more: the next turn does the same.
    "scan-due": {"task": "registry.tasks.scan_due", "schedule": 15.0, "options": {"expires": 15}},
    "take-up-scans": {"task": "registry.tasks.take_up", "schedule": 2.0, "options": {"expires": 2}},
    "check-health": {"task": "registry.tasks.check_health", "schedule": 15.0, "options": {"expires": 15}},
    "end-approvals": {"task": "registry.tasks.end_approvals", "schedule": 5.0, "options": {"expires": 5}},
    "expire-requests": {"task": "registry.tasks.expire_requests", "schedule": 30.0, "options": {"expires": 30}},
    "look-at-requests": {"task": "registry.tasks.look_at_requests", "schedule": 5.0, "options": {"expires": 5}},
    "prune-scans": {"task": "registry.tasks.prune_scans", "schedule": 3600.0},
}
