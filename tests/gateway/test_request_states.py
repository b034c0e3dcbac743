"""Request states of calls that go on: parked ones, and those of stateless servers, whose own state travels inside."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest

from gateway.call import Approval, Continuation, Ticket
from gateway.mcp.outbound import LONGEST_STATE
from gateway.sessions import LONGEST, STATE_LIFE, BadHandle, Handles, Parked, State, digest_of
from tests.doubles import HandClock

ASKED = digest_of("tools/call", "echo", b'{"text":"x"}')
HERE: dict[str, Any] = {"agent": "a", "server": "files", "call": ASKED}
APPROVAL = Approval(uuid4(), (("rule", "sha256:1"), ("r2", "sha256:2")), ("sec@example.com",), "sha256:3", 3)
STATES: list[State] = [Parked("process", "id"), Continuation(b'"theirs"', {}), Continuation(None, {}, APPROVAL)]
IDS = ["parked", "theirs", "approved"]


@pytest.fixture
def clock() -> HandClock:
    """A clock that the test moves."""
    return HandClock()


@pytest.fixture
def handles(clock: HandClock) -> Handles:
    """Handles under one key."""
    return Handles(b"k" * 32, clock)


@pytest.mark.parametrize(
    "raw", [b'"theirs"', b"null", b'{"a":[1.10]}', b'"\\ud83d\\ude00 \\u0000"', '"größer ☃"'.encode()]
)
def test_a_servers_state_comes_back_byte_for_byte(handles: Handles, raw: bytes) -> None:
    """It is opaque (protocol 1.3)."""
    found = handles.state(handles.seal_state(Continuation(raw, {}), **HERE), **HERE)
    assert found == Continuation(raw, {})


def test_a_servers_state_is_not_to_be_read_in_ours(handles: Handles) -> None:
    """Sealed, not signed alone."""
    sealed = handles.seal_state(Continuation(b'"theirs"', {}), **HERE)
    raw = base64.urlsafe_b64decode(sealed[3:] + "==")
    assert b"theirs" not in raw and base64.b64encode(b'"theirs"') not in raw


@pytest.mark.parametrize("unit", ["\\\\", '\\"', "é", "\\u0000", "x"])
def test_the_longest_state_that_is_carried_can_come_back(handles: Handles, unit: str) -> None:
    """However it is escaped: what we hand out is what we take, within a request's size."""
    raw = ('"' + unit * ((LONGEST_STATE - 2) // len(unit.encode())) + '"').encode()
    json.loads(raw)
    sealed = handles.seal_state(Continuation(raw, {}), **HERE)
    assert len(sealed) <= LONGEST < 1024 * 1024
    assert handles.state(sealed, **HERE) == Continuation(raw, {})


def test_an_approval_travels_to_the_next_leg(handles: Handles) -> None:
    """ADR 0006, point 6: the leg that comes back is one later than the one that was sealed."""
    found = handles.state(handles.seal_state(Continuation(None, {}, APPROVAL), **HERE), **HERE)
    assert isinstance(found, Continuation) and found.approval is not None
    assert found.approval == Approval(APPROVAL.escalation, APPROVAL.rules, APPROVAL.people, APPROVAL.digest, 4)


@pytest.mark.parametrize("state", STATES, ids=IDS)
@pytest.mark.parametrize(
    "other",
    [
        {"agent": "b"},
        {"server": "git"},
        {"call": digest_of("prompts/get", "echo", b'{"text":"x"}')},
        {"call": digest_of("tools/call", "add", b'{"text":"x"}')},
        {"call": digest_of("tools/call", "echo", b'{"text":"y"}')},
        {"call": digest_of("tools/call", "echo", b"{}")},
        {"call": b""},
    ],
    ids=["agent", "server", "method", "item", "arguments", "none", "nothing"],
)
def test_a_state_is_good_for_its_call_alone(handles: Handles, state: State, other: dict[str, Any]) -> None:
    """Replayed by another agent, for another server, method, item or arguments."""
    sealed = handles.seal_state(state, **HERE)
    handles.state(sealed, **HERE)
    with pytest.raises(BadHandle):
        handles.state(sealed, **(HERE | other))


def test_what_is_asked_has_one_digest() -> None:
    """No two calls share one by moving a boundary."""
    made = {
        digest_of("a", "b", b"c"), digest_of("ab", "", b"c"), digest_of("a", "bc", b""), digest_of("", "ab", b"c"),
        digest_of("a", "b\0c", b""), digest_of("a", "", b"b\0c"),
    }  # fmt: skip
    assert len(made) == 6
    assert digest_of("tools/call", "\ud800", b"") != digest_of("tools/call", "?", b"")


@pytest.mark.parametrize("state", [*STATES, Ticket(uuid4(), 1)], ids=[*IDS, "ticket"])
def test_a_state_ends_with_time(handles: Handles, clock: HandClock, state: State) -> None:
    """At the limit and past it."""
    sealed = handles.seal_state(state, **HERE)
    clock.pass_(STATE_LIFE)
    handles.state(sealed, **HERE)
    clock.pass_(1)
    with pytest.raises(BadHandle, match="over"):
        handles.state(sealed, **HERE)


def test_a_session_is_no_state_and_a_state_no_session(handles: Handles) -> None:
    """One key seals both."""
    for state in STATES:
        with pytest.raises(BadHandle):
            handles.session(handles.seal_state(state, **HERE), agent="a", server="files")


def test_two_seals_of_one_state_differ(handles: Handles) -> None:
    """Nobody can tell whether a server said the same twice."""
    assert handles.seal_state(STATES[1], **HERE) != handles.seal_state(STATES[1], **HERE)
