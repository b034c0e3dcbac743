"""Session ids and request states: worthless to anybody else, anywhere else, for anything else, and too late."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest

from gateway.call import Client, Ticket
from gateway.sessions import LIFE, STATE_LIFE, BadHandle, Handles, digest_of
from governance.canonical import strict_json
from tests.doubles import HandClock

TICKET = Ticket(uuid4(), 3)
ASKED = digest_of("tools/call", "echo", b"{}")
CLIENT = Client("claude", "2.1", {"elicitation": {"url": {}}})


@pytest.fixture
def clock() -> HandClock:
    """A clock that the test moves."""
    return HandClock()


@pytest.fixture
def handles(clock: HandClock) -> Handles:
    """Handles under one key."""
    return Handles(b"k" * 32, clock)


def opened(handles: Handles, **changed: Any) -> str:
    """A session of dev-claude at files."""
    return handles.open_session(
        **({"agent": "a", "server": "files", "version": "2025-11-25", "client": CLIENT} | changed)
    )


def test_a_session_comes_back_as_it_was_opened(handles: Handles) -> None:
    """Protocol 1.4; the id holds everything, so that any process can read it."""
    handle = opened(handles)
    session = handles.session(handle, agent="a", server="files")
    assert (session.id, session.version, session.client) == (handle, "2025-11-25", CLIENT)
    again = Handles(b"k" * 32, HandClock()).session(handle, agent="a", server="files")
    assert again.client == CLIENT


def test_a_ticket_comes_back_with_its_leg(handles: Handles) -> None:
    """Protocol 2.3."""
    state = handles.seal_state(TICKET, agent="a", server="files", call=ASKED)
    assert handles.state(state, agent="a", server="files", call=ASKED) == TICKET


@pytest.mark.parametrize(("agent", "server"), [("b", "files"), ("a", "git"), ("a\nfiles", ""), ("", "a\nfiles")])
def test_nobody_else_and_nowhere_else(handles: Handles, agent: str, server: str) -> None:
    """Security section 4, session fixation: bound to agent and server."""
    handle, state = opened(handles), handles.seal_state(TICKET, agent="a", server="files", call=ASKED)
    handles.session(handle, agent="a", server="files")
    with pytest.raises(BadHandle):
        handles.session(handle, agent=agent, server=server)
    with pytest.raises(BadHandle):
        handles.state(state, agent=agent, server=server, call=ASKED)


def test_one_kind_is_not_the_other(handles: Handles) -> None:
    """A session id is no request state, and the other way round."""
    with pytest.raises(BadHandle):
        handles.state(opened(handles), agent="a", server="files", call=ASKED)
    with pytest.raises(BadHandle):
        handles.session(handles.seal_state(TICKET, agent="a", server="files", call=ASKED), agent="a", server="files")


def test_every_changed_byte_is_noticed(handles: Handles) -> None:
    """Protocol 1.3: a request state is attacker input."""
    state = handles.seal_state(TICKET, agent="a", server="files", call=ASKED)
    raw = bytearray(base64.urlsafe_b64decode(state[3:] + "=" * (-len(state[3:]) % 4)))
    for position in range(len(raw)):
        raw[position] ^= 1
        forged = "v1." + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
        with pytest.raises(BadHandle):
            handles.state(forged, agent="a", server="files", call=ASKED)
        raw[position] ^= 1


@pytest.mark.parametrize("text", ["", "v1.", "v1.AA", "v2.AAAA", "v1.!!!!", "v1." + "A" * 9000, "v1.ünï", "null"])
def test_what_is_no_handle_is_refused(handles: Handles, text: str) -> None:
    """Whatever is sent, the answer is one error."""
    with pytest.raises(BadHandle):
        handles.session(text, agent="a", server="files")
    with pytest.raises(BadHandle):
        handles.state(text, agent="a", server="files", call=ASKED)


def test_handles_of_another_installation_are_refused(handles: Handles) -> None:
    """Another key."""
    foreign = Handles(b"x" * 32, HandClock())
    with pytest.raises(BadHandle):
        handles.session(opened(foreign), agent="a", server="files")


def test_sessions_and_states_end_with_time(handles: Handles, clock: HandClock) -> None:
    """At the limit, and past it."""
    handle, state = opened(handles), handles.seal_state(TICKET, agent="a", server="files", call=ASKED)
    clock.pass_(STATE_LIFE)
    assert handles.state(state, agent="a", server="files", call=ASKED)
    clock.pass_(1)
    with pytest.raises(BadHandle):
        handles.state(state, agent="a", server="files", call=ASKED)
    clock.pass_(LIFE - STATE_LIFE - 1)
    assert handles.session(handle, agent="a", server="files")
    clock.pass_(1)
    with pytest.raises(BadHandle, match="over"):
        handles.session(handle, agent="a", server="files")


def test_an_ended_session_stays_ended_and_others_live(handles: Handles, clock: HandClock) -> None:
    """Protocol 1.4: DELETE; the list of ended ones does not grow for ever."""
    handle, other = opened(handles), opened(handles)
    handles.session(handle, agent="a", server="files")
    handles.end_session(handle)
    with pytest.raises(BadHandle, match="ended"):
        handles.session(handle, agent="a", server="files")
    assert handles.session(other, agent="a", server="files")
    clock.pass_(LIFE + 1)
    handles._tidy_at = 1
    handles.end_session(other)
    assert len(handles._ended) == 1


def test_no_two_handles_are_alike(handles: Handles) -> None:
    """Security section 4: random, at least 128 bits."""
    made = {opened(handles) for _ in range(200)}
    assert len(made) == 200 and all(len(handle) > 60 for handle in made)


@pytest.mark.parametrize(
    "capabilities",
    [b'{"x": 1.5, "y": 123456789012345678901234567890}', b'{"x": {"' + b"y" * 20_000 + b'": 1}}', b"{}"],
    ids=["numbers", "large", "none"],
)
def test_whatever_a_client_says_of_itself_makes_a_usable_session(handles: Handles, capabilities: bytes) -> None:
    """Self-reported and hostile: it must neither break `initialize` nor make an id that is refused afterwards."""
    said = strict_json.parse(capabilities)
    assert isinstance(said, dict)
    handle = opened(handles, client=Client("n" * 500, "v" * 500, said))
    session = handles.session(handle, agent="a", server="files")
    assert len(handle) <= 8192 and len(session.client.name) <= 80


@pytest.mark.parametrize(
    "change", [lambda s: s + "=", lambda s: s[:20] + "!" + s[20:], lambda s: s + "A", lambda s: s[:-1] + "/"]
)
def test_a_handle_has_one_spelling(handles: Handles, change: Any) -> None:
    """What is ended or known is looked up by its text, so another text of the same bytes is no handle."""
    handle = opened(handles)
    for _ in range(2):
        with pytest.raises(BadHandle):
            handles.session(change(handle), agent="a", server="files")
        handles.end_session(handle)


def test_a_session_id_has_an_end(handles: Handles) -> None:
    """Past 8,192 characters it is none, before anything of it is read."""
    with pytest.raises(BadHandle):
        handles.session("v1." + "A" * 8190, agent="a", server="files")
