"""The figures that the spine gate names, each beside its gate, and the tables in print. No I/O."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench.rounds import Rounds
from tests.bench.two_workers import EACH, ONE, TWO

GATEWAY, NGINX, DIRECT = "gateway", "nginx", "direct"
OVER_NGINX, OVER_DIRECT = {"16": 0.08, "64": 0.10}, {"16": 0.06, "64": 0.08}
RATES, CPU = {"16": 3_500.0, "64": 4_500.0}, {"16": 280.0, "64": 220.0}
LARGE = {"16x10KB": 0.08, "16x100KB": 0.10}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `gate` is its least or greatest value; None where it has none."""

    figure: str
    value: float
    unit: str = ""
    gate: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the gate is met; None without one."""
        if self.gate is None:
            return None
        return self.value >= self.gate if self.at_least else self.value <= self.gate

    def wire(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "figure": self.figure,
            "value": round(self.value, 4),
            "unit": self.unit,
            "gate": self.gate,
            "at_least": self.at_least,
            "met": self.met,
        }


def rows(rounds: Rounds, *, hop: bool, memory: Mapping[str, float], admit: Mapping[str, Any] | None) -> list[Row]:
    """Every row of performance.md section 2 that the spine gate names and that was measured."""
    base = NGINX if hop else DIRECT
    made = [*_rates(rounds, base), *_latencies(rounds), *_large(rounds, base)]
    if memory:
        made.append(Row("memory of the worker (RSS)", memory["rss"], "MB", 160.0))
    if admit is not None:
        what = f"`admit` alone, {admit['rules']} rules ({admit['rules_on_the_call']} on the call), 4 KiB"
        made.append(Row(f"{what}: p50", admit["p50_us"], "µs", 100.0))
        made.append(Row(f"{what}: p99", admit["p99_us"], "µs", 300.0))
    return [*made, *_two_workers(rounds)]


def _two_workers(rounds: Rounds) -> Iterable[Row]:
    """Two workers over one; where the load shares their cores the gate is on what the CPU per call says."""
    ratio = rounds.ratio(TWO, ONE, EACH)
    if ratio is None:
        return
    shared = len(os.sched_getaffinity(0)) < 3
    yield Row("two workers on two cores ÷ one on one", ratio, "", None if shared else 1.7, at_least=True)
    if shared:
        pairs = zip(rounds.of(ONE, EACH), rounds.of(TWO, EACH), strict=True)
        by_cpu = statistics.median(2 * _spent(one) / _spent(two) for one, two in pairs)
        yield Row("the same from CPU per call, the load's share left out", by_cpu, "", 1.7, at_least=True)


def _spent(run: Mapping[str, Any]) -> float:
    """µs of CPU per call, the database's with it."""
    return float(run["cpu_us"]["gateway"] + run["cpu_us"]["database"])


def _rates(rounds: Rounds, base: str) -> Iterable[Row]:
    gates = OVER_NGINX if base == NGINX else OVER_DIRECT
    for scenario in ("16", "64"):
        ratio = rounds.ratio(GATEWAY, base, scenario)
        if ratio is not None:
            yield Row(f"calls/s ÷ {base}, {scenario} sessions", ratio, "", gates[scenario], at_least=True)
    for scenario in ("1", "16", "64"):
        rate = rounds.median(GATEWAY, scenario, "rate")
        if rate is not None:
            what = f"calls/s, {scenario} session{'s' * (scenario != '1')}"
            yield Row(what, rate, "", RATES.get(scenario), at_least=True)
    for scenario in ("16", "64"):
        spent = [_spent(run) for run in rounds.of(GATEWAY, scenario)]
        if spent:
            what = f"CPU per call with the database's, {scenario} sessions"
            yield Row(what, statistics.median(spent), "µs", CPU[scenario])


