"""Data-plane roles and teams: what may be reached at all, and who belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from governance import ledger
from governance.audit.entry import plain
from governance.generation import bump
from governance.models import DataRole, Part, Team
from governance.rights import Actor, name_of, require

ADMINISTER: Final = ("security-admin",)
LISTS: Final = ("tools", "prompts", "resources", "servers")


@transaction.atomic
def set_role(
    *,
    name: str,
    tools: Sequence[str] = (),
    prompts: Sequence[str] = (),
    resources: Sequence[str] = (),
    servers: Sequence[str] = (),
    by: Actor,
) -> DataRole:
    """Make the role, or give it exactly these patterns; an equal role changes nothing. Raises NotAllowed."""
    require(by, *ADMINISTER, act="change what roles may reach")
    wanted = dict(zip(LISTS, (list(tools), list(prompts), list(resources), list(servers)), strict=True))
    role = DataRole.objects.select_for_update().filter(name=name).first()
    before = None if role is None else {each: getattr(role, each) for each in LISTS}
    if role is not None and before == wanted:
        return role
    role, created = DataRole.objects.update_or_create(name=name, defaults=wanted)
    bump(Part.IDENTITY)
    change = {
        "what": "created" if created else "changed",
        "name": name,
        "before": plain(before),
        "after": plain(wanted),
    }
    ledger.append(kind="change.role", by=name_of(by), change=change)
    return role


@transaction.atomic
def set_team(*, name: str, by: Actor) -> Team:
    """The team of this name, made when there is none. Raises NotAllowed."""
    require(by, *ADMINISTER, act="make teams")
    team, created = Team.objects.get_or_create(name=name)
    if created:
        bump(Part.IDENTITY)
        ledger.append(kind="change.team", by=name_of(by), change={"what": "created", "name": name})
    return team
