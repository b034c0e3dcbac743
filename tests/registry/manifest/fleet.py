"""Many servers with many tools each, made of the pinned manifests, as they were and as they are."""

from __future__ import annotations

import copy
import json
from itertools import cycle, islice
from typing import Any

from tests.registry.manifest.documents import real_documents

SERVERS = 50
TOOLS = 500


def fleet() -> list[tuple[bytes, bytes]]:
    """The manifests of all servers before and after, as bytes; every tool differs in words and in its schema."""
    tools = [member for document in real_documents().values() for member in document["tools"]]
    pairs = []
    for server in range(SERVERS):
        was = [named(member, f"s{server}_{number}") for number, member in enumerate(islice(cycle(tools), TOOLS))]
        pairs.append((written(was), written([changed(member) for member in was])))
    return pairs


def named(member: Any, name: str) -> Any:
    return {**member, "name": name}


def changed(member: Any) -> Any:
    """A tool as a new version might have it: a sentence more, a parameter more, one that is required no longer."""
    new = copy.deepcopy(member)
    new["description"] = new.get("description", "") + " Results are kept for an hour."
    schema = new["inputSchema"]
    schema.setdefault("properties", {})["ttl"] = {"type": "integer", "minimum": 0, "description": "Seconds to keep it"}
    schema["required"] = schema.get("required", [])[:-1]
    new["annotations"] = {**new.get("annotations", {}), "openWorldHint": True}
    return new


def written(tools: list[Any]) -> bytes:
    return json.dumps({"tools": tools}).encode()
