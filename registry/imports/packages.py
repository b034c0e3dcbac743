"""Which package a command runs, as far as its words tell: npx, uvx and their kind, and containers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_NPM: Final = re.compile(r"(@[\w.~-]+/[\w.~-]+|[\w.~-]+)(?:@(.+))?", re.ASCII)
_NPM_EXACT: Final = re.compile(r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?", re.ASCII)
_PYPI: Final = re.compile(r"([\w.-]+)(\[[\w., -]*\])?\s*(?:(==|@|[<>=!~]=?)\s*(.+))?", re.ASCII)
_PYPI_EXACT: Final = re.compile(r"[0-9][0-9A-Za-z.!+-]*", re.ASCII)
_IMAGE_DIGEST: Final = re.compile(r"(.+)@(sha256:[0-9a-f]{64})", re.ASCII)
_ENDING: Final = re.compile(r"\.(exe|cmd|bat)$", re.IGNORECASE)

_TOLD: Final = re.compile(r"-[a-z]*c|/c|-command", re.ASCII | re.IGNORECASE)

NPX_VALUES: Final = frozenset(
    (
        "-c", "--call", "--prefix", "--registry", "-w", "--workspace", "--cache", "--userconfig", "--loglevel",
    )
)  # fmt: skip
UVX_VALUES: Final = frozenset(
    (
        "--with", "--with-requirements", "--with-editable", "-p", "--python", "-i", "--index", "--index-url",
        "--default-index", "--extra-index-url", "-f", "--find-links", "--cache-dir", "--directory", "--project",
        "--env-file", "--refresh-package", "--index-strategy", "--exclude-newer", "-c", "--constraints", "--pip-args",
        "--suffix",
    )
)  # fmt: skip
_CONTAINER_VALUES: Final = frozenset(
    (
        "-e", "--env", "--env-file", "-v", "--volume", "--mount", "-p", "--publish", "--name", "--network", "--net",
        "-u", "--user", "-w", "--workdir", "--entrypoint", "-l", "--label", "--platform", "--pull", "-m", "--memory",
        "--cpus", "--add-host", "--restart", "--gpus", "--device", "--security-opt", "--cap-add", "--cap-drop",
        "--tmpfs", "-h", "--hostname", "--dns", "--ulimit", "--log-driver", "--log-opt", "--ipc", "--pid", "--userns",
        "--runtime", "--shm-size", "--pids-limit", "--volumes-from", "--expose", "--ip", "--link", "--cidfile",
        "--stop-signal", "--stop-timeout",
    )
)  # fmt: skip
_OTHER_SOURCES: Final = frozenset(
    (
        "--registry", "-i", "--index", "--index-url", "--default-index", "--extra-index-url",
    )
)  # fmt: skip
_SHELLS: Final = frozenset(("sh", "bash", "zsh", "dash", "fish", "cmd", "powershell", "pwsh"))


@dataclass(frozen=True, slots=True)
class Package:
    """What would be fetched and run. `version` is empty where none is pinned; nothing here has been verified."""

    registry: str
    name: str
    version: str = ""
    digest: str = ""
    warnings: tuple[str, ...] = ()


def package_of(command: Sequence[str]) -> Package | None:
    """The package that a launcher on this command line fetches; None where the words show none."""
    words = [*command]
    program = program_of(words)
    if program == "cmd" and len(words) > 2 and words[1].lower() == "/c":
        words = words[2:]
        program = program_of(words)
    rest = words[1:]
    if (skip := _words_to_skip(program, rest)) is not None:
        program, rest = skip
    if program == "npx":
        return _chosen(rest, NPX_VALUES, ("-p", "--package"), npm_package)
    if program == "uvx":
        return _chosen(rest, UVX_VALUES, ("--from", "--spec"), pypi_package)
    if program == "container":
        return _chosen(rest, _CONTAINER_VALUES, (), image)
    return None


def program_of(command: Sequence[str]) -> str:
    """The name of a command's program: without folders, without the ending it has on Windows, in lower case."""
    last = re.split(r"[\\/]", command[0])[-1] if command else ""
    return _ENDING.sub("", last).lower()


