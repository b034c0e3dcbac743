"""`manage.py serve`: migrate, then run the gateway, the console, the worker and the scheduler."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from argparse import ArgumentParser
from typing import Any

import uvicorn
import uvloop
from django.conf import settings
from django.core.checks import Tags
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from gateway.peers.identity import bound_address
from gateway.serving import CannotStart, http_server, serve_on, until_ready
from gateway.singleton import AlreadyServing, Singleton
from governance import schema

ROLES = ("gateway", "console", "worker", "scheduler")
ENDS_WITHIN = 10


class Command(BaseCommand):
    """Runs until SIGINT or SIGTERM, then finishes what is in flight."""

    help = "Run Gatehouse: everything in one process, or one role with --only."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=ROLES, help="run one role; PostgreSQL and, for worker, Redis needed")
        parser.add_argument("--no-migrate", action="store_true", help="do not migrate first")
        parser.add_argument("--demo", action="store_true", help="seed the demo when the database is empty")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *, only: str | None, no_migrate: bool, demo: bool, host: str, port: int, **_: Any) -> None:
        self._require_loopback(host)
        if port != settings.PORT and f"http://127.0.0.1:{settings.PORT}" == settings.PUBLIC_URL:
            settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
        sqlite = connection.vendor == "sqlite"
        if sqlite and only:
            raise CommandError("--only needs PostgreSQL: on SQLite one process does everything.")
        try:
            lock = Singleton(settings.DATA_DIR) if sqlite else None
        except AlreadyServing as problem:
            raise CommandError(str(problem), returncode=1) from problem
        try:
            self._require_settings()
            if not no_migrate:
                schema.migrate()
            self.check(databases=["default"])
            if settings.GATEHOUSE_MODE == "production" and only in (None, "console"):
                call_command("collectstatic", interactive=False, verbosity=0)
            if sqlite:
                self._seal_the_dead()
            seeded = demo and self._seed()
            self._run(only, demo=demo, seeded=seeded, host=host, port=port)
        finally:
            if lock is not None:
                lock.release()

    def _require_loopback(self, host: str) -> None:
        if settings.GATEHOUSE_MODE == "demo" and host not in ("127.0.0.1", "::1", "localhost"):
            raise CommandError("demo mode listens on loopback only; set GATEHOUSE_MODE=production for other addresses")

    def _require_settings(self) -> None:
        """Before anything is touched: in production a missing or weak setting refuses to start."""
        production = settings.GATEHOUSE_MODE == "production"
        self.check(tags=[Tags.security] if production else None, include_deployment_checks=production)

    def _seed(self) -> bool:
        """Seed the demo when nobody is there yet."""
        from gateway.demo import seed

        if settings.GATEHOUSE_MODE != "demo":
            raise CommandError("--demo is for demo mode; unset GATEHOUSE_MODE.")
        if not seed.is_empty():
            return False
        for problem in seed.seed():
            self.stderr.write(f"demo: {problem}")
        return True

    def _seal_the_dead(self) -> None:
        from governance.recovery import seal_dead_epochs

        for name in seal_dead_epochs(everyone_else_is_dead=True):
            self.stdout.write(f"sealed the ledger epoch {name} of a process that died")

    def _run(self, only: str | None, *, demo: bool, seeded: bool, host: str, port: int) -> None:
        from gateway.background import Background

        background = Background()
        if only in ("gateway", "console"):
            settings.SERVES = frozenset({only})
        if only in (None, "worker"):
            background.start_worker()
        if only in (None, "scheduler"):
            background.start_beat()
        try:
            if only in ("worker", "scheduler"):
                wait_for_signal()
            else:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    runner.run(self._serve(demo=demo, seeded=seeded, host=host, port=port))
        finally:
            background.stop()

    async def _serve(self, *, demo: bool, seeded: bool, host: str, port: int) -> None:
        listener = bound(host, port)
        settings.PEER_URL = settings.PEER_URL or bound_address(*listener.getsockname()[:2])
        server = http_server(log_level="warning", ends_within=ENDS_WITHIN)
        telling = asyncio.create_task(self._tell(server, demo=demo, seeded=seeded, port=port))
        try:
            await serve_on(server, listener)
        except CannotStart as problem:
            raise CommandError(str(problem), returncode=1) from problem
        finally:
            telling.cancel()

    async def _tell(self, server: uvicorn.Server, *, demo: bool, seeded: bool, port: int) -> None:
        """Say once that it is running; the demo has more to say, and a story to live."""
        if demo:
            from gateway.demo.story import tell

            await tell(server, port=port, seeded=seeded)
        else:
            await until_ready(server)
            self.stdout.write(f"Gatehouse is running: {settings.PUBLIC_URL}")
            self.stdout.flush()


def bound(host: str, port: int) -> socket.socket:
    """The socket to serve on. Raises CommandError with the remedy where the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        said = problem.strerror or problem
        raise CommandError(f"cannot listen on {host}:{port}: {said}; set PORT to a free one", returncode=1) from problem
    return listener


def wait_for_signal() -> None:
    """Return at SIGINT or SIGTERM."""
    told = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: told.set())
    told.wait()
