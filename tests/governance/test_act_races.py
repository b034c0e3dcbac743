"""Acts other than decisions under real concurrency on PostgreSQL."""

from __future__ import annotations

import secrets
from functools import partial

import pytest
from django.contrib.auth.models import Group

from governance import agents, people, policies, roles, switches
from governance.models import (
    Agent,
    AgentToken,
    DataRole,
    LedgerEntry,
    Person,
    PolicyVersion,
    Revocation,
    SignInLink,
    Switch,
)
from governance.rights import Machine
from governance.tokens import read_token

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("on_postgres")]


def somebody(role: str = "security-admin") -> Person:
    person = Person.objects.create_user(f"{secrets.token_hex(6)}@example.com")
    person.groups.set(Group.objects.filter(name=role))
    return person


def test_two_administrators_at_once_lift_a_stop_exactly_once(together) -> None:
    admins = [somebody(), somebody()]
    for _ in range(6):
        switch = switches.stop(scope_kind="server", scope_name="x", reason="race", by=Machine.OPERATOR)
        answers = together(*[partial(switches.release, switch_id=switch.pk, by=each) for each in admins])
        assert sorted(answer.needs for answer in answers) == [0, 1], answers
        assert Switch.objects.get(pk=switch.pk).released_at is not None


def test_a_double_click_is_one_vote_to_lift(together) -> None:
    admin = somebody()
    switch = switches.stop(scope_kind="server", scope_name="x", reason="race", by=Machine.OPERATOR)
    answers = together(*[partial(switches.release, switch_id=switch.pk, by=admin)] * 3)
    assert sum(isinstance(answer, switches.AlreadyVoted) for answer in answers) == 2, answers
    assert Switch.objects.get(pk=switch.pk).released_at is None


def test_a_sign_in_link_signs_in_one_of_many(together) -> None:
    person = somebody()
    for _ in range(4):
        secret = people.issue_link(person).rstrip("/").rsplit("/", 1)[1]
        answers = together(*[partial(people.consume_link, secret)] * 4)
        assert sum(answer == person for answer in answers) == 1, answers
        assert sum(isinstance(answer, people.LinkRefused) for answer in answers) == 3
    assert not SignInLink.objects.filter(person=person, used_at=None).exists()


def test_a_token_is_revoked_once_and_said_once(together) -> None:
    agent = Agent.objects.create(name=f"a{secrets.token_hex(5)}", owner=somebody())
    public_id = read_token(agents.issue_token(agent=agent, by=Machine.OPERATOR)).public_id
    revoke = partial(agents.revoke_token, public_id=public_id, by=Machine.OPERATOR, reason="race")
    assert sorted(together(revoke, revoke, revoke)) == [False, False, True]
    assert Revocation.objects.filter(name=public_id).count() == 1


def test_a_person_is_deactivated_while_their_agent_gets_a_token(together) -> None:
    for _ in range(4):
        owner = somebody("developer")
        agent = Agent.objects.create(name=f"a{secrets.token_hex(5)}", owner=owner)
        together(
            partial(people.deactivate, person=owner, by=Machine.OPERATOR, reason="left"),
            partial(agents.issue_token, agent=agent, by=Machine.OPERATOR),
        )
        assert not AgentToken.objects.filter(agent=agent, revoked_at=None).exists()
        assert not Agent.objects.get(pk=agent.pk).active


def test_the_same_role_made_twice_at_once_is_one_role(together) -> None:
    name = f"r{secrets.token_hex(5)}"
    together(*[partial(roles.set_role, name=name, tools=["files/*"], by=Machine.OPERATOR)] * 3)
    assert DataRole.objects.get(name=name).tools == ["files/*"]


def test_acts_of_every_sort_at_once_leave_one_unbroken_chain(together) -> None:
    admin = somebody()
    agent = Agent.objects.create(name=f"a{secrets.token_hex(5)}", owner=admin)
    answers = together(
        partial(switches.stop, scope_kind="agent", scope_name=agent.name, reason="race", by=admin),
        partial(agents.issue_token, agent=agent, by=admin),
        partial(people.issue_api_token, person=admin, by=admin),
        partial(agents.deactivate_agent, agent=agent, by=admin, reason="race"),
        partial(roles.set_team, name=f"t{secrets.token_hex(5)}", by=admin),
    )
    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert not [failure for failure in failed if not isinstance(failure, agents.BadAgent)], failed
    seqs = list(LedgerEntry.objects.filter(stream__name="console").order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))


def test_policies_published_at_once_leave_exactly_one_live(together) -> None:
    texts = [f'version: "1"\nrules: [{{id: r{n}, tool: files/t{n}, action: allow}}]\n' for n in range(4)]
    publish = partial(policies.publish, by=Machine.OPERATOR, reason="race")
    answers = together(*[partial(publish, text) for text in texts])
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    assert PolicyVersion.objects.filter(live=True).count() == 1
    assert sorted(PolicyVersion.objects.values_list("version", flat=True)) == [1, 2, 3, 4]
