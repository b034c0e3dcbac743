"""A house with people, servers and a role, and clients that register themselves in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from oauth_desk import CALLBACK, Program, register

from governance import people, roles
from governance.models import Person
from governance.rights import Machine
from registry.models import Server


@pytest.fixture(autouse=True)
def _settled(settings: Any) -> None:
    settings.STATIC_ROOT = None  # Static files come from the apps; there is nothing collected to warn about.


@pytest.fixture
def house(db: None) -> dict[str, Person]:
    """A developer, a second one, an administrator and an auditor; two servers; a data-plane role."""
    wanted = {"dev": ["developer"], "other": ["developer"], "sec": ["security-admin"], "audit": ["auditor"]}
    for name in ("files", "git"):
        Server.objects.create(name=name, transport="http", url="http://127.0.0.1:9/mcp", allow_private_address=True)
    roles.set_role(name="office", tools=["files/*"], by=Machine.OPERATOR)
    return {
        name: people.create_person(email=f"{name}@example.com", roles=held, by=Machine.OPERATOR)
        for name, held in wanted.items()
    }


@pytest.fixture
def registered(house: dict[str, Person]) -> Callable[..., Program]:
    """Registers a client: registered("Claude Code") -> Program."""

    def make(name: str = "Claude Code", place: str = "/mcp/files", **more: Any) -> Program:
        got = register({"client_name": name, "redirect_uris": [CALLBACK], **more})
        assert got.status_code == 201, got.content
        return Program(got.json()["client_id"], place=place)

    return make
