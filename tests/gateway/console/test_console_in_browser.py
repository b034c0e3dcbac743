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
from browser_watch import HEIGHT, NARROW, PATIENCE, VIEWS, WIDE, Watch, sign_in_by_link, watched
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from gateway.console.pages import PAGES, READ
from tests.conftest import CHROMIUM_ARGUMENTS, FOLDER
from tests.present import chromium_program
from tests.waiting import eventually

pytestmark = pytest.mark.browser
CRAWLS_WITHIN = 540  # Seconds; a tenth of it where nothing else runs.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the module; every test has contexts of its own."""
    expect.set_options(timeout=PATIENCE)
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
    """Every page and every form, by somebody with every role; some of them by people with few.

    With all four views a page about one thing is opened for all of its rows, else for two.
    """
    house = street.house("full")
    watch = Watch(house.running.url)
    with watched(browser, watch, state=street.signed_in(SECURITY)) as page:
        _visit(watch, page, [*tour.lists(), *tour.rows(house, each=None if len(VIEWS) > 2 else 2)])
        _walk(watch, page, tour.forms(page, house))
        _walk(watch, page, tour.request_forms(page, house))
        _walk(watch, page, tour.too_late(page, house))
    with watched(browser, watch, state=street.signed_in(DEVELOPER)) as page:
        _walk(watch, page, tour.own_things(page, house))
    with watched(browser, watch, state=street.signed_in(NEWCOMER)) as page:
        _walk(watch, page, tour.few_rights(page))
        _walk(watch, page, tour.second_factor(page))
    return watch


def _crawl_stopped(browser: Browser, street: Street) -> Watch:
    """Pages while everything is stopped: with all four views every one of them, else one for each section."""
    house = street.house("full")
    watch = Watch(house.running.url)
    with house.stopped(), watched(browser, watch, state=street.signed_in(SECURITY)) as page:
        every = [*tour.lists(variants=False), *tour.rows(house, each=1)]
        _visit(watch, page, every if len(VIEWS) > 2 else list(tour.SECTIONS))
        page.context.clear_cookies()
        _visit(watch, page, tour.entrance())
    return watch


CRAWLS = {"empty": _crawl_empty, "full": _crawl_full, "stopped": _crawl_stopped}


def test_every_page_that_opens_is_on_the_tour() -> None:
    """A new page about one thing needs rows in browser_tour.ROWS; any other is visited by itself."""
    assert {page.name for page in tour.opened() if tour.about_one_thing(page)} == set(tour.ROWS)
    assert {page.name for page in PAGES if page.methods == READ} >= tour.FRAGMENTS


@pytest.mark.timeout(CRAWLS_WITHIN)
@pytest.mark.parametrize("state", CRAWLS)
def test_pages_break_no_rule_of_the_shell(street: Street, state: str) -> None:
    """U13, U18: no policy violation, console error or foreign request; nothing wider than 320 px; one heading."""
    watch = street.crawl(state)
    assert watch.problems == []


@pytest.mark.node
@pytest.mark.timeout(CRAWLS_WITHIN)
@pytest.mark.parametrize("state", CRAWLS)
def test_pages_are_accessible_in_both_themes_and_widths(street: Street, state: str) -> None:
    """U12: axe-core finds nothing against WCAG 2.2 A and AA, nor against its best practice."""
    assert street.crawl(state).violations == []


SPOILT = """
() => {
  const main = document.querySelector("main");
  main.insertAdjacentHTML("beforeend", '<h1 style="color: red">Second <img src="data:,"></h1>');
  const wide = main.appendChild(document.createElement("p"));
  wide.textContent = "Readable on light ground only";
  wide.style.width = "1000px";
  wide.style.color = "#6e6e6e";
  console.error("said");
  fetch("http://localhost:9/").catch(() => {});
}
"""


@pytest.mark.node
def test_the_crawler_sees_what_it_looks_for(browser: Browser, street: Street) -> None:
    """A page that does everything wrong at once is found out."""
    watch = Watch(street.house("full").running.url)
    with watched(browser, watch) as page:
        page.goto("/admin/login/")
        page.evaluate(SPOILT)
        watch.look(page, "spoilt")
    for wrong in ("style-src-attr", "connect-src", "console: said", "2 headings", "dark 320: too wide"):
        assert any(wrong in problem for problem in watch.problems), (wrong, watch.problems)
    for rule in ("light 1280: image-alt", "dark 320: color-contrast"):
        assert any(rule in violation for violation in watch.violations), (rule, watch.violations)


