"""Every page of the console in Chromium: both themes at both widths, and again while everything is stopped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = "tests/gateway/console/test_console_in_browser.py"
WITHIN = 1_800.0


def main(views: int) -> dict[str, Any]:
    """Run the tests of the console in a browser with so many views of each page. Raises where none of them ran."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS],
        cwd=ROOT,
        env={**os.environ, "GATEHOUSE_VIEWS": str(views), "GATEHOUSE_REQUIRE": "browser,node"},
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    passed = re.search(r"(\d+) passed", done.stdout)
    if passed is None:
        raise RuntimeError(done.stdout[-2_000:] + done.stderr[-2_000:])
    return {"views": views, "passed": int(passed[1]), "failed": done.returncode}
