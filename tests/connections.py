"""Pointing Django at another database for a while: every thread's connection, those of pools too."""

from __future__ import annotations

import weakref
from typing import Any

from django.db import connections


class as_default:
    """Points the default connection of every thread at another database of the same vendor."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self.mine = connections["default"]
        # Connections of all threads share this dictionary, so one change reaches those of pools too.
        self.settings = connections.settings["default"]
        self.before = self.settings["NAME"]
        watch_connections()
        _close_all(but=self.mine)
        self.settings["NAME"] = self.name
        del connections["default"]

    def __exit__(self, *_: object) -> None:
        _close_all(but=self.mine)
        self.settings["NAME"] = self.before
        connections["default"] = self.mine


_connections: weakref.WeakSet[Any] = weakref.WeakSet()


def watch_connections() -> None:
    """Remember every connection that any thread opens from now on: before any test, so that none is missed."""
    if "create_connection" in vars(connections):
        return
    create = connections.create_connection

    def watched(alias: str) -> Any:
        made = create(alias)
        _connections.add(made)
        return made

    connections.create_connection = watched  # type: ignore[method-assign]


def _close_all(*, but: Any) -> None:
    for connection in list(_connections):
        if connection is not but:
            connection.inc_thread_sharing()
            try:
                connection.close()
            finally:
                connection.dec_thread_sharing()
