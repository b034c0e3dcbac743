"""Shells of the periodic work: each calls one function, may run twice, and returns how many rows it moved."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from governance import closing, notices
from governance.models import Usage


@shared_task
def expire_due() -> int:
    """Expire escalations whose deadline, or time to redeem, has passed."""
    return closing.expire_due()


@shared_task(soft_time_limit=300, time_limit=330)
def send_notices() -> int:
    """Mail the notices that wait for it."""
    return notices.send_due()


@shared_task
def sweep_usage() -> int:
    """Remove reservations that have left every limit's window."""
    return Usage.objects.filter(window_ends__lt=timezone.now()).delete()[0]
