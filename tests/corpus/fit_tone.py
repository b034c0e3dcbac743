"""Set the weights of words that `registry.scan.tone` adds up: `python -m tests.corpus.fit_tone --write`.

The examples are the lines of `lessons/`, which were written for this and are no rows of the corpus, and the texts of
real servers that `make corpus` has gathered. No row of `poisoned.jsonl` or `hard_benign.jsonl` is read here; some lines
of `lessons/` were written after reading open rows of them, so that the sets that were written later measure better.

Logistic regression with a price on every weight, so that few words remain; the same examples give the same weights.
`--real` adds folders of further manifests.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from registry.manifest.canonical import ManifestError
from registry.scan.listening import own_stems, spoken
from registry.scan.opened import open_manifest
from registry.scan.pack import PACK
from registry.scan.plain import sentences
from registry.scan.speech import Speech
from registry.scan.texts import texts
from registry.scan.tone import BIAS, Ear, Tone, windows
from tests.corpus.score_findings import REAL, real_manifests

LESSONS = Path(__file__).with_name("lessons")
WEIGHTS = Path(__file__).parent.parent.parent / "registry" / "scan" / "words" / "tone_weights.py"
ROUNDS: Final = 8
PRICE: Final = 39.0
ORDER_COUNTS: Final = 20.0
PLAIN_COUNTS: Final = 5.0
LONGEST: Final = 1_300

HEAD: Final = '''"""What words weigh for and against an order to the model, in hundredths; fit_tone.py set it.

A word stands without its ending, # for a number, zzurl for an address and so on. Pure: no Django, no I/O.
"""

from __future__ import annotations

from typing import Final
'''

Example = tuple[frozenset[str], float, float]
"""Features, 1 for an order and 0 for none, and how much the example counts."""


class Reader:
    """Turns texts into examples the way the scan hears them."""

    def __init__(self) -> None:
        self._ear = Ear(Tone({BIAS: 0}, 0, 0, 0))
        self._speech = Speech(
            english=PACK.english,
            languages=PACK.languages,
            markers=PACK.markers,
            meanings=PACK.meanings,
            purposes=PACK.purposes,
            ear=self._ear,
        )

    def windows(self, text: str, own: frozenset[str], *, opening: bool) -> list[tuple[str, frozenset[str]]]:
        """Sentences, and pairs of them, with their features."""
        cut = [text[start:end] for start, end in sentences(text)[:400]]
        heard = [(each, self._ear.features(self._speech.words(each)[0], own)) for each in cut]
        return [(each, found) for each, found in windows(heard, opening) if len(each) <= LONGEST]

    def lesson(self, name: str, label: float, counts: float) -> Iterator[Example]:
        """The lines of one lesson; each counts the same, however many sentences it has."""
        for number, line in enumerate((LESSONS / name).read_text(encoding="utf-8").splitlines()):
            found = self.windows(line, frozenset(), opening=not label and number % 2 == 0)
            yield from ((features, label, counts / len(found)) for _, features in found)

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
                    for text in filter(spoken, texts(item.document)):
                        opening = text.steps == ("description",)
                        for sentence, features in self.windows(
                            text.text, own_stems(item, text, self._ear), opening=opening
                        ):
                            if sentence not in seen:
                                seen.add(sentence)
                                yield features, 0.0, 1.0


def examples(folders: Iterable[Path]) -> list[Example]:
    """All examples, without features that only one of them has."""
    reader = Reader()
    found = [
        *reader.lesson("orders.txt", 1.0, ORDER_COUNTS),
        *reader.lesson("plain.txt", 0.0, PLAIN_COUNTS),
        *reader.real(folders),
    ]
    known = Counter(feature for features, _, _ in found for feature in features)
    return [
        (frozenset(each for each in features if known[each] > 1), label, counts) for features, label, counts in found
    ]


def fit(found: list[Example]) -> dict[str, float]:
    """The weights of the features and of BIAS (FTRL-proximal, several rounds over the examples in a fixed shuffle)."""
    gradients: dict[str, float] = {}
    squares: dict[str, float] = {}
    order = list(range(len(found)))
    shuffle = random.Random(1)
    for _ in range(ROUNDS):
        shuffle.shuffle(order)
        for place in order:
            features, label, counts = found[place]
            _learn(gradients, squares, features, label, counts)
    weights = {feature: _weight(gradients, squares, feature) for feature in gradients}
    return {feature: weight for feature, weight in weights.items() if weight}


def _learn(
    gradients: dict[str, float], squares: dict[str, float], features: frozenset[str], label: float, counts: float
) -> None:
    weights = {feature: _weight(gradients, squares, feature) for feature in (BIAS, *features)}
    said = 1 / (1 + math.exp(-max(-30.0, min(30.0, sum(weights.values())))))
    slope = (said - label) * counts
    for feature, weight in weights.items():
        known = squares.get(feature, 0.0)
        step = (math.sqrt(known + slope * slope) - math.sqrt(known)) / 0.1
        gradients[feature] = gradients.get(feature, 0.0) + slope - step * weight
        squares[feature] = known + slope * slope


def _weight(gradients: dict[str, float], squares: dict[str, float], feature: str) -> float:
    gradient = gradients.get(feature, 0.0)
    price = 0.0 if feature == BIAS else PRICE
    if abs(gradient) <= price:
        return 0.0
    return (math.copysign(price, gradient) - gradient) / ((1 + math.sqrt(squares.get(feature, 0.0))) / 0.1)


def module(weights: dict[str, float]) -> str:
    """The weights as the Python module that the pack reads."""
    rows = sorted((round(weight * 100), feature) for feature, weight in weights.items())
    entries = ", ".join(f"{feature} {weight}" for weight, feature in rows if weight)
    body = textwrap.indent(textwrap.fill(entries, 116, break_long_words=False, break_on_hyphens=False), "    ")
    return f'{HEAD}\nWEIGHTS: Final = """\n{body}\n"""\n'


def main(arguments: list[str]) -> int:
    """Set the weights and say how many there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, action="append", default=[], metavar="FOLDER", help="further manifests")
    parser.add_argument("--write", action="store_true", help="write them where the pack reads them")
    options = parser.parse_args(arguments)
    found = examples([REAL, *options.real])
    weights = fit(found)
    print(f"{len(found)} examples, {len(weights)} weights")
    if options.write:
        WEIGHTS.write_text(module(weights), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
