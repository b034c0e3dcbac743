"""Everything that can be said without running the product. `make check` runs this: all steps, then what failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
AUDIT_WITHIN = 60
SHOWN = 12_000


def program(name: str, *arguments: str, **environment: str) -> Callable[[], str]:
    """A step that runs one of the environment's programs; what it printed when it fails, else ""."""

    def step() -> str:
        command = [str(PROGRAMS / name), *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
        )
        return (done.stdout + done.stderr).strip() or f"exit status {done.returncode}" if done.returncode else ""

    return step


def audit() -> str:
    """Known weaknesses in what runs in production; skipped where the service does not know our packages."""
    command = [
        str(PROGRAMS / "pip-audit"),
        "--requirement",
        "requirements/base.txt",
        "--disable-pip",
        "--require-hashes",
    ]
    command += ["--progress-spinner", "off", "--timeout", "10", "--format", "json"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=AUDIT_WITHIN, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("   skipped: the audit service does not answer")
        return ""
    judged = [package for package in packages if "skip_reason" not in package]
    if not judged:
        print("   skipped: the audit service knows none of the packages from here")
    weak = [f"{each['name']} {each['version']}: {vuln['id']}" for each in judged for vuln in each["vulns"]]
    return "\n".join(weak)


STEPS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("format", program("ruff", "format", "--check", ".")),
    ("lint", program("ruff", "check", ".")),
    ("types", program("mypy")),
    ("imports", program("lint-imports")),
    ("migrations", program("python", "manage.py", "makemigrations", "--check", "--dry-run", GATEHOUSE_MODE="test")),
    ("docs", program("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/docs")),
    ("audit", audit),
)


def main() -> int:
    """Run every step; 1 when any failed."""
    failed = []
    for name, step in STEPS:
        started = time.monotonic()
        said = step()
        print(f"{'FAILED' if said else 'ok    '} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        if said:
            print(said[-SHOWN:], flush=True)
            failed.append(name)
    print(f"check: {', '.join(failed)} failed" if failed else "check: all good")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
