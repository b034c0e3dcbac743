"""Measure the targets in turn, round after round, so that the drift of a machine hits all of them. No Django."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.bench.cores import pinned
from tests.bench.load import Spec
from tests.databases import ROOT

OVERHEAD = 60.0  # Seconds that opening the sessions and waiting for the last answers may take beside the measuring.


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many sessions call which tool with how long a text."""

    name: str
    sessions: int
    size: int = 100
    tool: str = "echo"


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("1", 1),
        Scenario("16", 16),
        Scenario("64", 64),
        Scenario("16x10KB", 16, 10_000),
        Scenario("16x100KB", 16, 100_000),
        Scenario("16x10KB-result", 16, 10_000, "pad"),
        Scenario("16x100KB-result", 16, 100_000, "pad"),
    )
}


@dataclass(frozen=True, slots=True)
class Target:
    """What is called. `processes` names the processes that work for it, asked anew before each run."""

    name: str
    urls: tuple[str, ...]
    authorization: str = ""
    processes: Callable[[], dict[str, list[int]]] = dict


class LoadFailed(RuntimeError):
    """The load generator could not run; the text is what it said."""


@dataclass(slots=True)
class Rounds:
    """Every run so far, in order, as dicts with `target`, `scenario` and `round`."""

    cores: frozenset[int]
    seconds: float
    warmup: float
    era: str
    upstream: int
    runs: list[dict[str, Any]] = field(default_factory=list)

    def measure(self, targets: Iterable[Target], scenarios: Iterable[Scenario], rounds: int) -> None:
        """Run every scenario against every target in turn, `rounds` times. Raises LoadFailed."""
        targets, scenarios = list(targets), list(scenarios)
        for number in range(rounds):
            for scenario in scenarios:
                for target in targets:
                    self.run(target, scenario, number)

    def run(self, target: Target, scenario: Scenario, number: int = 0) -> dict[str, Any]:
        """One run. Its figures are kept and returned."""
        spec = Spec(
            urls=list(target.urls),
            sessions=scenario.sessions,
            seconds=self.seconds,
            warmup=self.warmup,
            size=scenario.size,
            tool=scenario.tool,
            era=self.era,
            authorization=target.authorization,
            run=len(self.runs) + 1,
            processes={**target.processes(), "upstream": [self.upstream]},
        )
        figures = {"target": target.name, "scenario": scenario.name, "round": number, **self._load(spec)}
        self.runs.append(figures)
        return figures

    def _load(self, spec: Spec) -> dict[str, Any]:
        with pinned(self.cores):
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.load"],
                input=msgspec.json.encode(spec),
                cwd=ROOT,
                capture_output=True,
                timeout=self.seconds + self.warmup + OVERHEAD,
                check=False,
            )
        if done.returncode:
            raise LoadFailed(f"the load generator failed: {done.stderr.decode().strip()[-2000:]}")
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    # What the runs say.

    def of(self, target: str, scenario: str) -> list[dict[str, Any]]:
        """The runs of one target in one scenario."""
        return [run for run in self.runs if (run["target"], run["scenario"]) == (target, scenario)]

    def median(self, target: str, scenario: str, *path: str) -> float | None:
        """The median of one figure over the rounds; None where it was not measured."""
        values = [at(run, path) for run in self.of(target, scenario)]
        return statistics.median(values) if values else None

    def ratio(self, target: str, base: str, scenario: str) -> float | None:
        """The median over the rounds of the calls per second of one target over another's."""
        pairs = zip(self.of(target, scenario), self.of(base, scenario), strict=True) if self.of(base, scenario) else ()
        values = [ours["rate"] / theirs["rate"] for ours, theirs in pairs if theirs["rate"]]
        return statistics.median(values) if values else None

    def added(self, target: str, base: str, scenario: str, figure: str) -> float | None:
        """The median over the rounds of what one target adds to a figure of another."""
        pairs = zip(self.of(target, scenario), self.of(base, scenario), strict=True)
        values = [ours[figure] - theirs[figure] for ours, theirs in pairs]
        return statistics.median(values) if values else None

    def answered(self, target: str) -> int:
        """How many calls of the load one target answered rightly, those of the warm-ups too."""
        return sum(run["answered"] for run in self.runs if run["target"] == target)

    def faults(self) -> list[str]:
        """Every run with a wrong or missing answer, and those that measured nothing."""
        return [
            f"{run['target']}, {run['scenario']}, round {run['round'] + 1}: {run['errors']} wrong answers of "
            f"{run['sent']}, {run['calls']} calls measured; {'; '.join(run['samples'])}"
            for run in self.runs
            if run["errors"] or not run["calls"] or run["sent"] != run["answered"]
        ]

    def disturbed(self) -> float:
        """The median number of cores that others used during the runs."""
        return statistics.median(run["others"] for run in self.runs) if self.runs else 0.0


def at(run: Any, path: Iterable[str]) -> float:
    """A figure inside a run."""
    for name in path:
        run = run[name]
    return float(run)
