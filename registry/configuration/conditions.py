"""Read what the approval of items demands, as `gatehouse.yaml` says it. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.policy.nodes import Mapping, Node, json_of
from governance.policy.reading import Reader
from registry.conditions import BadCondition, read_condition
from registry.configuration.values import ConditionEntry

KINDS: Final = {"tools": "tool", "prompts": "prompt"}


def conditions_of(node: Node | None, reader: Reader, what: str) -> tuple[ConditionEntry, ...] | None:
    """`{tools: {write_file: {verdict: escalate}}, prompts: {…}}`; None where the file says nothing of conditions."""
    if node is None:
        return None
    found: list[ConditionEntry] = []
    for key, listed in reader.fields(node, KINDS, what).items():
        if not isinstance(listed, Mapping):
            reader.problem(listed, f"{key} in {what} must be a mapping of names to conditions")
            continue
        for name, value in listed.entries:
            try:
                condition = read_condition(json_of(value))
            except BadCondition as refused:
                reader.problem(value, f"{name.text} in {what}: {refused}")
                continue
            if condition.record():
                found.append(ConditionEntry(KINDS[key], name.text, condition))
    return tuple(sorted(found, key=lambda entry: (entry.kind, entry.name)))
