"""What every test stands on: databases of their own, running processes, sockets on loopback only, and what is there.

Tests that use a database run once per database (`--each-database` selects only them); all others run once.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.connections import watch_connections
from tests.databases import OF_THE_RUN as FOLDER
from tests.databases import Databases, server_of_this_run
from tests.present import NEEDS, chromium_program, missing
from tests.running import Running
from tests.running import gatehouse as running_gatehouse
from tests.sockets import refuse_strangers

COUNTS = "GATEHOUSE_TEST_COUNTS"
# A test that uses one of these, or Django's `db` mark, is about the database that the run is on.
ON_THE_DATABASE = {"db", "transactional_db", "own_database", "gatehouse", "databases"}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONG = ("flows", "proof", "conformance", "gateway")  # Folders of tests, those with the longest files first.
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
_asked: dict[str, str] = {}
watch_connections()


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
    items[:] = sorted(kept, key=_starts)


def _starts(item: pytest.Item) -> int:
    """Files that wait for browsers and processes begin first, so that no worker is left with one at the end."""
    folders = item.path.parts
    if item.get_closest_marker("browser") is not None:
        return 0
    return next((place for place, name in enumerate(LONG, start=1) if name in folders), len(LONG) + 1)


def uses_database(item: pytest.Item) -> bool:
    """Whether the test's outcome could depend on which database the run is on."""
    if item.get_closest_marker("any_database") is not None:
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & ON_THE_DATABASE)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Leave the counts where tests/run.py asked for them."""
    if COUNTS in os.environ and not hasattr(config, "workerinput"):
        stats = terminalreporter.stats
        counts = {outcome: len(stats.get(outcome, ())) for outcome in OUTCOMES}
        reasons = sorted({str(report.longrepr[2]) for report in stats.get("skipped", ()) if report.longrepr})
        Path(os.environ[COUNTS]).write_text(json.dumps({"counts": counts, "skipped": reasons}))


# Databases.


@pytest.fixture(scope="session")
def databases() -> Databases:
    """Makes copies of a migrated database on the run's vendor; the run drops them at its end."""
    return Databases(server_of_this_run(), Path(os.environ[FOLDER]))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    databases: Databases, django_db_modify_db_settings_parallel_suffix: None
) -> Iterator[None]:
    """Django's own test database begins as a copy of the migrated one, so that its migrations find nothing to do."""
    from django.conf import settings

    template = databases.template()
    if databases.server:
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = template.name
        yield
        return
    # Django's in-memory database lives as long as somebody has it open.
    with (
        closing(sqlite3.connect("file:memorydb_default?mode=memory&cache=shared", uri=True)) as memory,
        closing(sqlite3.connect(template.name)) as source,
    ):
        source.backup(memory)
        yield


@pytest.fixture
def own_database(request: pytest.FixtureRequest, databases: Databases, django_db_blocker: Any) -> Iterator[str]:
    """A fresh migrated database that commits are made in, the default of every thread; gives its URL.

    For what a rolled-back `db` cannot show: commits, races, triggers. Not together with `db`.
    """
    from tests.connections import as_default

    assert "db" not in request.fixturenames, "own_database commits: leave out db and django_db"
    copy = databases.copy()
    try:
        with django_db_blocker.unblock(), as_default(copy.name):
            yield copy.url
    finally:
        databases.drop(copy)


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
