"""docs/operations.md names every setting, command and system check that the code has, and none that it has not."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache

import pytest

from tests.architecture.sources import APPS, ROOT, modules, tree

PAGE = ROOT / "docs" / "operations.md"
READERS = {"read", "read_int", "read_rate", "read_range", "read_port_rule"}
CHECK = re.compile(r"(?:gateway|governance|registry)\.[EWI]\d{3}")


@cache
def section(title: str) -> str:
    """The text under one heading of the page."""
    return PAGE.read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_column(title: str) -> list[str]:
    """What the table under a heading names, in order."""
    return re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE)


def settings_read() -> set[str]:
    """The variables that the settings read."""
    return {
        node.args[0].value
        for path in modules("gateway/settings")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in READERS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def commands() -> set[str]:
    """The management commands of the project's own apps."""
    return {path.stem for app in APPS for path in (ROOT / app / "management" / "commands").glob("[!_]*.py")}


def checks() -> set[str]:
    """The ids of the project's own system checks."""
    return {
        node.value
        for path in modules(*APPS)
        if path.name == "checks.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHECK.fullmatch(node.value)
    }


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    """Architecture 2.25."""
    assert sorted(first_column("Settings")) == sorted(settings_read())


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    """Architecture 2.25."""
    assert sorted(first_column("Commands")) == sorted(commands())


def test_every_system_check_is_documented_and_every_documented_one_exists() -> None:
    """Architecture 2.25."""
    assert sorted(first_column("System checks")) == sorted(checks())


@pytest.mark.parametrize("command", sorted(commands()))
def test_the_options_that_the_page_names_are_options_of_the_command(command: str) -> None:
    """A renamed option must not live on in the page."""
    row = next(line for line in section("Commands").splitlines() if line.startswith(f"| `{command}` |"))
    environment = {"GATEHOUSE_MODE": "test", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "manage.py", command, "--help"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    named = set(re.findall(r"(--[a-z-]+)", row))
    assert {option for option in named if option not in done.stdout} == set()
