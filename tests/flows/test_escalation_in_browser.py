"""A person decides in headless Chromium while a real client waits, in both eras."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.flows.offices import Office

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
CONTENT = "line one\nline two \u202e tricky"
_clients = ThreadPoolExecutor(4, thread_name_prefix="client")


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


def calling(place: Office, mode: str, path: str, agent: str = "dev-claude") -> Future[Any]:
    """The official Python client writing a file, in a thread of its own."""

    async def call() -> Any:
        headers = {"Authorization": f"Bearer {place.running.token(agent)}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            transport = streamable_http_client(f"{place.running.url}/mcp/desk", http_client=http)
            async with Client(transport, mode=mode) as client:
                return await client.call_tool("write_file", {"path": path, "content": CONTENT})

    return _clients.submit(asyncio.run, call())


def sign_in(place: Office, page: Any, email: str) -> str:
    """Open a one-time link and press its button; gives the link."""
    link = place.running.sign_in(email)
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/admin/$"))
    return link


def open_from_inbox(place: Office, page: Any, path: str) -> None:
    """Find the call in the inbox, which shows it without being loaded again, and open it."""
    card = page.locator("li.held-card", has_text=path)
    card.wait_for()
    card.get_by_role("link", name="Review").click()
    page.get_by_role("heading", name="Exact arguments").wait_for()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_an_approval_in_the_browser_completes_the_call(place: Office, page: Any, path: str, mode: str) -> None:
    """Issue 2 "Shown by" 1: one-time link, inbox, exact arguments, Approve once; the client's call completes."""
    link = sign_in(place, page, "approver@example.com")
    page.goto(f"{place.running.url}/admin/inbox/")
    page.get_by_text("No call waits for a person.").wait_for()
    waiting = calling(place, mode, path)
    open_from_inbox(place, page, path)
    shown = page.locator("#arguments").inner_text()
    assert path in shown and "\u202e" not in shown and "202E" in shown.upper(), shown
    assert "ask-before-writing" in page.locator("body").inner_text()
    assert not place.log.having(path) and not waiting.done()
    page.get_by_label("Reason").fill("looks right")
    page.get_by_role("button", name="Approve once").click()
    result = waiting.result(30)
    assert result.content[0].text.startswith("wrote") and not result.is_error
    assert [call["arguments"] for call in place.log.having(path)] == [{"path": path, "content": CONTENT}]
    page.get_by_text("Approved and used").wait_for()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").is_visible(), "a link works once"


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_denial_in_the_browser_reaches_the_client_with_its_reason(
    place: Office, page: Any, path: str, mode: str
) -> None:
    """Contract section 6: who said no and why; nothing ran."""
    waiting = calling(place, mode, path)
    sign_in(place, page, "second@example.com")
    page.goto(f"{place.running.url}/admin/inbox/")
    open_from_inbox(place, page, path)
    page.get_by_label("Reason").fill("not into this folder")
    page.get_by_role("button", name="Deny").click()
    result = waiting.result(30)
    assert result.is_error
    assert result.content[0].text == "Denied by second@example.com: not into this folder"
    assert result.meta["io.gatehouse/decision"]["status"] == "denied"
    assert not place.log.having(path)


def test_nobody_approves_a_call_of_their_own_agent(place: Office, page: Any, path: str) -> None:
    """Security H3 and section 6, row 5: neither the page nor a POST past the page; the attempt is recorded."""
    waiting = calling(place, "auto", path)
    ticket = place.waits(path)["id"]
    sign_in(place, page, "dev@example.com")
    address = f"{place.running.url}/admin/inbox/{ticket}/"
    page.goto(address)
    assert page.locator("#why-not").is_visible()
    assert page.get_by_role("button", name="Approve once").count() == 0
    form = {"csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")}
    answer = page.request.post(f"{address}decide/", form={**form, "decision": "approve", "reason": "mine"})
    assert answer.status == 403
    assert not waiting.done() and not place.log.having(path)
    refused = [e["approval"] for e in place.running.ledger("call.decided") if e["approval"]["escalation"] == ticket]
    assert [(one["act"], one["by"], one["refused"]["code"]) for one in refused] == [
        ("approve", ["dev@example.com"], "not-yours")
    ]
    assert place.approver().deny(ticket, "tidying up")[0] == 200
    assert waiting.result(30).is_error


def test_a_decision_that_comes_second_reads_who_was_first(place: Office, page: Any, path: str) -> None:
    """Security H1: it changes nothing, and the page says what stands."""
    waiting = calling(place, "auto", path)
    ticket = place.waits(path)["id"]
    sign_in(place, page, "approver@example.com")
    page.goto(f"{place.running.url}/admin/inbox/{ticket}/")
    form = {"csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")}
    assert place.approver("second@example.com").deny(ticket, "I was first")[0] == 200
    late = page.request.post(
        f"{place.running.url}/admin/inbox/{ticket}/decide/", form={**form, "decision": "approve", "reason": ""}
    )
    assert late.status == 409 and "Already denied by second@example.com" in late.text()
    assert waiting.result(30).content[0].text.endswith("I was first")
    assert not place.log.having(path)
