"""The database itself keeps requester and approvers apart: SQL that no act of ours would write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from governance.models import Agent, Person, Team
from registry import checks, request_guard
from registry.models import RequestEvent, RequestItem, RequestParty, RequestVote, ServerRequest, StoredFinding

DIGEST = "sha256:" + "1" * 64
# Which of two refusals comes first is the database's affair.
UNEARNED = "votes of its round|security administrator is among"


@pytest.fixture
def request_row(own_database: str, make_person: Callable[..., Person]) -> Iterator[ServerRequest]:
    """A request under review, with one wanted item, in a database of its own where commits are real."""
    dev = make_person("dev@example.com", "developer", teams=("payments",))
    row = ServerRequest.objects.create(
        requester=dev, name="tickets", team=Team.objects.get(), url="https://tickets.example.com/mcp"
    )
    RequestItem.objects.create(
        request=row, kind="tool", name="read", digest=DIGEST, document="{}", intent="read", approved=True
    )
    ServerRequest.objects.filter(pk=row.pk).update(
        state="scanned", manifest_digest=DIGEST, submitted_at=timezone.now(), expires_at=timezone.now() + timedelta(1)
    )
    row.refresh_from_db()
    yield row
    connection.close()


def vote(row: ServerRequest, person: Person, **changed: Any) -> RequestVote:
    """Write a vote past every act."""
    fields = {"round": row.round, "requester": row.requester, "digest": row.manifest_digest} | changed
    with transaction.atomic():
        return RequestVote.objects.create(request=row, person=person, **fields)


def put(row: ServerRequest, **columns: Any) -> None:
    """Update the row past every act."""
    with transaction.atomic():
        ServerRequest.objects.filter(pk=row.pk).update(**columns)


def test_a_vote_of_the_requester_is_refused_also_under_another_name(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    """The copied column cannot be used to pass the constraint by."""
    other = make_person("other@example.com", "security-admin")
    with pytest.raises(DatabaseError):
        vote(request_row, request_row.requester)
    with pytest.raises(DatabaseError, match="their own request"):
        vote(request_row, request_row.requester, requester=other)
    with pytest.raises(DatabaseError, match="their own request"):
        vote(request_row, other, requester=make_person("third@example.com"))
    assert not RequestVote.objects.exists()
    vote(request_row, other)


def test_a_vote_of_somebody_whom_the_agents_act_for_is_refused(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    party = make_person("party@example.com", "security-admin")
    RequestParty.objects.create(request=request_row, person=party, agent="helper")
    with pytest.raises(DatabaseError, match="acts for them"):
        vote(request_row, party)
    for change in (
        lambda: RequestParty.objects.filter(person=party).delete(),
        lambda: RequestParty.objects.update(person=request_row.requester),
    ):
        with pytest.raises(DatabaseError, match="is not forgotten"), transaction.atomic():
            change()


def test_a_vote_is_for_the_round_and_the_manifest_under_review(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    sec = make_person("sec@example.com", "security-admin")
    for changed in ({"round": 2}, {"digest": "sha256:other"}):
        with pytest.raises(DatabaseError, match="under review"):
            vote(request_row, sec, **changed)
    put(request_row, state="submitted")
    with pytest.raises(DatabaseError, match="under review"):
        vote(request_row, sec)


def test_who_left_and_who_is_not_of_the_team_cannot_vote_for_it(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    stranger = make_person("stranger@example.com", "security-admin", teams=("sales",))
    with pytest.raises(DatabaseError, match="is of the team"):
        vote(request_row, stranger, of_team=True)
    Person.objects.filter(pk=stranger.pk).update(is_active=False)
    with pytest.raises(DatabaseError, match="is active"):
        vote(request_row, stranger)


def test_votes_and_the_thread_cannot_be_changed_or_removed(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    cast = vote(request_row, make_person("sec@example.com", "security-admin"))
    event = RequestEvent.objects.create(request=request_row, by="dev@example.com", what="created")
    kept = [
        lambda: RequestVote.objects.update(round=2),
        lambda: RequestVote.objects.all().delete(),
        lambda: RequestEvent.objects.update(text="forged"),
        lambda: RequestEvent.objects.all().delete(),
    ]
    for change in kept:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    statements = {
        "sqlite": [
            f"REPLACE INTO registry_requestevent (id, request_id, at, by, what, text, data) SELECT id, request_id, at,"
            f" 'forged', what, text, data FROM registry_requestevent WHERE id = {event.pk}",
        ],
        "postgresql": ["TRUNCATE registry_requestevent", "TRUNCATE registry_requestvote CASCADE"],
    }
    for statement in statements[connection.vendor]:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    cast.refresh_from_db()
    event.refresh_from_db()
    assert (cast.round, event.by) == (1, "dev@example.com")


def test_approved_is_refused_without_the_counted_votes_of_the_round(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    """The columns that count approvals are not believed; the votes are counted."""
    with pytest.raises(DatabaseError, match=UNEARNED):
        put(request_row, state="approved", approvals=5, team_approvals=5)
    with pytest.raises(DatabaseError):
        put(request_row, state="approved", approvals=1, needed=0)
    sec = make_person("sec@example.com", "security-admin")
    vote(request_row, sec)
    with pytest.raises(DatabaseError, match=UNEARNED):
        put(request_row, state="approved", approvals=1, round=2)
    with pytest.raises(DatabaseError, match=UNEARNED):
        put(request_row, state="approved", approvals=1, manifest_digest="sha256:swapped")
    RequestParty.objects.create(request=request_row, person=sec, agent="handed-over")
    with pytest.raises(DatabaseError, match=UNEARNED):
        put(request_row, state="approved", approvals=1)
    vote(request_row, make_person("second@example.com", "security-admin"))
    put(request_row, state="approved", approvals=1)
    request_row.refresh_from_db()
    assert request_row.state == "approved"


def test_a_person_who_left_since_does_not_count(request_row: ServerRequest, make_person: Callable[..., Person]) -> None:
    sec = make_person("sec@example.com", "security-admin")
    vote(request_row, sec)
    Person.objects.filter(pk=sec.pk).update(is_active=False)
    with pytest.raises(DatabaseError, match=UNEARNED):
        put(request_row, state="approved", approvals=1)


def test_a_security_administrator_is_among_them(request_row: ServerRequest, make_person: Callable[..., Person]) -> None:
    vote(request_row, make_person("owner@example.com", "server-owner", teams=("payments",)), of_team=True)
    with pytest.raises(DatabaseError, match="security administrator"):
        put(request_row, state="approved", approvals=1, team_approvals=1)


def test_what_needs_the_team_is_refused_without_it(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    for name in ("one", "two"):
        vote(request_row, make_person(f"{name}@example.com", "security-admin"))
    with pytest.raises(DatabaseError):
        put(request_row, state="approved", approvals=2, needed=2, needs_team=True, team_approvals=1)
    vote(request_row, make_person("owner@example.com", "server-owner", teams=("payments",)), of_team=True)
    put(request_row, state="approved", approvals=3, needed=2, needs_team=True, team_approvals=1)


@pytest.mark.parametrize("grave", ["intent", "raised_intent", "finding", "finding of the server"])
def test_destructive_items_and_high_findings_take_two_whatever_the_row_says(
    request_row: ServerRequest, make_person: Callable[..., Person], grave: str
) -> None:
    """`needed` is not believed either: what was approved decides how many people it takes."""
    vote(request_row, make_person("sec@example.com", "security-admin"))
    if grave.startswith("finding"):
        kind, name = ("server-info", "serverInfo") if grave.endswith("server") else ("tool", "read")
        StoredFinding.objects.create(
            request=request_row, rule="hidden", severity="high", kind=kind, name=name, why="It hides something."
        )
    else:
        RequestItem.objects.update(**{grave: "destructive"})
    with pytest.raises(DatabaseError, match="two people"):
        put(request_row, state="approved", approvals=1)
    vote(request_row, make_person("owner@example.com", "server-owner", teams=("payments",)), of_team=True)
    put(request_row, state="approved", approvals=2, needed=2, needs_team=True, team_approvals=1)


def test_a_finding_in_an_item_that_is_left_out_does_not_count(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    vote(request_row, make_person("sec@example.com", "security-admin"))
    RequestItem.objects.create(
        request=request_row, kind="tool", name="wipe", digest=DIGEST, document="{}", intent="destructive"
    )
    StoredFinding.objects.create(request=request_row, rule="hidden", severity="high", kind="tool", name="wipe", why="-")
    put(request_row, state="approved", approvals=1)


def test_nothing_is_born_approved_and_what_is_decided_stays_so(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    sec = make_person("sec@example.com", "security-admin")
    with pytest.raises(DatabaseError, match="by votes"), transaction.atomic():
        ServerRequest.objects.create(requester=sec, name="x", state="approved", manifest_digest=DIGEST, approvals=1)
    with pytest.raises(DatabaseError, match="requester"):
        put(request_row, requester=sec)
    with pytest.raises(DatabaseError, match="backwards"):
        put(request_row, round=0)
    put(request_row, state="denied")
    for state in ("approved", "draft", "scanned"):
        with pytest.raises(DatabaseError):
            put(request_row, state=state, approvals=1)


def test_what_was_approved_of_a_request_is_kept(request_row: ServerRequest, make_person: Callable[..., Person]) -> None:
    vote(request_row, make_person("sec@example.com", "security-admin"))
    put(request_row, state="approved", approvals=1)
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic():
        RequestItem.objects.update(document='{"other": true}')
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic():
        RequestItem.objects.all().delete()


def test_the_reach_is_not_accepted_by_the_requester(request_row: ServerRequest) -> None:
    with pytest.raises(DatabaseError):
        put(request_row, accepted_by=request_row.requester, accepted_at=timezone.now())


def test_a_missing_guard_is_named_by_the_check_and_by_migrate(request_row: ServerRequest) -> None:
    """registry.E001; SQLite drops triggers silently when a migration rebuilds a table."""
    assert request_guard.missing(connection) == set()
    assert not [found for found in run_checks(databases=["default"]) if found.id == "registry.E001"]
    name, (table, _) = sorted(request_guard.expected(connection).items())[0]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
    [found] = checks.approvers_are_kept_apart(["default"])
    assert found.id == "registry.E001" and name in found.msg
    with pytest.raises(CommandError, match="registry.E001"):
        call_command("migrate", verbosity=0)


def test_a_rebuilt_table_is_guarded_again_after_the_migrate(request_row: ServerRequest) -> None:
    """SQLite alone refuses to rename a table that a trigger of another one names: room is made, and taken back."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL alters tables with their triggers in place")
    call_command("migrate", "registry", "0003", verbosity=0)
    with connection.schema_editor() as editor:
        editor._remake_table(Person)
        editor._remake_table(ServerRequest)
    call_command("migrate", verbosity=0)
    assert request_guard.missing(connection) == set()
    with pytest.raises(DatabaseError, match=UNEARNED):
        put(request_row, state="approved", approvals=1)


def test_an_agent_may_be_renamed_and_people_added_beside_it(
    request_row: ServerRequest, make_person: Callable[..., Person]
) -> None:
    """The guard is in nobody's way: parties may be added while a request is under review."""
    party = make_person("late@example.com")
    Agent.objects.create(name="helper", owner=party)
    RequestParty.objects.create(request=request_row, person=party, agent="helper")
    assert request_row.parties.count() == 1
