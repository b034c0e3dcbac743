"""The thread that keeps the snapshot true: looks every 250 ms or when nudged, and rebuilds the parts that moved."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import psycopg
from django.db import connection

from gateway.snapshot import build
from gateway.snapshot.changes import ChangeReader
from gateway.snapshot.holder import SnapshotHolder
from gateway.snapshot.model import Changes, Generations, Identity, Rules, Snapshot
from gateway.snapshot.servers import ServerReader
from governance import generation
from governance.inspection.scan import Detectors
from governance.policy.language import PolicyError
from registry.conditions import BadCondition

log = logging.getLogger("gatehouse.snapshot")


class SnapshotKeeper:
    """Feeds one SnapshotHolder. `each_round` is called in the thread about every two seconds, for housekeeping."""

    def __init__(
        self,
        *,
        every: float,
        detectors: Detectors,
        loop: asyncio.AbstractEventLoop,
        on_decisions: Callable[[], None],
        on_rebuilt: Callable[[Snapshot], None],
        each_round: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._every = every
        self._detectors = detectors
        self._loop = loop
        self._on_decisions = on_decisions
        self._on_rebuilt = on_rebuilt
        self._each_round = each_round
        self._now = now
        self._nudged = threading.Event()
        self._ending = False
        self._snapshot: Snapshot | None = None
        self._decisions = 0
        self._reader = ChangeReader()
        self._servers = ServerReader()
        self._listening: psycopg.Connection[object] | None = None
        self._thread = threading.Thread(target=self._run, name="snapshot-keeper", daemon=True)
        self.holder: SnapshotHolder | None = None
        self.failing = ""

    def start(self, holder: SnapshotHolder) -> None:
        """Begin to feed `holder`."""
        self.holder = holder
        self._unlisten = generation.listen(self.nudge)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the look it is in."""
        self._ending = True
        self._unlisten()
        self.nudge()
        self._thread.join(10)

    def nudge(self) -> None:
        """Look now rather than at the next turn; callable from any thread."""
        self._nudged.set()

    def _run(self) -> None:
        housekeeping = 0.0
        listener = threading.Thread(target=self._listen, name="snapshot-listener", daemon=True)
        listener.start()
        while not self._ending:
            self._nudged.clear()
            self._supervised(self._look)
            if time.monotonic() >= housekeeping:
                self._supervised(self._each_round)
                housekeeping = time.monotonic() + 2.0
            self._nudged.wait(self._every)
        connection.close()

    def _supervised(self, act: Callable[[], None]) -> None:
        """Run one turn; whatever goes wrong turns readiness off, ages the snapshot, and is tried again."""
        try:
            act()
            self.failing = "" if act == self._look else self.failing
        except Exception as problem:  # noqa: BLE001  A supervised loop: an unconfirmed snapshot refuses every call.
            if not self.failing:
                log.error("the snapshot cannot be confirmed: %s: %s", type(problem).__name__, problem)
            self.failing = f"{type(problem).__name__} while reading the configuration"
            connection.close()
            self._reader = ChangeReader()

    def _listen(self) -> None:
        """On PostgreSQL, turn NOTIFY into nudges; polling goes on without it."""
        if connection.vendor != "postgresql":
            return
        parameters = connection.get_connection_params()
        keys = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if parameters.get(key)}
        while not self._ending:
            try:
                with psycopg.connect(**keys, autocommit=True, connect_timeout=3) as link:
                    link.execute(f"LISTEN {generation.CHANNEL}")
                    while not self._ending:
                        for _ in link.notifies(timeout=0.5, stop_after=1):
                            self.nudge()
            except (psycopg.Error, OSError):
                self._nudged.wait(self._every)

    def _look(self) -> None:
        changes = self._reader.read()
        old, new = self._snapshot, changes.generations
        if old is None or _parts(old.generations) != _parts(new) or self._servers.outlived(self._now()):
            self._snapshot = self._rebuilt(old, changes)
            self._on_loop(self._replace, self._snapshot, changes)
        else:
            self._on_loop(self._confirm, changes)
        if new.escalations != self._decisions:
            self._decisions = new.escalations
            self._on_loop(self._on_decisions)

    def _rebuilt(self, old: Snapshot | None, changes: Changes) -> Snapshot:
        new = changes.generations
        was = old.generations if old else Generations(-1, -1, -1, -1, -1, -1)
        registry_moved = was.registry != new.registry or self._servers.outlived(self._now())
        servers = self._servers.read(self._now()) if old is None or registry_moved else old.servers
        identity = self._identity(old, new, moved=registry_moved or was.identity != new.identity)
        rules = self._rules() if old is None or was.policy != new.policy else old.rules
        return Snapshot(
            generations=new,
            identity=identity,
            servers=servers,
            rules=rules,
            switches=changes.switches,
            revoked=changes.revoked,
            detectors=self._detectors,
            _rules=old._rules if old is not None and rules is old.rules and servers is old.servers else {},
            _folders={},
            _seen={},
        )

    def _identity(self, old: Snapshot | None, new: Generations, *, moved: bool) -> Identity:
        return build.identity(new.revocations) if old is None or moved else old.identity

    def _rules(self) -> Rules:
        try:
            return build.rules()
        except (PolicyError, BadCondition) as problem:
            log.error("the live policy cannot be compiled, everything is denied: %s", problem)
            return Rules()

    def _replace(self, snapshot: Snapshot, changes: Changes) -> None:
        assert self.holder is not None
        self.holder.replace(snapshot, changes)
        self._on_rebuilt(snapshot)

    def _confirm(self, changes: Changes) -> None:
        assert self.holder is not None
        self.holder.confirm(changes)

    def _on_loop(self, act: Callable[..., None], *given: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *given)


def _parts(generations: Generations) -> Generations:
    """What needs a rebuild: stops and revocations are deltas, decisions only wake who waits."""
    return replace(generations, switches=0, revocations=0, escalations=0)
