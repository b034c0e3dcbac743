"""The consent page: who is asked, what is shown, what a Connect makes, and whose answers count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from oauth2_provider.models import Grant
from oauth_desk import CALLBACK, Program, answer, browser, consented, hidden, is_live, office, resource, row

from governance import agents, people
from governance.models import Agent, LedgerEntry, OAuthConsent, Person
from governance.rights import Machine

House = dict[str, Person]
Register = Callable[..., Program]


def ledger(kind: str) -> list[str]:
    return list(LedgerEntry.objects.filter(kind=kind).order_by("seq").values_list("text", flat=True))


def test_a_stranger_is_sent_to_sign_in_and_back(house: House, registered: Register) -> None:
    dev = house["dev"]
    dev.set_password("correct horse battery")
    dev.save()
    address = registered().address()
    stranger = browser(None)
    sent = stranger.get(address)
    assert sent.status_code == 302 and sent["Location"].startswith("/admin/login/?next=/oauth/authorize")
    page = stranger.get(sent["Location"])
    fields = {"username": dev.email, "password": "correct horse battery"}
    csrf = stranger.cookies["gatehouse_csrf"].value
    back = stranger.post("/admin/login/", {**fields, "next": page.context["next"], "csrfmiddlewaretoken": csrf})
    assert back.status_code == 302 and back["Location"] == address


@pytest.mark.parametrize("member", ["client_id", "state", "code_challenge", "resource", "redirect_uri"])
def test_a_request_with_a_nul_is_put_to_nobody(house: House, registered: Register, member: str) -> None:
    got = browser(house["dev"]).get(registered().address(**{member: "a\0"}))
    assert got.status_code == 400 and "Location" not in got


def test_the_page_names_client_redirect_person_agent_resource_and_scope(house: House, registered: Register) -> None:
    page = browser(house["dev"]).get(registered("Claude <b>Code</b>").address())
    text = page.content.decode()
    for said in ("Claude &lt;b&gt;Code", "Nobody has checked that name", "127.0.0.1:7777", "dev@example.com"):
        assert said in text
    for said in ("claude-b-code-b.dev", "/mcp/files", "<code>mcp</code>", "starts without roles"):
        assert said in text
    assert "<script>" not in text and "style=" not in text and "<b>" not in text
    policy = page["Content-Security-Policy"].split("; ")
    assert "frame-ancestors 'none'" in policy and "script-src 'self'" in policy
    assert "form-action 'self' http://127.0.0.1:7777" in policy
    assert page["X-Frame-Options"] == "DENY" and "no-store" in page["Cache-Control"]


def test_the_answer_may_go_to_an_address_that_a_policy_cannot_name(house: House, registered: Register) -> None:
    """Browsers take no IPv6 literal in a source list: they would block the redirect that answers the form."""
    here = "http://[::1]:7777/callback"
    client = registered(redirect_uris=[here])
    page = browser(house["dev"]).get(client.address(redirect_uri=here))
    assert "form-action 'self' http:" in page["Content-Security-Policy"].split("; ")


def test_a_consent_makes_an_agent_of_the_person_and_is_recorded(house: House, registered: Register) -> None:
    client = registered()
    told = answer(consented(browser(house["dev"]), client.address()))
    assert told["state"] == "st&te" and told["code"]
    agent = Agent.objects.get()
    assert (agent.name, agent.owner, list(agent.roles.all())) == ("claude-code.dev", house["dev"], [])
    made, consent = ledger("change.agent")
    assert '"what":"created"' in made
    for said in ('"what":"consented"', '"person":"dev@example.com"', client.id, CALLBACK, "/mcp/files"):
        assert said in consent


def test_who_may_not_give_roles_is_not_offered_any_and_cannot_post_one(house: House, registered: Register) -> None:
    client, dev = registered(), browser(house["dev"])
    assert 'name="roles"' not in dev.get(client.address()).content.decode()
    refused = consented(dev, client.address(), roles=["office"])
    assert refused.status_code == 400
    assert not Agent.objects.exists() and not Grant.objects.exists()


def test_an_administrator_chooses_the_roles(house: House, registered: Register) -> None:
    client, sec = registered(), house["sec"]
    client.code(sec, roles=["office"])
    assert [role.name for role in Agent.objects.get().roles.all()] == ["office"]
    client.code(sec)
    assert not Agent.objects.get().roles.exists()


def test_consenting_again_to_the_same_keeps_the_agent_and_its_roles(house: House, registered: Register) -> None:
    client = registered()
    client.code(house["dev"])
    agents.set_roles(agent=Agent.objects.get(), roles=[office()], by=Machine.OPERATOR)
    page = browser(house["dev"]).get(client.address())
    assert "The agent keeps its roles: office" in page.content.decode()
    client.code(house["dev"])
    assert Agent.objects.count() == OAuthConsent.objects.count() == 1
    assert [role.name for role in Agent.objects.get().roles.all()] == ["office"]


def test_another_place_person_or_client_is_another_agent(house: House, registered: Register) -> None:
    client = registered()
    client.code(house["dev"])
    client.code(house["other"])
    Program(client.id, place="/mcp").code(house["dev"])
    registered().code(house["dev"])
    names = sorted(Agent.objects.values_list("name", flat=True))
    assert names == ["claude-code.dev", "claude-code.dev-2", "claude-code.dev-3", "claude-code.other"]


def test_a_long_name_leaves_room_for_the_numbers_of_many_agents(house: House, registered: Register) -> None:
    long = people.create_person(email=f"{'l' * 40}@example.com", roles=["developer"], by=Machine.OPERATOR)
    for _ in range(11):
        registered("7" * 60).code(long)
    names = sorted(Agent.objects.values_list("name", flat=True), key=len)
    assert len(names) == 11 and len(names[-1]) <= 80 and names[-1].endswith("-11")


def test_a_stopped_agent_is_not_revived_by_a_new_consent(house: House, registered: Register) -> None:
    client = registered()
    old = client.tokens(house["dev"])
    agents.set_roles(agent=Agent.objects.get(), roles=[office()], by=Machine.OPERATOR)
    agents.deactivate_agent(agent=Agent.objects.get(), by=Machine.OPERATOR, reason="Odd calls")
    new = client.tokens(house["dev"])
    assert not is_live(old["access_token"]) and is_live(new["access_token"])
    agent = row(new["access_token"]).agent
    assert agent.name == "claude-code.dev-2" and not agent.roles.exists()


def test_refusing_tells_the_client_and_makes_nothing(house: House, registered: Register) -> None:
    client, dev = registered(), browser(house["dev"])
    page = dev.get(client.address())
    told = answer(dev.post(client.address(), {**hidden(page), "decision": "refuse"}))
    assert (told["error"], told["state"]) == ("access_denied", "st&te")
    assert not Agent.objects.exists() and not Grant.objects.exists()


def test_an_answer_without_the_csrf_token_is_refused(house: House, registered: Register) -> None:
    client, dev = registered(), browser(house["dev"])
    sent = hidden(dev.get(client.address()))
    del sent["csrfmiddlewaretoken"]
    assert dev.post(client.address(), {**sent, "decision": "allow"}).status_code == 403
    assert not Grant.objects.exists()


def test_another_persons_form_does_not_count(house: House, registered: Register) -> None:
    client, dev, other = registered(), browser(house["dev"]), browser(house["other"])
    shown_to_dev = hidden(dev.get(client.address()))["question"]
    mine = hidden(other.get(client.address()))
    sent = {**mine, "question": shown_to_dev, "decision": "allow"}
    assert other.post(client.address(), sent).status_code == 403
    assert not Grant.objects.exists() and not Agent.objects.exists()


def test_a_form_for_one_request_does_not_answer_another(house: House, registered: Register) -> None:
    client, dev = registered(), browser(house["dev"])
    sent = {**hidden(dev.get(client.address())), "decision": "allow"}
    assert dev.post(client.address(resource=resource("/mcp")), sent).status_code == 403
    assert not Grant.objects.exists()


def test_an_inactive_person_cannot_consent(house: House, registered: Register) -> None:
    client, dev = registered(), browser(house["dev"])
    sent = {**hidden(dev.get(client.address())), "decision": "allow"}
    people.deactivate(person=house["dev"], by=Machine.OPERATOR, reason="Left")
    answered = dev.post(client.address(), sent)
    assert answered.status_code == 302 and answered["Location"].startswith("/admin/login/")
    assert not Grant.objects.exists() and not Agent.objects.exists()


def test_who_may_not_own_agents_is_told_which_role_it_takes(house: House, registered: Register) -> None:
    refused = browser(house["audit"]).get(registered().address())
    assert refused.status_code == 403 and "developer" in refused.content.decode()


def test_who_owes_a_second_factor_shows_it_first(house: House, registered: Register) -> None:
    away = browser(house["sec"], second_factor=False)
    sent = away.get(registered().address())
    assert sent.status_code == 302 and sent["Location"] == "/admin/account/second-factor/"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": ["S256", "plain"]}, "invalid_request"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "https://elsewhere.example/mcp/files"}, "invalid_target"),
        ({"resource": [resource("/mcp/files"), resource("/mcp/git")]}, "invalid_target"),
        ({"resource": resource("/mcp/files/")}, "invalid_target"),
        ({"resource": resource("/mcp/files?x=1")}, "invalid_target"),
        ({"resource": resource("/mcp/unheard-of")}, "invalid_target"),
        ({"resource": resource("/api/v1")}, "invalid_target"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"scope": "mcp admin"}, "invalid_scope"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_before_anybody_is_asked(
    house: House, registered: Register, changed: dict[str, Any], error: str
) -> None:
    told = answer(browser(house["dev"]).get(registered().address(**changed)))
    assert told["error"] == error and told["state"] == "st&te" and "code" not in told


def test_a_downgraded_challenge_cannot_be_posted_either(house: House, registered: Register) -> None:
    client, dev = registered(), browser(house["dev"])
    sent = {**hidden(dev.get(client.address())), "decision": "allow", "code_challenge_method": "plain"}
    told = answer(dev.post(client.address(code_challenge_method="plain"), sent))
    assert told["error"] == "invalid_request" and not Grant.objects.exists()


@pytest.mark.parametrize("tail", ["&x=%zz", "&%4=y"])
def test_a_request_that_cannot_be_read_is_put_to_nobody(house: House, registered: Register, tail: str) -> None:
    client, dev = registered(), browser(house["dev"])
    sent = {**hidden(dev.get(client.address())), "decision": "allow"}
    for got in (dev.get(client.address() + tail), dev.post(client.address() + tail, sent)):
        assert got.status_code == 400 and "Location" not in got
    assert not Grant.objects.exists() and not Agent.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/more"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.replace("7777", "7778")},
        {"redirect_uri": None},
        {"redirect_uri": [CALLBACK, "https://evil.example/"]},
        {"client_id": "unheard-of"},
        {"client_id": None},
    ],
)
def test_nobody_is_redirected_to_where_the_client_was_not_registered(
    house: House, registered: Register, changed: dict[str, Any]
) -> None:
    answered = browser(house["dev"]).get(registered().address(**changed))
    assert answered.status_code == 400 and "Location" not in answered
