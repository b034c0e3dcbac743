"""Calls that wait for the person are said on standard error, each once, with a page to decide on and a way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from channels.layers import get_channel_layer
from django.conf import settings
from django.urls import reverse

from gateway.adapters.threads import in_thread
from gateway.refusal import Unavailable
from gateway.wrapping.configuration import PERSON
from governance.models import Escalation, Person
from governance.nudges import INBOX
from governance.people import issue_link

LOOKS_AGAIN: Final = 1.0


class Asking:
    """Looks whenever the inbox changes, while inside."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[UUID] = set()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        layer = get_channel_layer()
        assert layer is not None
        channel = await layer.new_channel()
        await layer.group_add(INBOX, channel)

        async def look() -> None:
            while True:
                try:
                    await self._say_what_is_new()
                    await layer.receive(channel)
                except Unavailable:  # What that means for calls is said by whoever serves them.
                    await asyncio.sleep(LOOKS_AGAIN)

        self._looking = asyncio.create_task(look())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._looking is not None
        self._looking.cancel()

    async def invitation(self) -> str:
        """Where calls are decided, with a link that signs the person in once."""
        return f"decide calls at {await in_thread(_link)} (signs you in once, for 10 minutes)"

    async def _say_what_is_new(self) -> None:
        for key, what in await in_thread(_waiting):
            if key in self._told:
                continue
            page, link = settings.PUBLIC_URL + reverse("admin:escalation", args=[key]), await in_thread(_link)
            self._tell(f"{what} waits for you: {page} (not signed in? first {link})")
            self._told.add(key)


def _waiting() -> list[tuple[UUID, str]]:
    return [(found.pk, f"{found.server}.{found.item} ({found.intent})") for found in Escalation.objects.waiting()]


def _link() -> str:
    return str(settings.PUBLIC_URL + issue_link(Person.objects.get(email=PERSON)))
