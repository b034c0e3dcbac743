"""An OAuth client, a browser, and the steps of the flow, over Django's own test client."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from gateway.snapshot import build
from governance.models import AgentToken, DataRole, Person
from governance.tokens import read_token

CALLBACK = "http://127.0.0.1:7777/callback"
FORM = "application/x-www-form-urlencoded"


def resource(place: str = "/mcp/files") -> str:
    """The resource indicator of a place."""
    return str(settings.PUBLIC_URL) + place


def browser(person: Person | None, *, second_factor: bool = True, **named: Any) -> Client:
    """A browser in which this person is signed in, with forms protected as in production."""
    client = Client(enforce_csrf_checks=True, **named)
    if person is not None:
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        if second_factor:
            device, _ = TOTPDevice.objects.get_or_create(user=person, name="phone")
            session = client.session
            session[DEVICE_ID_SESSION_KEY] = device.persistent_id
            session.save()
    return client


@dataclass
class Program:
    """A registered client with a PKCE pair of its own; `asks` is what it sends to the authorization endpoint."""

    id: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    place: str = "/mcp/files"

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def address(self, **changed: Any) -> str:
        """The authorization request; a member that is None is left out."""
        asks: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": CALLBACK,
            "state": "st&te",
            "scope": "mcp",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "resource": resource(self.place),
        } | changed
        return "/oauth/authorize?" + urlencode({k: v for k, v in asks.items() if v is not None}, doseq=True)

    def code(self, person: Person, **chosen: Any) -> str:
        """The code that the person's consent leads to."""
        return str(answer(consented(browser(person), self.address(), **chosen))["code"])

    def exchange(self, code: str, **changed: Any) -> Any:
        """The answer to a code."""
        asks = {
            "grant_type": "authorization_code",
            "client_id": self.id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            "resource": resource(self.place),
        } | changed
        return post("token", asks)

    def tokens(self, person: Person, **chosen: Any) -> dict[str, Any]:
        """The first tokens, after a consent."""
        got = self.exchange(self.code(person, **chosen))
        assert got.status_code == 200, got.content
        return dict(got.json())

    def refresh(self, refresh_token: str, **changed: Any) -> Any:
        """The answer to a refresh token."""
        return post(
            "token", {"grant_type": "refresh_token", "client_id": self.id, "refresh_token": refresh_token} | changed
        )


def register(document: Any, **named: Any) -> Any:
    """The answer to a registration."""
    body = document if isinstance(document, str | bytes) else json.dumps(document)
    return Client(enforce_csrf_checks=True).post("/oauth/register", body, content_type="application/json", **named)


def post(where: str, asks: dict[str, Any]) -> Any:
    """A form to one of the addresses for programs."""
    sent = urlencode({k: v for k, v in asks.items() if v is not None}, doseq=True)
    return Client(enforce_csrf_checks=True).post(f"/oauth/{where}", sent, content_type=FORM)


def hidden(page: Any) -> dict[str, str]:
    """The hidden fields of the consent form on a page."""
    form = page.content.decode().split('<form method="post" class="stack">', 1)[1].split("</form>", 1)[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def consented(client: Client, address: str, **chosen: Any) -> Any:
    """Open the page, press Connect, and return the answer."""
    page = client.get(address)
    assert page.status_code == 200, page.content
    return client.post(address, {**hidden(page), "decision": "allow", **chosen})


def answer(response: Any) -> dict[str, str]:
    """What the client is told at its redirect URI."""
    assert response.status_code == 302, response.content
    location = response["Location"]
    assert location.startswith(CALLBACK + "?"), location
    told = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert told["iss"] == settings.PUBLIC_URL
    return told


def row(access: str) -> AgentToken:
    """The row of an access token."""
    return AgentToken.objects.get(public_id=read_token(access).public_id)


def is_live(access: str) -> bool:
    """Whether the data plane would take the token for one of its agent's, once it has looked."""
    known = build.identity(0)
    record = known.tokens.get(read_token(access).public_id)
    return record is not None and record.agent in known.agents


def office() -> DataRole:
    """The data-plane role of the house."""
    return DataRole.objects.get(name="office")
