"""People who ask for servers and people who decide, with real servers behind the requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from governance.models import Person
    from registry.models import ServerRequest

WHY = "The support agents answer customers with it every day."


@pytest.fixture
def make_person() -> Callable[..., Person]:
    """Makes an active person with console roles and teams by name."""
    from django.contrib.auth.models import Group

    from governance.models import Person, Team

    def make(email: str, *roles: str, teams: tuple[str, ...] = ()) -> Person:
        person = Person.objects.create_user(email)
        person.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
        person.teams.set([Team.objects.get_or_create(name=team)[0] for team in teams])
        return person

    return make


@pytest.fixture
def dev(make_person: Callable[..., Person]) -> Person:
    """A developer of the team payments, who asks."""
    return make_person("dev@example.com", "developer", teams=("payments",))


@pytest.fixture
def sec(make_person: Callable[..., Person]) -> Person:
    """A security administrator of no team."""
    return make_person("sec@example.com", "security-admin")


@pytest.fixture
def owner(make_person: Callable[..., Person]) -> Person:
    """A server owner of the team payments."""
    return make_person("owner@example.com", "server-owner", teams=("payments",))


@pytest.fixture
def shapeshifter(shapeshifter: Any) -> Any:
    """The shapeshifter with two tools that nobody would call more than reading."""
    shapeshifter.offer(read="Read a file.", list_files="List files.")
    return shapeshifter


@pytest.fixture
def asked(dev: Person, shapeshifter: Any) -> Callable[..., ServerRequest]:
    """A submitted request for the shapeshifter's program, which nobody has accepted yet."""
    from registry.requests import create_draft, submit

    def ask(by: Person = dev, **changed: Any) -> ServerRequest:
        fields = {
            "name": "tickets",
            "transport": "stdio",
            "command": shapeshifter.command,
            "team": "payments",
            "justification": WHY,
        }
        draft = create_draft(by=by, fields=fields | changed)
        return submit(request_id=draft.pk, by=by)

    return ask


@pytest.fixture
def seen(asked: Callable[..., ServerRequest], sec: Person) -> Callable[..., ServerRequest]:
    """A submitted request whose program a security administrator accepted, and which was scanned."""
    from registry.request_review import accept_reach
    from registry.request_scans import scan_request
    from registry.requests import reach_digest

    def see(**changed: Any) -> ServerRequest:
        request = asked(**changed)
        accept_reach(request_id=request.pk, by=sec, shown=reach_digest(request))
        run = scan_request(request.pk, by=sec, why="demand")
        assert run.state == "done", run.cause
        request.refresh_from_db()
        return request

    return see
