"""The console in headless Chromium: every page clean and accessible, decisions without script and without mouse."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import browser_tour as tour
import pytest
from browser_house import APPROVER, CHIEF, DEVELOPER, NEWCOMER, SECURITY, House, empty_house, full_house
from browser_watch import Watch, sign_in_by_link, watched
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gateway.console.pages import PAGES, READ
from tests.conftest import CHROMIUM_ARGUMENTS, FOLDER
from tests.present import chromium_program

pytestmark = pytest.mark.browser
STATES = ("empty", "full", "stopped")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module; every test has contexts of its own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_program(), args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


@dataclass(slots=True)
class Street:
    """The houses, each started when somebody first goes there, and what crawling through them brought."""

    house: Callable[[str], House]
    crawl: Callable[[str], Watch]
    signed_in: Callable[[str], Any]


@pytest.fixture(scope="module")
def street(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """See Street."""
    templates = Path(os.environ[FOLDER])
    made = {"empty": empty_house, "full": full_house}
    with ExitStack() as stack:

        @cache
        def house(name: str) -> House:
            return stack.enter_context(made[name](tmp_path_factory.mktemp(name), templates))

        @cache
        def signed_in(email: str) -> Any:
            running = house("full").running
            with watched(browser, Watch(running.url)) as page:
                sign_in_by_link(page, running.sign_in(email))
                return page.context.storage_state()

        @cache
        def crawled(state: str) -> Watch:
            return CRAWLS[state](browser, street)

        street = Street(house, crawled, signed_in)
        yield street


def _visit(watch: Watch, page: Page, addresses: list[str]) -> None:
    for address in addresses:
        page.goto(address)
        watch.look(page, address)


def _walk(watch: Watch, page: Page, stops: tour.Stops) -> None:
    for at in stops:
        watch.look(page, at)


def _crawl_empty(browser: Browser, street: Street) -> Watch:
    """From the first password to every page with nothing on it."""
    house = street.house("empty")
    watch = Watch(house.running.url)
    with watched(browser, watch) as page:
        _visit(watch, page, tour.entrance())
        _walk(watch, page, tour.first_sign_in(page))
        _visit(watch, page, tour.lists())
    with watched(browser, watch) as page:
        _walk(watch, page, tour.second_sign_in(page))
    return watch


def _crawl_full(browser: Browser, street: Street) -> Watch:
    """Every page and every form, by somebody with every role; some of them by people with few."""
    house = street.house("full")
    watch = Watch(house.running.url)
    with watched(browser, watch, state=street.signed_in(SECURITY)) as page:
        _visit(watch, page, [*tour.lists(), *tour.rows(house)])
        _walk(watch, page, tour.forms(page, house))
        _walk(watch, page, tour.too_late(page, house))
    with watched(browser, watch, state=street.signed_in(DEVELOPER)) as page:
        _walk(watch, page, tour.own_things(page, house))
    with watched(browser, watch, state=street.signed_in(NEWCOMER)) as page:
        _walk(watch, page, tour.few_rights(page))
        _walk(watch, page, tour.second_factor(page))
    return watch


def _crawl_stopped(browser: Browser, street: Street) -> Watch:
    """Every page while everything is stopped, and an agent with a name that is nobody's."""
    house = street.house("full")
    watch = Watch(house.running.url)
    with house.stopped(), watched(browser, watch, state=street.signed_in(SECURITY)) as page:
        _visit(watch, page, [*tour.lists(variants=False), *tour.rows(house, each=1)])
        page.context.clear_cookies()
        _visit(watch, page, tour.entrance())
    return watch


CRAWLS = {"empty": _crawl_empty, "full": _crawl_full, "stopped": _crawl_stopped}


def test_every_page_that_opens_is_on_the_tour() -> None:
    """A new page about one thing needs rows in browser_tour.ROWS; any other is visited by itself."""
    assert {page.name for page in tour.opened() if tour.about_one_thing(page)} == set(tour.ROWS)
    assert {page.name for page in PAGES if page.methods == READ} >= tour.FRAGMENTS


@pytest.mark.parametrize("state", CRAWLS)
def test_pages_break_no_rule_of_the_shell(street: Street, state: str) -> None:
    """U13, U18: no policy violation, console error or foreign request; nothing wider than 320 px; one heading."""
    watch = street.crawl(state)
    assert watch.problems == []


@pytest.mark.node
@pytest.mark.parametrize("state", CRAWLS)
def test_pages_are_accessible_in_both_themes_and_widths(street: Street, state: str) -> None:
    """U12: axe-core finds nothing against WCAG 2.2 A and AA, nor against its best practice."""
    assert street.crawl(state).violations == []


def test_open_pages_ask_for_their_fragments(street: Street) -> None:
    """The addresses that only a script reads were read, by the inbox and by a held call."""
    requested = street.crawl("full").requested
    assert "/admin/inbox/list/" in requested
    assert any(path.startswith("/admin/inbox/") and path.endswith("/state/") for path in requested)
