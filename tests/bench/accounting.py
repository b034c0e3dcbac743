"""CPU time and memory of processes, read from /proc. No Django."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM = 1, 11, 12  # Places in /proc/PID/stat after the name in brackets.


def _stat(pid: int) -> list[str]:
    """The fields of one process after its name; empty when it has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree(roots: Iterable[int]) -> frozenset[int]:
    """The processes and all that descends from them."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return frozenset(found)


def cpu_seconds(pids: Iterable[int]) -> float:
    """The CPU time of all threads of these processes so far, in seconds."""
    return sum(int(fields[_USER]) + int(fields[_SYSTEM]) for fields in map(_stat, pids) if fields) / TICK


def memory(pid: int) -> dict[str, float]:
    """What one process holds in MB (10^6 bytes): `rss`, and `pss` where shared pages count by their share."""
    held = {"rss": 0.0, "pss": 0.0}
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name.lower() in held:
                held[name.lower()] = round(int(rest.split()[0]) * 1024 / 1e6, 1)
    except OSError:
        pass
    return held


def busy_seconds() -> float:
    """For how long all cores of this machine together have been busy, in seconds; stolen time counts."""
    fields = [int(field) for field in (PROC / "stat").read_text().splitlines()[0].split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / TICK
