"""How often one may ask within an hour: rows are counted, so that all processes count alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet

WINDOW: Final = timedelta(hours=1)
CODE: Final = "too_many_requests"
AFTER: Final = str(int(WINDOW.total_seconds()))


class TooMany(Exception):
    """There is no room for another one within the hour; the message says of what, and is for the client."""


def require_room(taken: QuerySet[Any], most: int, of_what: str) -> None:
    """Return while fewer than `most` rows were taken. Raises TooMany."""
    if taken.count() >= most:
        raise TooMany(f"Too many {of_what}; try again in an hour.")
