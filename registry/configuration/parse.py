"""Read `gatehouse.yaml` whole and report everything that is wrong with it at once. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from governance.policy import language
from governance.policy.compiled import compile_policy
from governance.policy.nodes import Mapping, Node, Scalar, read_nodes
from governance.policy.tree import PolicyError, Position
from registry.configuration import guide
from registry.configuration.people import read_agent, read_person, read_role, read_secrets, read_team
from registry.configuration.policy import ReadFile, read_policy
from registry.configuration.references import FileReader
from registry.configuration.servers import read_server
from registry.configuration.values import BadConfiguration, Configuration, Names, PolicyText, Problem, ServerEntry

T = TypeVar("T")

KEYS: Final = ("version", "teams", "people", "servers", "roles", "agents", "secrets", "policy")
NOTHING: Final = Names()


def parse_config(text: str, *, source: str, read_file: ReadFile, known: Names = NOTHING) -> Configuration:
    """The configuration in `text`, in either form of contract section 3.

    `source` names the file in messages, `read_file` returns the text of a file named relative to it, and `known`
    is what the installation has already. Raises BadConfiguration with every problem.
    """
    root, problems = read_nodes(text)
    reader = FileReader()
    reader.problems.extend(problems)
    configuration = Configuration()
    if root is None and not problems:
        reader.problem(Position(), "the file is empty; it begins with `version: 1`")
    elif isinstance(root, Mapping) and guide.is_guide(root):
        configuration = guide.convert(root, reader, text=text, source=source, read_file=read_file)
    elif root is not None:
        configuration = _native(root, reader, text=text, source=source, read_file=read_file)
    reader.check_references(known)
    servers = reader.defined("server") | known.servers
    configuration = replace(configuration, notes=configuration.notes + _doubts(configuration, servers))
    found = tuple(Problem(source, p.line, p.column, p.message) for p in sorted(set(reader.problems)))
    found += _policy_problems(configuration.policy, reader.defined("team") | known.teams)
    if found:
        raise BadConfiguration(found)
    return configuration


def _native(root: Node, reader: FileReader, *, text: str, source: str, read_file: ReadFile) -> Configuration:
    fields = reader.fields(root, KEYS, "the file")
    _check_version(root, fields, reader)
    secrets = read_secrets(fields.get("secrets"), reader)
    return Configuration(
        teams=_entries(fields, "teams", reader, read_team),
        people=_entries(fields, "people", reader, read_person),
        servers=_entries(fields, "servers", reader, _server),
        roles=_entries(fields, "roles", reader, read_role),
        agents=_entries(fields, "agents", reader, read_agent),
        secrets=secrets,
        policy=read_policy(fields.get("policy"), reader, text=text, source=source, read_file=read_file),
    )


def _server(node: Node, reader: FileReader, what: str) -> ServerEntry | None:
    entry = read_server(node, reader, what)
    if entry is not None:
        assert isinstance(node, Mapping)
        reader.define("server", entry.name, node)
        reader.refer("team", entry.team, node, f"team of server {entry.name}")
        reader.refer("person", entry.owner, node, f"owner of server {entry.name}")
        for name in entry.secret_names():
            reader.refer("secret", name, node, f"server {entry.name}")
    return entry


def _entries(
    fields: dict[str, Node], key: str, reader: FileReader, read: Callable[[Node, FileReader, str], T | None]
) -> tuple[T, ...]:
    node = fields.get(key)
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return ()
    read_all = (read(item, reader, f"{key}[{number}]") for number, item in enumerate(reader.items(node, key)))
    return tuple(entry for entry in read_all if entry is not None)


def _check_version(root: Node, fields: dict[str, Node], reader: FileReader) -> None:
    node = fields.get("version")
    if node is None:
        if isinstance(root, Mapping):
            reader.problem(root, "the file has no version; begin it with `version: 1`")
    elif not isinstance(node, Scalar) or node.text != "1":
        reader.problem(node, "this version of the file is unknown; write `version: 1`")


def _doubts(configuration: Configuration, servers: frozenset[str]) -> tuple[str, ...]:
    """Patterns whose left side looks like a server and is none: they mean an item of that name on every server."""
    return tuple(
        f"role {role.name}: no server is called {left!r}, so {pattern!r} means an item of that name on every server"
        for role in configuration.roles
        for pattern in (*role.tools, *role.prompts)
        for left, slash, _ in (pattern.partition("/"),)
        if slash and left not in servers and not set(left) & set("*?")
    )


def _policy_problems(policy: PolicyText | None, teams: frozenset[str]) -> tuple[Problem, ...]:
    """What the policy language has against the text, at its place in the file it stands in."""
    if policy is None:
        return ()
    try:
        compile_policy(language.parse(policy.text), teams=teams)
    except PolicyError as refused:
        return tuple(policy.problem(p.line, p.column, p.message) for p in refused.problems)
    return ()
