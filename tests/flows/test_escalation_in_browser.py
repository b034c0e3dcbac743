"""A held call decided in headless Chromium while a real client waits: approved, denied, own, and without JavaScript."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.flows.offices import Office
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180), pytest.mark.any_database]

ERAS = ("legacy", "auto")
TEXT = "line one\nline two \u202e tricky ☃"
APPROVER, SECOND, OWNER = "approver@example.com", "second@example.com", "dev@example.com"
WHY_NOT = "This call comes from your own agent; somebody else has to decide it."
SHOWN_WITHIN = 15_000
ANSWERED_WITHIN = 45
# Told to the browser before any script of a page: keep what the content security policy refused.
VIOLATIONS = (
    "addEventListener('securitypolicyviolation', e => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`))"
)


@dataclass
class Seen:
    """What went wrong in the pages of one test: words on the console, script errors, answers of 400 and above."""

    troubles: list[str] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    def watch(self, page: Any) -> Any:
        """Listen to a page from now on; gives it back."""
        page.add_init_script(VIOLATIONS)
        page.on("console", lambda said: said.type in ("error", "warning") and self.troubles.append(said.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "response", lambda answer: answer.status >= 400 and self.troubles.append(f"{answer.status} {answer.url}")
        )
        page.on("framenavigated", lambda frame: self.visited.add(urlsplit(frame.url).path))
        return page


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """An office whose calls wait long enough for a browser on a busy machine."""
    with make_office(GATEHOUSE_HOLD_SECONDS="45", GATEHOUSE_LEG_SECONDS="5") as started:
        yield started
        started.require_sound_ledger()


@pytest.fixture
def path() -> str:
    """A path that no other test uses."""
    return f"/srv/notes/{secrets.token_hex(6)}"


@pytest.fixture
def seen(page: Any) -> Iterator[Seen]:
    """Whatever the test does: no page that it visits breaks its content security policy or reports an error."""
    watched = Seen()
    watched.watch(page)
    yield watched
    assert watched.visited, "no page was opened"
    assert watched.troubles == [], watched.troubles


def sign_in(place: Office, page: Any, email: str) -> str:
    """Use a one-time link, and give it back: opening it shows a page, whose button signs in."""
    link = place.running.sign_in(email)
    page.goto(link)
    page.locator('button[name="sign_in"]').click()
    page.wait_for_url(f"{place.running.url}/admin/")
    return link


async def call(url: str, mode: str, path: str, token: str = "") -> dict[str, Any]:
    """One write_file by the official client; its result, without what every server says of itself."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        result = await client.call_tool("write_file", {"path": path, "content": TEXT})
    plain: dict[str, Any] = result.model_dump(by_alias=True, exclude_none=True, mode="json")
    plain.get("_meta", {}).pop("io.modelcontextprotocol/serverInfo", None)
    return {key: value for key, value in plain.items() if value != {}}


@contextmanager
def waiting_client(place: Office, mode: str, path: str) -> Iterator[Future[dict[str, Any]]]:
    """A client in a thread whose call is held from now on."""
    with ThreadPoolExecutor(1) as thread:
        url, token = f"{place.running.url}/mcp/desk", place.running.token("dev-claude")
        yield thread.submit(asyncio.run, call(url, mode, path, token))


