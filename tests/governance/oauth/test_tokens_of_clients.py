"""Codes and refresh tokens: what each is bound to, that each is good once, and what ends everything."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from oauth_desk import CALLBACK, FORM, Program, is_live, post, resource, row

from governance import agents, people
from governance.models import Agent, LedgerEntry, OAuthFamily, OAuthRefresh, Person, Team
from governance.oauth import families
from governance.rights import Machine
from governance.tokens import read_token

House = dict[str, Person]
Register = Callable[..., Program]
T0 = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def refused(answer: Any, error: str = "invalid_grant") -> bool:
    assert answer.status_code in (400, 401), answer.content
    assert "access_token" not in answer.json() and "no-store" in answer["Cache-Control"]
    return bool(answer.json()["error"] == error)


def test_the_access_token_is_an_agents_token_bound_to_the_resource_for_an_hour(
    house: House, registered: Register
) -> None:
    got = registered().tokens(house["dev"])
    assert got["token_type"] == "Bearer" and got["scope"] == "mcp" and got["expires_in"] == 3600
    token = row(got["access_token"])
    assert (token.agent.owner, token.audience) == (house["dev"], "/mcp/files")
    assert token.expires_at - token.created_at == timedelta(hours=1)
    entry = LedgerEntry.objects.filter(kind="change.token").latest("seq").text
    assert '"audience":"/mcp/files"' in entry and '"person":"dev@example.com"' in entry


def test_nothing_that_could_be_used_is_stored(house: House, registered: Register) -> None:
    client = registered()
    pending = client.code(house["other"])
    code = client.code(house["dev"])
    got = client.exchange(code).json()
    secrets = [pending, code, got["refresh_token"], read_token(got["access_token"]).secret, client.verifier]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            kept = str([[bytes(v) if isinstance(v, memoryview) else v for v in r] for r in cursor.fetchall()])
            assert not [table for secret in secrets if secret in kept]
    assert not AccessToken.objects.exists() and not RefreshToken.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"resource": resource("/mcp/git")}, "invalid_target"),
        ({"resource": resource("/mcp")}, "invalid_target"),
        ({"resource": [resource("/mcp/files"), resource("/mcp/git")]}, "invalid_target"),
        ({"client_id": "unheard-of"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"grant_type": "password", "username": "dev@example.com", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_bound_to_verifier_redirect_resource_and_client(
    house: House, registered: Register, changed: dict[str, Any], error: str
) -> None:
    client = registered()
    assert refused(client.exchange(client.code(house["dev"]), **changed), error)
    assert not Agent.objects.get().tokens.exists()


def test_a_code_is_spent_by_a_wrong_verifier(house: House, registered: Register) -> None:
    client = registered()
    code = client.code(house["dev"])
    assert refused(client.exchange(code, code_verifier="x" * 43))
    assert refused(client.exchange(code))


def test_another_client_cannot_redeem_the_code_nor_spend_it(house: House, registered: Register) -> None:
    client, thief = registered(), registered()
    code = client.code(house["dev"])
    thief.verifier = client.verifier
    assert refused(thief.exchange(code))
    assert client.exchange(code).status_code == 200


def test_a_replayed_code_ends_what_was_issued_for_it(house: House, registered: Register) -> None:
    client = registered()
    code = client.code(house["dev"])
    got = client.exchange(code).json()
    assert is_live(got["access_token"])
    assert refused(client.exchange(code))
    assert not is_live(got["access_token"])
    assert refused(client.refresh(got["refresh_token"]))
    assert "used twice" in LedgerEntry.objects.filter(kind="change.token").latest("seq").text


def test_a_code_lives_a_minute(house: House, registered: Register) -> None:
    client = registered()
    with time_machine.travel(T0, tick=False):
        code = client.code(house["dev"])
    with time_machine.travel(T0 + timedelta(seconds=60), tick=False):
        assert refused(client.exchange(code))


def test_a_code_of_somebody_who_left_is_worth_nothing(house: House, registered: Register) -> None:
    client = registered()
    code = client.code(house["dev"])
    people.deactivate(person=house["dev"], by=Machine.OPERATOR, reason="Left")
    assert refused(client.exchange(code))


def test_basic_authentication_with_an_empty_secret_is_no_client(house: House, registered: Register) -> None:
    client = registered()
    code = client.code(house["dev"])
    sent = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})
    basic = "Basic " + base64.b64encode(f"{client.id}:".encode()).decode()
    form = "application/x-www-form-urlencoded"
    assert refused(Client().post("/oauth/token", sent, content_type=form, HTTP_AUTHORIZATION=basic), "invalid_client")


def test_refreshing_rotates_and_the_access_token_before_ends_within_a_minute(
    house: House, registered: Register
) -> None:
    client = registered()
    first = client.tokens(house["dev"])
    got = client.refresh(first["refresh_token"], resource=resource())
    assert got.status_code == 200
    second = got.json()
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    assert is_live(second["access_token"])
    left = row(first["access_token"]).expires_at - row(second["access_token"]).created_at
    assert left <= timedelta(minutes=1)
    assert client.refresh(second["refresh_token"]).status_code == 200


def test_a_reused_refresh_token_ends_the_family(house: House, registered: Register) -> None:
    client = registered()
    first = client.tokens(house["dev"])
    second = client.refresh(first["refresh_token"]).json()
    assert refused(client.refresh(first["refresh_token"]))
    assert refused(client.refresh(second["refresh_token"]))
    assert not is_live(second["access_token"]) and not is_live(first["access_token"])
    assert OAuthFamily.objects.get().ended_at is not None


def test_a_refresh_token_is_bound_to_client_resource_and_scope(house: House, registered: Register) -> None:
    client, other = registered(), registered()
    got = client.tokens(house["dev"])
    assert refused(other.refresh(got["refresh_token"]))
    assert refused(client.refresh(got["refresh_token"], resource=resource("/mcp/git")), "invalid_target")
    assert refused(client.refresh(got["refresh_token"], scope="mcp admin"), "invalid_scope")
    assert client.refresh(got["refresh_token"]).status_code == 200


def test_a_refresh_token_expires(house: House, registered: Register) -> None:
    client = registered()
    with time_machine.travel(T0, tick=False):
        got = client.tokens(house["dev"])
    with time_machine.travel(T0 + timedelta(days=settings.TOKEN_DAYS), tick=False):
        assert refused(client.refresh(got["refresh_token"]))


def the_token(got: dict[str, Any]) -> None:
    agents.revoke_token(public_id=read_token(got["access_token"]).public_id, by=Machine.OPERATOR, reason="Lost")


def the_agent(got: dict[str, Any]) -> None:
    agents.deactivate_agent(agent=row(got["access_token"]).agent, by=Machine.OPERATOR, reason="Odd calls")


def the_person(got: dict[str, Any]) -> None:
    people.deactivate(person=row(got["access_token"]).agent.owner, by=Machine.OPERATOR, reason="Left")


@pytest.mark.parametrize("end", [the_token, the_agent, the_person])
def test_ending_token_agent_or_person_ends_access_and_refresh(
    house: House, registered: Register, end: Callable[[dict[str, Any]], None]
) -> None:
    client = registered()
    got = client.tokens(house["dev"])
    end(got)
    assert not is_live(got["access_token"])
    assert refused(client.refresh(got["refresh_token"]))


def test_an_agent_given_to_somebody_else_is_no_longer_the_clients(house: House, registered: Register) -> None:
    client = registered()
    got = client.tokens(house["dev"])
    agent = Agent.objects.get()
    agents.change_agent(agent=agent, owner=house["other"], team=None, rate=None, by=Machine.OPERATOR)
    assert refused(client.refresh(got["refresh_token"]))


@pytest.mark.parametrize("end", ["given away", "stopped"])
@pytest.mark.parametrize("person", ["dev", "sec"])
def test_a_new_consent_does_not_bring_the_tokens_of_the_one_before_back(
    house: House, registered: Register, end: str, person: str
) -> None:
    client = registered()
    old = client.tokens(house[person])
    if end == "stopped":
        the_agent(old)
    else:
        agents.change_agent(agent=Agent.objects.get(), owner=house["other"], team=None, rate=None, by=Machine.OPERATOR)
    new = client.tokens(house[person])
    assert refused(client.refresh(old["refresh_token"]))
    assert client.refresh(new["refresh_token"]).status_code == 200


@pytest.mark.parametrize("team_owned", [False, True])
def test_an_administrator_keeps_no_agent_that_was_given_away_either(
    house: House, registered: Register, team_owned: bool
) -> None:
    client = registered()
    got = client.tokens(house["sec"])
    pending = client.code(house["sec"])
    team = Team.objects.create(name="platform") if team_owned else None
    owner = None if team_owned else house["other"]
    agents.change_agent(agent=Agent.objects.get(), owner=owner, team=team, rate=None, by=Machine.OPERATOR)
    assert refused(client.refresh(got["refresh_token"]))
    assert refused(client.exchange(pending))


@pytest.mark.parametrize("given", ["access_token", "refresh_token"])
def test_a_client_gives_its_tokens_back(house: House, registered: Register, given: str) -> None:
    client, other = registered(), registered()
    got = client.tokens(house["dev"])
    assert post("revoke", {"token": got[given], "client_id": other.id}).status_code == 200
    assert is_live(got["access_token"])
    assert post("revoke", {"token": got[given], "client_id": client.id}).status_code == 200
    assert not is_live(got["access_token"]) and refused(client.refresh(got["refresh_token"]))


def test_giving_back_what_is_no_token_says_nothing(house: House, registered: Register) -> None:
    client = registered()
    assert post("revoke", {"token": "unheard-of", "client_id": client.id}).status_code == 200
    assert post("revoke", {"token": "unheard-of", "client_id": "unheard-of"}).status_code in (400, 401)


def test_the_addresses_for_programs_take_forms_by_post(house: House) -> None:
    for where in ("token", "revoke", "register"):
        assert Client().get(f"/oauth/{where}").status_code == 405
    as_json = Client().post("/oauth/token", "{}", content_type="application/json")
    assert as_json.status_code == 400 and as_json.json()["error"] == "invalid_request"


@pytest.mark.parametrize("query", ["client_id=x", "x=%zz", "x"])
@pytest.mark.parametrize("place", ["token", "revoke"])
def test_what_stands_in_the_address_of_a_form_is_refused(db: None, place: str, query: str) -> None:
    assert refused(Client().post(f"/oauth/{place}?{query}", "grant_type=x", content_type=FORM), "invalid_request")


def test_a_client_refreshes_so_many_times_an_hour_and_goes_on_after_it(
    house: House, registered: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(families, "REFRESHES_AN_HOUR", 2)
    client, other = registered(), registered()
    with time_machine.travel(T0, tick=False):
        got = client.tokens(house["dev"])
        for _ in range(2):
            got = client.refresh(got["refresh_token"]).json()
        for _ in range(2):
            full = client.refresh(got["refresh_token"])
            assert (full.status_code, full["Retry-After"], full.json()["error"]) == (429, "3600", "too_many_requests")
        assert "access_token" not in full.json() and is_live(got["access_token"])
        assert other.refresh(other.tokens(house["other"])["refresh_token"]).status_code == 200
    with time_machine.travel(T0 + timedelta(hours=1), tick=False):
        assert client.refresh(got["refresh_token"]).status_code == 200
    assert OAuthFamily.objects.filter(ended_at__isnull=False).count() == 0


def test_only_digests_of_codes_wait_and_one_refresh_token_per_family(house: House, registered: Register) -> None:
    client = registered()
    client.code(house["dev"])
    assert len(Grant.objects.get().code) == 64
    got = client.tokens(house["dev"])
    for _ in range(3):
        got = client.refresh(got["refresh_token"]).json()
    assert OAuthRefresh.objects.filter(used_at__isnull=True).count() == 1
    assert OAuthRefresh.objects.count() == 4
