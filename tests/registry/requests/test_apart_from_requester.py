"""Whoever asked for a server, or is served by it, gives it nothing more later."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from governance import people
from governance.models import Agent, Person
from governance.rights import Machine, NotAllowed
from registry import lifecycle
from registry.baselines import roll_back
from registry.lifecycle import Shown
from registry.models import Item, ItemVote, RequestParty, Server, ServerRequest
from registry.narrowing import set_condition
from registry.request_review import approve
from registry.request_thread import shown_digest
from registry.scanning import scan

pytestmark = pytest.mark.django_db
REFUSED = "You asked for this server; somebody else decides on it."
DENIED = {"verdict": "deny"}


@pytest.fixture
def boss(make_person: Callable[..., Person]) -> Person:
    """Somebody who may ask and, of what others asked for, decide."""
    return make_person("boss@example.com", "security-admin", "developer", teams=("payments",))


@pytest.fixture
def served(make_person: Callable[..., Person]) -> Person:
    """The owner of the agent that the server is for."""
    person = make_person("served@example.com", "security-admin")
    Agent.objects.create(name="helper", owner=person)
    return person


@pytest.fixture
def server(seen: Callable[..., ServerRequest], boss: Person, served: Person, sec: Person, shapeshifter: Any) -> Server:
    """A server that boss asked for and sec approved, one tool of which has changed since."""
    request = seen(by=boss, agents=["helper"])
    approve(request_id=request.pk, by=sec, shown=shown_digest(request))
    made = Server.objects.get()
    shapeshifter.offer(read="Read a file, and more.", list_files="List files.")
    scan(made.pk, by=Machine.OPERATOR)
    return made


def gives(server: Server, by: Any) -> dict[str, partial[Any]]:
    """Every act that can give agents more of a server, in an order in which all of them are possible."""
    item = server.items.get(name="read")
    seen = {"item": item, "shown": item.seen_digest}
    held = {"server": server, "kind": "tool", "name": "list_files"}
    return {
        "override": partial(lifecycle.override_intent, intent="write", by=by, reason="I read its code.", **seen),
        "withdraw": partial(lifecycle.withdraw_intent_override, item=item, by=by),
        "set": partial(set_condition, condition=DENIED, by=by, **held),
        "lift": partial(set_condition, condition={}, by=by, **held),
        "approve": partial(lifecycle.approve_items, server=server, items=[Shown.of(item)], by=by),
        "roll back": partial(roll_back, server=server, number=1, by=by, reason="Back."),
    }


def test_requester_and_parties_give_the_server_nothing(
    server: Server, boss: Person, served: Person, sec: Person
) -> None:
    """Each act is refused them, leaves everything as it was, and is possible for somebody else."""
    theirs = [gives(server, person) for person in (boss, served)]
    others = gives(server, sec)
    for name, act in others.items():
        before = list(Item.objects.order_by("pk").values())
        for each in theirs:
            with pytest.raises(NotAllowed, match=REFUSED):
                each[name]()
        assert list(Item.objects.order_by("pk").values()) == before
        act()


def test_requester_and_parties_put_the_server_back_into_no_use(
    server: Server, boss: Person, served: Person, sec: Person
) -> None:
    """Out of use and into quarantine they may have it; back, also for longer, somebody else brings it."""
    lifecycle.suspend(server=server, by=boss, reason="Odd.")
    for person in (boss, served):
        for days in (None, 700):
            with pytest.raises(NotAllowed, match=REFUSED):
                lifecycle.resume(server=server, by=person, reason="Fine.", days=days)
    lifecycle.quarantine(server=server, by=served, reason="Odd.")
    for person in (boss, served):
        with pytest.raises(NotAllowed, match=REFUSED):
            lifecycle.release(server=server, by=person, reason="Fine.")
    assert Server.objects.get().state == "quarantined"
    lifecycle.release(server=server, by=sec, reason="Fine.")
    lifecycle.suspend(server=server, by=served, reason="Odd.")
    lifecycle.resume(server=server, by=Machine.OPERATOR, reason="Fine.", days=7)
    item = server.items.get(name="read")
    lifecycle.refuse_items(server=server, items=[Shown.of(item)], by=boss, reason="Odd.")
    assert lifecycle.retire(server=server, by=boss, reason="Not needed.").state == "retired"


def test_whoever_is_nothing_to_a_server_and_machines_decide_on_it(server: Server, boss: Person) -> None:
    for act in gives(server, Machine.OPERATOR).values():
        act()
    request = ServerRequest.objects.get()
    ServerRequest.objects.update(server=None)
    lifecycle.suspend(server=server, by=boss, reason="Odd.")
    assert lifecycle.resume(server=server, by=boss, reason="A server that nobody asked for.").state != "suspended"
    assert request.requester == boss


def test_the_requester_is_refused_on_the_page(server: Server, boss: Person, sec: Person) -> None:
    """A hand-made form is refused too, with the sentence; the next person's form counts."""
    item = server.items.get(name="read")
    sent = {"act": "approve", "item": f"{item.pk}:{item.seen_digest}", "reason": "Fine."}
    for person, state in ((boss, "changed"), (sec, "approved")):
        answer = _browser(person).post("/admin/servers/tickets/approve/", sent, follow=True)
        assert (REFUSED in answer.content.decode()) == (state == "changed")
        item.refresh_from_db()
        assert item.state == state


