"""Clients register themselves: what they may be, how many, and how long they are kept unused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import Application
from oauth_desk import CALLBACK, FORM, Program, register

from governance.models import Person
from governance.oauth import registration
from governance.oauth.limits import TooMany
from governance.oauth.registration import BadRegistration, read

House = dict[str, Person]


def test_a_public_client_is_registered_without_a_secret(db: None) -> None:
    got = register({"client_name": " Claude\n Code ", "redirect_uris": [CALLBACK, CALLBACK], "unheard-of": 1})
    told = got.json()
    assert got.status_code == 201 and "no-store" in got["Cache-Control"]
    assert told["client_name"] == "Claude Code" and told["redirect_uris"] == [CALLBACK]
    assert told["token_endpoint_auth_method"] == "none" and "client_secret" not in told
    client = Application.objects.get(client_id=told["client_id"])
    assert (client.client_type, client.client_secret, client.skip_authorization) == ("public", "", False)


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/cb",
        "https://client.example:8443/cb?x=1",
        "http://127.0.0.1/cb",
        "http://localhost:1/cb",
        "http://[::1]:9/cb",
    ],
)
def test_answers_go_over_https_or_to_this_machine(uri: str) -> None:
    assert read({"redirect_uris": [uri]}).redirect_uris == (uri,)


@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://192.168.1.2/cb",
        "cursor://anysphere/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:client.example",
        "https://client.example/cb#x",
        "https://client.example/cb#",
        "https://user@client.example/cb",
        "https://client.example/a b",
        "https://client.example\\@evil.example/",
        "https://evil.example;script-src/cb",
        "https://client.example:port/cb",
        "https://bücher.example/cb",
        "https://client.example/" + "x" * 1000,
        "",
    ],
)
def test_no_other_redirect_uri_is_taken(uri: str) -> None:
    with pytest.raises(BadRegistration) as refused:
        read({"redirect_uris": [uri]})
    assert refused.value.code == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        b"\xff",
        "[" * 100_000,
        [],
        {},
        {"redirect_uris": []},
        {"redirect_uris": CALLBACK},
        {"redirect_uris": [1]},
        {"redirect_uris": [CALLBACK + str(n) for n in range(11)]},
        {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"},
        {"redirect_uris": [CALLBACK], "grant_types": ["client_credentials"]},
        {"redirect_uris": [CALLBACK], "response_types": ["token"]},
        {"redirect_uris": [CALLBACK], "client_name": "x" * 101},
        {"redirect_uris": [CALLBACK], "client_name": ["x"]},
    ],
)
def test_what_cannot_be_registered_is_refused_with_a_reason(db: None, document: Any) -> None:
    got = register(document)
    assert got.status_code in (400, 413) and got.json()["error"].startswith("invalid_")
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "character", ["\ud800", "\0", "\a", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\u061c"]
)
def test_names_and_addresses_have_no_character_that_deceives_or_cannot_be_kept(db: None, character: str) -> None:
    named = register({"client_name": f"Claude{character}Code", "redirect_uris": [CALLBACK]})
    addressed = register({"redirect_uris": [CALLBACK + character]})
    for got in (named, addressed):
        assert (got.status_code, got.json()["error"]) == (400, "invalid_client_metadata")
    with pytest.raises(BadRegistration):
        read({"client_name": f"Claude{character}Code", "redirect_uris": [CALLBACK]})
    assert not Application.objects.exists()


def test_names_may_be_written_in_any_script(db: None) -> None:
    got = register({"client_name": "クロード\u3000コード", "redirect_uris": [CALLBACK]})
    assert (got.status_code, got.json()["client_name"]) == (201, "クロード コード")


@pytest.mark.parametrize("place", ["/oauth/token", "/oauth/revoke"])
def test_a_form_with_a_nul_is_refused(db: None, place: str) -> None:
    got = Client().post(place, "grant_type=authorization_code&client_id=%00&token=%00&code=x", content_type=FORM)
    assert (got.status_code, got.json()["error"]) == (400, "invalid_request")


def test_one_address_registers_so_many_an_hour(db: None, settings: Any) -> None:
    settings.OAUTH_REGISTRATIONS_PER_ADDRESS = 3
    sent = {"redirect_uris": [CALLBACK]}
    assert [register(sent).status_code for _ in range(4)] == [201, 201, 201, 429]
    assert register(sent, REMOTE_ADDR="192.0.2.9").status_code == 201
    assert register(sent)["Retry-After"] == "3600"


def test_everybody_together_registers_so_many_an_hour(db: None, settings: Any) -> None:
    settings.OAUTH_REGISTRATIONS = 3
    sent = {"redirect_uris": [CALLBACK]}
    assert [register(sent, REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(4)] == [201, 201, 201, 429]


def test_the_count_is_of_the_last_hour(db: None, settings: Any) -> None:
    settings.OAUTH_REGISTRATIONS = settings.OAUTH_REGISTRATIONS_PER_ADDRESS = 1
    wanted, now = read({"redirect_uris": [CALLBACK]}), timezone.now()
    registration.register(wanted, address="a", now=now)
    registration.register(wanted, address="a", now=now + timedelta(hours=1))
    with pytest.raises(TooMany):
        registration.register(wanted, address="b", now=now + timedelta(hours=1, minutes=59))


def test_unused_registrations_expire_and_used_ones_stay(house: House, registered: Callable[..., Program]) -> None:
    unused, used = registered("Unused"), registered("Used")
    used.code(house["dev"])
    registration.sweep(timezone.now() + timedelta(hours=23))
    assert Application.objects.filter(client_id=unused.id).exists()
    registration.sweep(timezone.now() + timedelta(hours=24))
    assert list(Application.objects.values_list("name", flat=True)) == ["Used"]
