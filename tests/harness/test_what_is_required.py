"""What is not on the machine is skipped and named, or fails where GATEHOUSE_REQUIRE says so (contract 1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.run import Sums

NEEDS_A_BROWSER = '''"""A test that needs what is not there."""

import pytest


@pytest.mark.browser
def test_a_page() -> None:
    pass
'''


def run_where_nothing_is_installed(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one browser test with a PATH on which there is no browser."""
    file = folder / "test_needs_a_browser.py"
    file.write_text(NEEDS_A_BROWSER)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    command += ["-c", str(ROOT / "pyproject.toml"), str(file)]
    bare = {key: os.environ[key] for key in ("HOME", "TMPDIR") if key in os.environ}
    bare |= {"PATH": str(folder), **environment}
    return subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=False)


def test_what_is_missing_is_skipped_with_the_reason(tmp_path: Path) -> None:
    """Contract 1: prints what it skipped and why."""
    done = run_where_nothing_is_installed(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 skipped" in done.stdout
    assert "no browser" in done.stdout


def test_what_is_required_and_missing_fails(tmp_path: Path) -> None:
    """Contract 1: GATEHOUSE_REQUIRE turns those skips into failures."""
    done = run_where_nothing_is_installed(tmp_path, GATEHOUSE_REQUIRE="node,browser")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no browser" in done.stdout


def test_an_unknown_requirement_is_a_usage_error() -> None:
    """A mistyped name must not pass as nothing required."""
    command = [sys.executable, "tests/run.py"]
    environment = os.environ | {"GATEHOUSE_REQUIRE": "postgress"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "postgress" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({"passed": 3}, " 3 passed in 61.50s (0:01:01) "),
        ({"passed": 3, "failed": 1, "error": 2, "skipped": 4}, " 1 failed, 3 passed, 4 skipped, 2 errors in 61.50s "),
        ({}, " no tests ran in 61.50s "),
    ],
)
def test_the_closing_line_is_written_as_pytest_writes_it(counts: dict[str, int], line: str, tmp_path: Path) -> None:
    """Whoever reads the end of the output finds the sum of all runs."""
    left = tmp_path / "counts.json"
    left.write_text(json.dumps({"counts": counts, "skipped": []}))
    sums = Sums()
    sums.add(0, left)
    assert line.rstrip() in sums.line(61.5)


def test_a_run_that_broke_off_fails_the_whole(tmp_path: Path) -> None:
    """pytest's own exit status counts, whatever it left behind."""
    sums = Sums()
    sums.add(3, tmp_path / "nothing")
    sums.add(0, tmp_path / "nothing")
    assert sums.status == 3
