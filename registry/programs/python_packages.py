"""Which Python package a script or module belongs to, read from what pip and its kin write beside it. No Django.

Nothing is imported or run: the metadata are files.
"""

from __future__ import annotations

import base64
import csv
import os
import re
from collections.abc import Iterator, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

from registry.programs.digests import Budget, Unread, digest_of_lines, file_digest, short, small_text
from registry.programs.facts import Files, Package

RECORD_BYTES: Final = 16 * 1024 * 1024
MOST_PACKAGES: Final = 2_000
# Written by the installer, about itself; or by the interpreter, when the package is first run.
NOT_THE_PACKAGE: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
FILES_COVER: Final = "each file of its RECORD but .pyc and the installer's notes: lines of SHA-256, two spaces, path"
BESIDE_COVER: Final = "each package of the environment: lines of name, version and SHA-256 of its RECORD"
_NAME: Final = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class Installed:
    """One installed distribution: its folder of metadata, and the environment that its files may lie in."""

    metadata: Path
    prefix: Path

    @property
    def record(self) -> str:
        """The text of its RECORD."""
        return small_text(self.metadata / "RECORD", RECORD_BYTES)

    @property
    def paths(self) -> list[tuple[str, str]]:
        """Path and hash of each file of its RECORD, as written there."""
        rows = csv.reader(self.record.splitlines())
        return [(row[0], row[1] if len(row) > 1 else "") for row in rows if row]

    def identity(self) -> tuple[str, str]:
        """Its name and version."""
        headers = HeaderParser().parsestr(small_text(self.metadata / "METADATA").partition("\n\n")[0])
        return short(headers.get("Name")), short(headers.get("Version"))


def installed_in(prefix: Path) -> list[Installed]:
    """The distributions of a Python environment."""
    places = [*prefix.glob("lib*/python3*/site-packages"), *prefix.glob("lib/python3*/dist-packages")]
    # lib64 is often a link to lib.
    folders = {place.resolve(): place for place in places}
    return [Installed(each, prefix) for place in folders for each in sorted(place.glob("*.dist-info"))][:MOST_PACKAGES]


def owner_of_script(script: Path, beside: Sequence[Installed]) -> Installed | None:
    """The distribution that put a script there: one that declares it, best one whose RECORD has it too."""
    declaring = [each for each in beside if script.name in _scripts(each)]
    listing = [each for each in declaring if any(_place(each, path) == script for path, _ in each.paths)]
    found = listing or declaring
    return found[0] if len(found) == 1 else None


def owner_of_module(module: str, beside: Sequence[Installed]) -> Installed | None:
    """The one distribution that has a module, by its dotted name."""
    path = module.replace(".", "/")
    wanted = {f"{path}.py", f"{path}/__main__.py", f"{path}/__init__.py"}
    having = [each for each in beside if any(path in wanted for path, _ in each.paths)]
    return having[0] if len(having) == 1 else None


def package_of(installed: Installed, beside: Sequence[Installed], budget: Budget) -> tuple[Package, tuple[str, ...]]:
    """The package with its digests, and in sentences what they do not cover."""
    name, version = installed.identity()
    unknown: list[str] = []
    files, differing = None, 0
    if '"editable": true' in small_text(installed.metadata / "direct_url.json").replace('":true', '": true'):
        unknown.append(f"{name} is installed from a folder that is edited in place; its digest covers no code.")
    try:
        lines, differing, left_out = _digests(installed, budget)
        files = Files(digest_of_lines(lines), len(lines), FILES_COVER)
        if left_out:
            unknown.append(f"{left_out} files of {name} lie outside its environment and are not covered.")
    except (Unread, OSError) as wrong:
        unknown.append(f"The files of {name} were not digested: {_clause(wrong)}.")
    if differing:
        unknown.append(f"{differing} files of {name} are not what was installed, or are gone.")
    around = Files(digest_of_lines(_lines_of(beside)), len(beside), BESIDE_COVER)
    return Package("python", name, version, files, around, differing=differing), tuple(unknown)


class _Sections(ConfigParser):
    """A configuration whose names have a case, as those of scripts do."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _scripts(installed: Installed) -> set[str]:
    parser = _Sections(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(small_text(installed.metadata / "entry_points.txt"))
    except Error:
        return set()
    sections = ("console_scripts", "gui_scripts")
    return {name for section in sections if parser.has_section(section) for name, _ in parser.items(section)}


def _place(installed: Installed, path: str) -> Path:
    """Where a path of a RECORD leads, without following links."""
    return Path(os.path.normpath(installed.metadata.parent / path))


def _digests(installed: Installed, budget: Budget) -> tuple[list[str], int, int]:
    lines: list[str] = []
    differing = left_out = 0
    inside = Path(os.path.normpath(installed.prefix.resolve()))
    for path, said in installed.paths:
        if path.endswith(".pyc") or Path(path).name in NOT_THE_PACKAGE:
            continue
        place = _place(installed, path).resolve()
        if not place.is_relative_to(inside):
            left_out += 1
            continue
        try:
            found = file_digest(place, budget)
        except FileNotFoundError:
            found = "missing"
        except Unread:
            if place.exists():
                raise
            found = "missing"
        lines.append(f"{found}  {path}")
        differing += found == "missing" or (said.startswith("sha256=") and not _same(said, found))
    return lines, differing, left_out


def _same(said: str, found: str) -> bool:
    """Whether a hash of a RECORD, URL-safe base64 without padding, is this hexadecimal one."""
    return base64.urlsafe_b64encode(bytes.fromhex(found)).rstrip(b"=").decode() == said.removeprefix("sha256=")


def _lines_of(beside: Sequence[Installed]) -> Iterator[str]:
    for each in beside:
        name, version = each.identity()
        yield f"{_NAME.sub('-', name).lower()} {version} {digest_of_lines(each.record.splitlines())}"


def _clause(wrong: Exception) -> str:
    return (wrong.strerror or type(wrong).__name__) if isinstance(wrong, OSError) else str(wrong)
