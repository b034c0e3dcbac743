"""Agents and their tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from governance import agents, approvals, roles
from governance.keys import AGENT_TOKENS, PERSON_TOKENS, derive
from governance.models import Agent, AgentToken, DataRole, Escalation, Generation, LedgerEntry, Person, Revocation
from governance.rights import Machine, NotAllowed
from governance.tokens import matches, read_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def dev(make_person: Callable[..., Person]) -> Person:
    return make_person("dev@example.com", "developer")


@pytest.fixture
def agent(dev: Person) -> Agent:
    return agents.create_agent(name="dev-claude", owner=dev, by=Machine.OPERATOR)


def last_change(kind: str) -> dict[str, Any]:
    entry = LedgerEntry.objects.filter(kind=kind).order_by("-seq")[0]
    change: dict[str, Any] = json.loads(entry.text)["change"]
    return change


def generation() -> int:
    return Generation.objects.get(part="identity").value


def hold(make_opening: Callable[..., Any], at: Any) -> Escalation:
    with transaction.atomic():
        return approvals.open_escalation(make_opening(), now=at)


def test_an_agent_is_made_with_its_roles_and_rate(dev) -> None:
    role = roles.set_role(name="developer", tools=["files/*"], by=Machine.OPERATOR)
    before = generation()
    made = agents.create_agent(name="bot", owner=dev, roles=[role], rate=(600, 60), by=Machine.OPERATOR)
    assert generation() == before + 1
    assert last_change("change.agent")["after"] == {"owner": None, "team": None, "roles": [], "rate": None} | {
        "owner": "dev@example.com",
        "roles": ["developer"],
        "rate": "600/60s",
    }
    assert list(made.roles.all()) == [role]


@pytest.mark.parametrize("name", ["", "Bot", "9bot", "a b", "bot\n", "x" * 81, "bot/1"])
def test_a_name_that_rules_could_not_name_is_refused(dev, name) -> None:
    with pytest.raises(agents.BadAgent):
        agents.create_agent(name=name, owner=dev, by=Machine.OPERATOR)


def test_an_agent_belongs_to_exactly_one_owner(dev, agent) -> None:
    with pytest.raises(agents.BadAgent):
        agents.create_agent(name="nobodys", by=Machine.OPERATOR)
    with pytest.raises(agents.BadAgent, match="exists"):
        agents.create_agent(name="dev-claude", owner=dev, by=Machine.OPERATOR)


def test_a_token_is_shown_once_and_kept_as_a_keyed_digest(agent, at) -> None:
    before = generation()
    text = agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)
    presented = read_token(text)
    row = AgentToken.objects.get(public_id=presented.public_id)
    assert matches(presented.secret, row.digest, derive(AGENT_TOKENS))
    assert not matches(presented.secret, row.digest, derive(PERSON_TOKENS))
    assert row.expires_at == at + timedelta(days=30)
    assert generation() == before + 1
    stored = " ".join(LedgerEntry.objects.values_list("text", flat=True)) + row.digest
    assert presented.secret not in stored
    assert last_change("change.token")["name"] == presented.public_id


def test_a_token_that_never_lives_is_not_issued(agent) -> None:
    for expires_in in (timedelta(0), timedelta(days=-1)):
        with pytest.raises(agents.BadAgent):
            agents.issue_token(agent=agent, expires_in=expires_in or timedelta(seconds=-1), by=Machine.OPERATOR)


def test_owners_and_administrators_issue_tokens_and_nobody_else(agent, dev, make_person) -> None:
    agents.issue_token(agent=agent, by=dev)
    agents.issue_token(agent=agent, by=make_person("sec@example.com", "security-admin"))
    with pytest.raises(NotAllowed):
        agents.issue_token(agent=agent, by=make_person("bo@example.com", "approver", "developer"))
    Person.objects.filter(pk=dev.pk).update(is_active=False)
    dev.refresh_from_db()
    with pytest.raises(NotAllowed):
        agents.issue_token(agent=agent, by=dev)


def test_revoking_the_last_token_cancels_what_waits(agent, make_opening, at) -> None:
    public_id = read_token(agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)).public_id
    row, before = hold(make_opening, at), generation()
    assert agents.revoke_token(public_id=public_id, by=Machine.OPERATOR, reason="leaked", now=at)
    assert Escalation.objects.get(pk=row.pk).state == "cancelled"
    assert AgentToken.objects.get().revoked_at == at
    assert list(Revocation.objects.values_list("kind", "name")) == [("token", public_id)]
    assert generation() == before + 1
    assert not agents.revoke_token(public_id=public_id, by=Machine.OPERATOR, reason="again", now=at)


@pytest.mark.parametrize(("reason", "said"), [("", "was revoked"), ("leaked", "was revoked: leaked")])
def test_whoever_waits_reads_why_the_token_was_revoked_without_a_dangling_colon(
    agent, make_opening, at, reason, said
) -> None:
    public_id = read_token(agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)).public_id
    row = hold(make_opening, at)
    agents.revoke_token(public_id=public_id, by=Machine.OPERATOR, reason=reason, now=at)
    assert Escalation.objects.get(pk=row.pk).decision_reason.endswith(said)


def test_rotating_a_token_keeps_what_waits(agent, make_opening, at) -> None:
    old = read_token(agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)).public_id
    agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)
    row = hold(make_opening, at)
    agents.revoke_token(public_id=old, by=Machine.OPERATOR, reason="rotated", now=at)
    assert Escalation.objects.get(pk=row.pk).state == "waiting"


def test_an_expired_second_token_does_not_keep_what_waits(agent, make_opening, at) -> None:
    token = read_token(agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)).public_id
    agents.issue_token(agent=agent, expires_in=timedelta(seconds=1), by=Machine.OPERATOR, now=at)
    row, later = hold(make_opening, at), at + timedelta(seconds=1)
    agents.revoke_token(public_id=token, by=Machine.OPERATOR, reason="leaked", now=later)
    assert Escalation.objects.get(pk=row.pk).state == "cancelled"


def test_nobody_revokes_tokens_of_others(agent, make_person) -> None:
    public_id = read_token(agents.issue_token(agent=agent, by=Machine.OPERATOR)).public_id
    with pytest.raises(NotAllowed):
        agents.revoke_token(public_id=public_id, by=make_person("x@example.com", "developer"), reason="")
    assert AgentToken.objects.get().revoked_at is None


def test_a_deactivated_agent_has_no_token_and_gets_none(agent, make_opening, at) -> None:
    agents.issue_token(agent=agent, by=Machine.OPERATOR, now=at)
    row = hold(make_opening, at)
    assert agents.deactivate_agent(agent=agent, by=Machine.OPERATOR, reason="retired", now=at)
    assert not agents.deactivate_agent(agent=agent, by=Machine.OPERATOR, reason="again", now=at)
    assert AgentToken.objects.get().revoked_at == at
    assert Escalation.objects.get(pk=row.pk).state == "cancelled"
    assert Revocation.objects.get().kind == "agent"
    with pytest.raises(agents.BadAgent, match="not active"):
        agents.issue_token(agent=agent, by=Machine.OPERATOR)


def test_roles_change_only_when_they_differ(agent) -> None:
    role = roles.set_role(name="reader", servers=["files"], by=Machine.OPERATOR)
    assert agents.set_roles(agent=agent, roles=[role], by=Machine.OPERATOR)
    before = LedgerEntry.objects.count()
    assert not agents.set_roles(agent=agent, roles=[role], by=Machine.OPERATOR)
    assert LedgerEntry.objects.count() == before
    assert last_change("change.agent")["before"]["roles"] == []


def test_an_agent_changes_hands_on_the_record(agent, make_person) -> None:
    bo = make_person("bo@example.com")
    assert agents.change_agent(agent=agent, owner=bo, team=None, rate=None, by=Machine.OPERATOR)
    assert last_change("change.agent")["before"]["owner"] == "dev@example.com"
    assert not agents.change_agent(agent=agent, owner=bo, team=None, rate=None, by=Machine.OPERATOR)
    with pytest.raises(agents.BadAgent):
        agents.change_agent(agent=agent, owner=None, team=None, rate=None, by=Machine.OPERATOR)


def test_an_equal_role_changes_nothing_and_a_changed_one_is_recorded() -> None:
    roles.set_role(name="reader", tools=["files/read_*"], by=Machine.OPERATOR)
    before = generation()
    roles.set_role(name="reader", tools=["files/read_*"], by=Machine.OPERATOR)
    assert generation() == before
    roles.set_role(name="reader", tools=["files/*"], by=Machine.OPERATOR)
    assert DataRole.objects.get().tools == ["files/*"]
    assert last_change("change.role")["before"]["tools"] == ["files/read_*"]


def test_developers_change_neither_roles_nor_teams_nor_agents(dev, agent) -> None:
    for act in (
        lambda: roles.set_role(name="x", tools=["*"], by=dev),
        lambda: roles.set_team(name="x", by=dev),
        lambda: agents.set_roles(agent=agent, roles=[], by=dev),
        lambda: agents.create_agent(name="mine", owner=dev, by=dev),
        lambda: agents.change_agent(agent=agent, owner=dev, team=None, rate=None, by=dev),
    ):
        with pytest.raises(NotAllowed):
            act()
