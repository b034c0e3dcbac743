"""People, their API tokens and their sign-in links."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from governance import agents, approvals, people, roles
from governance.models import Agent, AgentToken, Escalation, LedgerEntry, Person, PersonToken, Revocation, SignInLink
from governance.rights import SCOPES, Machine, NotAllowed, scopes_of
from governance.tokens import read_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def dev(make_person: Callable[..., Person]) -> Person:
    return make_person("dev@example.com", "developer")


@pytest.fixture
def sec(make_person: Callable[..., Person]) -> Person:
    return make_person("sec@example.com", "security-admin")


def test_a_person_is_made_with_roles_and_teams_and_no_password(sec) -> None:
    team = roles.set_team(name="platform", by=Machine.OPERATOR)
    made = people.create_person(email=" New@Example.com ", roles=["approver"], teams=[team], by=sec)
    assert made.email == "new@example.com"
    assert made.console_roles() == {"approver"}
    assert made.team_names() == {"platform"}
    assert not made.has_usable_password()
    entry = json.loads(LedgerEntry.objects.filter(kind="change.person").get().text)
    assert entry["principal"]["person"] == "sec@example.com"
    assert entry["change"]["after"] == {"roles": ["approver"], "teams": ["platform"]}


@pytest.mark.parametrize("email", ["", "no-address", "a@b", "DEV@example.com"])
def test_an_address_that_is_none_or_taken_is_refused(dev, email) -> None:
    with pytest.raises(people.BadPerson):
        people.create_person(email=email, by=Machine.OPERATOR)


def test_an_unknown_role_is_named(dev) -> None:
    with pytest.raises(people.BadPerson, match="'root' is unknown"):
        people.create_person(email="x@example.com", roles=["root"], by=Machine.OPERATOR)
    with pytest.raises(people.BadPerson):
        people.change_person(person=dev, roles=["developer", "root"], teams=[], by=Machine.OPERATOR)
    assert dev.console_roles() == {"developer"}


def test_nobody_gives_themselves_roles(dev, make_person) -> None:
    approver = make_person("bo@example.com", "approver", "policy-author")
    for person in (dev, approver):
        with pytest.raises(NotAllowed):
            people.change_person(person=person, roles=["security-admin"], teams=[], by=person)
        with pytest.raises(NotAllowed):
            people.create_person(email="x@example.com", roles=["security-admin"], by=person)


def test_roles_change_only_when_they_differ(dev, sec) -> None:
    assert people.change_person(person=dev, roles=["developer", "approver"], teams=[], by=sec)
    before = LedgerEntry.objects.count()
    assert not people.change_person(person=dev, roles=["approver", "developer"], teams=[], by=sec)
    assert LedgerEntry.objects.count() == before


def test_a_password_is_ones_own_matter_and_never_recorded(dev, sec, make_person) -> None:
    word = "correct horse " + "battery"
    people.set_password(person=dev, password=word, by=dev)
    assert dev.check_password(word)
    with pytest.raises(people.BadPerson):
        people.set_password(person=dev, password="short", by=dev)
    with pytest.raises(NotAllowed):
        people.set_password(person=sec, password=word, by=dev)
    assert word not in " ".join(LedgerEntry.objects.values_list("text", flat=True))


def test_offboarding_is_one_act(dev, sec, make_opening, at) -> None:
    agent = agents.create_agent(name="dev-claude", owner=dev, by=Machine.OPERATOR)
    agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)
    api_token = people.issue_api_token(person=dev, by=Machine.OPERATOR, now=at)
    link = people.issue_link(dev, now=at)
    with transaction.atomic():
        row = approvals.open_escalation(make_opening(), now=at)
    assert people.deactivate(person=dev, by=sec, reason="left", now=at)
    assert not Person.objects.get(pk=dev.pk).is_active
    assert not Agent.objects.get().active
    assert AgentToken.objects.get().revoked_at == at
    assert people.find_api_token(api_token, now=at) is None
    with pytest.raises(people.LinkRefused):
        people.consume_link(link.rstrip("/").rsplit("/", 1)[1], now=at)
    assert Escalation.objects.get(pk=row.pk).state == "cancelled"
    assert set(Revocation.objects.values_list("kind", "name")) == {("agent", "dev-claude"), ("person", dev.email)}
    assert not people.deactivate(person=dev, by=sec, reason="again", now=at)


def test_the_scopes_of_roles_are_those_of_the_contract() -> None:
    assert scopes_of([]) == {"read"}
    assert scopes_of(["auditor"]) == {"read"}
    assert scopes_of(["developer"]) == {"read", "request"}
    assert scopes_of(["server-owner"]) == {"read", "request"}
    assert scopes_of(["approver"]) == {"read", "decide", "stop"}
    assert scopes_of(["security-admin"]) == {"read", "stop", "administer"}
    assert scopes_of(["policy-author"]) == {"read", "administer"}
    assert set(SCOPES) == {"read", "request", "decide", "stop", "administer"}


def test_an_api_token_holds_what_was_asked_and_no_more(dev, at) -> None:
    text = people.issue_api_token(person=dev, scopes=["read"], by=dev, now=at)
    signed_in = people.find_api_token(text, now=at)
    assert signed_in is not None
    assert (signed_in.person, signed_in.scopes) == (dev, {"read"})
    assert read_token(text).secret not in " ".join(LedgerEntry.objects.values_list("text", flat=True))


def test_all_scopes_of_the_roles_are_given_where_none_are_named(dev, at) -> None:
    signed_in = people.find_api_token(people.issue_api_token(person=dev, by=dev, now=at), now=at)
    assert signed_in is not None
    assert signed_in.scopes == {"read", "request"}


@pytest.mark.parametrize(("scopes", "why"), [(["decide"], "do not allow"), (["root"], "unknown"), ([], "no scope")])
def test_a_token_beyond_the_roles_is_refused_at_issue(dev, scopes, why) -> None:
    with pytest.raises(people.BadPerson, match=why):
        people.issue_api_token(person=dev, scopes=scopes, by=dev)
    assert not PersonToken.objects.exists()


def test_a_scope_is_judged_again_at_every_use(make_person, at) -> None:
    bo = make_person("bo@example.com", "approver")
    text = people.issue_api_token(person=bo, by=bo, now=at)
    bo.groups.clear()
    signed_in = people.find_api_token(text, now=at)
    assert signed_in is not None
    assert signed_in.scopes == {"read"}


def test_nobody_issues_or_revokes_tokens_of_others(dev, sec, make_person) -> None:
    bo = make_person("bo@example.com", "approver")
    with pytest.raises(NotAllowed):
        people.issue_api_token(person=dev, by=bo)
    public_id = read_token(people.issue_api_token(person=dev, by=sec)).public_id
    with pytest.raises(NotAllowed):
        people.revoke_api_token(public_id=public_id, by=bo, reason="")
    assert people.revoke_api_token(public_id=public_id, by=dev, reason="done")
    assert not people.revoke_api_token(public_id=public_id, by=sec, reason="again")


def test_a_wrong_secret_an_expired_and_a_revoked_token_sign_nobody_in(dev, at) -> None:
    text = people.issue_api_token(person=dev, expires_in=timedelta(hours=1), by=dev, now=at)
    assert people.find_api_token(text, now=at + timedelta(minutes=59, seconds=59)) is not None
    assert people.find_api_token(text, now=at + timedelta(hours=1)) is None
    PersonToken.objects.update(digest="0" * 64)
    assert people.find_api_token(text, now=at) is None
    assert people.find_api_token("", now=at) is None


def secret_of(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[1]


def test_a_link_signs_in_once_within_ten_minutes(dev, at) -> None:
    secret = secret_of(people.issue_link(dev, now=at))
    assert secret not in SignInLink.objects.get().digest
    just_in_time = at + timedelta(minutes=10) - timedelta(microseconds=1)
    assert people.look_at_link(secret, now=just_in_time) == dev, "looking does not use it"
    assert people.consume_link(secret, now=just_in_time) == dev
    with pytest.raises(people.LinkRefused):
        people.consume_link(secret, now=just_in_time)
    assert LedgerEntry.objects.filter(kind="change.sign_in").count() == 1


def test_a_link_is_refused_after_ten_minutes_and_when_made_up(dev, at) -> None:
    secret = secret_of(people.issue_link(dev, now=at))
    for wrong, now in ((secret, at + timedelta(minutes=10)), (secret[:-1], at), ("", at), ("é" * 43, at)):
        with pytest.raises(people.LinkRefused):
            people.consume_link(wrong, now=now)


def test_links_do_not_exist_in_production(dev, settings, at) -> None:
    secret = secret_of(people.issue_link(dev, now=at))
    settings.GATEHOUSE_MODE = "production"
    with pytest.raises(people.LinkRefused):
        people.issue_link(dev)
    with pytest.raises(people.LinkRefused):
        people.consume_link(secret, now=at)
