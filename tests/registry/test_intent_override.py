"""A reviewer's word on what an item can do goes first, for the definition that it was said of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group

from governance.models import Generation, LedgerEntry, Person
from governance.rights import Machine, NotAllowed
from registry.approved import policy_item
from registry.lifecycle import (
    ChangedSinceShown,
    NotPossible,
    Shown,
    approve_items,
    override_intent,
    withdraw_intent_override,
)
from registry.models import Item, Server
from registry.scanning import scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> Person:
    person = Person.objects.create_user("sec@example.com")
    person.groups.set(Group.objects.filter(name="security-admin"))
    return person


def item_of(server: Server, name: str = "read") -> Item:
    return server.items.select_related("server").get(name=name)


def judged(server: Server, name: str = "read") -> str:
    return policy_item(item_of(server, name)).intent.value


@pytest.mark.parametrize("intent", ["destructive", "read"])
def test_the_policy_goes_by_the_reviewers_word_up_or_down(approved: Server, administrator: Person, intent: str) -> None:
    item = item_of(approved, "write")
    before = Generation.objects.get(part="registry").value
    override_intent(item=item, intent=intent, by=administrator, reason="I read its code.", shown=item.seen_digest)
    assert judged(approved, "write") == intent
    assert item_of(approved, "write").effective_intent_reason == "I read its code."
    assert Generation.objects.get(part="registry").value > before
    entry = LedgerEntry.objects.order_by("seq").last()
    assert entry is not None
    change = json.loads(entry.text)["change"]
    assert (change["what"], change["after"]["intent"]) == ("intent override", intent)
    assert (change["reason"], change["before"]["intent"]) == ("I read its code.", item.intent)


def test_it_ends_when_another_definition_is_approved(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    item = item_of(approved)
    override_intent(item=item, intent="destructive", by=administrator, reason="odd", shown=item.approved_digest)
    shapeshifter.offer(read="Read one file and return its text.", write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    approve_items(server=approved, items=[Shown.of(item_of(approved))], by=administrator)
    assert judged(approved) == item_of(approved).intent != "destructive"


def test_said_of_a_definition_under_review_it_begins_with_its_approval(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    shapeshifter.offer(read="Read one file and return its text.", write="Write a file.")
    scan(approved.pk, by=Machine.SYSTEM)
    item = item_of(approved)
    override_intent(item=item, intent="exfiltrative", by=administrator, reason="it mails", shown=item.seen_digest)
    assert judged(approved) == item.intent
    approve_items(server=approved, items=[Shown.of(item_of(approved))], by=administrator)
    assert judged(approved) == "exfiltrative"


def test_it_is_withdrawn_and_the_classifiers_word_holds_again(approved: Server, administrator: Person) -> None:
    item = item_of(approved)
    override_intent(item=item, intent="destructive", by=administrator, reason="odd", shown=item.seen_digest)
    withdraw_intent_override(item=item, by=administrator, reason="looked again")
    assert judged(approved) == item.intent
    with pytest.raises(NotPossible, match="Nobody overrode"):
        withdraw_intent_override(item=item, by=administrator)


def test_scans_leave_it_alone(approved: Server, administrator: Person) -> None:
    item = item_of(approved)
    override_intent(item=item, intent="destructive", by=administrator, reason="odd", shown=item.seen_digest)
    scan(approved.pk, by=Machine.SYSTEM)
    assert judged(approved) == "destructive"


def test_it_takes_a_security_administrator_a_reason_and_the_definition_that_was_shown(
    approved: Server, shapeshifter: Any, administrator: Person
) -> None:
    item = item_of(approved)
    developer = Person.objects.create_user("dev@example.com")
    developer.groups.set(Group.objects.filter(name__in=["developer", "approver", "policy-author"]))
    with pytest.raises(NotAllowed):
        override_intent(item=item, intent="read", by=developer, reason="mine", shown=item.seen_digest)
    with pytest.raises(NotAllowed):
        withdraw_intent_override(item=item, by=developer)
    with pytest.raises(NotPossible, match="Say why"):
        override_intent(item=item, intent="read", by=administrator, reason="  ", shown=item.seen_digest)
    with pytest.raises(NotPossible, match="no intent 'harmless'"):
        override_intent(item=item, intent="harmless", by=administrator, reason="x", shown=item.seen_digest)
    for shown in ("", "sha256:other"):
        with pytest.raises(ChangedSinceShown):
            override_intent(item=item, intent="read", by=administrator, reason="x", shown=shown)
    assert item_of(approved).reviewed_intent == ""
