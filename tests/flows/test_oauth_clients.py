"""The official Python client signs in by OAuth: discovery, registration, consent in a browser, calls, and the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from tests.flows.offices import Office
from tests.raw_agent import Agent
from tests.waiting import eventually

pytestmark = pytest.mark.any_database

CALLBACK = "http://127.0.0.1:7777/callback"
FACTS = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@pytest.fixture(scope="module")
def place(make_office: Callable[..., Any]) -> Iterator[Office]:
    """The office with the desk alone."""
    with make_office() as started:
        yield started


class Kept:
    """Where a client keeps its tokens and its registration."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Browser:
    """A person at a browser without JavaScript: signs in by link, reads the consent page, presses Connect."""

    def __init__(self, office: Office, email: str, roles: list[str]) -> None:
        self.office, self.email, self.roles = office, email, roles
        self.page = ""
        self.told: dict[str, list[str]] = {}

    async def open(self, address: str) -> None:
        async with httpx2.AsyncClient(timeout=30) as http:
            link = self.office.running.sign_in(self.email)
            signed_in = await http.post(link, data={**_hidden((await http.get(link)).text), "sign_in": "yes"})
            assert signed_in.status_code == 302, signed_in.text
            self.page = (await http.get(address)).text
            sent = {**_hidden(self.page.split('class="stack"', 1)[1]), "decision": "allow", "roles": self.roles}
            answered = await http.post(address, data=sent)
        assert answered.status_code == 302, answered.text
        assert answered.headers["location"].startswith(CALLBACK)
        self.told = parse_qs(urlsplit(answered.headers["location"]).query)

    async def came_back(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**{name: self.told[name][0] for name in ("code", "state", "iss")})


def _hidden(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in FACTS.findall(page)}


def provider(office: Office, browser: Browser, kept: Kept, server: str = "desk") -> OAuthClientProvider:
    """The official client's own OAuth."""
    metadata = OAuthClientMetadata(client_name="Official Client", redirect_uris=[CALLBACK])
    address = f"{office.running.url}/mcp/{server}"
    return OAuthClientProvider(address, metadata, kept, browser.open, browser.came_back)


async def call(office: Office, auth: OAuthClientProvider, path: str, mode: str = "auto") -> Any:
    """One call of the desk's read_file."""
    async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
        transport = streamable_http_client(f"{office.running.url}/mcp/desk", http_client=http)
        async with Client(transport, mode=mode) as client:
            return await client.call_tool("read_file", {"path": path})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_official_client_connects_by_oauth_and_calls(place: Office, mode: str) -> None:
    """From a bare address to an answer, with nothing configured but the consent."""
    browser, kept = Browser(place, "sec@example.com", ["office"]), Kept()
    auth = provider(place, browser, kept)
    path = f"/srv/notes/oauth-{mode}"
    result = await call(place, auth, path, mode)
    assert not result.is_error, result
    assert len(place.log.having(path)) == 1
    assert "Official Client" in browser.page and "sec@example.com" in browser.page
    outside = await call(place, auth, "/etc/passwd", mode)
    assert outside.is_error and not place.log.having("/etc/passwd")
    agents = {entry["principal"].get("agent") for entry in place.running.ledger("call.intent")}
    assert any(str(name).startswith("official-client.sec") for name in agents)


async def test_an_expired_access_token_is_renewed_without_a_person(place: Office) -> None:
    browser, kept = Browser(place, "sec@example.com", ["office"]), Kept()
    auth = provider(place, browser, kept)
    await call(place, auth, "/srv/notes/first")
    assert kept.tokens is not None
    first, browser.page = kept.tokens, ""
    auth.context.token_expiry_time = 1.0  # The client believes that an hour has passed.
    result = await call(place, auth, "/srv/notes/renewed")
    assert not result.is_error and browser.page == ""
    assert kept.tokens.access_token != first.access_token and kept.tokens.refresh_token != first.refresh_token


async def test_a_token_is_refused_at_every_other_address_and_once_its_agent_is_stopped(place: Office) -> None:
    browser, kept = Browser(place, "sec@example.com", ["office"]), Kept()
    await call(place, provider(place, browser, kept), "/srv/notes/bound")
    assert kept.tokens is not None
    token = kept.tokens.access_token
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for elsewhere in ("/mcp/git", "/mcp", "/mcp/desk/"):
        answer = place.running.request("POST", elsewhere, token=token, body=ping)
        assert answer.status == 401, (elsewhere, answer)
        assert answer.json()["error"]["code"] == 40100
        assert 'scope="mcp"' in answer.headers["www-authenticate"]
    agent = Agent(place.running, token, "desk")
    assert agent.call("read_file", path="/srv/notes/still").status == 200
    public_id = token[4:16]
    sec = place.running.api_token("sec@example.com")
    path = f"/api/v1/tokens/{public_id}/revoke"
    revoked = place.running.request("POST", path, token=sec, body={"reason": "Enough"})
    assert revoked.status in (200, 204), revoked
    eventually(
        lambda: place.running.request("POST", "/mcp/desk", token=token, body=ping).status == 401,
        within=1.0,
        what="the token is refused",
    )
    body = f"grant_type=refresh_token&client_id={kept.client.client_id}&refresh_token={kept.tokens.refresh_token}"  # type: ignore[union-attr]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert place.running.request("POST", "/oauth/token", body=body, headers=form).json()["error"] == "invalid_grant"


def test_well_known_paths_answer_json_and_a_401_leads_there(place: Office) -> None:
    bare = place.running.request("POST", "/mcp/desk", body={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert bare.status == 401 and bare.json()["error"]["code"] == 40100
    where = re.search(r'resource_metadata="([^"]+)"', bare.headers["www-authenticate"])
    assert where is not None and where[1].startswith(place.running.url)
    told = place.running.request("GET", where[1].removeprefix(place.running.url))
    assert told.status == 200 and told.json()["resource"] == f"{place.running.url}/mcp/desk"
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-protected-resource/admin", "/.well-known/x"):
        none = place.running.request("GET", path)
        assert none.status == 404 and none.headers["content-type"] == "application/json"
