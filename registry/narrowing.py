"""Set what the approval of an item demands beside the policy: one act, for the console, the API and `apply`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from governance import ledger
from governance.audit.entry import plain
from governance.generation import bump
from governance.models import Part
from governance.rights import Actor, name_of, require
from registry.apart import require_apart
from registry.conditions import read_condition
from registry.lifecycle import NotPossible, lock
from registry.models import Item, Server

ADMINISTER: Final = ("security-admin",)


@transaction.atomic
def set_condition(
    *, server: Server, kind: str, name: str, condition: Mapping[str, object], by: Actor, reason: str = ""
) -> Item:
    """Let this condition stand on an item, {} for none; it holds for calls at once.

    Raises NotAllowed, BadCondition, NotPossible. Nothing is recorded where nothing differs.
    """
    require(by, *ADMINISTER, act="set the condition of an item")
    stored = read_condition(condition).record()
    locked = lock(server)
    require_apart(locked, by)
    item = Item.objects.select_for_update(of=("self",)).filter(server=locked, kind=kind, name=name).first()
    if item is None:
        raise NotPossible(f"{locked.name} has no {kind} {name}.")
    if stored and kind not in ("tool", "prompt"):
        raise NotPossible(f"A {kind} cannot have a condition; approve it as it is, or refuse it.")
    before = item.condition
    if before == stored:
        return item
    item.condition, item.condition_by = stored, name_of(by) if stored else ""
    item.save(update_fields=["condition", "condition_by"])
    bump(Part.REGISTRY, Part.POLICY)
    change = {
        "what": "condition",
        "name": locked.name,
        "before": plain(before),
        "after": {"kind": kind, "name": plain(name), "condition": plain(stored)},
        "reason": plain(reason),
    }
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": locked.name})
    return item
