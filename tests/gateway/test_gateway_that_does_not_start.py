"""A gateway that cannot start ends its process with a sentence and exit status 1, whichever program it runs in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import ROOT
from tests.running import free_port

SERVER = ROOT / "tests" / "fixtures_servers" / "shed.py"
BROKEN = """
import django

setup = django.setup


def broken(*given, **named):
    setup(*given, **named)
    from gateway import runtime

    async def start():
        raise RuntimeError("a test")

    runtime._start = start


django.setup = broken
"""
SERVE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "gateway.settings.demo"
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "serve", "--port", sys.argv[1]])
"""
WRAP = """
import sys
from gateway.cli import main
main(["wrap", "--", *sys.argv[2:]])
"""
pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("program", [SERVE, WRAP], ids=["serve", "wrap"])
def test_it_ends_with_a_sentence(tmp_path: Path, program: str) -> None:
    """Exit status 1, as for everything that is refused; a wrapper leaves no folder behind."""
    data = tmp_path / "data"
    given = [str(free_port()), sys.executable, str(SERVER), str(tmp_path / "log")]
    done = subprocess.run(
        [sys.executable, "-c", BROKEN + program, *given],
        env={"PATH": os.environ["PATH"], "GATEHOUSE_DATA": str(data)},
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "what it said stands above" in done.stderr.splitlines()[-1]
    assert "SystemExit" not in done.stderr
    assert program == SERVE or not data.exists()
