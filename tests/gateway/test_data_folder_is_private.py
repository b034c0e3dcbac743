"""The database and the keys are for the account that runs Gatehouse alone; commands end quietly at a closed pipe."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.singleton import Singleton

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 60.0


def manage(data: Path, *arguments: str, out: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run a command on a data folder of its own, from a shell that would let everybody read what is made."""
    environment: Mapping[str, str] = {"PATH": os.environ["PATH"], "GATEHOUSE_DATA": str(data)}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environment,
        cwd=ROOT,
        umask=0o022,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=WITHIN,
        check=False,
    )


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.lstat().st_mode))


def test_what_a_command_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    file = tmp_path / "gatehouse.yaml"
    file.write_text("version: 1\nteams: [{name: core}]\n")
    done = manage(data, "apply", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert {mode(folder) for folder in (data, data / "keys")} == {"0o700"}
    files = [path for path in data.rglob("*") if path.is_file()]
    assert data / "gatehouse.sqlite3" in files
    assert {mode(path) for path in files} == {"0o600"}


def test_a_folder_of_an_earlier_version_is_closed_when_it_is_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    made = [data / name for name in ("gatehouse.sqlite3", "gatehouse.sqlite3-wal", "keys/secret", "notes.txt")]
    for path in made:
        path.write_text("x")
        path.chmod(0o644)
    (data / "gatehouse.sqlite3-shm").symlink_to(tmp_path / "elsewhere")
    for folder in (data, data / "keys"):
        folder.chmod(0o755)
    Singleton(data).release()
    assert [mode(path) for path in (data, data / "keys", *made)] == ["0o700"] * 2 + ["0o600"] * 3 + ["0o644"]
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_everybody_shares_stays_open_and_the_database_in_it_does_not(tmp_path: Path) -> None:
    data = tmp_path / "shared"
    data.mkdir()
    data.chmod(0o1777)
    (data / "gatehouse.sqlite3").touch(0o644)
    Singleton(data).release()
    assert [mode(data), mode(data / "gatehouse.sqlite3")] == ["0o1777", "0o600"]


@pytest.mark.parametrize("command", [("export_config",), ("apply", "--help")])
def test_a_command_whose_reader_has_left_ends_with_one_and_without_a_traceback(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """`manage.py apply FILE | head -1`."""
    assert manage(tmp_path / "data", "migrate", "--verbosity=0").returncode == 0
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = manage(tmp_path / "data", *command, out=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
