"""The part of `apply` that looks at servers, stores what was seen, and approves what the file says may be approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from governance.models import Person, Team
from governance.rights import Machine
from registry import scan_runs
from registry.configuration.values import Approval, Approve, ConditionEntry, SecretName, ServerEntry
from registry.findings import Judgement, holding, judge
from registry.lifecycle import Shown, approve_items, refuse_items
from registry.manifest.canonical import Manifest
from registry.models import Item, Server
from registry.narrowing import set_condition
from registry.outcome import Held, Outcome
from registry.scanning import Failure, Seen, kept_of, look_at, record
from registry.servers import set_server
from registry.states import ItemStanding, ServerAct, drifted, in_use
from registry.targets import NotReady, Target, opened, resolved
from registry.transports.sandbox import read_sandbox

BY: Final = Machine.OPERATOR


@dataclass(frozen=True, slots=True)
class Looked:
    """One server of the file: the fields it will be stored with, and what a look at it brought (None: not looked)."""

    entry: ServerEntry
    asked: Mapping[str, Any]
    seen: Seen | None
    judged: Judgement | None = None


def asked_of(entry: ServerEntry) -> dict[str, Any]:
    """The fields of the server's row; the program as an absolute path, looked up now."""
    return {
        "transport": entry.transport,
        "url": entry.url,
        "command": list(resolved(entry.command)) if entry.command else [],
        "cwd": entry.cwd,
        "env": _given(entry.env),
        "headers": _given(entry.headers),
        "tags": list(entry.tags),
        "category": list(entry.category),
        "allow_private_address": entry.allow_private_address,
        "client_requests": dict(entry.client_requests),
        "sessions": entry.sessions,
        "sandbox": entry.sandbox.record(),
        "description": entry.description,
        "environment": entry.environment,
    }


def look(entries: Sequence[ServerEntry], reveal: Callable[[str], str], *, dry_run: bool) -> list[Looked]:
    """Look at every server of the file at once. No transaction may be open.

    A dry run accepts nothing, so it looks only at servers that stand as the file has them.
    """
    asked = {entry.name: asked_of(entry) for entry in entries}
    chosen = [entry for entry in entries if not dry_run or _stands(entry.name, asked[entry.name])]
    seen: dict[str, Seen] = {}
    targets: list[Target] = []
    for entry in chosen:
        try:
            targets.append(_target(entry.name, asked[entry.name], reveal))
        except NotReady as refused:
            seen[entry.name] = Failure(ServerAct.UNREACHED, str(refused))
    seen.update(zip((target.name for target in targets), look_at(targets), strict=True))
    judged = {name: judge(name, found) for name, found in seen.items() if isinstance(found, Manifest)}
    return [Looked(entry, asked[entry.name], seen.get(entry.name), judged.get(entry.name)) for entry in entries]


def write(looked: Looked, outcome: Outcome, *, started: datetime) -> None:
    """Store the server, record the look, approve by the file, and list what stays held. Inside the transaction."""
    entry = looked.entry
    team = Team.objects.get(name=entry.team) if entry.team else None
    owner = Person.objects.get(email=entry.owner) if entry.owner else None
    server, changed = set_server(name=entry.name, asked=looked.asked, team=team, owner=owner, by=BY)
    if changed:
        outcome.changes.append(f"server {entry.name} stored: {_where(looked.asked)}")
    if looked.seen is None:
        outcome.notes.append(f"server {entry.name} would be accepted as it stands in the file, and scanned")
        return
    report = record(server, looked.seen, by=BY, started=started, judged=looked.judged)
    cause = looked.seen.cause if isinstance(looked.seen, Failure) else ""
    kept = kept_of(report, looked.seen, looked.judged)
    scan_runs.done_at_once(server, why="apply", by=BY, started=started, cause=cause, digest=report.digest, report=kept)
    server.refresh_from_db()
    if isinstance(looked.seen, Failure):
        outcome.unreachable[entry.name] = looked.seen.cause
    elif report.anything:
        counts = {"new": report.new, "changed": report.changed, "gone": report.gone, "back": report.back}
        said = ", ".join(f"{len(names)} {word}" for word, names in counts.items() if names)
        outcome.changes.append(f"server {entry.name} scanned: {said}")
    if not in_use(server.state):
        outcome.unmet.append(f"server {entry.name} is {server.state} and stays so; an administrator has to release it")
    elif isinstance(looked.seen, Manifest):
        _narrow(server, entry.conditions, outcome)
        _approve(server, entry.approval, looked.seen, outcome)
    _list_held(server, outcome)


def _narrow(server: Server, conditions: Sequence[ConditionEntry] | None, outcome: Outcome) -> None:
    """Let exactly the file's conditions stand, before anything is approved; a file without them changes none."""
    if conditions is None:
        return
    wanted = {(entry.kind, entry.name): entry.condition.record() for entry in conditions}
    there = {(kind, name): stored for kind, name, stored in server.items.values_list("kind", "name", "condition")}
    for kind, name in sorted(wanted.keys() - there.keys()):
        outcome.held.append(Held(server.name, kind, name, "has a condition; the server offers nothing of this name"))
    for (kind, name), stored in sorted(there.items()):
        if (condition := wanted.get((kind, name), {})) != stored:
            set_condition(server=server, kind=kind, name=name, condition=condition, by=BY)
            done = "set" if condition else "lifted"
            outcome.changes.append(f"server {server.name}: condition of {kind} {name} {done}")


