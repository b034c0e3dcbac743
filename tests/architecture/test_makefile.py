"""`make help` prints itself, and every target that the contract names is there (contract 1)."""

from __future__ import annotations

import os
import subprocess

from tests.architecture.sources import ROOT

TARGETS = {"help", "install", "run", "test", "proof", "bench", "check", "clean", "lock"}


def make(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run make without the variables of a make that may have started us."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_alone_prints_every_target_of_the_contract() -> None:
    """Contract 1 and architecture 2.26."""
    done = make()
    assert done.returncode == 0, done.stderr
    named = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("make ")}
    assert named >= TARGETS


def test_clean_keeps_everything_unless_it_is_told_yes() -> None:
    """Contract 1: asks before it removes; no answer, as in CI, is a no."""
    for said in ("", "\n", "no\n", "y\n"):
        done = make("clean", said=said)
        assert (done.returncode, "kept" in done.stdout) == (0, True), done.stdout + done.stderr


def test_targets_run_python_from_the_project_and_start_nothing_by_name_from_outside() -> None:
    """Contract 1: `make run` on a machine with Python, pip and make alone."""
    planned = make("--dry-run", "--always-make", "run").stdout
    assert ".venv/bin/python manage.py serve --demo" in planned
    assert "--require-hashes" in planned
