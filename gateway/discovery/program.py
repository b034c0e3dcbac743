"""`gatehouse discover`: which servers local clients use, and which of them lead past the gateway. No Django.

Files are only read. No value of an environment variable or a header, and no credentials or query of an address, is
ever part of what is found; of a command, only the program and its package are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gateway.discovery.judging import BadGateway, Gateway, bypasses
from gateway.discovery.places import Configuration, configurations
from governance.text.visible import one_line
from registry.imports.documents import MAX_CHARACTERS
from registry.imports.draft import CannotRead, Draft, Transport
from registry.imports.naming import told_apart
from registry.imports.packages import program_of
from registry.imports.reading import NothingDescribed, entries_of

MAX_BYTES: Final = 4 * MAX_CHARACTERS
SHOWN: Final = 200


class BadUsage(ValueError):
    """The program was not started as it has to be. The text says what to change."""


@dataclass(frozen=True, slots=True)
class Found:
    """One server in one client's configuration. `off`: the client has it switched off."""

    client: str
    file: Path
    name: str
    draft: Draft
    off: bool
    bypasses: bool

    @property
    def reached(self) -> str:
        """How the client reaches it, without anything that may be a secret."""
        if self.draft.transport is not Transport.STDIO:
            return self.draft.url
        package = self.draft.provenance.package
        return " ".join(filter(None, [program_of(self.draft.command).partition(" ")[0], package]))


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, or one entry of it, that cannot be read. `line` is 0 where it is not known."""

    client: str
    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{one_line(place)}: {one_line(self.message)}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, in the order of the files."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    files: int

    @property
    def bypassing(self) -> tuple[Found, ...]:
        """The servers that lead past the gateway."""
        return tuple(each for each in self.found if each.bypasses)


def discover(home: str, project: str, gateway: str) -> Report:
    """Look through the clients' files. Raises BadUsage for a folder or an address that is none."""
    folders = [Path(folder).expanduser() for folder in (home, project)]
    for option, folder in zip(("--home", "--project"), folders, strict=True):
        if not folder.is_dir():
            raise BadUsage(f"{option} {folder} is no folder; name one that is there")
    try:
        place = Gateway.at(gateway)
    except BadGateway as problem:
        raise BadUsage(str(problem)) from None
    found: list[Found] = []
    problems: list[Problem] = []
    files = 0
    for configuration in configurations(folders[0], folders[1]):
        try:
            text = _text(configuration.file)
            if text is None:
                continue
            files += 1
            found += _found(configuration, text, place, problems)
        except NothingDescribed:
            continue
        except CannotRead as wrong:
            problems.append(Problem(configuration.client, configuration.file, wrong.line, str(wrong)))
    return Report(tuple(found), tuple(problems), files)


def _text(file: Path) -> str | None:
    """What a file holds; None where there is none. Raises CannotRead."""
    try:
        if not file.is_file():  # Nothing that would make us wait, like a pipe.
            return None
        if file.stat().st_size > MAX_BYTES:
            raise CannotRead(f"it is larger than {MAX_BYTES} bytes; look at it yourself")
        return file.read_text(encoding="utf-8-sig")
    except OSError as wrong:
        raise CannotRead(f"it cannot be read ({wrong.strerror}); give yourself the right to") from None
    except UnicodeDecodeError:
        raise CannotRead("it is no UTF-8 text; write it anew") from None


def _found(configuration: Configuration, text: str, gateway: Gateway, problems: list[Problem]) -> Iterable[Found]:
    for entry in entries_of(text, filename=configuration.file.name):
        if entry.draft is not None:
            yield Found(
                client=configuration.client,
                file=configuration.file,
                name=entry.name,
                draft=entry.draft,
                off=entry.off,
                bypasses=bypasses(entry.draft, gateway),
            )
        elif entry.problem is not None:
            wrong = entry.problem
            problems.append(Problem(configuration.client, configuration.file, wrong.line, str(wrong)))


# What is printed.


def as_lines(report: Report) -> list[str]:
    """The report for people, one server a line."""
    lines = []
    for each in report.found:
        says = "PAST THE GATEWAY" if each.bypasses else "through the gateway"
        off = " (switched off)" if each.off else ""
        shown = [one_line(word, SHOWN) for word in (each.client, str(each.file), each.name, each.reached)]
        lines.append(f"{says:19} {shown[0]}: {shown[2]}{off}, {shown[3]}, in {shown[1]}")
    lines.append(
        f"{len(report.found)} servers in {report.files} files of clients; {len(report.bypassing)} lead past the gateway"
    )
    return lines


def as_document(report: Report, gateway: str) -> dict[str, Any]:
    """The report for programs."""
    return {
        "gateway": gateway,
        "files": report.files,
        "bypassing": len(report.bypassing),
        "servers": [
            {
                "client": each.client,
                "file": str(each.file),
                "name": each.name,
                "suggested_name": each.draft.name,
                "transport": each.draft.transport.value,
                "reached": each.reached,
                "off": each.off,
                "bypasses": each.bypasses,
            }
            for each in report.found
        ],
        "problems": [
            {"client": each.client, "file": str(each.file), "line": each.line, "problem": each.message}
            for each in report.problems
        ],
    }


def as_drafts(report: Report) -> dict[str, Any]:
    """The servers that lead past the gateway, each once, in the form that the import of the console reads."""
    ways: dict[tuple[object, ...], Draft] = {}
    for each in report.bypassing:
        draft = each.draft
        ways.setdefault((draft.transport, draft.url, draft.command, draft.cwd), draft)
    names = told_apart(draft.name for draft in ways.values())
    drafts = [replace(draft, name=name) for draft, name in zip(ways.values(), names, strict=True)]
    return {"mcpServers": {draft.name: _entry(draft) for draft in drafts}}


def _entry(draft: Draft) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": draft.transport.value}
    if draft.transport is Transport.STDIO:
        entry |= {"command": draft.command[0], "args": list(draft.command[1:])}
        entry |= {"cwd": draft.cwd} if draft.cwd else {}
        entry |= {"env": dict.fromkeys(draft.env, "")} if draft.env else {}
    else:
        entry |= {"url": draft.url}
        entry |= {"headers": dict.fromkeys(draft.headers, "")} if draft.headers else {}
    return entry | ({"description": draft.description} if draft.description else {})
