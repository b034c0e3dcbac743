"""Runs the official conformance suite against a URL and reads what came of it from the suite's own result files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.node.programs import MODULES, node

HERE = Path(__file__).resolve().parent
SUITE = MODULES / "@modelcontextprotocol" / "conformance"
REVISIONS = ("2025-11-25", "2026-07-28")
SCENARIO_WITHIN_MS = 8_000
RUN_WITHIN = 110.0
RESULTS = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z")
PASSED, FAILED, WARNED = "SUCCESS", "FAILURE", "WARNING"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the suite looked at; `status` is SUCCESS, FAILURE, WARNING, SKIPPED or INFO."""

    id: str
    name: str
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of a requirement set and its checks, in the suite's order."""

    name: str
    scored: bool
    checks: tuple[Check, ...]

    @property
    def passes(self) -> bool:
        """Whether nothing failed; a scored scenario has to show at least one success, too."""
        return not self.having(FAILED) and bool(self.having(PASSED) or not self.scored)

    def having(self, status: str) -> list[Check]:
        """The checks of one status."""
        return [check for check in self.checks if check.status == status]

    def more(self, status: str, other: Scenario) -> list[Check]:
        """The checks that have this status more often here than in another run of this scenario."""
        left, more = Counter(check.id for check in other.having(status)), []
        for check in self.having(status):
            if left[check.id]:
                left[check.id] -= 1
            else:
                more.append(check)
        return more

    def complaints(self) -> str:
        """The scenario and each failed check or warning, a line each."""
        counts = Counter(check.status for check in self.checks)
        head = f"{self.name}: {counts[PASSED]} passed, {counts[FAILED]} failed, {counts[WARNED]} warnings"
        wrong = [check for check in self.checks if check.status in (FAILED, WARNED)]
        return "\n".join([head, *(f"    {each.status} {each.id}: {each.message}" for each in wrong)])


def run(url: str, revision: str, token: str = "") -> dict[str, Scenario]:
    """All scenarios of the requirement set `revision` against the server at `url`, by name.

    The suite's exit status is not looked at: it does not tell a failed scenario from one that left no result.
    Raises RuntimeError when the suite itself does not get to its end.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.environ.get("HOME", "/")}
    preload: list[str] = []
    if token:
        preload = ["--import", (HERE / "bearer.mjs").as_uri()]
        environment |= {"CONFORMANCE_TOKEN": token, "CONFORMANCE_SUITE": str(SUITE / "package.json")}
    with tempfile.TemporaryDirectory(prefix="gatehouse-conformance-") as folder:
        command = [node(), *preload, str(SUITE / "dist" / "index.js"), "server", "--url", url]
        command += ["--requirements", revision, "--timeout", str(SCENARIO_WITHIN_MS), "-o", folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=RUN_WITHIN, check=False)
        if done.returncode not in (0, 1) or "=== SUMMARY ===" not in done.stdout:
            raise RuntimeError(f"the suite ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        written = {found[1]: file for file in Path(folder).iterdir() if (found := RESULTS.fullmatch(file.name))}
        return {name: _read(name, scored, written.get(name)) for name, scored in required(revision).items()}


def required(revision: str) -> dict[str, bool]:
    """The scenarios for servers in a requirement set and whether they are scored, from the suite's own list."""
    said = yaml.safe_load((SUITE / "requirements" / f"{revision}.yaml").read_text())
    beside = [entry["scenario"] for entry in said["not_scored"] if entry["leg"] == "server"]
    return dict.fromkeys(said["server"], True) | dict.fromkeys(beside, False)


def _read(name: str, scored: bool, folder: Path | None) -> Scenario:
    file = folder / "checks.json" if folder else None
    if file is None or not file.exists():
        return Scenario(name, scored, (Check("no-result", "NoResult", FAILED, "the suite left no result"),))
    return Scenario(name, scored, tuple(_check(each) for each in json.loads(file.read_text())))


def _check(said: dict[str, Any]) -> Check:
    return Check(said["id"], said["name"], said["status"], str(said.get("errorMessage") or ""))
