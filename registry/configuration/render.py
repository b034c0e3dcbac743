"""Write a configuration as `gatehouse.yaml`; what `parse_config` reads back is equal. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import yaml

from registry.configuration.values import (
    AgentEntry,
    Approval,
    Approve,
    ConditionEntry,
    Configuration,
    PersonEntry,
    RoleEntry,
    SecretEntry,
    SecretName,
    ServerEntry,
)

# Anything else is quoted: the reader follows YAML 1.2 and this writer 1.1, which differ on what is a plain text.
PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*", re.ASCII)
WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


class _Writer(yaml.SafeDumper):
    """Lists on one line, maps on several, texts quoted unless they are plain in every YAML."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: _Writer, text: str) -> yaml.ScalarNode:
    if "\n" in text and is_block(text):
        return writer.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain(text) else '"')


def is_plain(text: str) -> bool:
    """Whether a text means itself without quotation marks in every YAML."""
    return bool(PLAIN.fullmatch(text)) and text.lower() not in WORDS


def is_block(text: str) -> bool:
    """Whether a text of several lines stands as it is in a literal block."""
    return all(line == line.rstrip() and (not line or line.isprintable()) for line in text.split("\n"))


def _list(writer: _Writer, items: list[Any]) -> yaml.SequenceNode:
    return writer.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=not any(isinstance(i, dict) for i in items)
    )


_Writer.add_representer(str, _text)
_Writer.add_representer(list, _list)


def render(configuration: Configuration) -> str:
    """The text of the file; sections and keys that say nothing are left out."""
    document: dict[str, Any] = {"version": 1}
    sections = {
        "teams": [{"name": team.name} for team in configuration.teams],
        "people": [_person(person) for person in configuration.people],
        "servers": [_server(server) for server in configuration.servers],
        "roles": [_role(role) for role in configuration.roles],
        "agents": [_agent(agent) for agent in configuration.agents],
        "secrets": dict(_secret(secret) for secret in configuration.secrets),
        "policy": _policy(configuration),
    }
    document.update((key, value) for key, value in sections.items() if value)
    return yaml.dump(document, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=10_000)


def _policy(configuration: Configuration) -> str | None:
    """The policy as a block of text; the line end at its close tells it from the name of a file."""
    text = configuration.policy.text if configuration.policy else None
    return text if text is None or text.endswith("\n") else text + "\n"


def _person(entry: PersonEntry) -> dict[str, Any]:
    token = None if entry.api_token is None else list(entry.api_token) or True
    fields = {"roles": list(entry.roles), "teams": list(entry.teams), "api_token": token}
    return {"email": entry.email, **_said(fields)}


def _server(entry: ServerEntry) -> dict[str, Any]:
    fields = {
        "url": entry.url,
        "command": list(entry.command),
        "cwd": entry.cwd,
        "env": _values(entry.env),
        "headers": _values(entry.headers),
        "team": entry.team,
        "tags": list(entry.tags),
        "category": list(entry.category),
        "client_requests": dict(entry.client_requests),
        "sessions": entry.sessions if entry.sessions != "auto" else "",
        "allow_private_address": entry.allow_private_address,
        "sandbox": entry.sandbox.record(),
        "description": entry.description,
        "environment": entry.environment,
        "owner": entry.owner,
        "conditions": _conditions(entry.conditions or ()),
        **_approval(entry.approval),
    }
    return {"name": entry.name, "transport": entry.transport, **_said(fields)}


def _conditions(entries: Iterable[ConditionEntry]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        found.setdefault(f"{entry.kind}s", {})[entry.name] = entry.condition.record()
    return found


def _approval(approval: Approval) -> dict[str, Any]:
    which: dict[Approve, dict[str, Any]] = {
        Approve.ALL: {"approve": "all"},
        Approve.NONE: {"approve": "none"},
        Approve.LISTED: {"approve": list(approval.items)},
        Approve.PINNED: {"manifest": approval.manifest},
    }
    return {**which[approval.which], "accept_findings": list(approval.findings)}


def _role(entry: RoleEntry) -> dict[str, Any]:
    fields = ("tools", "prompts", "resources", "servers")
    return {"name": entry.name, **_said({field: list(getattr(entry, field)) for field in fields})}


def _agent(entry: AgentEntry) -> dict[str, Any]:
    rate = {"calls": entry.rate.calls, "per": _duration(entry.rate.seconds)} if entry.rate else None
    fields = {
        "owner": entry.owner,
        "team": entry.team,
        "roles": list(entry.roles),
        "expires_in": _duration(entry.expires_in),
        "rate": rate,
    }
    return {"name": entry.name, **_said(fields)}


def _secret(entry: SecretEntry) -> tuple[str, dict[str, str]]:
    return entry.name, {"env": entry.env} if entry.env else {"value_file": entry.value_file}


def _values(pairs: Iterable[tuple[str, str | SecretName]]) -> dict[str, Any]:
    return {name: {"secret": value.name} if isinstance(value, SecretName) else value for name, value in pairs}


def _duration(seconds: int) -> str:
    unit = next(unit for unit in (86_400, 3600, 60, 1) if seconds % unit == 0)
    return f"{seconds // unit}" + {86_400: "d", 3600: "h", 60: "m", 1: "s"}[unit]


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in ("", [], {}, None, False)}
