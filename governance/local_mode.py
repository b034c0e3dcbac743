"""Local mode, of `gatehouse wrap` alone: the one person there is owns the agent and decides its calls, marked as such.

It belongs to a process, not to a database: another process on the same data keeps people apart as ever.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from governance import ledger
from governance.rights import Machine

MARK: Final = "local, not separated"
VIA: Final = "local"
MODE: Final = "wrap"
_on = False


class NotLocal(Exception):
    """This installation keeps people apart; the message says why local mode is not for it."""


def switch_on() -> None:
    """Let the only person decide what their own agent asks, in this process from now on; recorded.

    Raises NotLocal outside `gatehouse wrap`, on a shared database, and where there is not exactly one person.
    """
    global _on  # noqa: PLW0603  One process either is a local wrapper or is none.
    if settings.GATEHOUSE_MODE != MODE or connection.vendor != "sqlite":
        raise NotLocal("Local mode is for `gatehouse wrap` on a data folder of its own.")
    with transaction.atomic():
        people = list(get_user_model().objects.values_list("email", flat=True)[:2])
        if len(people) != 1:
            raise NotLocal("Local mode is for exactly one person, and this data folder has another number of them.")
        change = {"what": f"local mode: decisions on calls of the own agent are {MARK}", "name": people[0]}
        ledger.append(kind="change.person", by=Machine.OPERATOR.value, change=change)
    _on = True  # Only once the entry is committed.


def switch_off() -> None:
    """Keep people apart again in this process."""
    global _on  # noqa: PLW0603  See `switch_on`.
    _on = False


def holds() -> bool:
    """Whether it is on, and everything that it asks for is still so: a second person ends it."""
    return _on and settings.GATEHOUSE_MODE == MODE and get_user_model().objects.count() == 1


def apart_from(owner: str | None) -> str | None:
    """The owner that a decider must not be; None where local mode keeps nobody apart."""
    return None if holds() else owner


def via(said: str) -> str:
    """Through what a decision came, as it is recorded."""
    return VIA if holds() else said