def test_what_a_request_left_out_takes_two_people_later_and_never_its_requester(
    seen: Callable[..., ServerRequest], boss: Person, served: Person, sec: Person, owner: Person, shapeshifter: Any
) -> None:
    """The same rule inside a request and after it; the database refuses a vote that no act would write."""
    shapeshifter.offer(read="Read a file.", delete_all="Delete every file for good.")
    request = seen(by=boss, agents=["helper"])
    approve(request_id=request.pk, by=sec, shown=shown_digest(request), items={("tool", "read")})
    made = Server.objects.get()
    item = made.items.get(name="delete_all")
    approving = partial(lifecycle.approve_items, server=made, items=[Shown.of(item)])
    for person in (boss, served):
        with pytest.raises(NotAllowed, match=REFUSED):
            approving(by=person)
        with pytest.raises(DatabaseError, match="approves nothing of it"), transaction.atomic():
            ItemVote.objects.create(item=item, person=person, digest=item.seen_digest, alarms="")
    assert approving(by=sec).still_needed.endswith("a member of the team payments among them.")
    assert Item.objects.get(pk=item.pk).state == "refused"
    assert [each.name for each in approving(by=owner).items] == ["delete_all"]


def test_who_comes_to_be_served_by_the_server_does_not_count_any_more(
    server: Server, sec: Person, make_person: Callable[..., Person], owner: Person, shapeshifter: Any
) -> None:
    shapeshifter.offer(read="Read a file, and more.", list_files="List files.", wipe="Delete every file for good.")
    scan(server.pk, by=Machine.OPERATOR)
    shown = [Shown.of(server.items.get(name="wipe"))]
    late = make_person("late@example.com", "security-admin")
    lifecycle.approve_items(server=server, items=shown, by=late)
    RequestParty.objects.create(request=ServerRequest.objects.get(), person=late, agent="helper")
    [(_, tally)] = lifecycle.approve_items(server=server, items=shown, by=owner).waiting
    assert tally.people == ["owner@example.com"]
    assert lifecycle.approve_items(server=server, items=shown, by=sec).items


def test_the_requester_is_refused_over_rest(server: Server, boss: Person) -> None:
    """Items are approved on the page alone; what REST offers of such acts is refused with the same sentence."""
    digest = server.items.get(name="read").seen_digest
    lifecycle.quarantine(server=server, by=boss, reason="Odd.")
    token = people.issue_api_token(person=boss, by=Machine.OPERATOR)
    bodies: dict[str, dict[str, Any]] = {
        "resume": {"reason": "Fine.", "days": 30},
        "release": {"reason": "Fine."},
        "intent": {"name": "read", "intent": "write", "digest": digest, "reason": "Fine."},
        "roll-back": {"baseline": 1, "reason": "Fine."},
    }
    for word, body in bodies.items():
        address, header = f"/api/v1/servers/tickets/{word}", {"authorization": f"Bearer {token}"}
        answer = Client().post(address, json.dumps(body), "application/json", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), word
        assert answer.json()["detail"] == REFUSED


def _browser(person: Person) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    device, _ = TOTPDevice.objects.get_or_create(user=person, name="Authenticator app")
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client
