"""Findings of stored servers: judge what a look brought, keep what was found, remember what was accepted.

Judging opens no transaction and takes a while; storing is a handful of statements whatever the size of the manifest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Final, TypeAlias

from django.utils import timezone

from governance.canonical import strict_json
from governance.inspection.finding import Severity
from registry import neighbours
from registry.manifest.canonical import Item, Key, Kind, Manifest
from registry.models import Item as Row
from registry.models import ScanRun, ScanState, Server, StoredFinding
from registry.scan.finding import HOLDING, Finding
from registry.scan.lookalikes import skeleton
from registry.scan.scan import Scanner, compile_pack

MEMBERS: Final = 1_000_000
WHOLE_AGAIN: Final = timedelta(hours=24)
BATCH: Final = 200
UNSTEADY: Final = "unsteady"
BY_CLIENT: Final = "differs-by-client"
UNJUDGED: Final = "not-judged"
NOT_APPLIED: Final = "The rules could not be applied to this item, so nothing is known of what it may hide."
LOOK: Final = "Read all of it before you approve it, and report the failure that the scan's log shows."

Mark: TypeAlias = tuple[str, str, str, str, str]
"""What makes two findings the same: kind, name and digest of the item, rule, path."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a scan of a manifest found. `items` are those that were judged; the findings of others stay as they are.

    `pack` is the version of the rules, `whole` whether every item was judged.
    """

    pack: str
    whole: bool
    items: frozenset[Key]
    found: tuple[Finding, ...]


@cache
def scanner() -> Scanner:
    """The rule pack, compiled once in a process."""
    return compile_pack()


def judge(server: str, manifest: Manifest, *, now: datetime | None = None) -> Judgement:
    """Scan what a server of this name offers. Items that were judged by the same rules already are left out.

    What stands beside them moves on, so once a day everything is judged again.
    """
    rules = scanner()
    row = Server.objects.filter(name=server).first()
    chosen = manifest
    if row is not None and _judged_lately(row, rules.version, now or timezone.now()):
        chosen = _fresh(row, manifest)
    found = rules.scan(
        chosen,
        server=server,
        beside=neighbours.beside(server, chosen),
        before=_approved(row, chosen) if row is not None else None,
    )
    keys = frozenset(item.key for item in chosen.items)
    return Judgement(rules.version, len(keys) == len(manifest.items), keys, found)


def unjudged(server: Server, manifest: Manifest) -> Judgement:
    """What stands for a judgement that broke off: each item that is not as it was has a high finding that says so.

    The next scan judges these items again.
    """
    fresh = _fresh(server, manifest).items
    found = tuple(Finding(UNJUDGED, Severity.HIGH, item.kind, item.name, "", "", NOT_APPLIED, LOOK) for item in fresh)
    return Judgement("", False, frozenset(item.key for item in fresh), found)


def _judged_lately(server: Server, version: str, now: datetime) -> bool:
    runs = ScanRun.objects.filter(server=server, state=ScanState.DONE, finished_at__gt=now - WHOLE_AGAIN)
    return runs.filter(report__whole=True, report__pack=version).exists()


def _fresh(server: Server, manifest: Manifest) -> Manifest:
    """The items that were not there as they are, with those of the same look, and what is not stored as an item."""
    known = {(kind, name): digest for kind, name, digest in server.items.values_list("kind", "name", "seen_digest")}
    known |= dict.fromkeys(server.findings.filter(rule=UNJUDGED).values_list("kind", "name"), "")
    fresh = [item for item in manifest.items if known.get((item.kind.value, item.name)) != item.digest]
    looks = {skeleton(item.name) for item in fresh if item.kind is Kind.TOOL}
    alike = [item for item in manifest.of(Kind.TOOL) if skeleton(item.name) in looks] if looks else []
    chosen = {item.key: item for item in (*fresh, *alike)}
    return Manifest(tuple(chosen.values()), manifest.digest, manifest.held_digest)


class Before(Manifest):
    """A manifest that is asked for its items once for every item of another."""

    __slots__ = ("_keyed",)
    _keyed: dict[Key, Item]

    @property
    def by_key(self) -> dict[Key, Item]:
        """As in Manifest, made once."""
        return self._keyed

    @classmethod
    def of_items(cls, items: Sequence[Item]) -> Before:
        """The manifest of these items, of which no digest is asked."""
        made = cls(tuple(items), "", "")
        object.__setattr__(made, "_keyed", {item.key: item for item in items})
        return made


def _approved(server: Server, manifest: Manifest) -> Manifest | None:
    """The approved forms of those items that are offered otherwise now: what is worse in them is a finding."""
    digests = {(item.kind.value, item.name): item.digest for item in manifest.of(Kind.TOOL)}
    rows = server.items.filter(kind="tool").exclude(approved_digest="").values_list("pk", "name", "approved_digest")
    differing = [pk for pk, name, digest in rows if digests.get(("tool", name), digest) != digest]
    items = []
    for start in range(0, len(differing), BATCH):
        texts = server.items.filter(pk__in=differing[start : start + BATCH])
        for name, digest, text in texts.values_list("name", "approved_digest", "approved_document"):
            document = strict_json.parse(text.encode(), max_members=MEMBERS)
            if isinstance(document, dict):
                items.append(Item(Kind.TOOL, name, document, digest))
    return Before.of_items(items) if items else None


# What is noticed of an item beside its text.


def unsteady(item: Row) -> Finding:
    """The finding of an item that comes and goes."""
    return Finding(
        rule=UNSTEADY,
        severity=Severity.HIGH,
        kind=Kind(item.kind),
        name=item.name,
        path="",
        quote="",
        why=f"It changed or went away and came back as it was, {item.returns} times in short order.",
        action="Ask whoever runs the server why; approve it again when the answer satisfies.",
    )


def by_client(item: Row) -> Finding:
    """The finding of an item that one client is offered and another is not, or otherwise."""
    return Finding(
        rule=BY_CLIENT,
        severity=Severity.HIGH,
        kind=Kind(item.kind),
        name=item.name,
        path="",
        quote="",
        why="Two clients that asked at the same time were not offered the same.",
        action="Compare the two manifests; approve it only when there is an honest reason.",
    )


# Kept.


def store(server: Server, digests: dict[Key, str], judged: Judgement, noticed: Iterable[Finding]) -> int:
    """Keep the findings of what was judged, drop those of what is there no more; answers how many changed.

    `digests` are those of all that is offered now. What was accepted stays with the form that it was accepted in, as
    long as that is offered or approved. Inside a transaction.
    """
    wanted = {_mark(found, digests): found for found in (*judged.found, *noticed)}
    now = timezone.now()
    approved = set(server.items.exclude(approved_digest="").values_list("kind", "name", "approved_digest"))
    gone: list[int] = []
    rows = StoredFinding.objects.filter(server=server)
    for pk, accepted, *mark in rows.values_list("pk", "accepted_by", "kind", "name", "digest", "rule", "path"):
        kind, name, digest, rule, path = mark
        if wanted.pop((kind, name, digest, rule, path), None) is not None:
            continue
        key = (Kind(kind), name)
        offered = digests.get(key) == digest
        again = key in judged.items or rule in (UNSTEADY, BY_CLIENT)
        if not (accepted and (offered or (kind, name, digest) in approved)) and (again or not offered):
            gone.append(pk)
    for start in range(0, len(gone), BATCH):
        StoredFinding.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    StoredFinding.objects.bulk_create(
        (_row(server, mark, found, now) for mark, found in wanted.items()), batch_size=BATCH
    )
    return len(gone) + len(wanted)


def _mark(found: Finding, digests: dict[Key, str]) -> Mark:
    return found.kind.value, found.name, digests.get((found.kind, found.name), ""), found.rule, found.path


def _row(server: Server, mark: Mark, found: Finding, now: datetime) -> StoredFinding:
    kind, name, digest, rule, path = mark
    return StoredFinding(
        server=server,
        rule=rule,
        severity=found.severity.value,
        kind=kind,
        name=name[:2000],
        digest=digest,
        path=path,
        quote=found.quote,
        why=found.why,
        action=found.action,
        first_seen_at=now,
    )


def accept(server: Server, items: Sequence[Row], by: str, now: datetime) -> int:
    """Note who approved these items in spite of what is found in them. Inside a transaction."""
    count = 0
    for start in range(0, len(items), BATCH):
        digests = [item.approved_digest for item in items[start : start + BATCH]]
        rows = StoredFinding.objects.filter(server=server, digest__in=digests, accepted_by="")
        count += rows.update(accepted_by=by, accepted_at=now)
    return count


def holding(server: Server, globs: Collection[str] = ()) -> dict[tuple[str, str], list[str]]:
    """By kind and name the rules of high findings in what is offered now, but for those that match `globs`."""
    severities = [severity.value for severity in HOLDING]
    rows = StoredFinding.objects.filter(server=server, severity__in=severities, accepted_by="")
    held: dict[tuple[str, str], list[str]] = {}
    for kind, name, rule in rows.order_by("rule").values_list("kind", "name", "rule").distinct():
        if not any(fnmatchcase(rule, glob) for glob in globs):
            held.setdefault((kind, name), []).append(rule)
    return held
