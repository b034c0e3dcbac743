"""When a server is looked at next: regularly, with some spread; after failures ever later. Pure: no Django, no I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SPREAD: Final = 0.2
"""The share of a pause by which it may be shorter or longer, so that servers are not all looked at together."""

FIRST_RETRY_SECONDS: Final = 30
LONGEST_RETRY_SECONDS: Final = 3600


def pause(*, every: int, failures: int, chance: float) -> timedelta:
    """The time until the next look. `failures` is how many in a row brought nothing, `chance` is from 0 to 1.

    After a failure the next look comes sooner than usual, and after each further one later, up to an hour.
    """
    seconds = float(every)
    if failures:
        # A look every second would not become rarer by failing, hence the later of the two.
        longest = max(every, LONGEST_RETRY_SECONDS)
        seconds = float(min(longest, FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 16)))
    return timedelta(seconds=seconds * (1 + SPREAD * (2 * chance - 1)))


def next_look(now: datetime, *, every: int, failures: int, chance: float) -> datetime:
    """When a server that was looked at `now` is due again."""
    return now + pause(every=every, failures=failures, chance=chance)
