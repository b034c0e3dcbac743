"""Which processes live: remembered for a second, and a process once seen gone stays gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from peer_house import DEAD, OURS, OWNERS, Table

from gateway.adapters.store import LedgerStore
from gateway.peers.directory import Peers
from gateway.peers.identity import Identity, bound_address
from gateway.peers.owner import owner_of
from gateway.refusal import Unavailable
from governance.models.ledger import LedgerStream
from governance.peers import living_processes
from tests.doubles import HandClock

HERE = "http://127.0.0.1:8001"
THERE = "http://127.0.0.1:8002"


@pytest.fixture
def table() -> Table:
    """The owner lives."""
    return Table({OWNERS: THERE})


@pytest.fixture
def clock() -> HandClock:
    """Time that stands still."""
    return HandClock()


@pytest.fixture
def peers(table: Table, clock: HandClock) -> Peers:
    """What this process knows."""
    return Peers(Identity(OURS, HERE), read=table, monotonic=clock)


async def test_this_process_is_known_without_looking(peers: Peers, table: Table) -> None:
    """A call to a session of one's own must not wait for the database."""
    assert await peers.address_of(OURS) == HERE
    assert table.reads == 0


async def test_an_address_is_remembered_for_a_second_and_no_longer(
    peers: Peers, table: Table, clock: HandClock
) -> None:
    """A dead process is noticed, and a living one costs no look-up a request."""
    assert [await peers.address_of(OWNERS) for _ in range(50)] == [THERE] * 50
    assert table.reads == 1
    table.rows = {}
    clock.pass_(1.0)
    assert await peers.address_of(OWNERS) == THERE
    clock.pass_(0.01)
    assert await peers.address_of(OWNERS) is None


async def test_a_process_once_seen_gone_stays_gone(peers: Peers, table: Table, clock: HandClock) -> None:
    """Its sessions are answered for here by then; it must not own them again."""
    table.rows = {}
    assert await peers.address_of(OWNERS) is None
    table.rows = {OWNERS: THERE}
    clock.pass_(5)
    reads = table.reads
    assert await peers.address_of(OWNERS) is None
    assert table.reads == reads


async def test_a_process_that_began_a_moment_ago_is_not_taken_for_gone(
    peers: Peers, table: Table, clock: HandClock
) -> None:
    """What is remembered from before it began says nothing about it."""
    assert await peers.living() == (OURS, OWNERS)
    clock.pass_(0.1)
    table.rows = {OWNERS: THERE, DEAD: "http://127.0.0.1:8003"}
    assert await peers.address_of(DEAD) == "http://127.0.0.1:8003"


async def test_those_who_ask_at_once_share_one_reading(peers: Peers, table: Table) -> None:
    """A thousand requests are one look-up."""
    answers = await asyncio.gather(*(peers.address_of(OWNERS) for _ in range(100)))
    assert set(answers) == {THERE}
    assert table.reads == 1


async def test_an_asker_who_leaves_takes_nobody_along(table: Table, clock: HandClock) -> None:
    """A cancelled request must not fail its neighbours."""
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow() -> Mapping[str, str]:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(1.5)
        return table()

    peers = Peers(Identity(OURS, HERE), read=slow, monotonic=clock)
    first, second = (asyncio.create_task(peers.address_of(OWNERS)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    release.set()
    assert await second == THERE
    assert table.reads == 1


async def test_a_database_that_fails_refuses_and_calls_nobody_gone(peers: Peers, table: Table) -> None:
    """Fail closed: not knowing is no answer."""
    table.problem = OperationalError("gone away")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await peers.address_of(OWNERS)
        with pytest.raises(Unavailable):
            await peers.living()
    table.problem = None
    assert await peers.address_of(OWNERS) == THERE


async def test_the_living_are_sorted_and_this_process_is_among_them(peers: Peers, table: Table) -> None:
    """Every process has to see the same list, in its first moments too."""
    table.rows = {OWNERS: THERE, "0" * 16: THERE}
    assert await peers.living() == ("0" * 16, OURS, OWNERS)


# The owner of what nobody claimed.

processes = st.lists(st.text("0123456789abcdef", min_size=16, max_size=16), min_size=1, max_size=8, unique=True)


@given(key=st.text(), living=processes)
def test_every_process_names_the_same_owner(key: str, living: list[str]) -> None:
    """Whatever order it sees the others in."""
    owner = owner_of(key, living)
    assert owner in living
    assert owner_of(key, sorted(living)) == owner == owner_of(key, reversed(living))


@given(key=st.text(), living=processes, other=st.text("0123456789abcdef", min_size=16, max_size=16))
def test_a_process_that_comes_or_goes_moves_only_its_own_keys(key: str, living: list[str], other: str) -> None:
    """Rendezvous hashing: the others keep what they have."""
    before, after = owner_of(key, living), owner_of(key, [*living, other])
    assert after in (before, other)
    left = [each for each in living if each != before]
    if left and other not in living:
        assert owner_of(key, [*left, before, other]) == after


def test_keys_are_spread() -> None:
    """No process owns everything."""
    living = [f"{number:016x}" for number in range(4)]
    owned = [owner_of(f"key-{number}", living) for number in range(1000)]
    assert min(owned.count(process) for process in living) > 150


def test_nobody_owns_anything_where_nobody_lives() -> None:
    """A caller always counts itself in."""
    with pytest.raises(ValueError):
        owner_of("key", ())


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("10.0.0.5", "http://10.0.0.5:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("fd00::5", "http://[fd00::5]:8000"),
    ],
)
def test_the_address_is_what_was_bound(host: str, address: str) -> None:
    """What is bound to every address is reached over loopback."""
    assert bound_address(host, 8000) == address


def test_every_process_has_an_id_of_its_own() -> None:
    """Sixteen hexadecimal digits."""
    made = Identity.made(HERE, lambda size: bytes(range(size)))
    assert made == Identity("0001020304050607", HERE)


# What the ledger's streams say.


def stream(name: str, **more: object) -> None:
    """A stream whose lease lies in the future."""
    LedgerStream.objects.create(**{"name": name, "lease_until": timezone.now() + timedelta(seconds=5)} | more)


@pytest.mark.django_db
def test_a_process_lives_by_an_unsealed_stream_with_a_lease() -> None:
    """By its lease row; streams of before there were processes name none."""
    past = timezone.now() - timedelta(seconds=1)
    stream("living", process=OWNERS, address=THERE)
    stream("sealed", process="1" * 16, address=THERE, sealed_at=past)
    stream("late", process="2" * 16, address=THERE, lease_until=past)
    stream("never", process="3" * 16, address=THERE, lease_until=None)
    stream("old")
    stream("unreachable", process="4" * 16)
    stream("earlier", process=OURS, address="http://127.0.0.1:1")
    stream("later", process=OURS, address=HERE)
    assert living_processes() == {OWNERS: THERE, OURS: HERE}


@pytest.mark.usefixtures("own_database")
def test_a_process_keeps_its_id_through_all_its_epochs() -> None:
    """An epoch that another process sealed ends no session."""
    store = LedgerStore(process=OWNERS, address=THERE)
    store.open()
    first = store.epoch
    LedgerStream.objects.filter(name=first).update(sealed_at=timezone.now())
    store._stream = None
    store.open()
    assert store.epoch != first
    assert living_processes() == {OWNERS: THERE}
    store.close()
    assert living_processes() == {}, "a process that stops in order is gone at once"
