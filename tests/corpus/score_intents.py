"""Score the judgement of intent against the labels of `intents.jsonl`: `python -m tests.corpus.score_intents`.

Rows with an odd number were held back until the rules had been measured on them, and are counted apart still, and so
was `intents_second.jsonl`. All of them are open to whoever makes the rules by now. Where `make corpus` has read real
servers, the tools that `real_intents.jsonl` names are scored as well.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.canonical.strict_json import digest, jcs_document
from governance.policy.intent import classify
from governance.policy.values import Intent

CORPUS = Path(__file__).with_name("intents.jsonl")
SECOND = Path(__file__).with_name("intents_second.jsonl")
THIRD = Path(__file__).with_name("intents_third.jsonl")
REAL = Path(__file__).with_name("real_intents.jsonl")
MANIFESTS = Path(__file__).parent.parent.parent / "var" / "corpus" / "manifests"
FLOORS = {Intent.DESTRUCTIVE: 0.97, Intent.EXFILTRATIVE: 0.90, Intent.READ: 0.93}


@dataclass(frozen=True)
class Row:
    """One labelled tool."""

    number: int
    intent: Intent
    tool: dict[str, Any]
    why: str

    @property
    def held_back(self) -> bool:
        """Whether this row was kept from whoever made the rules first."""
        return self.number % 2 == 1

    def judged(self) -> tuple[Intent, str]:
        """What the classifier says of it."""
        tool = self.tool
        return classify(tool["name"], tool.get("description"), tool.get("inputSchema"), tool.get("annotations"))


@dataclass
class Score:
    """How often each class was said, and how often rightly."""

    labelled: Counter[Intent] = field(default_factory=Counter)
    said: Counter[Intent] = field(default_factory=Counter)
    right: Counter[Intent] = field(default_factory=Counter)
    misses: list[tuple[Row, Intent, str]] = field(default_factory=list)

    def recall(self, intent: Intent) -> float:
        """The part of the rows of a class that were found; 1 where there are none."""
        return self.right[intent] / self.labelled[intent] if self.labelled[intent] else 1.0

    def precision(self, intent: Intent) -> float:
        """The part of what was called so that is so; 1 where nothing was."""
        return self.right[intent] / self.said[intent] if self.said[intent] else 1.0

    @property
    def called_read(self) -> list[str]:
        """The numbers of rows that are not read but were called read."""
        return [f"{row.number:03}" for row, said, _ in self.misses if said is Intent.READ]


def rows(path: Path = CORPUS) -> Iterator[Row]:
    """The labelled tools, in the order of the file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        value = json.loads(line)
        yield Row(int(value["id"].partition("-")[2]), Intent(value["intent"]), value["tool"], value["why"])


def real_rows(labels: Path = REAL, manifests: Path = MANIFESTS) -> Iterator[Row]:
    """The labelled tools of real servers, as far as they are on this machine and still what they were."""
    offered: dict[str, dict[str, dict[str, Any]]] = {}
    for number, line in enumerate(labels.read_text(encoding="utf-8").splitlines()):
        label = json.loads(line)
        server = label["server"]
        if server not in offered:
            path = manifests / f"{server}.json"
            manifest = json.loads(path.read_bytes())["manifest"] if path.exists() else {}
            offered[server] = {tool["name"]: tool for tool in manifest.get("tools", [])}
        tool = offered[server].get(label["tool"])
        if tool is not None and digest(jcs_document(tool)) == label["digest"]:
            yield Row(number, Intent(label["intent"]), tool, label["why"])


def score(tools: Iterable[Row]) -> Score:
    """Judge every tool and count."""
    result = Score()
    for row in tools:
        said, why = row.judged()
        result.labelled[row.intent] += 1
        result.said[said] += 1
        if said is row.intent:
            result.right[said] += 1
        else:
            result.misses.append((row, said, why))
    return result


def table(title: str, result: Score) -> str:
    """A score as the lines that a person reads."""
    lines = [
        f"{title}: {sum(result.labelled.values())} tools",
        f"  {'class':14}{'tools':>6}{'recall':>8}{'precision':>11}",
    ]
    for intent in Intent:
        figures = f"{result.labelled[intent]:6}{result.recall(intent):8.3f}{result.precision(intent):11.3f}"
        floor = f"   at least {FLOORS[intent]:.2f}" if intent in FLOORS else ""
        lines.append(f"  {intent.value:14}{figures}{floor}")
    lines.append(f"  not read but called read: {len(result.called_read)} {' '.join(result.called_read)}".rstrip())
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the scores; 1 when a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--misses", action="store_true", help="also print the rows of the first set that are judged wrongly"
    )
    options = parser.parse_args(arguments)
    everything = list(rows())
    for title, chosen in (
        ("first set, even rows", [row for row in everything if not row.held_back]),
        ("first set, odd rows", [row for row in everything if row.held_back]),
    ):
        print(table(title, score(chosen)))
    total = score(everything)
    print(table("first set", total))
    print(table("second set", score(rows(SECOND))))
    print(table("third set", score(rows(THIRD))))
    real = list(real_rows())
    if real:
        print(table("tools of real servers", score(real)))
    if options.misses:
        for row, said, why in total.misses:
            print(f"  i-{row.number:03} {row.tool['name']}: {row.intent.value}, called {said.value} because {why}")
    return int(bool(total.called_read) or any(total.recall(intent) < floor for intent, floor in FLOORS.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
