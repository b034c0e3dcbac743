"""What every test stands on: databases of their own, running processes, sockets on loopback only, and what is there.

Tests that use a database run once per database (`--each-database` selects only them); all others run once.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.databases import LOCAL_POSTGRES, LOCAL_REDIS, Databases, server_of_this_run
from tests.node.programs import node_problem
from tests.running import Running, postgres_answers, redis_answers
from tests.running import gatehouse as running_gatehouse

FOLDER = "GATEHOUSE_TEST_FOLDER"
COUNTS = "GATEHOUSE_TEST_COUNTS"
# A test that uses one of these, or Django's `db` mark, is about the database that the run is on.
ON_THE_DATABASE = {"db", "transactional_db", "own_database", "gatehouse", "databases"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# What is there, and what has to be.


def chromium_program() -> str:
    """The path of headless Chromium, or ""."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), "")


def missing(need: str) -> str:
    """Why tests with the mark `need` cannot run here, or ""."""
    if need == "postgres":
        return postgres_answers(server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES)
    if need == "redis":
        return redis_answers(os.environ.get("REDIS_URL") or os.environ.get("TEST_REDIS_URL") or LOCAL_REDIS)
    if need == "browser":
        return "" if chromium_program() else f"no browser: none of {', '.join(CHROMIUM)} is installed"
    return node_problem()


NEEDS = ("postgres", "redis", "browser", "node")
_asked: dict[str, str] = {}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs something that is not here; fail it where GATEHOUSE_REQUIRE names that."""
    for need in NEEDS:
        if item.get_closest_marker(need) is None:
            continue
        if need not in _asked:
            _asked[need] = missing(need)
        if _asked[need]:
            required = os.environ.get("GATEHOUSE_REQUIRE", "").split(",")
            (pytest.fail if need in required else pytest.skip)(_asked[need])


# Which tests run, where, and what came of it.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that tests/run.py uses."""
    parser.addoption("--each-database", action="store_true", help="run only tests that use the run's database")


def pytest_configure(config: pytest.Config) -> None:
    """One folder for the whole run, shared by its workers; keys in Redis of this worker alone."""
    sys.addaudithook(refuse_strangers)
    if not hasattr(config, "workerinput"):
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="gatehouse-run-")
        config.add_cleanup(lambda: _clean_up(Path(os.environ.pop(FOLDER))))
    from django.conf import settings

    if settings.configured and settings.REDIS_URL:
        settings.REDIS_PREFIX = f"{settings.REDIS_PREFIX}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = settings.REDIS_PREFIX


def _clean_up(folder: Path) -> None:
    Databases(server_of_this_run(), folder).close()
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another run of the same suite does: other databases, or the tests without one."""
    here = "postgresql" if server_of_this_run() else "sqlite"
    kept, left = [], []
    for item in items:
        using = uses_database(item)
        elsewhere = using and here == "sqlite" and item.get_closest_marker("postgres") is not None
        once = config.getoption("each_database") and not using
        (left if elsewhere or once else kept).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def uses_database(item: pytest.Item) -> bool:
    """Whether the test's outcome could depend on which database the run is on."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & ON_THE_DATABASE)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Leave the counts where tests/run.py asked for them."""
    if COUNTS in os.environ and not hasattr(config, "workerinput"):
        stats = terminalreporter.stats
        counts = {
            key: len(stats.get(key, ())) for key in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
        }
        reasons = sorted({str(report.longrepr[2]) for report in stats.get("skipped", ()) if report.longrepr})
        Path(os.environ[COUNTS]).write_text(json.dumps({"counts": counts, "skipped": reasons}))


# Sockets.


class SocketsAreOff(RuntimeError):
    """A test tried to reach something beyond this machine."""


def refuse_strangers(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse a connection or datagram to any address but loopback and Unix sockets."""
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not address or not isinstance(address[0], str):
        return
    host = address[0]
    try:
        loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        loopback = host in ("", "localhost")
    if not loopback and host not in _allowed_hosts():
        raise SocketsAreOff(f"{event} to {host}: tests reach loopback only")


def _allowed_hosts() -> set[str]:
    from urllib.parse import urlsplit

    urls = (os.environ.get("REDIS_URL", ""), os.environ.get("TEST_REDIS_URL", ""))
    return {urlsplit(url).hostname or "" for url in urls if url} - {""}


# Databases.


@pytest.fixture(scope="session")
def databases() -> Databases:
    """Makes copies of a migrated database on the run's vendor; the run drops them at its end."""
    return Databases(server_of_this_run(), Path(os.environ[FOLDER]))


@pytest.fixture
def own_database(request: pytest.FixtureRequest, databases: Databases, django_db_blocker: Any) -> Iterator[str]:
    """A fresh migrated database that commits are made in, the default of every thread; gives its URL.

    For what a rolled-back `db` cannot show: commits, races, triggers. Not together with `db`.
    """
    assert "db" not in request.fixturenames, "own_database commits: leave out db and django_db"
    copy = databases.copy()
    try:
        with django_db_blocker.unblock(), as_default(copy.name):
            yield copy.url
    finally:
        databases.drop(copy)


class as_default:
    """Points the default connection of every thread at another database of the same vendor."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        from django.db import connections

        self.mine = connections["default"]
        # Connections of all threads share this dictionary, so one change reaches those of pools too.
        self.settings = connections.settings["default"]
        self.before = self.settings["NAME"]
        _watch_connections()
        _close_all(but=self.mine)
        self.settings["NAME"] = self.name
        del connections["default"]

    def __exit__(self, *_: object) -> None:
        from django.db import connections

        _close_all(but=self.mine)
        self.settings["NAME"] = self.before
        connections["default"] = self.mine


_connections: weakref.WeakSet[Any] = weakref.WeakSet()


def _watch_connections() -> None:
    """Remember every connection that any thread opens from now on."""
    from django.db import connections

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


# Processes.


@pytest.fixture
def gatehouse(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Running]]:
    """Starts real `manage.py serve` processes: gatehouse(config, policy, **environment) -> Running."""
    with ExitStack() as stack:

        def start(config: Any, policy: str | None = None, **named: Any) -> Running:
            named.setdefault("folder", tmp_path_factory.mktemp("data"))
            named.setdefault("redis_url", os.environ.get("REDIS_URL", "") if databases.server else "")
            return stack.enter_context(running_gatehouse(config, policy, databases=databases, **named))

        yield start


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of headless Chromium, driven by Playwright (marks: browser). It reaches loopback only."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=CHROMIUM_ARGUMENTS)
        try:
            context = browser.new_context()
            context.set_default_timeout(15_000)
            yield context.new_page()
        finally:
            browser.close()