def _approve(server: Server, approval: Approval, manifest: Manifest, outcome: Outcome) -> None:
    items = list(server.items.exclude(kind="resource"))
    if approval.which is Approve.PINNED:
        _approve_pinned(server, items, approval, manifest, outcome)
        return
    fresh = [item for item in items if item.state == ItemStanding.NEW and not item.approved_digest]
    found = holding(server, approval.findings)
    if approval.which is Approve.ALL:
        chosen = [item for item in fresh if not item.late]
    elif approval.which is Approve.LISTED:
        chosen = [item for item in fresh if item.name in approval.items]
    else:
        chosen = []
    for item in chosen:
        if rules := found.get((item.kind, item.name)):
            why = f"found in it: {', '.join(rules)}; review it in the console, or name the rules under accept_findings"
            outcome.held.append(Held(server.name, item.kind, item.name, why))
    chosen = [item for item in chosen if (item.kind, item.name) not in found]
    _accept(server, chosen, manifest, approval, outcome)
    there = {item.name for item in items if item.seen_digest or item.approved_digest}
    for name in approval.items:
        if name not in there:
            outcome.held.append(Held(server.name, "item", name, "the server offers nothing of this name"))
        elif any(item.name == name and item.state == ItemStanding.REFUSED for item in items):
            outcome.held.append(Held(server.name, "item", name, "was refused in the console and stays so"))


def _approve_pinned(
    server: Server, items: Sequence[Item], approval: Approval, manifest: Manifest, outcome: Outcome
) -> None:
    """A pinned manifest is a decision on exactly these bytes: it takes changed items too, and those that are gone."""
    if approval.manifest not in (manifest.held_digest, manifest.digest):
        why = (
            f"the server has {manifest.held_digest}, the file pins {approval.manifest}; review it, then change the pin"
        )
        outcome.held.append(Held(server.name, "manifest", "as a whole", why))
        return
    chosen = [item for item in items if item.state in (ItemStanding.NEW, ItemStanding.CHANGED)]
    _accept(server, chosen, manifest, approval, outcome)
    gone = [Shown.of(item) for item in items if item.state == ItemStanding.MISSING and item.approved_digest]
    if gone:
        refuse_items(server=server, items=gone, by=BY, reason=f"not in the pinned manifest {approval.manifest}")
        outcome.changes.append(f"server {server.name}: {len(gone)} items that are gone refused")


def _accept(server: Server, chosen: Sequence[Item], manifest: Manifest, approval: Approval, outcome: Outcome) -> None:
    """Approve what this run looked at; where a scan brought something else meanwhile, nothing is applied."""
    if not chosen:
        return
    looked_at = {(item.kind.value, item.name): item.digest for item in manifest.items}
    shown = [Shown(item.kind, item.name, looked_at.get((item.kind, item.name), "")) for item in chosen]
    reason = f"pinned {approval.manifest}" if approval.manifest else "approve in the file"
    approve_items(server=server, items=shown, by=BY, accept_findings=approval.findings, reason=reason)
    outcome.changes.append(f"server {server.name}: {len(chosen)} items approved")


def _list_held(server: Server, outcome: Outcome) -> None:
    """What departs from the approved manifest, whatever the file says of the server."""
    why = {
        ItemStanding.CHANGED: "changed since it was approved; review it in the console",
        ItemStanding.MISSING: "gone from the server",
        ItemStanding.NEW: "appeared after the server's approval; review it, or name it under approve",
    }
    for item in server.items.exclude(kind="resource"):
        if drifted(item.state, late=item.late, baseline=bool(item.approved_digest)):
            outcome.held.append(Held(server.name, item.kind, item.name, why[ItemStanding(item.state)]))


def _stands(name: str, asked: Mapping[str, Any]) -> bool:
    server = Server.objects.filter(name=name).first()
    return server is not None and server.launch_accepted() and all(getattr(server, key) == asked[key] for key in asked)


def _target(name: str, asked: Mapping[str, Any], reveal: Callable[[str], str]) -> Target:
    return Target(
        name=name,
        transport=asked["transport"],
        url=asked["url"],
        command=tuple(asked["command"]),
        cwd=asked["cwd"],
        environment=opened(asked["env"], reveal),
        headers=opened(asked["headers"], reveal),
        allow_private_address=asked["allow_private_address"],
        sandbox=read_sandbox(asked["sandbox"]),
    )


def _given(pairs: Sequence[tuple[str, str | SecretName]]) -> dict[str, Any]:
    return {name: {"secret": value.name} if isinstance(value, SecretName) else value for name, value in pairs}


def _where(asked: Mapping[str, Any]) -> str:
    return asked["url"] or " ".join(asked["command"])