def test_open_pages_ask_for_their_fragments(street: Street) -> None:
    """The addresses that only a script reads were read, by the inbox and by a held call."""
    requested = street.crawl("full").requested
    assert "/admin/inbox/list/" in requested
    assert any(path.startswith("/admin/inbox/") and path.endswith("/state/") for path in requested)
    assert any(path.startswith("/admin/servers/gone/scans/") and path.endswith("/progress/") for path in requested)


# Without script.


@pytest.fixture
def without_script(browser: Browser, street: Street) -> Iterator[Callable[[str], Page]]:
    """A browser without script, signed in by a one-time link as somebody."""
    house = street.house("full")
    with ExitStack() as stack:
        watch = Watch(house.running.url)

        def signed_in(email: str) -> Page:
            page = stack.enter_context(watched(browser, watch, script=False))
            sign_in_by_link(page, house.running.sign_in(email))
            return page

        yield signed_in
    assert watch.problems == []


def test_a_call_is_approved_and_another_denied_without_script(
    street: Street, without_script: Callable[[str], Page]
) -> None:
    """U14: sign-in by link, the inbox with its absolute deadlines, approve, deny; the agent gets what was decided."""
    house = street.house("full")
    wanted, unwanted = ({"path": f"/srv/notes/plain-{word}", "content": word} for word in ("yes", "no"))
    held = [house.hold(**wanted), house.hold(**unwanted)]
    page = without_script(APPROVER)
    page.get_by_role("link", name="Open the inbox").click()
    expect(page.locator(f"#held-{held[0]} .held-clock")).to_contain_text("UTC")
    page.locator(f"#held-{held[0]}").get_by_role("link", name="Review").click()
    page.get_by_label("Reason").fill("Asked for")
    page.get_by_role("button", name="Approve once").click()
    expect(page.get_by_role("status")).to_contain_text("Approved once")
    page.goto(f"/admin/inbox/{held[1]}/")
    page.get_by_label("Reason").fill("Not today")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("status")).to_contain_text("Denied")
    assert house.agent().call("write_file", **wanted).text.startswith("wrote")
    assert house.state(held[1]) == "denied"


def test_items_of_a_server_are_approved_and_refused_without_script(
    street: Street, without_script: Callable[[str], Page]
) -> None:
    """U14: what was ticked is decided, and nothing else."""
    page = without_script(SECURITY)
    page.goto("/admin/servers/paper/")
    page.get_by_label("Choose tool fold_boat").check()
    page.get_by_label("Reason").fill("Boats are harmless")
    page.get_by_role("button", name="Approve ticked").click()
    expect(page.get_by_role("status")).to_contain_text("Approved 1 item")
    page.get_by_label("Choose tool fold_hat").check()
    page.get_by_role("button", name="Refuse ticked").click()
    expect(page.get_by_role("status")).to_contain_text("Refused 1 item")
    rows = street.house("full").running.rows("SELECT name, state FROM registry_item WHERE name LIKE 'fold_%'")
    assert {row["name"]: row["state"] for row in rows} == {
        "fold_boat": "approved",
        "fold_hat": "refused",
        "fold_crane": "new",
    }


def test_one_person_stops_and_two_release_without_script(street: Street, without_script: Callable[[str], Page]) -> None:
    """U11, U14: three steps to a stop that holds; one vote does not lift it, the second person's does."""
    house = street.house("full")
    page, other = without_script(SECURITY), without_script(CHIEF)
    page.goto("/admin/stops/")
    page.get_by_label("What").select_option("agent")
    page.get_by_label("Name").fill("other-bot")
    page.get_by_label("Reason").fill("Looking into it")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Stop now").click()
    banner = "Stopped: agent other-bot."
    expect(page.get_by_role("region", name="Stops in force")).to_contain_text(banner)
    eventually(lambda: house.refusal("other-bot") == "stopped", what="a call refused because of the stop")
    page.get_by_role("button", name="Vote to lift agent other-bot").click()
    expect(page.get_by_role("status")).to_contain_text("1 more person has to agree")
    expect(page.get_by_role("button", name="Vote to lift agent other-bot")).to_have_count(0)
    other.goto("/admin/stops/")
    expect(other.get_by_role("region", name="Stops in force")).to_contain_text(banner)
    other.get_by_role("button", name="Vote to lift agent other-bot").click()
    expect(other.get_by_role("status")).to_contain_text("Lifted")
    expect(other.get_by_role("region", name="Stops in force")).to_have_count(0)
    eventually(lambda: not house.refusal("other-bot"), what="a call answered again")


