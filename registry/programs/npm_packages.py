"""Which npm package a script belongs to, read from what npm installs. No Django; nothing is run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from registry.programs.digests import Budget, Unread, digest_of_lines, file_digest, short, small_text
from registry.programs.facts import Files, Package

LEVELS: Final = 16
LOCK_BYTES: Final = 64 * 1024 * 1024
MODULES: Final = "node_modules"
FILES_COVER: Final = "each file below its folder but node_modules: lines of SHA-256, two spaces, path"
BESIDE_COVER: Final = "each package of node_modules/.package-lock.json: lines of place, version and integrity"


def root_of(script: Path) -> Path | None:
    """The folder of the package that a file belongs to: the nearest with a package.json that has name and version."""
    for folder in [*script.parents][:LEVELS]:
        document = _document(folder / "package.json")
        if isinstance(document.get("name"), str) and isinstance(document.get("version"), str):
            return folder
    return None


def installed_for(name: str, folder: Path) -> Path | None:
    """Where a package of this name is installed for programs that run in a folder."""
    if not name or name.startswith(("/", ".")) or ".." in name:
        return None
    places = (each / MODULES / name for each in (folder, *folder.parents))
    return next((place.resolve() for place in places if (place / "package.json").is_file()), None)


def package_of(root: Path, budget: Budget) -> tuple[Package, tuple[str, ...]]:
    """The package in a folder with its digests, and in sentences what they do not cover."""
    document = _document(root / "package.json")
    name, version = short(document.get("name")), short(document.get("version"))
    package, unknown = Package("npm", name, version), []
    try:
        lines = [f"{file_digest(path, budget)}  {path.relative_to(root)}" for path in _files(root)]
        package = replace(package, files=Files(digest_of_lines(lines), len(lines), FILES_COVER))
    except (Unread, OSError) as wrong:
        reason = (wrong.strerror or type(wrong).__name__) if isinstance(wrong, OSError) else str(wrong)
        unknown.append(f"The files of {name} were not digested: {reason}.")
    modules = next((each for each in root.parents if each.name == MODULES), None)
    entries = _entries(modules) if modules is not None else {}
    if modules is None or not entries:
        unknown.append(f"What {name} depends on is not covered: there is no {MODULES}/.package-lock.json above it.")
        return package, tuple(unknown)
    own = entries.get(f"{MODULES}/{root.relative_to(modules).as_posix()}", {})
    beside = Files(digest_of_lines(_lines_of(entries)), len(entries), BESIDE_COVER)
    return replace(package, beside=beside, integrity=short(own.get("integrity"))), tuple(unknown)


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = [each for each in folders if each != MODULES and not Path(folder, each).is_symlink()]
        yield from (path for each in names if not (path := Path(folder, each)).is_symlink())


def _entries(modules: Path) -> Mapping[str, Mapping[str, Any]]:
    packages = _document(modules / ".package-lock.json", LOCK_BYTES).get("packages")
    if not isinstance(packages, dict):
        return {}
    return {place: each for place, each in packages.items() if isinstance(each, dict)}


def _lines_of(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for place, each in entries.items():
        yield f"{place} {short(each.get('version'))} {short(each.get('integrity'))}"


def _document(path: Path, most: int = 1024 * 1024) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(small_text(path, most) or "{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
