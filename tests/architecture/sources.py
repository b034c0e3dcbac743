"""The project's own sources, parsed once, for the tests of this folder."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("gateway", "governance", "registry")
# Folders that hold what was installed, built or written at run time.
NOT_OURS = {"__pycache__", "node_modules", "var", "dist", "staticfiles"}


@cache
def project() -> dict[str, Any]:
    """pyproject.toml, parsed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def pure_roots() -> tuple[str, ...]:
    """The pure packages and modules, as the import contract names them."""
    contracts = project()["tool"]["importlinter"]["contracts"]
    return tuple(next(each for each in contracts if each["type"] == "forbidden")["source_modules"])


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Every Python file below these folders of the project, migrations left out."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path for path in found if not {*path.parts} & NOT_OURS and "migrations" not in path.parts))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


def name(path: Path) -> str:
    """The path of a file within the project, with slashes."""
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    """The module that a file is."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def files() -> Iterator[Path]:
    """Every file of the project that is kept in its repository; without git, all that was not made at run time."""
    if (ROOT / ".git").exists() and (git := shutil.which("git")):
        command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
        yield from (ROOT / each for each in listed.split("\0") if each and (ROOT / each).is_file())
        return
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [each for each in folders if each not in NOT_OURS and (not each.startswith(".") or each == ".ci")]
        yield from (Path(folder, each) for each in names if not each.endswith(".pyc"))
