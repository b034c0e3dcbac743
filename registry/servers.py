"""Servers as an administrator names them: stored, changed, and the program of a local one accepted as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.egress.door import judge_url
from governance.egress.ports import ANY
from governance.generation import bump
from governance.models import Part, Person, Team
from governance.rights import Actor, name_of, require
from registry.models import Server

ADMINISTER: Final = ("security-admin",)
ASKED: Final = (
    "transport",
    "url",
    "command",
    "cwd",
    "env",
    "headers",
    "tags",
    "category",
    "allow_private_address",
    "client_requests",
    "sessions",
    "sandbox",
    "description",
    "environment",
)


class BadServer(ValueError):
    """The server cannot be stored as asked; the message names the field and what to write."""


@transaction.atomic
def set_server(
    *, name: str, asked: Mapping[str, Any], team: Team | None, by: Actor, owner: Person | None = None
) -> tuple[Server, bool]:
    """Store a server with exactly these fields (ASKED), its program accepted by `by`; False when nothing differs.

    Naming a program here is the administrator's acceptance of exactly it. Raises NotAllowed, BadServer.
    """
    require(by, *ADMINISTER, act="add or change servers")
    server = Server.objects.select_for_update(of=("self",)).filter(name=name).first()
    created = server is None
    server = server or Server(name=name)
    before, recorded = _fields(server), _described(server)
    for field in ASKED:
        setattr(server, field, asked[field])
    server.team, server.owner = team, owner
    if not created and _fields(server) == before and server.launch_accepted():
        return server, False
    if not server.launch_accepted():
        server.accepted_launch, server.accepted_by, server.accepted_at = server.launch(), name_of(by), timezone.now()
    if server.url and not (judged := judge_url(server.url, allow_private=True, ports=ANY)).allowed:
        raise BadServer(f"server {name}: {judged.sentence}")
    try:
        server.full_clean()
    except ValidationError as error:
        raise BadServer(f"server {name}: {' '.join(error.messages)}") from None
    server.save()
    bump(Part.REGISTRY)
    change = {
        "what": "created" if created else "changed",
        "name": name,
        "before": None if created else plain(recorded),
        "after": plain(_described(server)),
    }
    ledger.append(kind="change.server", by=name_of(by), change=change, target={"server": name})
    return server, True


def _fields(server: Server) -> dict[str, Any]:
    return {**{field: getattr(server, field) for field in ASKED}, **_whose(server)}


def _whose(server: Server) -> dict[str, str | None]:
    return {
        "team": server.team.name if server.team else None,
        "owner": server.owner.email if server.owner else None,
    }


def _described(server: Server) -> dict[str, Any]:
    """What is recorded: every field, but of plain values in environment and headers only that they are plain."""
    fields = _fields(server)
    for field in ("env", "headers"):
        fields[field] = {name: "(plain)" if isinstance(value, str) else value for name, value in fields[field].items()}
    return fields
