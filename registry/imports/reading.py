"""Which form a text has, and the drafts in it: a `server.json` or a client's configuration. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from registry.imports import fields, naming
from registry.imports.client_entries import Place, draft_of_entry, is_off
from registry.imports.documents import line_of, parsed
from registry.imports.draft import CannotRead, Draft
from registry.imports.server_json import drafts_of_server, is_server_json

MAX_SERVERS: Final = 1000

# Where clients keep their servers. The word for the form, then the way to them in the document.
_FORMS: Final = (
    ("mcpServers", ("mcpServers",)),
    ("servers", ("servers",)),
    ("servers", ("mcp", "servers")),
    ("servers", ("customizations", "vscode", "mcp", "servers")),
    ("context_servers", ("context_servers",)),
    ("mcp_servers", ("mcp_servers",)),
)
_WAYS_OF_OPENCODE: Final = frozenset({"local", "remote"})
_REACHED: Final = frozenset({"command", "url", "serverUrl", "httpUrl"})


class NothingDescribed(CannotRead):
    """A text that was read and describes no server."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One server in the order of the text: its draft, or why there is none. `off`: the client does not use it."""

    name: str
    draft: Draft | None = None
    problem: CannotRead | None = None
    off: bool = False


def drafts_of(text: str, *, filename: str = "") -> tuple[Draft, ...]:
    """The drafts in a text, with names that are told apart. Nothing of it is verified, fetched or run.

    Read are the official registry's `server.json` (also several of them, and the answers of its API), `mcpServers` of
    Claude, Cursor, Windsurf and others, `servers` of VS Code, `context_servers` of Zed, `mcp_servers` of Codex (TOML),
    `mcp` of opencode, and a plain mapping of names to servers. Raises CannotRead for the first thing that is wrong.
    """
    entries = entries_of(text, filename=filename)
    for entry in entries:
        if entry.problem is not None:
            raise entry.problem
    return tuple(entry.draft for entry in entries if entry.draft is not None)


def entries_of(text: str, *, filename: str = "") -> tuple[Entry, ...]:
    """Every server of a text, what is wrong with single ones beside the others. Raises CannotRead for the whole."""
    value = parsed(text, filename=filename)
    found: list[Entry] = []
    for entry in _entries(value, text, filename):
        found.append(entry)
        if len(found) > MAX_SERVERS:
            raise CannotRead(
                f"{filename or 'The text'} describes more than {MAX_SERVERS} servers; give fewer at a time"
            )
    if not found and not _is_empty(value):
        raise NothingDescribed(
            f"{filename or 'The text'} describes no servers; give a server.json of the registry, or a "
            "configuration with mcpServers, servers or mcp_servers"
        )
    names = iter(naming.told_apart(entry.draft.name for entry in found if entry.draft is not None))
    return tuple(
        entry if entry.draft is None else replace(entry, draft=replace(entry.draft, name=next(names)))
        for entry in found
    )


def _is_empty(value: object) -> bool:
    """Whether there is a place for servers, with none in it."""
    return any(isinstance(found, dict) for _, found in _places(fields.mapping(value), ""))


def _entries(value: object, text: str, filename: str) -> Iterator[Entry]:
    documents = list(_server_documents(value))
    if documents:
        for document in documents:
            yield from _of_registry(document, text, filename)
        return
    for place, found in _places(fields.mapping(value), filename):
        for name, entry in fields.mapping(found).items():
            try:
                yield Entry(name, draft_of_entry(name, entry, place), off=is_off(entry))
            except CannotRead as wrong:
                yield Entry(name, problem=_placed(wrong, text, name))


def _server_documents(value: object) -> Iterator[object]:
    """The documents of the registry in a value: itself, wrapped, or a list of either."""
    members = fields.mapping(value)
    several = value if isinstance(value, list) else members.get("servers")
    for each in several if isinstance(several, list) else [value]:
        wrapped = fields.mapping(each).get("server")
        if is_server_json(wrapped):
            about = fields.mapping(fields.mapping(each).get("_meta"))
            own = fields.mapping(wrapped)
            yield {**own, "_meta": {**fields.mapping(own.get("_meta")), **about}}
        elif is_server_json(each):
            yield each


def _of_registry(document: object, text: str, filename: str) -> Iterator[Entry]:
    name = fields.text(fields.mapping(document).get("name"))
    try:
        for draft in drafts_of_server(document, filename):
            yield Entry(name, draft)
    except CannotRead as wrong:
        yield Entry(name, problem=_placed(wrong, text, name))


def _placed(wrong: CannotRead, text: str, name: str) -> CannotRead:
    return CannotRead(str(wrong), line=line_of(text, name))


def _places(members: Mapping[str, object], file: str) -> Iterator[tuple[Place, object]]:
    """Where servers stand in a client's configuration, by the form of the client."""
    found: object
    known = False
    for form, way in _FORMS:
        found = members
        for step in way:
            found = fields.mapping(found).get(step)
        if isinstance(found, dict):
            known = True
            yield Place(form, file, ".".join(way)), found
    for folder, project in fields.mapping(members.get("projects")).items():
        found = fields.mapping(project).get("mcpServers")
        if isinstance(found, dict):
            known = True
            yield Place("mcpServers", file, f"projects.{folder}.mcpServers"), found
    if found := _of_opencode(members):
        known = True
        yield Place("mcp", file, "mcp"), found
    if not known and (found := _plain(members)):
        yield Place("servers by name", file), found


def _of_opencode(members: Mapping[str, object]) -> dict[str, object]:
    """The servers of opencode, which says of each whether it is local or remote."""
    entries = fields.mapping(members.get("mcp"))
    return {name: each for name, each in entries.items() if fields.mapping(each).get("type") in _WAYS_OF_OPENCODE}


def _plain(members: Mapping[str, object]) -> dict[str, object]:
    """One server alone, or servers by their names without a word around them: what documentation shows to be pasted."""
    if _reached(members):
        return {fields.text(members.get("name")) or "server": dict(members)}
    return dict(members) if any(_reached(fields.mapping(each)) for each in members.values()) else {}


def _reached(members: Mapping[str, object]) -> bool:
    return not _REACHED.isdisjoint(members)
