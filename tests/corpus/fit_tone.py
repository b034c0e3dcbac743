"""Set the weights of words that `registry.scan.tone` adds up: `python -m tests.corpus.fit_tone --write`.

The examples are the lines of `lessons/`, which were written for this, and the texts of real servers that `make corpus`
has gathered. No row of the poisoned or hard benign sets is read here; some lessons were written after reading rows of
them, so that a set which nobody has seen measures best.

Logistic regression with a price on the square of every weight, solved exactly enough in its dual form, one example
after the other in a fixed order: the same examples give the same weights. Weights too small to matter are left out.
`--check` fits without a third of the lessons and of the servers in turn, and says how the weights do on that third.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registry.manifest.canonical import ManifestError
from registry.scan.listening import weighed
from registry.scan.opened import open_manifest
from registry.scan.pack import PACK
from registry.scan.plain import plain
from registry.scan.speech import Speech
from registry.scan.texts import texts
from registry.scan.tone import BIAS, OPENING, Feature, Tone
from tests.corpus.score_findings import REAL, real_manifests

LESSONS = Path(__file__).with_name("lessons")
WEIGHTS = Path(__file__).parent.parent.parent / "registry" / "scan" / "words" / "tone_weights.txt"
ROUNDS: Final = 14
COST: Final = 0.3
REAL_COUNTS: Final = 1.0
SOFT_COUNTS: Final = 0.5
SMALLEST: Final = 5
OPENING_ORDERS: Final = 5
OPENING_PLAIN: Final = 3
"""Which lines are taken for the opening of a description: an order seldom stands there, but it can."""
FOLDS: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence by its features; `counts` is how much it matters, `source` the line or server it comes from."""

    features: frozenset[Feature]
    order: bool
    counts: float
    source: str

    @property
    def fold(self) -> int:
        """The lines of a contrasting pair, and all tools of a server, stand in the same third."""
        return zlib.crc32(self.source.encode()) % FOLDS


class Reader:
    """Turns texts into examples the way the scan hears them."""

    def __init__(self) -> None:
        self.speech = Speech(
            english=PACK.english,
            languages=PACK.languages,
            markers=PACK.markers,
            meanings=PACK.meanings,
            purposes=PACK.purposes,
            kinds=PACK.kinds,
            tone=Tone({BIAS: 0}, 0, 0, 0, 0),
        )

    def features(self, text: str, own: frozenset[str], *, opening: bool = False) -> Iterator[tuple[str, set[Feature]]]:
        """The sentences of a text with their features."""
        foreign = self.speech.foreign(text, set(plain(text).split()))
        for number, (sentence, heard) in enumerate(self.speech.spoken(text, foreign=foreign)):
            found = self.speech.ear.features(heard, own)
            yield sentence, {*found, OPENING} if opening and number == 0 else found

    def lessons(self) -> Iterator[Example]:
        """The lines of all lessons; each counts the same, however many sentences it has."""
        for path in sorted(LESSONS.glob("*.txt")):
            theme, _, label = path.stem.rpartition("_")
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
                opening = number % (OPENING_ORDERS if label == "orders" else OPENING_PLAIN) == 0
                found = [frozenset(features) for _, features in self.features(line, frozenset(), opening=opening)]
                counts = (SOFT_COUNTS if theme == "soft" else 1) / max(1, len(found))
                yield from (Example(each, label == "orders", counts, f"{theme} {number}") for each in found)

    def real(self, folders: Iterable[Path]) -> Iterator[Example]:
        """All that real servers say, the same sentence once."""
        seen: set[str] = set()
        for folder in folders:
            for name, manifest in real_manifests(folder).items():
                try:
                    items = open_manifest(manifest).manifest.items
                except ManifestError as problem:
                    print(f"{name} is left out: {problem}", file=sys.stderr)
                    continue
                for item in items:
                    for text in texts(item.document):
                        said, own = weighed(item, text)
                        opening = text.steps == ("description",)
                        for sentence, features in self.features(said, own, opening=opening) if said else ():
                            if sentence not in seen:
                                seen.add(sentence)
                                yield Example(frozenset(features), False, REAL_COUNTS, f"real {name}")


