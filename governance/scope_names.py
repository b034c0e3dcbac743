"""Names that people type for a stop, judged before it is set: a stop on a name that nothing has stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from difflib import get_close_matches
from typing import Final

from governance.models import Agent, Person, Team
from governance.switches import BadScope
from governance.text.visible import one_line
from governance.workflow.switches import Scope

Catalogue = Callable[[], Mapping[str, Set[str]]]
"""Every server by name, with the names of its tools."""

SHOWN: Final = 200
_catalogues: Final[list[Catalogue]] = []


def register(catalogue: Catalogue) -> None:
    """Tell where servers and tools are looked up; they belong to an app above this one. The last one counts."""
    _catalogues[:] = [catalogue]


def known(scope_kind: str, scope_name: str) -> str:
    """The name to store for a stop over something that exists; raises BadScope, with the nearest name, where nothing
    has it.

    A tool is `server/tool`, `server.tool` as calls are printed, or the bare name. A session cannot be looked up.
    """
    if not scope_name or scope_kind not in list(Scope) or scope_kind in (Scope.EVERYTHING, Scope.SESSION):
        return scope_name
    if scope_kind == Scope.SERVER:
        return _one_of(scope_kind, scope_name, _servers())
    if scope_kind == Scope.TOOL:
        return _tool(scope_name, _servers())
    if scope_kind == Scope.PERSON:
        emails = {email.casefold(): email for email in Person.objects.values_list("email", flat=True)}
        return emails.get(scope_name.casefold()) or _one_of(scope_kind, scope_name, emails.values())
    rows = Agent.objects if scope_kind == Scope.AGENT else Team.objects
    return _one_of(scope_kind, scope_name, set(rows.values_list("name", flat=True)))


def _servers() -> Mapping[str, Set[str]]:
    return _catalogues[0]() if _catalogues else {}


def _tool(name: str, servers: Mapping[str, Set[str]]) -> str:
    bare = any(name in tools for tools in servers.values())
    server, slash, tool = name.partition("/")
    if bare or (slash and tool in servers.get(server, ())):
        dotted = _dotted(name, servers)
        if dotted:
            raise BadScope(f"tool {_said(name)} may be {_said(dotted)} or a tool of that very name; write server/tool")
        return name
    if dotted := _dotted(name, servers):
        return dotted
    if server in servers and set(tool) & set("*?"):
        raise BadScope(f"tool {_said(name)} is a pattern, and a stop takes none; stop the server {server}")
    every = {f"{server}/{tool}" for server, tools in servers.items() for tool in tools}
    return _one_of(Scope.TOOL, name, every | {tool for tools in servers.values() for tool in tools})


def _dotted(name: str, servers: Mapping[str, Set[str]]) -> str:
    """`server/tool` for what is printed as `server.tool`; names of servers hold no dot. Empty where there is none."""
    server, _, tool = name.partition(".")
    return f"{server}/{tool}" if tool in servers.get(server, ()) else ""


def _one_of(kind: str, name: str, names: Collection[str]) -> str:
    if name in names:
        return name
    by_fold = {each.casefold(): each for each in sorted(names)}
    near = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.5)
    remedy = f"did you mean {_said(by_fold[near[0]])}?" if near else "nothing was stopped"
    raise BadScope(f"there is no {kind} {_said(name)}; {remedy}")


def _said(name: str) -> str:
    return one_line(name, SHOWN)
