"""The locks are in step with what they were made of, complete with hashes, and name no package index."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.sources import ROOT, project

LOCKS = ("base", "build", "dev", "demo")
FOLDER = ROOT / "requirements"


@cache
def wanted(lock: str) -> tuple[Requirement, ...]:
    """The requirements of an .in file, those of the files it includes too."""
    found: list[Requirement] = []
    for line in (FOLDER / f"{lock}.in").read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found.extend(wanted(text.removeprefix("-r ").strip().removesuffix(".in")))
        elif text:
            found.append(Requirement(text))
    return tuple(found)


@cache
def pinned(lock: str) -> dict[str, set[Version]]:
    """The versions that a lock pins, by canonical name; more than one where markers divide them."""
    found: dict[str, set[Version]] = {}
    for line in (FOLDER / f"{lock}.txt").read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)", line):
            found.setdefault(canonicalize_name(match[1]), set()).add(Version(match[2]))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_answers_every_requirement(lock: str) -> None:
    """A changed .in file needs `make lock`."""
    unmet = [
        str(requirement)
        for requirement in wanted(lock)
        if not any(
            version in requirement.specifier for version in pinned(lock).get(canonicalize_name(requirement.name), ())
        )
    ]
    assert unmet == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_hashes(lock: str) -> None:
    """pip refuses a file half of which is hashed, and so would we."""
    text = (FOLDER / f"{lock}.txt").read_text().replace("\\\n", " ")
    bare = [
        line.split()[0]
        for line in text.splitlines()
        if "==" in line and not line.startswith(" ") and "--hash=sha256:" not in line
    ]
    assert bare == []


@pytest.mark.parametrize("lock", ["dev", "build"])
def test_locks_that_share_an_environment_agree(lock: str) -> None:
    """What is tested is what runs: the same version of each package."""
    differing = [
        package
        for package, versions in pinned("base").items()
        if package in pinned(lock) and pinned(lock)[package] != versions
    ]
    differing += [package for package, versions in pinned("build").items() if pinned("dev").get(package) != versions]
    assert differing == []


def test_the_package_declares_what_base_in_says() -> None:
    """One list of run-time dependencies: hatch reads base.in."""
    assert project()["project"]["dynamic"] == ["dependencies"]
    assert project()["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"] == "requirements/hatch_dependencies.py"


def test_node_packages_are_pinned_exactly_and_locked_without_addresses() -> None:
    """Contract 1: exact versions, and a lock that names no registry."""
    asked = json.loads((ROOT / "tests/node/package.json").read_text())["dependencies"]
    lock = json.loads((ROOT / "tests/node/package-lock.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+(-alpha\.\d+)?", version) for version in asked.values()), asked
    assert lock["packages"][""]["dependencies"] == asked
    installed = {path: entry for path, entry in lock["packages"].items() if path}
    assert [path for path, entry in installed.items() if "resolved" in entry or "integrity" not in entry] == []
