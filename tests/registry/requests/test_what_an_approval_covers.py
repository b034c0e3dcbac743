"""An approval counts for what was shown and for nothing else: round, reach, manifest, findings (ADR 8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import people, secrets
from governance.models import LedgerEntry, Notice, Person
from governance.rights import Machine
from registry.lifecycle import ChangedSinceShown
from registry.models import Server, ServerRequest, StoredFinding
from registry.request_review import accept_reach, approve, request_changes
from registry.request_scans import scan_request
from registry.request_thread import reach_digest, shown_digest
from registry.requests import edit_draft, submit

pytestmark = pytest.mark.django_db
GRAVE = {"read": "Read a file.", "delete_all": "Delete every file for good."}
KEY, OTHER_KEY = "crm-token", "crm-token-of-somebody-else"


@pytest.fixture
def voted(seen: Callable[..., ServerRequest], sec: Person, shapeshifter: Any) -> ServerRequest:
    """A request that takes two people, with a name for a secret, approved by one."""
    for name in (KEY, OTHER_KEY):
        secrets.store(name=name, value="s3cr3t-" + "5" * 8, by=Machine.OPERATOR)
    shapeshifter.offer(**GRAVE)
    request = seen(env=["TOKEN"])
    assert approve(request_id=request.pk, by=sec, shown=shown_digest(request)).still_needed
    request.refresh_from_db()
    return request


def accept(request: ServerRequest, by: Person, **bound: str) -> ServerRequest:
    accept_reach(request_id=request.pk, by=by, shown=reach_digest(request), secrets=bound)
    request.refresh_from_db()
    return request


def test_a_page_of_an_earlier_round_does_not_approve_another_reach_with_an_equal_manifest(
    seen: Callable[..., ServerRequest], dev: Person, sec: Person
) -> None:
    request = seen()
    stale, manifest = shown_digest(request), request.manifest_digest
    request_changes(request_id=request.pk, by=sec, reason="Name what it needs.")
    edit_draft(request_id=request.pk, by=dev, fields={"env": ["LANGUAGE"]})
    request = accept(submit(request_id=request.pk, by=dev), sec)
    scan_request(request.pk, by=sec, why="demand")
    request.refresh_from_db()
    assert request.manifest_digest == manifest
    for shown in (stale, manifest, ""):
        with pytest.raises(ChangedSinceShown, match="changed since"):
            approve(request_id=request.pk, by=sec, shown=shown)
    assert not request.votes.exists()
    assert approve(request_id=request.pk, by=sec, shown=shown_digest(request)).state == "approved"


def test_what_is_shown_holds_round_reach_manifest_and_findings(seen: Callable[..., ServerRequest], sec: Person) -> None:
    """And it is the same when the same is seen again, although findings are stored anew."""
    request = seen()
    StoredFinding.objects.create(request=request, rule="url", severity="low", kind="tool", name="read", why="x")
    shown = [shown_digest(request)]
    for field, value in (("round", 7), ("cwd", "/srv"), ("manifest_digest", "sha256:other")):
        before = getattr(request, field)
        setattr(request, field, value)
        shown.append(shown_digest(request))
        setattr(request, field, before)
    request.findings.update(quote="another")
    shown.append(shown_digest(request))
    request.findings.all().delete()
    shown.append(shown_digest(request))
    assert len(set(shown)) == len(shown)
    scan_request(request.pk, by=sec, why="demand")
    assert shown_digest(ServerRequest.objects.get()) == shown[-1]


def test_the_client_reads_what_it_has_to_send_back(seen: Callable[..., ServerRequest], sec: Person) -> None:
    request = seen()
    token = people.issue_api_token(person=sec, by=Machine.OPERATOR)
    headers = {"authorization": f"Bearer {token}"}
    told = Client().get(f"/api/v1/server-requests/{request.pk}", headers=headers).json()
    assert (told["shown"], told["manifest"]) == (shown_digest(request), request.manifest_digest)


def test_another_binding_of_secrets_voids_the_approvals_of_the_round(
    voted: ServerRequest, sec: Person, owner: Person
) -> None:
    shown = shown_digest(voted)
    request = accept(voted, sec, TOKEN=KEY)
    assert (request.round, request.approvals, request.team_approvals) == (2, 0, 0)
    assert request.events.get(what="review begins anew").data == {"round": 2}
    assert Notice.objects.filter(person=sec, kind="request.changed").exists()
    with pytest.raises(ChangedSinceShown):
        approve(request_id=request.pk, by=owner, shown=shown)
    assert approve(request_id=request.pk, by=owner, shown=shown_digest(request)).still_needed
    assert not Server.objects.exists()
    request = accept(ServerRequest.objects.get(), sec, TOKEN=OTHER_KEY)
    assert (request.round, request.approvals) == (3, 0)
    for person in (sec, owner):
        outcome = approve(request_id=request.pk, by=person, shown=shown_digest(request))
    assert outcome.state == "approved"


def test_the_same_acceptance_again_leaves_the_approvals(voted: ServerRequest, sec: Person, owner: Person) -> None:
    request = accept(voted, sec)
    assert (request.round, request.approvals) == (1, 1)
    assert not request.events.filter(what="review begins anew").exists()
    assert approve(request_id=request.pk, by=owner, shown=shown_digest(request)).state == "approved"


def test_the_thread_names_no_secret_of_the_vault(voted: ServerRequest, dev: Person, sec: Person) -> None:
    """The requester reads the thread, names of variables in it; the ledger says which secret was bound."""
    accept(voted, sec, TOKEN=KEY)
    event = voted.events.filter(what="accepted").last()
    assert event is not None and event.data == {"env": ["TOKEN"], "digest": reach_digest(voted)}
    token = people.issue_api_token(person=dev, by=Machine.OPERATOR)
    for end in ("", "/events"):
        address, headers = f"/api/v1/server-requests/{voted.pk}{end}", {"authorization": f"Bearer {token}"}
        answer = Client().get(address, headers=headers)
        assert answer.status_code == 200 and KEY not in answer.content.decode()
    assert KEY not in json.dumps(list(voted.events.values_list("text", "data")))
    assert any(KEY in text for text in LedgerEntry.objects.values_list("text", flat=True))


def test_an_approval_of_many_items_writes_one_by_one_only_what_something_stands_on(
    seen: Callable[..., ServerRequest], sec: Person, shapeshifter: Any
) -> None:
    """Deciding holds the lock that every other writer waits for: what is equal for all items is one statement."""
    shapeshifter.offer(**{f"read_{number}": f"Read file {number}." for number in range(300)})
    request = seen()
    request.items.filter(name="read_1").update(raised_intent="write")
    condition = {("tool", "read_2"): {"verdict": "escalate"}}
    with CaptureQueriesContext(connection) as queries:
        approve(request_id=request.pk, by=sec, shown=shown_digest(request), conditions=condition)
    decided = [each["sql"] for each in queries.captured_queries if each["sql"].startswith('UPDATE "registry_')]
    begun = next(place for place, sql in enumerate(decided) if "approved" in sql)
    assert sum(sql.count("WHEN") for sql in decided[begun:]) < 50
    server = Server.objects.get()
    assert set(server.items.values_list("state", "approved_by")) == {("approved", "sec@example.com")}
    assert not [each for each in server.items.all() if each.approved_digest != each.seen_digest]
    assert not [each for each in server.items.all() if each.approved_document != each.seen_document]
    assert [each.name for each in server.items.exclude(reviewed_intent="")] == ["read_1"]
    assert [each.name for each in server.items.exclude(condition={})] == ["read_2"]
    assert request.items.filter(approved=True).count() == 300
    assert [each.name for each in request.items.exclude(condition={})] == ["read_2"]
