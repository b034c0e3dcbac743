"""Stops (contract section 2): what each scope covers, what each mode does, and that two people release."""

from datetime import UTC, datetime

import pytest

from governance.policy.values import Action, Intent
from governance.workflow.switches import AlreadyVoted, Mode, Scope, Switch, applies, effect, release_needs

AT = datetime(2026, 11, 20, tzinfo=UTC)
CALL = {
    "server": "files",
    "tool": "read_file",
    "agent": "dev-claude",
    "person": "dev@example.com",
    "teams": frozenset({"platform"}),
    "session": "s1",
}


def switch(kind: Scope, name: str = "", mode: Mode = Mode.DENY) -> Switch:
    return Switch("1", kind, name, mode, "incident", "sec@example.com", AT)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Scope.EVERYTHING, ""),
        (Scope.SERVER, "files"),
        (Scope.TOOL, "files/read_file"),
        (Scope.TOOL, "read_file"),
        (Scope.AGENT, "dev-claude"),
        (Scope.PERSON, "dev@example.com"),
        (Scope.PERSON, "Dev@Example.com"),
        (Scope.TEAM, "platform"),
        (Scope.SESSION, "s1"),
    ],
)
def test_a_stop_covers_what_it_names(kind: Scope, name: str) -> None:
    assert applies(switch(kind, name), **CALL)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Scope.SERVER, "file"),
        (Scope.SERVER, "read_file"),
        (Scope.TOOL, "tickets/read_file"),
        (Scope.TOOL, "files"),
        (Scope.AGENT, "dev"),
        (Scope.PERSON, "sec@example.com"),
        (Scope.TEAM, "plat"),
        (Scope.SESSION, "s2"),
    ],
)
def test_a_stop_covers_nothing_else(kind: Scope, name: str) -> None:
    assert not applies(switch(kind, name), **CALL)


def test_an_agent_without_person_or_session_is_not_matched_by_an_empty_name() -> None:
    nobody = CALL | {"person": None, "session": None, "teams": ()}
    for kind in (Scope.PERSON, Scope.SESSION, Scope.TEAM):
        assert not applies(switch(kind, ""), **nobody)


def test_a_scope_or_mode_that_is_not_known_stops_everything() -> None:
    assert applies(switch("galaxy", "x"), **CALL)  # type: ignore[arg-type]
    assert effect(switch(Scope.EVERYTHING, mode="pause"), Intent.READ) is Action.DENY  # type: ignore[arg-type]


@pytest.mark.parametrize("intent", Intent)
def test_each_mode_does_what_it_says(intent: Intent) -> None:
    assert effect(switch(Scope.EVERYTHING), intent) is Action.DENY
    assert effect(switch(Scope.EVERYTHING, mode=Mode.ESCALATE), intent) is Action.ESCALATE
    read_only = effect(switch(Scope.EVERYTHING, mode=Mode.READ_ONLY), intent)
    assert read_only is (None if intent is Intent.READ else Action.DENY)


def test_two_different_people_release_a_stop() -> None:
    assert release_needs([], person="a@example.com") == 1
    assert release_needs(["a@example.com"], person="b@example.com") == 0
    with pytest.raises(AlreadyVoted, match="a second person"):
        release_needs(["a@example.com"], person="A@example.com")
