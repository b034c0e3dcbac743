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
FRAGMENTS: Final = {"inbox_list", "escalation_state", "request_progress", "server_run_progress"}
"""Read by the script of an open page, never a page by itself; the crawler sees that the script asked for them."""
ENTRANCE: Final = ("login/", "link/nothing/")
STOCK: Final = ("governance/person/", "governance/team/", "governance/datarole/", "governance/")
SECTIONS: Final = tuple(
    f"{CONSOLE}{path}" for path in ("", "inbox/", "servers/", "requests/", "agents/", "policies/", "calls/", "stops/")
)
VARIANTS: Final = (
    "inbox/?state=decided",
    "inbox/?state=expired",
    "calls/?status=denied",
    "calls/?agent=nobody-of-this-name",
    "governance/person/?q=nobody",
    "requests/?show=mine",
    "requests/?show=open",
    "requests/?show=decided",
    "servers/?drift=1",
    "servers/?state=ready&transport=http",
    "servers/?q=nothing-of-this-name",
    "servers/?unused=1&risk=destructive",
    "nothing/",
    "stops/set/",
)
ROWS: Final[dict[str, Callable[[House], list[dict[str, object]]]]] = {
    "escalation": lambda house: [{"pk": pk} for pk in house.held.values()],
    "server": lambda house: [{"name": name} for name in ("drawn", "paper", "gone", "weather")],
    "server_version": lambda house: [{"name": "drawn", "number": 2}],
    "server_run": lambda house: [{"name": "drawn", "pk": house.scans["drawn"]}],
    "tool": lambda house: [
        {"name": name.partition("/")[0], "pk": house.items[name]}
        for name in ("drawn/read_page", "desk/read_file", "paper/fold_hat")
    ],
    "request": lambda house: [{"pk": house.requests[name]} for name in REVIEWED],
    "request_where": lambda house: [{"pk": house.requests[name]} for name in ("program", "back")],
    "request_scan": lambda house: [{"pk": house.requests[name]} for name in ("failed", "program", "started")],
    "request_tools": lambda house: [{"pk": house.requests[name]} for name in ("draft", "storm-draft")],
    "request_why": lambda house: [{"pk": house.requests[name]} for name in ("draft", "failed", "back")],
    "agent": lambda house: [{"name": name} for name in ("office-bot", "leaver-bot", "blind-bot")],
    "agent_token": lambda house: [{"name": "blind-bot", "public_id": house.tokens["blind-bot"]}],
    "policy_version": lambda house: [{"version": 1}, {"version": 2}],
    "call": lambda house: [{"call": record} for record in house.calls.values()],
    "ledger_stream": lambda house: [{"stream": "console"}],
    "ledger_entry": lambda house: [{"stream": "console", "seq": 1}],
}
"""What the pages about one thing are opened for; a page that is new here has to be given its rows."""


REVIEWED: Final = ("hostile", "second", "to-accept", "headers", "unseen", "approved", "back")


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


def request_forms(page: Page, house: House) -> Stops:
    """What asking for a server says when something is wrong, and what goes on from one step to the next."""
    page.goto(f"{CONSOLE}requests/new/")
    field = page.get_by_label("Address or command")
    for wrong in ("tickets.example.com/mcp", "http://169.254.169.254/latest", "https://10.0.0.8/mcp", "npx 'half"):
        field.fill(wrong)
        page.get_by_role("button", name="Scan").click()
        page.locator(".error-text").first.wait_for()
        yield f"an address that cannot be taken: {wrong}"
    field.fill(house.running.rows("SELECT url FROM registry_server WHERE name = 'weather'")[0]["url"])
    page.get_by_role("button", name="Scan").click()
    yield "a server that is known"
    page.get_by_label("Configuration", exact=True).fill("no configuration")
    page.get_by_role("button", name="Make drafts").click()
    yield "a configuration that cannot be read"
    page.get_by_label("Configuration", exact=True).fill(CONFIGURATION)
    page.get_by_role("button", name="Make drafts").click()
    yield "drafts of a configuration"
    page.get_by_role("link", name="Go on with imported-notes").first.click()
    yield "an imported draft"
    page.goto(f"{CONSOLE}requests/{house.requests['draft']}/why/")
    page.get_by_label("What is it needed for?").fill("Too short")
    page.get_by_label("Name").fill("Not A Name")
    page.get_by_role("button", name="Submit").click()
    yield "a reason that is too short"
    page.goto(f"{CONSOLE}requests/{house.requests['storm-draft']}/tools/")
    page.get_by_label("Want tool delete_forecast").uncheck()
    page.get_by_role("button", name="Save and go on").click()
    yield "a choice that is saved"
    yield from _review_forms(page, house)


