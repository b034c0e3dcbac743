"""Every long program runs at a hundredth of its size or more in `make test` (contract 1)."""

from __future__ import annotations

import pytest

from tests.architecture.sources import ROOT
from tests.proof.run import LEAST_SHARE, PROGRAMS, Program, run

names = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


@names
def test_the_small_size_is_a_hundredth_or_more(program: Program) -> None:
    """Contract 1."""
    assert program.small[program.measure] * LEAST_SHARE >= program.full[program.measure]
    assert program.zero, "a program that cannot fail shows nothing"


@pytest.mark.timeout(300)
@names
def test_the_program_holds_at_its_small_size(program: Program) -> None:
    """The same programs as `make proof`. A test of its own may run the small size already."""
    if program.elsewhere:
        assert (ROOT / program.elsewhere).exists()
        return
    told = run(program, program.small)
    assert told["ok"], told


@names
def test_a_program_whose_figures_are_wrong_fails(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner's own judgement: a figure that has to be 0 and is not, or is missing."""
    monkeypatch.setattr(f"tests.proof.{program.name}.main", lambda **size: dict.fromkeys(program.zero, 1))
    assert not run(program, program.small)["ok"]
    monkeypatch.setattr(f"tests.proof.{program.name}.main", lambda **size: {})
    assert not run(program, program.small)["ok"]
