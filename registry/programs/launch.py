"""What a command would run, as far as files tell: program, script, package, digests. Nothing is run. No Django."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from registry.programs import npm_packages, python_packages
from registry.programs.digests import Budget, Unread, file_digest
from registry.programs.facts import Package, Program

_PYTHON: Final = re.compile(r"(?:python|pypy)[0-9.]*t?").fullmatch
_NODE: Final = re.compile(r"node|nodejs|bun").fullmatch
_PYTHON_LINE: Final = re.compile(rb"(?:#!|'''exec' \"?)(/\S*?/(?:python|pypy)[0-9.]*t?)\b")
_PYTHON_FLAGS: Final = re.compile(r"-[bBdEhiIOPqRsSuvVx]*([cmWX])(.*)", re.DOTALL).fullmatch  # Those with a value.
_NODE_VALUES: Final = frozenset({"-r", "--require", "--import", "--loader", "--experimental-loader", "-C"})
_CHOOSE: Final = {
    "npx": "npm",
    "bunx": "bun",
    "pnpm": "pnpm",
    "yarn": "yarn",
    "npm": "npm",
    "uvx": "uv",
    "uv": "uv",
    "pipx": "pipx",
    "deno": "deno",
    "docker": "docker",
    "podman": "podman",
}
_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "env", "sudo", "nice", "timeout", "xargs"})
HEAD_BYTES: Final = 1024

Package_ = tuple[Package | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Run:
    """What an interpreter is told to run: a file, a module, or something else that a sentence names."""

    script: Path | None = None
    module: str = ""
    unknown: str = ""


def look_up(command: Sequence[str], cwd: str = "") -> Program:
    """What is known of a command before it runs. Whatever cannot be told stands in `unknown`; nothing raises."""
    if not command:
        return Program("", unknown=("There is no command.",))
    program = Path(command[0])
    found = Program(str(program))
    if not program.is_absolute():
        return replace(found, unknown=(f"There is no program {program} on the PATH of the gateway.",))
    try:
        real = program.resolve(strict=True)
    except (OSError, RuntimeError):
        return replace(found, unknown=(f"There is no file {program}.",))
    found = replace(found, real=str(real))
    folder = Path(cwd) if cwd else Path("/")
    try:
        return _known(found, command[1:], folder, Budget())
    except (Unread, OSError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else str(wrong)
        return replace(found, unknown=(*found.unknown, f"It was not looked into: {reason}."))


def _known(found: Program, arguments: Sequence[str], folder: Path, budget: Budget) -> Program:
    program, real = Path(found.program), Path(found.real)
    if _PYTHON(program.name):
        return _interpreted(found, _python_run(arguments, folder), budget)
    if _NODE(program.name):
        return _interpreted(found, _node_run(arguments, folder), budget)
    found = replace(found, sha256=file_digest(real, budget))
    if program.name in _CHOOSE:
        return _chosen(found, program.name, arguments, folder, budget)
    if program.name in _SHELLS:
        said = f"{program.name} starts something else, which its arguments name and nothing here looks into."
        return replace(found, unknown=(said,))
    with real.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if (line := _PYTHON_LINE.search(head)) and head.startswith(b"#!"):
        package, unknown = _of_python_script(real, Path(line[1].decode("utf-8", "surrogateescape")), budget)
    elif (root := npm_packages.root_of(real)) is not None and npm_packages.MODULES in real.parts:
        package, unknown = npm_packages.package_of(root, budget)
    elif head.startswith(b"#!"):
        package, unknown = None, ("It is a script of no package that is known; what it starts is not looked into.",)
    else:
        package, unknown = (
            None,
            ("It is a compiled program of no package that is known; only its own file is covered.",),
        )
    return replace(found, package=package, unknown=unknown)


def _interpreted(found: Program, run: _Run, budget: Budget) -> Program:
    """A program that is an interpreter: what counts is what it is given."""
    program, real = Path(found.program), Path(found.real)
    if run.module:
        beside = _environment(program, real)
        owner = python_packages.owner_of_module(run.module, beside)
        if owner is None:
            said = f"No one package has the module {run.module}; it may lie in the folder it is started in."
            return replace(found, sha256=file_digest(real, budget), unknown=(said,))
        package, unknown = python_packages.package_of(owner, beside, budget)
        return replace(found, sha256=file_digest(real, budget), package=package, unknown=unknown)
    if run.script is None:
        return replace(found, sha256=file_digest(real, budget), unknown=(run.unknown,))
    script = run.script.resolve()
    found = replace(found, script=str(script), sha256=file_digest(script, budget))
    if _NODE(program.name):
        root = npm_packages.root_of(script)
        if root is not None:
            package, unknown = npm_packages.package_of(root, budget)
            return replace(found, package=package, unknown=unknown)
    elif (owner := python_packages.owner_of_script(script, beside := _environment(program, real))) is not None:
        package, unknown = python_packages.package_of(owner, beside, budget)
        return replace(found, package=package, unknown=unknown)
    return replace(found, unknown=("The script belongs to no package that is known; what it loads is not covered.",))


def _environment(program: Path, real: Path) -> list[python_packages.Installed]:
    """The packages of the interpreter at a path: a virtual environment is told by it, another by where it leads."""
    return python_packages.installed_in(program.parent.parent) or python_packages.installed_in(real.parent.parent)


def _of_python_script(script: Path, interpreter: Path, budget: Budget) -> Package_:
    for prefix in (script.parent.parent, interpreter.parent.parent):
        beside = python_packages.installed_in(prefix)
        if (owner := python_packages.owner_of_script(script, beside)) is not None:
            return python_packages.package_of(owner, beside, budget)
    return None, ("It is a Python script of no package that is known; what it loads is not covered.",)


def _chosen(found: Program, name: str, arguments: Sequence[str], folder: Path, budget: Budget) -> Program:
    """A launcher picks the package when it is started; what is installed where it looks first is the best guess."""
    wanted = next((each for each in arguments if not each.startswith("-")), "")
    said = f"{name} picks what it runs when it is started; which package and version that is cannot be told before."
    if name != "npx":
        return replace(found, unknown=(said,))
    spec = wanted.rpartition("@")[0] if wanted.rfind("@") > 0 else wanted
    root = npm_packages.installed_for(spec, folder)
    if root is None:
        return replace(found, unknown=(said,))
    package, unknown = npm_packages.package_of(root, budget)
    likely = f"{name} picks what it runs when it is started; {package.name} {package.version} is what is installed now."
    return replace(found, package=package, unknown=(likely, *unknown))


def _python_run(arguments: Sequence[str], folder: Path) -> _Run:
    rest = list(arguments)
    while rest and (each := rest.pop(0)) != "-":
        if flags := _PYTHON_FLAGS(each):
            value = flags[2] or (rest.pop(0) if rest else "")
            if flags[1] == "c":
                return _Run(unknown="The code that is run stands in the command itself; what it loads is not covered.")
            if flags[1] == "m":
                return _Run(module=value) if value else _Run(unknown="The command names no module after -m.")
        elif each == "--check-hash-based-pycs":
            del rest[:1]
        elif not each.startswith("-"):
            return _Run(script=folder / each)
    return _Run(unknown="The interpreter is given no script.")


def _node_run(arguments: Sequence[str], folder: Path) -> _Run:
    rest = list(arguments)
    while rest:
        each = rest.pop(0)
        if each in ("-e", "--eval", "-p", "--print"):
            return _Run(unknown="The code that is run stands in the command itself; what it loads is not covered.")
        if each in _NODE_VALUES:
            del rest[:1]
        elif not each.startswith("-"):
            return _Run(script=folder / each)
    return _Run(unknown="The interpreter is given no script.")
