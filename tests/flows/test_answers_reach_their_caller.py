"""Every answer reaches its caller, and a dead server costs its neighbours next to nothing.

The full sizes are the programs `callers` and `neighbours` of tests/proof.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.proof import callers, neighbours
from tests.proof.run import PROGRAMS

CALLS = 1_000


@pytest.mark.timeout(300)
def test_a_thousand_calls_by_twenty_callers_beside_faulty_servers_get_their_own_answers(
    databases: Databases, tmp_path: Path
) -> None:
    """Both eras, ten agents, two servers of two transports; beside them calls that hang, die and meet garbage."""
    redis = os.environ.get("REDIS_URL", "") if databases.server else ""
    figures = callers.on_one_database(databases, CALLS, callers.SEED, tmp_path, redis)
    zero = next(program.zero for program in PROGRAMS if program.name == "callers")
    assert figures["zero"] == dict.fromkeys(zero, 0), figures
    assert figures["beside"] >= len(callers.FAULTS), "the faults were met"


@pytest.mark.alone
@pytest.mark.any_database
@pytest.mark.timeout(300)
def test_a_dead_server_leaves_its_neighbours_their_speed(databases: Databases, tmp_path: Path) -> None:
    """A small version, at three times the figure: 4.5 where the full program has to stay within 1.5."""
    program = next(program for program in PROGRAMS if program.name == "neighbours")
    redis = os.environ.get("REDIS_URL", "") if databases.server else ""
    figures = neighbours.on_one_database(databases, folder=tmp_path, redis_url=redis, **program.small)
    assert figures["zero"] == dict.fromkeys(program.zero, 0), figures
