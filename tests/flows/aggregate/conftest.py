"""One place for all of these tests: its servers take longer to start than most of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from tests.flows.aggregate.place import MINE, ROLES, ROOM, RULES, Place, another_desk
from tests.flows.eras_place import MAY_ASK, by_url, served
from tests.flows.offices import AGENTS, POLICY


@pytest.fixture(scope="package")
def place(make_office: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A desk, two more that will fail, and the server that has everything."""
    folder = tmp_path_factory.mktemp("desks")
    with ExitStack() as stack:
        slow, slow_url = stack.enter_context(another_desk(folder, "slow"))
        gone, gone_url = stack.enter_context(another_desk(folder, "gone"))
        room_url, old_url = stack.enter_context(served("both")), stack.enter_context(served("legacy"))
        servers = [
            by_url("slow", slow_url),
            by_url("gone", gone_url),
            by_url(ROOM, room_url, client_requests=MAY_ASK),
            by_url("old", old_url, client_requests=MAY_ASK),
        ]
        sections = {"roles": ROLES, "agents": [*AGENTS, *MINE]}
        made = make_office(POLICY + RULES, servers=servers, sections=sections, GATEHOUSE_HOLD_SECONDS="1")
        yield Place(stack.enter_context(made), slow, gone, room_url)


@pytest.fixture
def path() -> str:
    """A path that no other test names."""
    return f"/srv/notes/{uuid4()}"
