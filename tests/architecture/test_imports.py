"""The arrow gateway -> registry -> governance, and pure packages that live without any framework (architecture 3.1)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import APPS, ROOT, dotted, modules, name, project, pure_roots

BLOCKED = ("django", "celery", "channels", "rest_framework", "aiohttp", "redis", "psycopg", "uvicorn", "asgiref")
IMPORT_WITHOUT = """
import importlib, sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is out of bounds for a pure module")

BLOCKED = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Refusal())
for module in sys.argv[2].split(","):
    try:
        importlib.import_module(module)
    except ImportError as problem:
        print(f"{module}: {problem}")
"""


def pure_modules() -> list[str]:
    """Every module of the pure packages."""
    roots = pure_roots()
    named = [dotted(path) for path in modules(*APPS)]
    return [module for module in named if module in roots or module.startswith(tuple(f"{root}." for root in roots))]


def test_the_import_contracts_hold() -> None:
    """Architecture 3.1: the layers, and no framework behind a pure package, even through a third module."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pure_modules_import_with_every_framework_blocked() -> None:
    """Architecture 3.1: an import in a parent `__init__.py` is what the linter does not see."""
    command = [sys.executable, "-c", IMPORT_WITHOUT, ",".join(BLOCKED), ",".join(pure_modules())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_block_would_notice_a_framework() -> None:
    """The check above can fail: a module that needs Django is named."""
    command = [sys.executable, "-c", IMPORT_WITHOUT, ",".join(BLOCKED), "governance.models.people"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert "governance.models.people: django" in done.stdout


@pytest.mark.parametrize("root", pure_roots())
def test_every_pure_package_is_also_typed_strictly(root: str) -> None:
    """Pure packages pass `mypy --strict`, so what the import contract names, mypy has to see."""
    seen = [Path(entry) for entry in project()["tool"]["mypy"]["files"]]
    path = Path(*root.split("."))
    assert any(path.is_relative_to(entry.with_suffix("")) for entry in seen), f"{root} is not among mypy's files"


def test_package_files_are_empty() -> None:
    """Architecture 3.1: what an `__init__.py` imports, every module below it would import unseen."""
    full = [name(path) for path in modules(*APPS) if path.name == "__init__.py" and path.read_text().strip()]
    # A models package has to name its models for Django to find them.
    assert full == [f"{app}/models/__init__.py" for app in ("governance", "registry")]
