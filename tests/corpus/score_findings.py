"""Score the scan of manifests: `python -m tests.corpus.score_findings`. Prints recall and false alarms.

A poisoned row counts as found when it is held, a benign one as a false alarm. Rows with an odd number were a holdout
until the second version of the pack, which was made with all rows open; they are still counted apart, and this program
never shows their text. No row is an example that weights are fitted to, but what was missed has led to lessons.

Recall is also printed technique by technique, each counted alone. For a classifier that learns, leaving one technique
out says how it does on an attack that it was never shown. Rules written by hand learn nothing from these rows; what
comes nearest is the recall of one technique over the rows that its author did not look at, with no other technique to
make up for it. The worst techniques are listed, so that a good average hides none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from registry.manifest.canonical import ManifestError
from registry.scan.finding import HOLDING, Finding, held
from registry.scan.names import Neighbour
from registry.scan.opened import open_manifest
from registry.scan.scan import Scanner, compile_pack

FOLDER = Path(__file__).parent
REAL = FOLDER.parent.parent / "var" / "corpus" / "manifests"
RECALL, FALSE_ALARMS, HARD_FALSE_ALARMS = 0.92, 0.02, 0.05


@dataclass(frozen=True)
class Row:
    """One manifest of the corpus; `technique` is empty for a benign one."""

    id: str
    technique: str
    value: dict[str, Any]

    @property
    def held_back(self) -> bool:
        """Whether the row belongs to the holdout."""
        return int(self.id.partition("-")[2]) % 2 == 1

    def findings(self) -> tuple[Finding, ...]:
        """What the scan says of it, as `gatehouse scan --lines` would judge it."""
        beside = [
            Neighbour(other["server"], tool["name"], tool.get("description", ""))
            for other in self.value.get("beside", ())
            for tool in other["tools"]
        ]
        before = open_manifest(self.value["before"]).manifest if "before" in self.value else None
        server = self.value.get("server", "")
        return scanner().scan_document(self.value["manifest"], server=server, beside=beside, before=before)


@cache
def scanner() -> Scanner:
    """The shipped pack, compiled once."""
    return compile_pack()


def rows(name: str) -> Iterator[Row]:
    """The rows of one file of this folder."""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        value = json.loads(line)
        yield Row(value["id"], value.get("technique", ""), value)


def rate(chosen: Iterable[Row]) -> float:
    """The part of the rows that are held; 0 where there are none."""
    verdicts = [held(row.findings()) for row in chosen]
    return sum(verdicts) / len(verdicts) if verdicts else 0.0


def by_technique(chosen: Iterable[Row]) -> dict[str, float]:
    """The recall of each technique alone, worst first."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in chosen:
        grouped[row.technique].append(row)
    recalls = {technique: rate(members) for technique, members in grouped.items()}
    return dict(sorted(recalls.items(), key=lambda each: (each[1], each[0])))


def real_manifests(folder: Path = REAL) -> dict[str, Any]:
    """The manifests of real servers that `make corpus` has written, by name; none where it has not run."""
    found = sorted(folder.glob("*.json")) if folder.is_dir() else []
    documents = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in found}
    return {name: document.get("manifest", document) for name, document in documents.items()}


def held_tools(manifest: Any, server: str) -> tuple[int, list[Finding]]:
    """How many items a real manifest has, and the findings that hold one each."""
    items = open_manifest(manifest).manifest.items
    worst: dict[tuple[str, str], Finding] = {}
    for found in scanner().scan_document(manifest, server=server):
        if found.severity in HOLDING:
            worst.setdefault((found.kind, found.name), found)
    return len(items), list(worst.values())


def _poisoned(title: str, chosen: list[Row]) -> float:
    recall = rate(chosen)
    print(f"{title}: recall {recall:.3f} of {len(chosen)} poisoned manifests (at least {RECALL})")
    alone = by_technique(chosen)
    mean = sum(alone.values()) / len(alone)
    full = sum(part == 1 for part in alone.values())
    print(f"  mean over {len(alone)} techniques, each alone: {mean:.3f}; in full: {full}")
    for technique, part in alone.items():
        if part < 1:
            print(f"    {part:.2f}  {technique}")
    return recall


def _real(manifests: dict[str, Any], *, shown: bool) -> float:
    items = alarms = 0
    for server, manifest in manifests.items():
        try:
            counted, found = held_tools(manifest, server)
        except ManifestError as problem:
            print(f"  {server} cannot be judged: {problem}")
            continue
        items, alarms = items + counted, alarms + len(found)
        for each in found if shown else ():
            print(f"    {server} {each.item} {each.path} {each.rule}: {each.why}\n      {each.quote}")
    part = alarms / items if items else 0.0
    counted = f"{alarms} false alarms on {items} items of {len(manifests)} servers"
    print(f"real servers: {counted}, {part:.3f} (at most {FALSE_ALARMS})")
    return part


def main(arguments: list[str]) -> int:
    """Print the scores; 1 when a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--misses", action="store_true", help="also name the rows, but none of the holdout, judged wrongly"
    )
    parser.add_argument("--real", type=Path, default=REAL, metavar="FOLDER", help="manifests of real servers")
    options = parser.parse_args(arguments)
    poisoned, benign = list(rows("poisoned.jsonl")), list(rows("hard_benign.jsonl"))
    missed = False
    for title, odd in (("open rows", False), ("holdout", True)):
        missed |= _poisoned(title, [row for row in poisoned if row.held_back is odd]) < RECALL
        alarms = rate(own := [row for row in benign if row.held_back is odd])
        print(f"{title}: false alarms {alarms:.3f} of {len(own)} hard benign manifests (at most {HARD_FALSE_ALARMS})")
        missed |= alarms > HARD_FALSE_ALARMS
    _poisoned("all rows", poisoned)
    second = list(rows("poisoned_second.jsonl"))
    missed |= _poisoned("second set", second) < RECALL
    alarms = rate(rows("hard_benign_second.jsonl"))
    print(f"second set: false alarms {alarms:.3f} of the hard benign manifests (at most {HARD_FALSE_ALARMS})")
    missed |= alarms > HARD_FALSE_ALARMS
    missed |= _real(real_manifests(options.real), shown=options.misses) > FALSE_ALARMS
    if options.misses:
        for row in (*poisoned, *benign):
            findings = row.findings()
            if not row.held_back and held(findings) is not bool(row.technique):
                print(f"{row.id} {row.technique}: {[(each.rule, each.quote[:120]) for each in findings]}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
