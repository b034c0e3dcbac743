"""The Celery shells, and the nudges that pages get."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from channels.layers import get_channel_layer
from django.db import transaction
from django.utils import timezone

from governance import approvals, nudges, tasks
from governance.models import Escalation, Usage

pytestmark = pytest.mark.django_db


def test_expired_escalations_are_expired_and_others_stay(make_opening) -> None:
    now = timezone.now()
    with transaction.atomic():
        late = approvals.open_escalation(make_opening(deadline=now - timedelta(seconds=1)), now=now)
        early = approvals.open_escalation(make_opening(deadline=now + timedelta(hours=1)), now=now)
    assert tasks.expire_due() == 1
    assert tasks.expire_due() == 0, "running it again does nothing"
    assert Escalation.objects.get(pk=late.pk).state == "expired"
    assert Escalation.objects.get(pk=early.pk).state == "waiting"


def test_reservations_outside_every_window_are_swept(make_opening) -> None:
    now = timezone.now()
    for ends in (now - timedelta(seconds=1), now + timedelta(hours=1)):
        Usage.objects.create(key="k", at=now, amount=Decimal(1), call=uuid.uuid4(), window_ends=ends)
    assert tasks.sweep_usage() == 1
    assert Usage.objects.get().window_ends > now


@pytest.fixture
def in_memory(settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "gateway.layer.ThreadSafeChannelLayer"}}


async def test_a_nudge_from_another_thread_reaches_an_open_page(in_memory) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(nudges.INBOX, channel)
    listening = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    await asyncio.to_thread(nudges.nudge, nudges.INBOX, {"type": "inbox.changed", "escalation": "x"})
    assert (await asyncio.wait_for(listening, 5))["escalation"] == "x"


def test_a_nudge_that_cannot_be_delivered_holds_nobody_up(settings) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://127.0.0.1:1"]}}
    }
    started = timezone.now()
    for _ in range(3):
        nudges.nudge(nudges.INBOX, {"type": "inbox.changed"})
    assert timezone.now() - started < timedelta(seconds=3)


def test_without_a_channel_layer_a_nudge_does_nothing(settings) -> None:
    settings.CHANNEL_LAYERS = {}
    nudges.nudge(nudges.INBOX, {"type": "inbox.changed"})