def _review_forms(page: Page, house: House) -> Stops:
    page.goto(f"{CONSOLE}requests/{house.requests['hostile']}/")
    page.get_by_role("button", name="Deny").click()
    yield "denied without a reason"
    page.goto(f"{CONSOLE}requests/{house.requests['hostile']}/")
    for fold in page.get_by_text("Condition: none").all():
        fold.click()
    page.get_by_label("Only with such arguments").first.fill("path: {over: there}")
    page.get_by_role("button", name="Approve").click()
    yield "a condition that no rule can be made of"
    page.goto(f"{CONSOLE}requests/{house.requests['unseen']}/")
    page.get_by_role("button", name="Scan again").click()
    yield "looked at again"
    tool = f"{CONSOLE}servers/desk/tools/{house.items['desk/read_file']}/"
    page.goto(tool)
    page.get_by_label("Only with such arguments").fill("path: [")
    page.get_by_role("button", name="Save").last.click()
    yield "a condition that is no YAML"
    page.goto(tool)
    page.get_by_label("What it does", exact=True).select_option("write")
    page.locator("#id_reason").fill("It keeps a log")
    page.get_by_role("button", name="Save").first.click()
    yield "what a tool does, said by a reviewer"
    page.goto(f"{CONSOLE}servers/paper/")
    page.get_by_text("Take it out of use, or put it back").click()
    page.locator("#id_standing_reason").fill("Not needed this week")
    page.get_by_role("button", name="Do it").click()
    yield "a server that is suspended"
    page.get_by_text("Take it out of use, or put it back").click()
    page.locator("#id_standing_reason").fill("Needed again")
    page.get_by_role("button", name="Do it").click()
    yield "a server that is used again"
    page.goto(f"{CONSOLE}servers/gone/")
    page.get_by_role("button", name="Scan now").click()
    page.get_by_role("heading", name="It brought nothing").wait_for()
    yield "a scan that was watched"
    page.goto(f"{CONSOLE}notices/")
    page.get_by_role("button", name="Mark all as read").click()
    yield "notices that were read"


CONFIGURATION: Final = """{"mcpServers": {
  "imported-notes": {"command": "npx", "args": ["-y", "@example/server-notes@1.2.0"], "env": {"NOTES_KEY": "x"}},
  "imported-tickets": {"url": "https://tickets.example.com/mcp", "headers": {"Authorization": "Bearer x"}}
}}"""


def too_late(page: Page, house: House) -> Stops:
    """Somebody else was quicker, and a form that is too old."""
    moment = f"/srv/notes/{time.monotonic_ns()}"
    held = house.hold(path=moment, content="who is first?")
    page.goto(f"{CONSOLE}inbox/{held}/")
    page.route("**/state/", lambda route: route.fulfill(body=""))  # Else the page would notice before its person does.
    page.get_by_role("heading", name="Your decision").wait_for()
    assert house.approver(APPROVER).deny(held, "me")[0] == 200
    page.get_by_role("button", name="Approve once").click()
    page.locator("#too-late").wait_for()
    yield "somebody was quicker"
    page.unroute("**/state/")
    page.goto(f"{CONSOLE}account/")
    page.context.clear_cookies(name="gatehouse_csrf")
    page.get_by_role("button", name="Save").click()
    yield "a form that is too old"


def own_things(page: Page, house: House) -> Stops:
    """What the owner of an agent sees of it."""
    own = [f"requests/{house.requests[name]}/" for name in ("approved", "denied", "withdrawn", "unseen")]
    addresses = (
        f"inbox/{house.held['plain']}/",
        "inbox/",
        "agents/",
        "agents/office-bot/",
        "calls/",
        "requests/",
        *own,
    )
    for address in addresses:
        page.goto(f"{CONSOLE}{address}")
        yield f"{address} by the owner"


def few_rights(page: Page) -> Stops:
    """What somebody sees who may do next to nothing."""
    for address in (
        "",
        "servers/",
        "servers/drawn/",
        "ledger/",
        "agents/office-bot/",
        "inbox/",
        "requests/",
        "notices/",
    ):
        page.goto(f"{CONSOLE}{address}")
        yield f"{address} by a newcomer"
