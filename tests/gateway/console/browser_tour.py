"""Where the crawler goes: the address of every page that can be opened, and pages that only a form leads to."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from typing import Final

from browser_house import APPROVER, FIRST_PASSWORD, SECURITY, House
from django_otp.oath import totp
from playwright.sync_api import Page

from gateway.console.pages import PAGES, READ
from gateway.console.pages import Page as Address

Stops = Iterator[str]
"""A walk: it gives a name whenever the page it was handed shows something to look at."""

CONSOLE: Final = "/admin/"
FRAGMENTS: Final = {"inbox_list", "escalation_state"}
"""Read by the script of an open page, never a page by itself; the crawler sees that the script asked for them."""
ENTRANCE: Final = ("login/", "link/nothing/")
STOCK: Final = ("governance/person/", "governance/team/", "governance/datarole/", "governance/")
VARIANTS: Final = (
    "inbox/?state=decided",
    "inbox/?state=expired",
    "calls/?status=denied",
    "calls/?agent=nobody-of-this-name",
    "governance/person/?q=nobody",
    "nothing/",
    "stops/set/",
)
ROWS: Final[dict[str, Callable[[House], list[dict[str, object]]]]] = {
    "escalation": lambda house: [{"pk": pk} for pk in house.held.values()],
    "server": lambda house: [{"name": name} for name in ("desk", "drawn", "paper", "gone")],
    "agent": lambda house: [{"name": name} for name in ("office-bot", "leaver-bot", "blind-bot")],
    "agent_token": lambda house: [{"name": "blind-bot", "public_id": house.tokens["blind-bot"]}],
    "policy_version": lambda house: [{"version": 1}, {"version": 2}],
    "call": lambda house: [{"call": record} for record in house.calls.values()],
    "ledger_stream": lambda house: [{"stream": "console"}],
    "ledger_entry": lambda house: [{"stream": "console", "seq": 1}],
}
"""What the pages about one thing are opened for; a page that is new here has to be given its rows."""


def opened() -> list[Address]:
    """The pages of the console that can be opened."""
    return [page for page in PAGES if page.methods == READ and page.name not in FRAGMENTS]


def about_one_thing(page: Address) -> bool:
    """Whether the address of a page names a row."""
    return "<" in page.path


def lists(*, variants: bool = True) -> list[str]:
    """The addresses that are there whatever is in the database; with `variants` filtered ones, and two not there."""
    plain = [page.path for page in opened() if not about_one_thing(page)]
    return [f"{CONSOLE}{path}" for path in (*plain, *STOCK, *(VARIANTS if variants else ()))]


def entrance() -> list[str]:
    """The addresses for people who are not signed in."""
    return [f"{CONSOLE}{path}" for path in ENTRANCE]


def rows(house: House, *, each: int | None = None) -> list[str]:
    """The addresses of the things in a house; with `each`, of so many of one kind."""
    found = []
    for page in opened():
        for given in ROWS[page.name](house)[:each] if about_one_thing(page) else ():
            path = page.path
            for name, value in given.items():
                path = next(
                    path.replace(f"<{kind}:{name}>", str(value)) for kind in KINDS if f"<{kind}:{name}>" in path
                )
            found.append(f"{CONSOLE}{path}")
    return found


KINDS: Final = ("uuid", "slug", "str", "int")


def code_for(secret: str) -> str:
    """The six digits that an authenticator shows now for a secret as it is typed."""
    key = base64.b32decode(secret.replace(" ", ""))
    return f"{totp(key):06d}"


def first_sign_in(page: Page) -> Stops:
    """Password, a wrong code, the first authenticator, recovery codes; then Home."""
    page.goto(f"{CONSOLE}login/")
    page.get_by_label("E-mail address").fill(SECURITY)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Continue").click()
    yield "a wrong password"
    page.get_by_label("Password").fill(FIRST_PASSWORD)
    page.get_by_role("button", name="Continue").click()
    yield "first second factor"
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Confirm").click()
    yield "a wrong first code"
    page.get_by_label("Code").fill(code_for(secret))
    page.get_by_role("button", name="Confirm").click()
    yield "recovery codes"
    page.get_by_role("link", name="I stored them").click()
    page.get_by_role("heading", name="Home").wait_for()


def second_sign_in(page: Page) -> Stops:
    """Password, then the page that asks for a code."""
    page.goto(f"{CONSOLE}login/?next=/admin/inbox/")
    page.get_by_label("E-mail address").fill(SECURITY)
    page.get_by_label("Password").fill(FIRST_PASSWORD)
    page.get_by_role("button", name="Continue").click()
    yield "second factor at sign-in"
    page.get_by_label("Code").fill("123")
    page.get_by_role("button", name="Sign in").click()
    yield "a wrong code at sign-in"


def second_factor(page: Page) -> Stops:
    """Enrol from the account page, confirm again, ask for new recovery codes."""
    page.goto(f"{CONSOLE}account/confirm/?next=/admin/inbox/")
    yield "a confirmation without a second factor"
    page.get_by_role("button", name="Set it up").click()
    yield "second factor being set up"
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("Code").fill(code_for(secret))
    page.get_by_role("button", name="Confirm").click()
    yield "recovery codes of an account"
    page.goto(f"{CONSOLE}account/second-factor/")
    yield "second factor that is set up"
    page.goto(f"{CONSOLE}account/confirm/?next=/admin/inbox/")
    yield "confirming it is you"
    page.get_by_label("Code").fill("123456")
    page.get_by_role("button", name="Confirm").click()
    yield "confirming with a wrong code"


def forms(page: Page, house: House) -> Stops:
    """Pages that only a form leads to: shown once, confirmed, refused."""
    page.goto(f"{CONSOLE}agents/office-bot/")
    page.get_by_role("button", name="Issue a token").click()
    yield "token issued"
    page.goto(f"{CONSOLE}agents/office-bot/")
    page.get_by_label("Days until it expires").evaluate("(field) => { field.type = 'text'; field.value = 'many'; }")
    page.get_by_role("button", name="Issue a token").click()
    yield "token not issued"
    page.goto(f"{CONSOLE}stops/")
    page.get_by_label("What").select_option("agent")
    page.get_by_label("Name").fill("office-bot")
    page.get_by_label("Effect").select_option("deny")
    page.get_by_label("Reason").fill("incident 42")
    page.get_by_role("button", name="Go on").click()
    yield "stop to confirm"
    page.goto(f"{CONSOLE}stops/")
    page.get_by_label("What").select_option("agent")
    page.get_by_label("Name").fill("nobody-of-this-name")
    page.get_by_label("Reason").fill("incident 42")
    page.get_by_role("button", name="Go on").click()
    yield "stop of nobody"
    page.goto(f"{CONSOLE}ledger/")
    page.get_by_role("button", name="Verify now").click()
    yield "ledger verified"
    page.goto(f"{CONSOLE}inbox/{house.held['hostile']}/")
    page.get_by_role("button", name="Show masked values").click()
    yield "masked values open"
    page.goto(f"{CONSOLE}account/password/")
    page.locator("input[type=password]").first.fill("short")
    page.locator("input[type=password]").last.fill("other")
    page.get_by_role("button", name="Change the password").click()
    yield "password not changed"
    page.goto(f"{CONSOLE}servers/paper/")
    page.get_by_role("button", name="Refuse ticked").click()
    yield "nothing ticked"


def too_late(page: Page, house: House) -> Stops:
    """Somebody else was quicker, and a form that is too old."""
    moment = f"/srv/notes/{time.monotonic_ns()}"
    held = house.hold(path=moment, content="who is first?")
    page.goto(f"{CONSOLE}inbox/{held}/")
    page.route("**/state/", lambda route: route.fulfill(body=""))  # Else the page would notice before its person does.
    page.get_by_role("heading", name="Your decision").wait_for()
    assert house.approver(APPROVER).deny(held, "me")[0] == 200
    page.get_by_role("button", name="Approve once").click()
    yield "somebody was quicker"
    page.unroute("**/state/")
    page.goto(f"{CONSOLE}account/")
    page.context.clear_cookies(name="gatehouse_csrf")
    page.get_by_role("button", name="Save").click()
    yield "a form that is too old"


def own_things(page: Page, house: House) -> Stops:
    """What the owner of an agent sees of it."""
    for address in (f"inbox/{house.held['plain']}/", "inbox/", "agents/", "agents/office-bot/", "calls/"):
        page.goto(f"{CONSOLE}{address}")
        yield f"{address} by the owner"


def few_rights(page: Page) -> Stops:
    """What somebody sees who may do next to nothing."""
    for address in ("", "servers/drawn/", "ledger/", "agents/office-bot/", "inbox/"):
        page.goto(f"{CONSOLE}{address}")
        yield f"{address} by a newcomer"
