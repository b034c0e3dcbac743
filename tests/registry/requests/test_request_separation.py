"""Nobody approves what they asked for, or what would serve their agents, on any path."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from governance.models import Agent, LedgerEntry, Person, Team
from governance.rights import NotAllowed
from registry.models import RequestParty, Server, ServerRequest
from registry.request_people import reviewers, why_not
from registry.request_review import accept_reach, approve, deny, request_changes
from registry.request_scans import scan_request
from registry.request_thread import shown_digest
from registry.requests import create_draft, edit_draft, reach_digest, submit

pytestmark = pytest.mark.django_db
GRAVE = {"read": "Read a file.", "delete_all": "Delete every file for good."}


@pytest.fixture
def boss(make_person: Callable[..., Person]) -> Person:
    """Somebody with every role that could decide, who asks for a server."""
    return make_person("boss@example.com", "security-admin", "server-owner", "approver", teams=("payments",))


def refused(request: ServerRequest) -> list[tuple[str, str]]:
    """The refused attempts that the ledger holds: by whom, and what."""
    rows = LedgerEntry.objects.filter(kind="change.request").order_by("seq").values_list("text", flat=True)
    entries = [json.loads(text) for text in rows]
    return [
        (entry["principal"]["person"], entry["change"]["what"])
        for entry in entries
        if entry["change"]["what"].endswith("refused") and entry["target"]["request"] == str(request.pk)
    ]


def test_the_requester_decides_nothing_of_their_own(
    asked: Callable[..., ServerRequest], boss: Person, sec: Person, shapeshifter: Any
) -> None:
    """Whatever roles they hold: no acceptance, no approval, no denial; each attempt is recorded."""
    request = asked(by=boss)
    with pytest.raises(NotAllowed, match="your own request"):
        accept_reach(request_id=request.pk, by=boss, shown=reach_digest(request))
    assert not shapeshifter.marker.exists()
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    scan_request(request.pk, by=sec, why="demand")
    request.refresh_from_db()
    for act in (
        lambda: approve(request_id=request.pk, by=boss, shown=shown_digest(request)),
        lambda: deny(request_id=request.pk, by=boss, reason="No."),
        lambda: request_changes(request_id=request.pk, by=boss, reason="Hm."),
    ):
        with pytest.raises(NotAllowed, match="your own request"):
            act()
    assert refused(request) == [
        ("boss@example.com", "acceptance refused"),
        ("boss@example.com", "approval refused"),
        ("boss@example.com", "denial refused"),
        ("boss@example.com", "request for changes refused"),
    ]
    assert not Server.objects.exists() and not request.votes.exists()


def test_the_requester_is_not_the_second_person_either(
    asked: Callable[..., ServerRequest], boss: Person, sec: Person, owner: Person, shapeshifter: Any
) -> None:
    shapeshifter.offer(**GRAVE)
    request = asked(by=boss)
    accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
    scan_request(request.pk, by=sec, why="demand")
    request.refresh_from_db()
    approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    with pytest.raises(NotAllowed, match="your own request"):
        approve(request_id=request.pk, by=boss, shown=shown_digest(request))
    assert approve(request_id=request.pk, by=owner, shown=shown_digest(request)).state == "approved"


def test_the_owner_of_an_agent_that_it_is_for_decides_nothing(
    asked: Callable[..., ServerRequest], dev: Person, sec: Person, make_person: Callable[..., Person]
) -> None:
    Agent.objects.create(name="helper", owner=sec)
    request = asked(agents=["helper"])
    assert [party.person for party in request.parties.all()] == [sec]
    other = make_person("sec2@example.com", "security-admin")
    accept_reach(request_id=request.pk, by=other, shown=reach_digest(request))
    scan_request(request.pk, by=other, why="demand")
    request.refresh_from_db()
    with pytest.raises(NotAllowed, match="the agent helper, which acts for you"):
        approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    assert reviewers(request) == [other]
    assert approve(request_id=request.pk, by=other, shown=shown_digest(request)).state == "approved"


def test_every_member_of_a_team_that_owns_the_agent_is_served(
    asked: Callable[..., ServerRequest], make_person: Callable[..., Person]
) -> None:
    members = [make_person(f"{name}@example.com", "security-admin", teams=("sales",)) for name in ("a", "b")]
    Agent.objects.create(name="helper", team=Team.objects.get(name="sales"))
    request = asked(agents=["helper"])
    assert {party.person for party in request.parties.all()} == set(members)
    for member in members:
        with pytest.raises(NotAllowed, match="acts for you"):
            deny(request_id=request.pk, by=member, reason="No.")


def test_handing_an_agent_over_gives_the_old_owner_no_say_and_takes_it_from_the_new_one(
    seen: Callable[..., ServerRequest], sec: Person, make_person: Callable[..., Person]
) -> None:
    """Whom an agent acts for is asked again when somebody votes."""
    first = make_person("first@example.com", "security-admin")
    later = make_person("later@example.com", "security-admin")
    agent = Agent.objects.create(name="helper", owner=first)
    request = seen(agents=["helper"])
    agent.owner = later
    agent.save()
    for person in (first, later):
        with pytest.raises(NotAllowed, match="acts for you"):
            approve(request_id=request.pk, by=person, shown=shown_digest(request))
    assert approve(request_id=request.pk, by=sec, shown=shown_digest(request)).state == "approved"


def test_a_vote_of_somebody_who_came_to_be_served_since_counts_no_more(
    seen: Callable[..., ServerRequest],
    sec: Person,
    owner: Person,
    make_person: Callable[..., Person],
    shapeshifter: Any,
) -> None:
    agent = Agent.objects.create(name="helper", owner=make_person("own@example.com"))
    shapeshifter.offer(**GRAVE)
    request = seen(agents=["helper"])
    approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    agent.owner = sec
    agent.save()
    outcome = approve(request_id=request.pk, by=owner, shown=shown_digest(request))
    assert outcome.state == "in-review" and "a security administrator" in outcome.still_needed
    assert not Server.objects.exists()


def test_agents_that_are_no_longer_named_serve_nobody(dev: Person, sec: Person) -> None:
    Agent.objects.create(name="helper", owner=sec)
    draft = create_draft(by=dev, fields={"agents": ["helper"]})
    assert RequestParty.objects.filter(request=draft).count() == 1
    edit_draft(request_id=draft.pk, by=dev, fields={"agents": []})
    assert not RequestParty.objects.exists()


@pytest.mark.parametrize("role", ["approver", "auditor", "policy-author", "developer", "server-owner"])
def test_roles_other_than_the_security_administrator_do_not_decide_alone(
    seen: Callable[..., ServerRequest], make_person: Callable[..., Person], role: str
) -> None:
    request = seen()
    for teams in ((), ("payments",)):
        person = make_person(f"{role}-{len(teams)}@example.com", role, teams=teams)
        with pytest.raises(NotAllowed):
            approve(request_id=request.pk, by=person, shown=shown_digest(request))
        with pytest.raises(NotAllowed):
            deny(request_id=request.pk, by=person, reason="No.")


def test_who_left_decides_nothing_although_the_object_is_older_than_the_row(
    seen: Callable[..., ServerRequest], make_person: Callable[..., Person]
) -> None:
    request = seen()
    gone = make_person("gone@example.com", "security-admin")
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    with pytest.raises(NotAllowed, match="not active"):
        approve(request_id=request.pk, by=gone, shown=shown_digest(request))


def test_who_lost_the_role_since_decides_nothing(seen: Callable[..., ServerRequest], sec: Person) -> None:
    request = seen()
    sec.groups.clear()
    with pytest.raises(NotAllowed):
        approve(request_id=request.pk, by=sec, shown=shown_digest(request))


def test_the_team_member_alone_accepts_no_program(
    asked: Callable[..., ServerRequest], owner: Person, shapeshifter: Any
) -> None:
    request = asked()
    with pytest.raises(NotAllowed):
        accept_reach(request_id=request.pk, by=owner, shown=reach_digest(request))
    assert not shapeshifter.marker.exists()


def test_who_asks_holds_a_role_for_it(make_person: Callable[..., Person], dev: Person) -> None:
    for role in ("security-admin", "auditor", "approver", "policy-author"):
        with pytest.raises(NotAllowed, match="request servers"):
            create_draft(by=make_person(f"{role}@example.com", role))
    draft = create_draft(by=dev)
    with pytest.raises(NotAllowed, match="Only the requester"):
        edit_draft(request_id=draft.pk, by=make_person("other@example.com", "developer"), fields={"name": "x"})
    with pytest.raises(NotAllowed, match="Only the requester"):
        submit(request_id=draft.pk, by=make_person("third@example.com", "developer"))


def test_requests_are_read_by_those_who_are_concerned(
    asked: Callable[..., ServerRequest], dev: Person, sec: Person, owner: Person, make_person: Callable[..., Person]
) -> None:
    request = asked()
    visible = ServerRequest.objects.visible_to
    readers = [dev, sec, owner, make_person("audit@example.com", "auditor"), make_person("app@example.com", "approver")]
    strangers = [
        make_person("dev2@example.com", "developer", teams=("payments",)),
        make_person("owner2@example.com", "server-owner", teams=("sales",)),
        make_person("author@example.com", "policy-author"),
    ]
    assert all(request in visible(person) for person in readers)
    assert not any(visible(person).exists() for person in strangers)
    Person.objects.filter(pk=dev.pk).update(is_active=False)
    assert not visible(Person.objects.get(pk=dev.pk)).exists()


def test_the_queue_of_a_reviewer_holds_what_they_can_decide_and_no_more(
    seen: Callable[..., ServerRequest], sec: Person, owner: Person, dev: Person, shapeshifter: Any
) -> None:
    queue = ServerRequest.objects.reviewable_by
    shapeshifter.offer(**GRAVE)
    request = seen()
    assert list(queue(sec)) == list(queue(owner)) == [request]
    assert not queue(dev).exists()
    approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    assert not queue(sec).exists() and list(queue(owner)) == [request]
    for person in (sec, owner, dev):
        allowed = not why_not(request, person)
        assert allowed == (person in (sec, owner))


def test_a_clean_request_is_not_in_the_queue_of_the_team(seen: Callable[..., ServerRequest], owner: Person) -> None:
    request = seen()
    assert not ServerRequest.objects.reviewable_by(owner).exists()
    assert "needs no second person" in why_not(request, owner)
