"""Look at a manifest: findings by fixed rules, the same for the same manifest, in linear time. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.canonical.values import JSON
from registry.manifest.canonical import Item, Kind, Manifest
from registry.scan import asking, drift, hints, names, schemas
from registry.scan.finding import RANK, Finding, Hit, Hits, finding
from registry.scan.lexicon import UnusablePack
from registry.scan.listening import Listener
from registry.scan.names import Neighbour, Neighbourhood
from registry.scan.opened import Opened, open_manifest
from registry.scan.pack import PACK, Pack
from registry.scan.plain import plain
from registry.scan.texts import gather

MAX_FINDINGS: Final = 2_000
MAX_IN_ITEM: Final = 60
_SCHEMA_WORDS: Final = frozenset(
    """
    $ref $dynamicRef $recursiveRef $schema pattern patternProperties minLength minItems minProperties minContains
    """.split()
)


def compile_pack(pack: Pack = PACK) -> Scanner:
    """The pack, ready to scan with. Takes a fraction of a second: compile once, keep it. Raises UnusablePack."""
    return Scanner(pack)


class Scanner:
    """A compiled rule pack. Shared by all scans of a process. See `compile_pack`."""

    __slots__ = ("_listener", "_rules", "version")

    def __init__(self, pack: Pack) -> None:
        self.version = pack.version
        self._rules = {rule.id: rule for rule in pack.rules}
        self._listener = Listener(pack)
        named = {sign.rule for sign in pack.signs} | {meaning.rule for meaning in pack.meanings}
        if unknown := named - self._rules.keys():
            raise UnusablePack(f"there is no rule {min(unknown)!r}")

    def scan_document(
        self, document: JSON, *, server: str = "", beside: Iterable[Neighbour] = (), before: Manifest | None = None
    ) -> tuple[Finding, ...]:
        """The findings of a manifest as JSON, also of one that no server may have. Raises ManifestError for none."""
        return self.scan_opened(open_manifest(document), server=server, beside=beside, before=before)

    def scan_opened(
        self, opened: Opened, *, server: str = "", beside: Iterable[Neighbour] = (), before: Manifest | None = None
    ) -> tuple[Finding, ...]:
        """The findings of what `open_manifest` gave."""
        beside = tuple(beside)
        found = list(self.scan(opened.manifest, server=server, beside=beside, before=before))
        for manifest in opened.repeated:
            found += (self._finding(item, Hit("duplicate-name", (), item.name)) for item in manifest.items)
            found += self.scan(manifest, server=server, beside=beside)
        for kind, name in opened.too_deep:
            found.append(finding(self._rules["too-deep"], Hit("too-deep", (), name), kind, name))
        return _in_order(found)

    def scan(
        self, manifest: Manifest, *, server: str = "", beside: Iterable[Neighbour] = (), before: Manifest | None = None
    ) -> tuple[Finding, ...]:
        """The findings of `manifest`, worst first. `beside` are tools of other servers that the same people may use.

        `before` is the manifest that was last looked at.
        """
        neighbourhood = Neighbourhood.of(server, beside)
        others = neighbourhood.distinctive(frozenset(item.name for item in manifest.items))
        earlier = before.by_key if before is not None else {}
        found: list[Finding] = []
        for item in manifest.items:
            was = earlier.get(item.key)
            hits = list(self._item(item, neighbourhood, others, was))
            if item.kind is Kind.SERVER_INFO:
                hits += names.servers(item, server, neighbourhood)
            found += self._kept(item, hits)
        found += (self._finding(item, hit) for item, hit in names.within(manifest))
        return _in_order(found)

    def _item(self, item: Item, beside: Neighbourhood, others: tuple[str, ...], was: Item | None) -> Hits:
        yield from names.names_of(item)
        yield from names.across(item, beside)
        yield from hints.hints(item)
        yield from drift.drift(item, was)
        gathered = gather(item.document)
        whole = "\n".join(gathered)
        words = set(plain(whole).split())
        if not words.isdisjoint(asking.TRIGGERS) or not whole.isascii() or asking.SENDS.search(whole):
            yield from asking.asking(item)
        if not _SCHEMA_WORDS.isdisjoint(gathered) or len(gathered) > schemas.MANY_MEMBERS:
            yield from schemas.schemas(item.document)
        yield from self._listener.hits(item, whole, words, others, drift.known_texts(item, was))

    def _kept(self, item: Item, hits: list[Hit]) -> list[Finding]:
        """The hits of one item as findings: one of a rule at a place, and not more than MAX_IN_ITEM."""
        seen: set[tuple[str, object]] = set()
        kept = []
        for hit in hits:
            if (hit.rule, hit.steps) not in seen:
                seen.add((hit.rule, hit.steps))
                kept.append(self._finding(item, hit))
        if len(kept) <= MAX_IN_ITEM:
            return kept
        more = Hit("too-many-findings", (), item.name, f"{len(kept)} in this item")
        return [*_in_order(kept)[: MAX_IN_ITEM - 1], self._finding(item, more)]

    def _finding(self, item: Item, hit: Hit) -> Finding:
        return finding(self._rules[hit.rule], hit, item.kind, item.name)


def _in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first, and without regard to the order of anything in the manifest."""
    ordered = sorted(found, key=lambda each: (-RANK[each.severity], each.kind, each.name, each.path, each.rule))
    return tuple(ordered[:MAX_FINDINGS])