# Without mouse.


@pytest.fixture
def page(browser: Browser, street: Street) -> Iterator[Page]:
    """A page of somebody with every role, at Home."""
    watch = Watch(street.house("full").running.url)
    with watched(browser, watch, state=street.signed_in(SECURITY)) as opened:
        opened.goto("/admin/")
        yield opened
    assert watch.problems == []


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_call_is_decided_from_home_without_a_mouse(street: Street, page: Page, width: int) -> None:
    """U2, U18: `g i`, to the call with `j`, Enter, then `a` and Enter; `a` alone decides nothing."""
    house = street.house("full")
    held = house.hold(path=f"/srv/notes/keys-{width}", content="by keyboard")
    page.set_viewport_size({"width": width, "height": HEIGHT})
    _press(page, "g", "i")
    page.wait_for_url("**/inbox/")
    _step_to(page, held)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/{held}/")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve once")).to_be_focused()
    assert house.state(held) == "waiting"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Approved once")
    assert house.state(held) == "approved"


def test_a_call_is_denied_with_a_reason_without_a_mouse(street: Street, page: Page) -> None:
    """U18: `r` goes to the reason, where letters are letters; the next stops of the Tab key are the two buttons."""
    house = street.house("full")
    held = house.hold(path="/srv/notes/keys-denied", content="by keyboard")
    page.goto(f"/admin/inbox/{held}/")
    page.keyboard.press("r")
    page.keyboard.type("a day off, indeed")
    expect(page.get_by_label("Reason")).to_have_value("a day off, indeed")
    _press(page, "Tab", "Tab", "Enter")
    expect(page.get_by_role("status")).to_contain_text("Denied")
    assert house.state(held) == "denied"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_an_open_call_says_that_its_client_left_and_nothing_moves(street: Street, page: Page, width: int) -> None:
    """U17: the clock and its sentence follow by themselves; the buttons stay where they are, the reason is kept."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    with street.house("full").client_waits(path=f"/srv/notes/leaves-{width}", content="soon gone") as held:
        page.goto(f"/admin/inbox/{held}/")
        expect(page.locator("#standing")).to_contain_text("The client waits until")
        page.get_by_label("Reason").fill("still typing")
        approve = page.get_by_role("button", name="Approve once")
        before = approve.bounding_box()
    expect(page.locator("#standing")).to_contain_text("The client stopped waiting")
    assert approve.bounding_box() == before
    expect(page.get_by_label("Reason")).to_have_value("still typing")


def test_the_news_of_ones_own_decision_does_not_swallow_its_answer(street: Street, page: Page) -> None:
    """The nudge may come before the answer to the form: the page must not reload then, or nobody reads the answer."""
    house = street.house("full")
    held = house.hold(path="/srv/notes/slow-answer", content="the answer takes its time")
    page.goto(f"/admin/inbox/{held}/")
    late: list[Callable[[], None]] = []

    def decided(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        late.append(lambda: route.fulfill(response=answer))

    page.route("**/decide/", decided)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.method) if request.is_navigation_request() else None)
    page.get_by_role("button", name="Approve once").click(no_wait_after=True)
    with page.expect_response("**/state/"):  # The nudge was before it, or this is what it brought.
        eventually(lambda: page.context.cookies() and late, what="the answer to the form")
    assert loaded == ["POST"], "the page was loaded again"
    late[0]()
    expect(page.get_by_role("status")).to_contain_text("Approved once")


def test_shortcuts_can_be_switched_off(page: Page) -> None:
    """WCAG 2.1.4: with shortcuts off a letter does nothing."""
    page.goto("/admin/account/")
    page.get_by_role("group", name="Keyboard shortcuts").get_by_label("Off").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Off")).to_be_checked()
    page.locator("main").focus()
    _press(page, "g", "i", "j")
    assert page.url.endswith("/admin/account/")
    expect(page.locator("main")).to_be_focused()


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def _step_to(page: Page, held: str) -> None:
    """Press `j` until the call has the focus; the inbox holds fewer than fifty."""
    wanted = page.locator(f"#held-{held} [data-open]")
    for _ in range(50):
        page.keyboard.press("j")
        if wanted.evaluate("(link) => link === document.activeElement"):
            return
    pytest.fail(f"j never came to {held}")
