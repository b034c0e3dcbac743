"""The clock that never goes back, and which Host and Origin the MCP endpoint answers to."""

from __future__ import annotations

import pytest

from gateway.clock import Clock
from gateway.hosts import Hosts
from tests.doubles import HandClock

START = 1_800_000_000.0


class Times:
    """A wall clock and a monotonic one, moved apart by the test."""

    def __init__(self, recorded: float = 0.0) -> None:
        self.wall, self.monotonic = HandClock(START), HandClock(50.0)
        self.clock = Clock(recorded=recorded, wall=self.wall, monotonic=self.monotonic)

    def pass_(self, seconds: float) -> None:
        """Real time passes."""
        self.wall.pass_(seconds)
        self.monotonic.pass_(seconds)


def test_time_passes_with_the_monotonic_clock() -> None:
    """Contract section 8."""
    times = Times()
    times.pass_(10)
    assert times.clock.epoch() == START + 10


def test_a_wall_clock_set_back_is_not_followed() -> None:
    """Security F1b: an hour back prolongs no token, approval or window."""
    times = Times()
    times.pass_(10)
    times.clock.epoch()
    times.wall.pass_(-3600)
    times.pass_(5)
    assert times.clock.epoch() == START + 15


def test_a_wall_clock_set_ahead_is_followed_at_once_and_for_good() -> None:
    """Security F1b: an hour forward ends what it ends; setting it back afterwards revives nothing."""
    times = Times()
    times.wall.pass_(3600)
    assert times.clock.epoch() == START + 3600
    times.wall.pass_(-3600)
    times.pass_(1)
    assert times.clock.epoch() == START + 3601


def test_it_starts_at_the_highest_recorded_time() -> None:
    """Contract section 8: a restart with a wall clock behind the ledger does not write earlier times."""
    times = Times(recorded=START + 500)
    assert times.clock.epoch() == START + 500
    times.pass_(1)
    assert times.clock.epoch() == START + 501
    times.clock.not_before(START + 400)
    assert times.clock.epoch() == START + 501
    times.clock.not_before(START + 900)
    assert times.clock.epoch() == START + 900


def test_no_answer_is_earlier_than_one_before() -> None:
    """Whatever the wall clock does."""
    times, last = Times(), 0.0
    for step in (0.1, -5, 7, -0.01, 0, 3600, -7200, 0.5):
        times.wall.pass_(step)
        times.monotonic.pass_(0.001)
        now = times.clock.epoch()
        assert now >= last
        last = now


HOSTS = Hosts(["localhost", "127.0.0.1", "[::1]", "*"], "https://gate.example.com:8443")


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LOCALHOST:1", b"127.0.0.1:8000", b"[::1]:80", b"gate.example.com", b"gate.example.com:8443"],
)
def test_own_names_are_served_on_any_port(host: bytes) -> None:
    """Contract section 1: localhost, 127.0.0.1, [::1] and the public name."""
    assert HOSTS.host_allowed(host)
    assert HOSTS.origin_allowed(b"http://" + host) and HOSTS.origin_allowed(b"https://" + host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        b"",
        b"*",
        b"evil.example",
        b"127.0.0.1.evil.example",
        b"localhost.evil.example",
        b"evil.example#localhost",
        b"localhost@evil.example",
        b"evil.example@localhost",
        b"localhost/../evil",
        b"localhost?x",
        b"localhost:99999",
        b"localhost:port",
        b"127.1",
        b"0x7f.1",
        b"2130706433",
        b"[::ffff:127.0.0.1]",
        b"[::1",
        b"localhost.",
        "löcalhost".encode(),
        b"gate.example.com.evil",
        b"xgate.example.com",
    ],
)
def test_every_other_host_is_not(host: bytes | None) -> None:
    """Security section 4, DNS rebinding."""
    assert not HOSTS.host_allowed(host)


@pytest.mark.parametrize(
    "origin", [b"null", b"", b"evil", b"file://localhost", b"http://evil.example", b"ws://localhost", b"//localhost"]
)
def test_every_other_origin_is_not(origin: bytes) -> None:
    """The same for what a browser says of itself; programs send none."""
    assert not HOSTS.origin_allowed(origin)
    assert HOSTS.origin_allowed(None)


def test_a_flood_of_names_is_not_remembered() -> None:
    """Memory has an end."""
    hosts = Hosts(["localhost"], "")
    for number in range(3000):
        hosts.host_allowed(b"%d.example" % number)
    assert len(hosts._hosts) <= 1000 and hosts.host_allowed(b"localhost")