def directly(place: Office, mode: str, path: str) -> dict[str, Any]:
    """What the server answers when it is asked without a gateway."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, call(place.desk_url, mode, path)).result(ANSWERED_WITHIN)


def open_from_inbox(place: Office, page: Any, path: str) -> str:
    """Open the held call from the inbox that is shown, without loading it again; gives its ticket."""
    ticket = str(place.waits(path)["id"])
    page.locator(f"#held-{ticket} a[data-open]").click()
    page.wait_for_url(f"{place.running.url}/admin/inbox/{ticket}/")
    shown = page.locator("#arguments").inner_text()
    assert f'"{path}"' in shown and "☃" in shown
    assert "\u202e" not in shown and "202E" in shown.upper(), "what cannot be seen is shown as an escape"
    return ticket


def decide(page: Any, decision: str, reason: str = "") -> None:
    """Fill in the form and press a button."""
    page.locator("#id_reason").fill(reason)
    page.locator(f'#decision-form button[name="decision"][value="{decision}"]').click()


def standing(page: Any, *states: str) -> str:
    """Return once the page says that the call has one of these states; what it says."""
    found = page.locator(", ".join(f'#standing[data-state="{state}"]' for state in states))
    found.wait_for(state="attached", timeout=SHOWN_WITHIN)
    return str(found.inner_text())


def posted(place: Office, page: Any, ticket: str, fields: dict[str, str]) -> Any:
    """Send the form of a call past its page, with the browser's cookies and its own CSRF token; the answer."""
    token = page.locator('input[name="csrfmiddlewaretoken"]').first.get_attribute("value")
    address = f"{place.running.url}/admin/inbox/{ticket}/decide/"
    headers = {"Origin": place.running.url, "Referer": page.url}
    return page.request.post(address, form={**fields, "csrfmiddlewaretoken": token}, headers=headers, max_redirects=0)


def escalation(place: Office, ticket: str) -> dict[str, Any]:
    """The escalation as the API tells it."""
    token = place.running.api_token("sec@example.com")
    answer = place.running.request("GET", f"/api/v1/escalations/{ticket}", token=token)
    assert answer.status == 200, answer.body
    return dict(answer.json())


def acts(place: Office, ticket: str) -> list[tuple[str, list[str], str]]:
    """What the ledger says was decided about an escalation: act, by whom, and the code of a refusal or ""."""
    approvals = [entry["approval"] for entry in place.running.ledger("call.decided")]
    of_this = [each for each in approvals if each["escalation"] == ticket]
    return [(each["act"], each["by"], each.get("refused", {}).get("code", "")) for each in of_this]


def test_the_watch_notices_what_a_policy_refuses(place: Office, page: Any) -> None:
    """Otherwise `seen` would show nothing."""
    watched = Seen()
    watched.watch(page).goto(f"{place.running.url}/admin/login/")
    assert (watched.troubles, watched.visited) == ([], {"/admin/login/"})
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")

    def noticed() -> bool:
        page.title()  # The browser's words arrive while it is asked something.
        return any("CSP script-src" in trouble for trouble in watched.troubles)

    assert eventually(noticed, what="the refused script is noticed")


@pytest.mark.parametrize("mode", ERAS)
def test_an_approval_in_the_browser_completes_the_call(
    place: Office, page: Any, seen: Seen, path: str, mode: str
) -> None:
    """One-time link, inbox, exact arguments, Approve once; the client gets exactly the server's
    result.
    """
    expected = directly(place, mode, path)
    link = sign_in(place, page, APPROVER)
    page.goto(f"{place.running.url}/admin/inbox/")
    with waiting_client(place, mode, path) as client:
        ticket = open_from_inbox(place, page, path)
        assert len(place.log.having(path)) == 1 and not client.done(), "only the direct call has reached the server"
        decide(page, "approve", "go ahead")
        assert client.result(ANSWERED_WITHIN) == expected
    assert [sent["arguments"] for sent in place.log.having(path)] == [{"path": path, "content": TEXT}] * 2
    assert "go ahead" in standing(page, "redeemed")
    assert escalation(place, ticket)["state"] == "redeemed"
    assert acts(place, ticket) == [("approve", [APPROVER], "")]
    used = page.context.new_page()
    used.goto(link)
    assert used.get_by_role("alert").is_visible(), "a link works once"
    assert used.locator('button[name="sign_in"]').count() == 0


