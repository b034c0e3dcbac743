"""The databases of the tests themselves: copies that are alone, committed, guarded, and gone afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError

from governance import ledger
from governance.ledger_guard import missing
from governance.models import Team
from governance.models.ledger import LedgerEntry
from tests.connections import as_default
from tests.databases import OF_THE_RUN, Databases, server_of_this_run
from tests.databases import databases as databases_in
from tests.sockets import SocketsAreOff, refuse_strangers


def add_team(name: str) -> int:
    """Commit a team on this thread's own connection; how many there are then."""
    Team.objects.create(name=name)
    return Team.objects.count()


def test_commits_of_other_threads_are_seen_and_do_not_outlive_the_test(own_database: str) -> None:
    """Architecture 3.6: a test that commits has a database of its own."""
    assert Team.objects.count() == 0
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add_team, ["one", "two"]))
    assert sorted(Team.objects.values_list("name", flat=True)) == ["one", "two"]


def test_the_next_test_finds_none_of_it(own_database: str) -> None:
    """The same names again: nothing of the test above is left."""
    assert Team.objects.count() == 0
    assert add_team("one") == 1


def test_a_pool_that_outlives_a_database_follows_to_the_next(databases: Databases, own_database: str) -> None:
    """Product code keeps threads with connections; they must not stay with a database that is gone."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(add_team, "here").result(20) == 1
        copy = databases.copy()
        with as_default(copy.name):
            assert pool.submit(add_team, "there").result(20) == 1
            assert list(Team.objects.values_list("name", flat=True)) == ["there"]
        databases.drop(copy)
        assert pool.submit(add_team, "again").result(20) == 2
        pool.submit(connections.close_all).result(20)


def test_a_copy_keeps_what_guards_the_ledger(own_database: str) -> None:
    """Contract 7: the triggers are in every copy, and nothing switches them off."""
    assert missing(connection) == set()
    with transaction.atomic():
        ledger.append(kind="change.team", by="operator", change={"what": "team", "name": "platform"})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerEntry.objects.all().delete()
    assert LedgerEntry.objects.count() == 1


@pytest.mark.django_db
def test_a_rolled_back_test_runs_on_the_database_of_the_run() -> None:
    """One switch, DATABASE_URL, decides for `db`, `own_database` and `gatehouse` alike."""
    assert connection.vendor == ("postgresql" if server_of_this_run() else "sqlite")
    assert missing(connection) == set()


@pytest.mark.postgres
def test_a_program_leaves_no_database_behind(
    tmp_path: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract 1: tests create and drop databases of their own; here as a program that pytest did not start."""
    monkeypatch.delenv(OF_THE_RUN)
    with databases_in(databases.server, tmp_path / "mine") as mine:
        first, second = mine.copy(), mine.copy()
        assert first.name != second.name
        names = [name for name in existing(mine) if name.startswith(mine.prefix)]
        assert len(names) == 3, "a template and two copies"
    assert [name for name in existing(mine) if name.startswith(mine.prefix)] == []


def existing(made: Databases) -> list[str]:
    """The names of all databases on the server, or in the folder."""
    if not made.server:
        return [path.name for path in made.folder.glob("*.sqlite3")]
    import psycopg

    with psycopg.connect(made.server, autocommit=True) as link:
        return [row[0] for row in link.execute("SELECT datname FROM pg_database")]


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "example.com", "0.0.0.0"])
@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto"])
def test_a_socket_reaches_loopback_only(event: str, host: str) -> None:
    """Architecture 3.6: sockets are off but for loopback."""
    with pytest.raises(SocketsAreOff):
        refuse_strangers(event, (None, (host, 443)))


@pytest.mark.parametrize("address", [("127.0.0.1", 80), ("127.8.8.8", 80), ("::1", 80, 0, 0), "/run/postgresql", b"x"])
def test_loopback_and_unix_sockets_stay_open(address: object) -> None:
    """The other side of the rule above."""
    refuse_strangers("socket.connect", (None, address))