def _latencies(rounds: Rounds) -> Iterable[Row]:
    for figure, gate in (("p50_us", 1.2), ("p99_us", 3.0)):
        added = rounds.added(GATEWAY, DIRECT, "1", figure)
        if added is not None:
            yield Row(f"added {figure[:3]} over direct, 1 session", added / 1e3, "ms", gate)


def _large(rounds: Rounds, base: str) -> Iterable[Row]:
    for scenario in ("16x10KB", "16x100KB"):
        ratio = rounds.ratio(GATEWAY, base, scenario)
        if ratio is not None:
            yield Row(f"{scenario} arguments and results ÷ {base}", ratio, "", None, at_least=True)
        ratio = rounds.ratio(GATEWAY, base, f"{scenario}-result")
        if ratio is not None:
            gate = LARGE[scenario] if base == NGINX else None
            yield Row(f"{scenario} results alone ÷ {base}", ratio, "", gate, at_least=True)


# In print.


def gate_table(made: Iterable[Row]) -> str:
    """The rows beside their gates."""
    lines = [f"{'figure':62}{'measured':>12}{'spine gate':>14}  met"]
    for row in made:
        gate = "" if row.gate is None else f"{'≥' if row.at_least else '≤'} {number(row.gate)} {row.unit}".rstrip()
        said = {True: "yes", False: "NO", None: "-"}[row.met]
        lines.append(f"{row.figure:62}{number(row.value) + ' ' + row.unit:>12}{gate:>14}  {said}")
    return "\n".join(lines)


def run_table(rounds: Rounds) -> str:
    """Calls per second, latencies and CPU of every target in every scenario: medians over the rounds."""
    head = f"{'sessions':26}{'target':12}{'calls/s':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'CPU/call':>10}{'of it DB':>9}"
    lines = [f"{head}{'÷ nginx':>9}{'÷ direct':>9}", f"{'':38}{'':9}{'µs':>9}{'µs':>9}{'µs':>9}{'µs':>10}{'µs':>9}"]
    for scenario, target in dict.fromkeys((run["scenario"], run["target"]) for run in rounds.runs):
        cells = [rounds.median(target, scenario, figure) or 0.0 for figure in ("rate", "p50_us", "p95_us", "p99_us")]
        spent = [run["cpu_us"] for run in rounds.of(target, scenario)]
        own = statistics.median(sum(cpu.get(who, 0.0) for who in ("gateway", "database", "hop")) for cpu in spent)
        database = statistics.median(cpu.get("database", 0.0) for cpu in spent)
        line = f"{scenario:26}{target:12}" + "".join(f"{cell:9,.0f}" for cell in cells)
        line += f"{own:10,.1f}{database:9,.1f}" if own else f"{'-':>10}{'-':>9}"
        for base in (NGINX, DIRECT):
            ratio = rounds.ratio(target, base, scenario) if target in (GATEWAY, NGINX) else None
            line += f"{ratio:9.3f}" if ratio is not None else f"{'-':>9}"
        lines.append(line)
    return "\n".join(lines)


def stage_table(by_sessions: Mapping[str, Mapping[str, Any]]) -> str:
    """What each stage takes of the CPU, and how long it waits, at one and at many sessions."""
    lines = []
    for sessions, found in by_sessions.items():
        stages = found["stages"]
        whole = sum(row["busy_us"] for row in stages.values())
        head = f"stage, {sessions} session{'s' * (sessions != '1')} ({found['calls']:,} calls)"
        lines.append(f"{head:44}{'CPU µs':>9}{'share':>8}{'waits µs':>10}")
        for name, row in stages.items():
            waits = max(0.0, row["passed_us"] - row["busy_us"]) if name in ("gather", "intent", "upstream") else 0.0
            share = row["busy_us"] / whole if whole else 0.0
            lines.append(f"{name:44}{row['busy_us']:9.1f}{share:8.1%}{f'{waits:.0f}' if waits else '-':>10}")
        lines.append(f"{'together (timing itself included)':44}{whole:9.1f}")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three to four digits that matter."""
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}".rstrip("0").rstrip(".")
