"""Names typed for a stop: whatever nothing has is refused, with the name that was probably meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from governance.models import Agent, Person
from governance.scope_names import known
from governance.switches import BadScope
from registry.models import Item, Server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def house(make_person: Callable[..., Person], make_agent: Callable[..., Agent]) -> None:
    """Two servers with tools, an agent of a person, a team."""
    for name, tools in (("tickets", ("echo", "close_ticket", "a.b")), ("files", ("read", "a:b"))):
        server = Server.objects.create(name=name, transport="http", url=f"http://127.0.0.1:9/{name}")
        for tool in tools:
            Item.objects.create(server=server, kind="tool", name=tool)
    make_agent("dev-claude", make_person("dev@example.com", teams=("platform",)))


@pytest.mark.parametrize(
    ("kind", "name", "stored"),
    [
        ("everything", "", ""),
        ("server", "tickets", "tickets"),
        ("tool", "tickets/echo", "tickets/echo"),
        ("tool", "tickets.echo", "tickets/echo"),
        ("tool", "echo", "echo"),
        ("tool", "a.b", "a.b"),
        ("tool", "tickets.a.b", "tickets/a.b"),
        ("tool", "files/a:b", "files/a:b"),
        ("agent", "dev-claude", "dev-claude"),
        ("person", "DEV@example.com", "dev@example.com"),
        ("team", "platform", "platform"),
        ("session", "whatever it is", "whatever it is"),
    ],
)
def test_a_name_that_something_has_is_taken_as_it_is_stored(kind: str, name: str, stored: str) -> None:
    assert known(kind, name) == stored


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("server", "Tickets", "did you mean tickets?"),
        ("server", "nope", "there is no server nope; nothing was stopped"),
        ("tool", "tickets/ecko", "did you mean tickets/echo?"),
        ("tool", "Tickets.Echo", "did you mean tickets/echo?"),
        ("tool", "files/echo", "did you mean"),
        ("tool", "tickets/*", "is a pattern, and a stop takes none; stop the server tickets"),
        ("agent", "dev-cloud", "did you mean dev-claude?"),
        ("person", "dev@example.org", "did you mean dev@example.com?"),
        ("team", "plattform", "did you mean platform?"),
        ("server", "a\nb\u202e", "there is no server a b⟦U+202E⟧"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(kind: str, name: str, said: str) -> None:
    with pytest.raises(BadScope) as refused:
        known(kind, name)
    assert said in str(refused.value)


def test_a_name_with_two_meanings_is_not_guessed() -> None:
    server = Server.objects.create(name="a", transport="http", url="http://127.0.0.1:9/a")
    Item.objects.create(server=server, kind="tool", name="b")
    with pytest.raises(BadScope, match="write server/tool"):
        known("tool", "a.b")
    assert known("tool", "a/b") == "a/b" and known("tool", "tickets/a.b") == "tickets/a.b"
