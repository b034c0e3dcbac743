"""What was approved of a server after each decision, kept for ever, and the way back to any of it."""

from __future__ import annotations

import json
from typing import Final

from django.db import transaction
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.canonical import strict_json
from governance.canonical.values import JSON
from governance.generation import bump
from governance.models import Part
from governance.rights import Actor, name_of, require
from registry import item_votes
from registry.apart import require_apart
from registry.manifest.canonical import Kind, held_digest
from registry.models import Baseline, Item, Server
from registry.settling import NotPossible, lock, settle
from registry.states import ItemStanding, after_sight, in_use, sight_of

ADMINISTER: Final = ("security-admin",)
MEMBERS: Final = 1_000_000
RESTORED: Final = (
    *("state", "approved_digest", "approved_document", "approved_by", "approved_at"),
    *("late", "returns", "last_return_at"),
)


def note(server: Server, what: str, by: str, reason: str) -> Baseline | None:
    """Keep what is approved now as the server's next baseline; None where it is what it was. Inside a transaction.

    An item that is held but has a baseline belongs to it: that form is still the approved one. Resources are noticed
    and not held, so they do not.
    """
    rows = server.items.exclude(kind="resource").exclude(approved_digest="").exclude(state=ItemStanding.REFUSED)
    digests = {(Kind(kind), name): digest for kind, name, digest in rows.values_list("kind", "name", "approved_digest")}
    digest = held_digest(digests)
    last = server.baselines.defer("document").first()
    if (last is None and not digests) or (last is not None and last.digest == digest):
        return None
    texts = rows.values_list("kind", "name", "approved_document")
    documents = {(Kind(kind), name): text for kind, name, text in texts}
    lines = [_written(kind, name, digests[kind, name], documents[kind, name]) for kind, name in sorted(digests)]
    return Baseline.objects.create(
        server=server,
        number=(last.number if last is not None else 0) + 1,
        digest=digest,
        document=f"[{','.join(lines)}]",
        what=what[:20],
        by=by,
        reason=reason[:500],
    )


def _written(kind: Kind, name: str, digest: str, document: str) -> str:
    """One item with its keys in order, so that equal baselines have equal texts; the document as it was stored."""
    named = json.dumps(name, ensure_ascii=False)
    return f'{{"digest":{json.dumps(digest)},"document":{document},"kind":{json.dumps(kind.value)},"name":{named}}}'


def items_of(baseline: Baseline) -> dict[tuple[str, str], tuple[str, str]]:
    """The items of a baseline by kind and name: digest and document."""
    listed = strict_json.parse(baseline.document.encode(), max_members=MEMBERS)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for member in listed if isinstance(listed, list) else []:
        assert isinstance(member, dict)
        key = str(member["kind"]), str(member["name"])
        found[key] = str(member["digest"]), strict_json.encode(member["document"]).decode()
    return found


@transaction.atomic
def roll_back(*, server: Server, number: int, by: Actor, reason: str) -> Baseline:
    """Make what was approved after an earlier decision the baseline again.

    What the server offers exactly so is approved, what it offers otherwise is held as changed, and what was not
    approved then is held as new. Raises NotAllowed, NotPossible.
    """
    require(by, *ADMINISTER, act="roll back what is approved of a server")
    locked = lock(server)
    require_apart(locked, by)
    if not in_use(locked.state):
        raise NotPossible(f"{locked.name} is {locked.state}; put it back into use before rolling it back.")
    wanted = locked.baselines.filter(number=number).first()
    if wanted is None:
        raise NotPossible(f"{locked.name} has no baseline {number}; its history lists those there are.")
    moved = _restore(locked, items_of(wanted), by)
    item_votes.forget(locked)
    settle(locked)
    made = note(locked, "rolled back", name_of(by), reason)
    bump(Part.REGISTRY)
    after: dict[str, JSON] = {
        "baseline": number,
        "manifest": wanted.digest,
        "items": [{"kind": item.kind, "name": plain(item.name), "state": str(item.state)} for item in moved],
    }
    change = {"what": "rolled back", "name": locked.name, "after": after, "reason": plain(reason)}
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": locked.name})
    return made or wanted


def _restore(server: Server, wanted: dict[tuple[str, str], tuple[str, str]], by: Actor) -> list[Item]:
    """Give every item the baseline it had; answers those that stand otherwise than before."""
    now = timezone.now()
    moved: list[Item] = []
    for item in server.items.exclude(kind="resource").select_for_update(of=("self",)):
        before = (item.state, item.approved_digest)
        digest, document = wanted.get((item.kind, item.name), ("", ""))
        if not digest and (item.state == ItemStanding.REFUSED or not item.approved_digest):
            continue  # It had no part in what was approved then, and has none now.
        sight = sight_of(approved=digest, seen=item.seen_digest)
        # Whatever it was, it is judged as one that a person has just given this baseline, or taken it from.
        item.state = after_sight(ItemStanding.MISSING, sight).value
        item.approved_digest, item.approved_document = digest, document
        item.late, item.returns, item.last_return_at = not digest, 0, None
        if before != (item.state, digest):
            item.approved_by, item.approved_at = (name_of(by), now) if digest else ("", None)
            moved.append(item)
    Item.objects.bulk_update(moved, RESTORED, batch_size=100)
    return moved