@pytest.mark.parametrize("mode", ERAS)
def test_a_denial_in_the_browser_reaches_the_client_with_its_reason(
    place: Office, page: Any, seen: Seen, path: str, mode: str
) -> None:
    """Protocol 2.3: who said no and every character of the reason; nothing reached the server."""
    reason = 'not into this folder, <script>alert("no")</script> ☃'
    sign_in(place, page, SECOND)
    page.goto(f"{place.running.url}/admin/inbox/")
    with waiting_client(place, mode, path) as client:
        ticket = open_from_inbox(place, page, path)
        decide(page, "deny", reason)
        told = client.result(ANSWERED_WITHIN)
    assert told["isError"] and told["content"][0]["text"] == f"Denied by {SECOND}: {reason}"
    assert told["_meta"]["io.gatehouse/decision"]["status"] == "denied"
    assert reason in standing(page, "denied")
    assert escalation(place, ticket)["state"] == "denied"
    assert not place.log.having(path)


def test_nobody_approves_a_call_of_their_own_agent(place: Office, page: Any, seen: Seen, path: str) -> None:
    """Contract 6, security H3: the owner reads why and has no form; neither a form sent past the page nor the one that
    somebody else had used counts, and each attempt is recorded.
    """
    sign_in(place, page, OWNER)
    page.goto(f"{place.running.url}/admin/inbox/")
    other = seen.watch(page.context.browser.new_context().new_page())
    sign_in(place, other, APPROVER)
    with waiting_client(place, "legacy", path) as client:
        ticket = open_from_inbox(place, page, path)
        assert page.locator("#why-not").inner_text() == WHY_NOT
        assert page.locator("#decision-form").count() == 0
        assert posted(place, page, ticket, {"decision": "approve", "reason": "mine"}).status == 403
        assert escalation(place, ticket)["votes"] == [] and not place.log.having(path) and not client.done()
        other.goto(page.url)
        with other.expect_request("**/decide/") as sent:
            decide(other, "approve", "fine")
        assert not client.result(ANSWERED_WITHIN)["isError"]
    fields = {name: values[0] for name, values in parse_qs(sent.value.post_data, strict_parsing=True).items()}
    standing(other, "redeemed")
    assert posted(place, page, ticket, fields).status == 403
    assert posted(place, other, ticket, fields).status == 409
    assert len(place.log.having(path)) == 1
    assert [act[1:] for act in acts(place, ticket)] == [
        ([OWNER], "not-yours"),
        ([APPROVER], ""),
        ([OWNER], "not-yours"),
        ([APPROVER], "already-decided"),
    ]


def test_a_decision_that_comes_second_reads_who_was_first(place: Office, page: Any, seen: Seen, path: str) -> None:
    """Security H1: it changes nothing, and the page says what stands."""
    sign_in(place, page, APPROVER)
    page.goto(f"{place.running.url}/admin/inbox/")
    with waiting_client(place, "auto", path) as client:
        ticket = open_from_inbox(place, page, path)
        assert place.approver(SECOND).deny(ticket, "I was first")[0] == 200
        late = posted(place, page, ticket, {"decision": "approve", "reason": ""})
        assert late.status == 409 and f"Already denied by {SECOND}" in late.text()
        assert client.result(ANSWERED_WITHIN)["content"][0]["text"].endswith("I was first")
    assert "I was first" in standing(page, "denied"), "the open page follows by itself"
    assert not place.log.having(path)


@pytest.mark.parametrize("mode", ERAS)
def test_an_approval_works_without_javascript(place: Office, page: Any, seen: Seen, path: str, mode: str) -> None:
    """Ux: every page works as plain forms; scripts only add the live list and the counting."""
    expected = directly(place, mode, path)
    plain = seen.watch(page.context.browser.new_context(java_script_enabled=False).new_page())
    sign_in(place, plain, APPROVER)
    with waiting_client(place, mode, path) as client:
        place.waits(path)
        plain.goto(f"{place.running.url}/admin/inbox/")
        open_from_inbox(place, plain, path)
        decide(plain, "approve")
        assert client.result(ANSWERED_WITHIN) == expected
    standing(plain, "approved", "redeemed")
    assert len(place.log.having(path)) == 2
