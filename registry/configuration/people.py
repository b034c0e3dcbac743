"""Read teams, people, data-plane roles, agents and secrets of `gatehouse.yaml`. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.policy.nodes import Mapping, Node, Scalar, Sequence
from registry.configuration import words
from registry.configuration.references import FileReader
from registry.configuration.values import AgentEntry, PersonEntry, Rate, RoleEntry, SecretEntry, TeamEntry

PERSON_KEYS: Final = ("email", "roles", "teams", "api_token")
ROLE_KEYS: Final = ("name", "tools", "prompts", "resources", "servers")
AGENT_KEYS: Final = ("name", "owner", "team", "roles", "expires_in", "rate")
LONGEST_TOKEN: Final = 366 * 86_400
TOKEN_LIFE: Final = 30 * 86_400


def read_team(node: Node, reader: FileReader, what: str) -> TeamEntry | None:
    """One entry of `teams`."""
    fields = reader.fields(node, ("name",), what)
    name = words.slug(fields.get("name"), reader, f"name of {what}")
    if not name:
        _require(node, fields, "name", reader, what)
        return None
    reader.define("team", name, node)
    return TeamEntry(name)


def read_person(node: Node, reader: FileReader, what: str) -> PersonEntry | None:
    """One entry of `people`."""
    fields = reader.fields(node, PERSON_KEYS, what)
    email = words.email(fields.get("email"), reader, f"email of {what}")
    if not email:
        _require(node, fields, "email", reader, what)
        return None
    what = f"person {email}"
    reader.define("person", email, node)
    roles = words.members(fields.get("roles"), reader, f"roles of {what}", words.CONSOLE_ROLES)
    teams = _named(fields.get("teams"), "team", reader, f"teams of {what}")
    return PersonEntry(email, roles, teams, _api_token(fields.get("api_token"), reader, f"api_token of {what}"))


def _api_token(node: Node | None, reader: FileReader, what: str) -> tuple[str, ...] | None:
    if node is None:
        return None
    if isinstance(node, Sequence):
        scopes = words.members(node, reader, what, words.SCOPES)
        if not node.items:
            reader.problem(node, f"{what} has no scope; write true for all that the roles allow")
        return scopes or None
    return () if reader.boolean(node, f"{what} (or a list of scopes)") else None


def read_role(node: Node, reader: FileReader, what: str) -> RoleEntry | None:
    """One entry of `roles`, the data-plane roles."""
    fields = reader.fields(node, ROLE_KEYS, what)
    name = words.slug(fields.get("name"), reader, f"name of {what}")
    if not name:
        _require(node, fields, "name", reader, what)
        return None
    what = f"role {name}"
    reader.define("role", name, node)
    tools = words.several(fields.get("tools"), reader, f"tools of {what}")
    prompts = words.several(fields.get("prompts"), reader, f"prompts of {what}")
    resources = words.several(fields.get("resources"), reader, f"resources of {what}")
    servers = _named(fields.get("servers"), "server", reader, f"servers of {what}")
    return RoleEntry(name, tools, prompts, resources, servers)


def read_agent(node: Node, reader: FileReader, what: str) -> AgentEntry | None:
    """One entry of `agents`; it belongs to exactly one person or team."""
    fields = reader.fields(node, AGENT_KEYS, what)
    name = words.agent_name(fields.get("name"), reader, f"name of {what}")
    if not name:
        _require(node, fields, "name", reader, what)
        return None
    what = f"agent {name}"
    reader.define("agent", name, node)
    if ("owner" in fields) == ("team" in fields):
        reader.problem(node, f"{what} needs exactly one of owner (a person's e-mail) and team")
    owner = words.email(fields.get("owner"), reader, f"owner of {what}")
    team = words.slug(fields.get("team"), reader, f"team of {what}")
    reader.refer("person", owner, fields.get("owner", node), f"owner of {what}")
    reader.refer("team", team, fields.get("team", node), f"team of {what}")
    roles = _named(fields.get("roles"), "role", reader, f"roles of {what}")
    expires = _duration(fields.get("expires_in"), reader, f"expires_in of {what}", LONGEST_TOKEN)
    rate = _rate(fields.get("rate"), reader, f"rate of {what}")
    return AgentEntry(name, owner, team, roles, expires or TOKEN_LIFE, rate)


def _rate(node: Node | None, reader: FileReader, what: str) -> Rate | None:
    if node is None:
        return None
    fields = reader.fields(node, ("calls", "per"), what)
    for key in ("calls", "per"):
        if fields and key not in fields:
            reader.problem(node, f"{what} has no {key}; write for example {{calls: 600, per: 1m}}")
    calls = reader.whole(fields["calls"], f"calls in {what}", minimum=1) if "calls" in fields else None
    per = _duration(fields.get("per"), reader, f"per in {what}", 86_400)
    if calls is not None and calls > 1_000_000:
        reader.problem(fields["calls"], f"calls in {what} can be at most 1000000")
        return None
    return Rate(calls, per) if calls and per else None


def _duration(node: Node | None, reader: FileReader, what: str, longest: int) -> int | None:
    seconds = None if node is None else reader.seconds(node, what)
    if seconds is not None and seconds > longest:
        assert node is not None
        reader.problem(node, f"{what} can be at most {longest // 86_400}d")
        return None
    return seconds


def read_secrets(node: Node | None, reader: FileReader) -> tuple[SecretEntry, ...]:
    """The map `secrets`: each name with where its value is found, never the value itself."""
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return ()
    if not isinstance(node, Mapping):
        reader.problem(node, "secrets must be a mapping, for example {tickets-auth: {env: TICKETS_AUTH}}")
        return ()
    found = (_secret(key, value, reader) for key, value in node.entries)
    return tuple(entry for entry in found if entry is not None)


def _secret(key: Scalar, node: Node, reader: FileReader) -> SecretEntry | None:
    name = words.slug(Scalar(key.text, key.text, key.at), reader, "a name under secrets")
    what = f"secret {name}"
    if not name:
        return None
    reader.define("secret", name, key)
    if not isinstance(node, Mapping):
        reader.problem(
            node, f"{what} must say where its value is: {{env: NAME}} or {{value_file: PATH}}; never the value"
        )
        return None
    fields = reader.fields(node, ("env", "value_file"), what)
    if len(fields) != 1:
        reader.problem(node, f"{what} needs exactly one of env and value_file")
        return None
    env = words.text(fields.get("env"), reader, f"env of {what}")
    return SecretEntry(name, env, words.text(fields.get("value_file"), reader, f"value_file of {what}"))


def _named(node: Node | None, kind: str, reader: FileReader, what: str) -> tuple[str, ...]:
    """A list of names of things that must exist."""
    check = words.server_name if kind == "server" else words.slug
    names = words.several(node, reader, what, check)
    if isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Scalar) and item.text in names:
                reader.refer(kind, item.text, item, what)
    return names


def _require(node: Node, fields: dict[str, Node], key: str, reader: FileReader, what: str) -> None:
    if isinstance(node, Mapping) and key not in fields:
        reader.problem(node, f"{what} has no {key}; add it")
