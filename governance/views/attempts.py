"""Counts failed sign-ins per address and name, so that guessing stops. Keeps counts in the cache only."""

from __future__ import annotations

import hashlib
import time
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest

ALLOWED: Final = 8
WINDOW_SECONDS: Final = 15 * 60


def locked_until(request: HttpRequest, name: str) -> float | None:
    """The time (seconds since 1970) when the next attempt is allowed; None when one is allowed now."""
    count, until = cache.get(_key(request, name), (0, 0.0))
    return until if count >= ALLOWED and until > time.time() else None


def note_failure(request: HttpRequest, name: str) -> None:
    """Count one failed attempt; the count ends a quarter of an hour after the last one."""
    key = _key(request, name)
    count, _ = cache.get(key, (0, 0.0))
    cache.set(key, (count + 1, time.time() + WINDOW_SECONDS), WINDOW_SECONDS)


def forget(request: HttpRequest, name: str) -> None:
    """Start counting anew after a success."""
    cache.delete(_key(request, name))


def _key(request: HttpRequest, name: str) -> str:
    # The same count for known and unknown names, so that a lock says nothing about who exists.
    text = f"{request.META.get('REMOTE_ADDR', '')}\n{name.strip().lower()}"
    return "sign-in:" + hashlib.sha256(text.encode()).hexdigest()
