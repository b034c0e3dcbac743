"""The policy oracle at full size: a million generated cases over all processes; figures as JSON on stdout.

Run as `python -m tests.proof.policy [CASES] [SEED]`. Exit 1 when the product and the oracle disagree anywhere.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.properties.policy_agreement import answers, report
from tests.properties.policy_cases import cases

CASES = 1_000_000
SEED = 20_261_120
CHUNK = 5_000
SHOWN = 5


def main(cases: int = CASES, seed: int = SEED) -> dict[str, Any]:
    """Compare on `cases` cases drawn from `seed`; returns the figures, with the first disagreements minimised."""
    started = time.monotonic()
    chunks = [(seed + at, min(CHUNK, cases - at)) for at in range(0, cases, CHUNK)]
    statuses: Counter[str] = Counter()
    shown: list[str] = []
    disagreements = done = 0
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for found, examples, seen in pool.map(compare, chunks):
            disagreements += found
            done += sum(seen.values())
            statuses.update(seen)
            shown += examples[: SHOWN - len(shown)]
    seconds = round(time.monotonic() - started, 1)
    return {
        "program": "policy",
        "seed": seed,
        "cases": done,
        "disagreements": disagreements,
        "statuses": dict(sorted(statuses.items())),
        "seconds": seconds,
        "examples": shown,
    }


def compare(chunk: tuple[int, int]) -> tuple[int, list[str], Counter[str]]:
    """Disagreements of one chunk: how many, one of them minimised, and how often each status was said."""
    seed, count = chunk
    statuses: Counter[str] = Counter()
    disagreeing = []
    for case in cases(seed, count):
        both = answers(case)
        statuses[str(both.product[1])] += 1
        if not both.agree:
            disagreeing.append(case)
    return len(disagreeing), [report(case) for case in disagreeing[:1]], statuses


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:3]]
    figures = main(*numbers)
    print(json.dumps(figures, indent=2))
    sys.exit(1 if figures["disagreements"] else 0)