def fit(found: list[Example]) -> dict[Feature, float]:
    """The weights of the features and of BIAS; a feature that only one example has weighs nothing."""
    known = Counter(feature for example in found for feature in example.features)
    places: dict[Feature, int] = {BIAS: 0}
    # Sets have an order of their own in each process, and sums depend on it.
    for feature in sorted(known, key=lambda each: (isinstance(each, str), str(each))):
        if known[feature] > 1:
            places[feature] = len(places)
    rows = [[0, *sorted(places[each] for each in example.features if each in places)] for example in found]
    limits = [COST * example.counts for example in found]
    signs = [1 if example.order else -1 for example in found]
    weights = _solved(rows, signs, limits, len(places))
    return {feature: weights[place] for feature, place in places.items()}


def _solved(rows: list[list[int]], signs: list[int], limits: list[float], size: int) -> list[float]:
    """Coordinate ascent in the dual: each example's share, from nothing to its limit, is set to its best in turn."""
    weights = [0.0] * size
    shares = [limit * 0.01 for limit in limits]
    for row, sign, share in zip(rows, signs, shares, strict=True):
        for place in row:
            weights[place] += sign * share
    order = list(range(len(rows)))
    shuffle = random.Random(1)
    for _ in range(ROUNDS):
        shuffle.shuffle(order)
        for at in order:
            row, sign, share = rows[at], signs[at], shares[at]
            fresh = _best_share(share, limits[at], sign * sum(map(weights.__getitem__, row)), len(row))
            step = sign * (fresh - share)
            if abs(step) > 1e-6:
                shares[at] = fresh
                for place in row:
                    weights[place] += step
    return weights


def _best_share(share: float, limit: float, margin: float, size: int) -> float:
    """Where `log(x / (limit - x)) + margin + size * (x - share)` is 0, by bisection: it only ever rises."""
    low, high = 0.0, limit
    for _ in range(24):
        middle = (low + high) / 2
        if math.log(middle / (limit - middle)) + margin + size * (middle - share) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def written(weights: dict[Feature, float], spell: Callable[[Feature], str]) -> str:
    """The weights as the file that the pack reads."""
    grouped: dict[int, list[str]] = defaultdict(list)
    for feature, weight in weights.items():
        if feature in (BIAS, OPENING) or abs(weight) * 100 >= SMALLEST:
            grouped[round(weight * 100)].append(spell(feature))
    lines = (f"{weight}: {', '.join(sorted(features))}\n" for weight, features in sorted(grouped.items()))
    return "".join(lines)


def check(found: list[Example]) -> None:
    """Print how the weights do on thirds that they were not fitted with."""
    judged: dict[str, list[bool]] = defaultdict(list)
    for fold in range(FOLDS):
        weights = fit([example for example in found if example.fold != fold])
        best: dict[tuple[str, bool], float] = {}
        for example in found:
            if example.fold == fold:
                weight = weights[BIAS] + sum(weights.get(feature, 0.0) for feature in example.features)
                if example.source.startswith("real "):
                    judged["a sentence of real servers"].append(weight * 100 >= PACK.tone.enough)
                else:
                    line = example.source, example.order
                    best[line] = max(weight, best.get(line, weight))
        for (source, order), weight in best.items():
            kind = f"a line of {source.partition(' ')[0]} {'orders' if order else 'plain'}"
            judged[kind].append(weight * 100 >= PACK.tone.enough)
    for kind, verdicts in sorted(judged.items()):
        print(f"{sum(verdicts) / len(verdicts):.3f} of {len(verdicts)} times {kind} sounds like an order")


def main(arguments: list[str]) -> int:
    """Set the weights and say how many there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, action="append", default=[], metavar="FOLDER", help="further manifests")
    parser.add_argument(
        "--check", action="store_true", help="print how weights do on examples they were not fitted with"
    )
    parser.add_argument("--write", action="store_true", help="write them where the pack reads them")
    options = parser.parse_args(arguments)
    reader = Reader()
    found = [*reader.lessons(), *reader.real([REAL, *options.real])]
    if options.check:
        check(found)
    weights = fit(found)
    text = written(weights, reader.speech.ear.written)
    print(f"{len(found)} examples, {len(weights)} weights, {len(text.encode())} bytes of them are kept")
    if options.write:
        WEIGHTS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