def runs_a_shell(command: Sequence[str]) -> bool:
    """Whether a shell is told what to run, so that the words do not show what is started."""
    told = program_of(command) in _SHELLS and any(_TOLD.fullmatch(word) for word in command[1:])
    return told and package_of(command) is None


def _words_to_skip(program: str, rest: list[str]) -> tuple[str, list[str]] | None:
    """The launcher that a program and its first words stand for, and what follows them."""
    two = " ".join([program, *rest[:1]])
    three = " ".join([program, *rest[:2]])
    if program in ("npx", "bunx", "pnpx"):
        return "npx", rest
    if two in ("npm exec", "npm x", "pnpm dlx", "yarn dlx", "bun x"):
        return "npx", rest[1:]
    if program == "uvx":
        return "uvx", rest
    if three == "uv tool run":
        return "uvx", rest[2:]
    if two == "pipx run":
        return "uvx", rest[1:]
    if program in ("docker", "podman", "nerdctl"):
        if rest[:1] == ["run"]:
            return "container", rest[1:]
        if rest[:2] == ["container", "run"]:
            return "container", rest[2:]
    return None


def _chosen(
    rest: list[str], with_value: frozenset[str], naming: tuple[str, ...], read: Callable[[str], Package]
) -> Package | None:
    """The package that an option names, else the first word that is no option."""
    elsewhere = False
    at = 0
    named = ""
    while at < len(rest) and not named:
        word = rest[at]
        flag, sign, value = word.partition("=")
        if word == "--":
            named = rest[at + 1] if at + 1 < len(rest) else ""
            break
        if not word.startswith("-"):
            named = word
        elif flag in naming:
            named = value if sign else (rest[at + 1] if at + 1 < len(rest) else "")
        elif flag in with_value:
            elsewhere = elsewhere or flag in _OTHER_SOURCES
            at += not sign
        at += 1
    if not named:
        return None
    package = read(named)
    if not elsewhere:
        return package
    said = "it is fetched from another package registry than the usual one; look at the command"
    return Package(package.registry, package.name, package.version, package.digest, (*package.warnings, said))


def npm_package(spec: str) -> Package:
    """A package as npm's programs name it: `name`, `@scope/name@1.2.3`, or an address."""
    match = _NPM.fullmatch(spec)
    if match is None or spec.startswith("."):
        return Package("", spec, warnings=("what it runs is named by an address or a path, not by a package",))
    name, version = match[1], match[2] or ""
    if _NPM_EXACT.fullmatch(version):
        return Package("npm", name, version)
    return Package("npm", name, warnings=(_unpinned(name, version, f"{name}@1.2.3"),))


def pypi_package(spec: str) -> Package:
    """A package as Python's programs name it: `name`, `name==1.2.3`, `name@1.2.3`, or an address."""
    match = _PYPI.fullmatch(spec)
    if match is None or "://" in spec or spec.startswith("."):
        return Package("", spec, warnings=("what it runs is named by an address or a path, not by a package",))
    name, sign, version = match[1], match[3] or "", (match[4] or "").strip()
    if sign in ("==", "@") and _PYPI_EXACT.fullmatch(version):
        return Package("pypi", name, version)
    return Package("pypi", name, warnings=(_unpinned(name, f"{sign}{version}".strip("@"), f"{name}==1.2.3"),))


def image(spec: str) -> Package:
    """A container image: `name`, `name:tag`, `name@sha256:…`."""
    digest = ""
    if match := _IMAGE_DIGEST.fullmatch(spec):
        spec, digest = match[1], match[2]
    name, sign, tag = spec.rpartition(":")
    if not sign or "/" in tag:
        name, tag = spec, ""
    if digest:
        return Package("oci", name, tag, digest)
    if tag and tag != "latest":
        return Package("oci", name, tag)
    return Package("oci", name, warnings=(_unpinned(name, tag, f"{name}@sha256:…"),))


def _unpinned(name: str, version: str, example: str) -> str:
    asked = f" ({version} is no version)" if version and version != "latest" else ""
    return f"no version of {name} is pinned{asked}: it runs whatever is newest that day; write for example {example}"
