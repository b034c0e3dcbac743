"""Who runs on which core: the gateway and its database on one, the generator and the upstream on another. No Django."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of what is measured and of what measures; the same ones where the machine has one alone."""

    gateway: frozenset[int]
    load: frozenset[int]

    def said(self) -> str:
        """One sentence for the report."""
        if self.gateway == self.load:
            return f"one core alone ({_listed(self.load)}): gateway, database, generator and upstream share it"
        return f"gateway and database on core {_listed(self.gateway)}, generator and upstream on {_listed(self.load)}"


def plan() -> Cores:
    """The first core that this process may use for the gateway, the second for the load."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(usable[:1]), frozenset(usable[1:2] or usable[:1]))


def plan_for_two() -> Cores:
    """Two cores for two workers; the load has the others, and where there are none it shares these."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(usable[:2]), frozenset(usable[2:] or usable[:2]))


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Processes started inside run on these cores, and so do all that they start."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin(pids: Iterable[int], cores: frozenset[int]) -> bool:
    """Move running processes with all their threads; False when one belongs to somebody else."""
    moved = True
    for pid in pids:
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  Names are wanted, not paths.
                os.sched_setaffinity(int(thread), cores)
        except PermissionError:
            moved = False
        except (FileNotFoundError, ProcessLookupError):
            continue
    return moved


def _listed(cores: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
