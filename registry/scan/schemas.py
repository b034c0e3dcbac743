"""Schemas that reach out, run in circles or blow up, and patterns that take for ever. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from governance.canonical.values import JSON, Number
from registry.scan.ambiguity import Unjudgeable, circles_of, exponential
from registry.scan.finding import Hit, Hits, Steps

MAX_PATTERNS: Final = 200
MAX_EXPANDED: Final = 50_000
"""Schemas that a schema may stand for once every reference is followed."""
MAX_NODES: Final = 20_000
DEEP: Final = 30
MANY_BRANCHES: Final = 150
MANY_MEMBERS: Final = 2_000
HUGE: Final = 1_000_000

_SCHEMAS: Final = ("inputSchema", "outputSchema", "schema", "argumentsSchema", "requestedSchema")
_MAPS: Final = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLES: Final = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
                   "unevaluatedProperties", "unevaluatedItems", "additionalItems")  # fmt: skip
_IN_PLACE: Final = ("anyOf", "oneOf", "allOf", "not", "if", "then", "else")
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef", "$schema", "$id", "id")
_REFERRING: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_LEAST: Final = ("minLength", "minItems", "minProperties", "minContains")
_DIALECTS: Final = (
    "http://json-schema.org/",
    "https://json-schema.org/",
    "https://modelcontextprotocol.io/",
    "https://spec.openapis.org/",
    "https://schema.org",
)
_NAMED: Final = ("$schema", "$id", "id")


@dataclass(frozen=True, slots=True)
class _Node:
    """A schema within a schema and where it stands."""

    steps: Steps
    value: Mapping[str, JSON]


@dataclass(slots=True)
class _Graph:
    """All schemas below one root, by place; which of them stand in place of which, and which lie below which."""

    nodes: dict[Steps, _Node] = field(default_factory=dict)
    in_place: dict[Steps, list[Steps]] = field(default_factory=dict)
    needed: dict[Steps, list[Steps]] = field(default_factory=dict)
    below: dict[Steps, list[Steps]] = field(default_factory=dict)
    too_many: bool = False


def schemas(document: Mapping[str, JSON]) -> Hits:
    """What the schemas of one item give."""
    for name in _SCHEMAS:
        schema = document.get(name)
        if isinstance(schema, dict):
            yield from _schema(schema, (name,))


def _schema(schema: Mapping[str, JSON], root: Steps) -> Hits:
    graph = _graph(schema, root)
    patterns = 0
    referring = False
    for node in graph.nodes.values():
        referring = referring or any(key in node.value for key in _REFERRING)
        yield from _outward(node)
        yield from _sizes(node)
        for hit in _patterns(node):
            patterns += 1
            if patterns <= MAX_PATTERNS:
                yield hit
    if graph.too_many:
        yield Hit("schema-bomb", root, "", f"more than {MAX_NODES} schemas within one another")
        return
    if referring:
        _refer(graph, root)
        yield from _circles(graph)
    if referring or len(graph.nodes) > MAX_EXPANDED:
        yield from _blown_up(graph, root)


def _graph(schema: Mapping[str, JSON], root: Steps) -> _Graph:
    graph = _Graph()
    waiting = [_Node(root, schema)]
    while waiting:
        node = waiting.pop()
        if len(graph.nodes) >= MAX_NODES:
            graph.too_many = True
            break
        graph.nodes[node.steps] = node
        children = list(_children(node))
        graph.below[node.steps] = [child.steps for child in children]
        graph.in_place[node.steps] = [child.steps for child in children if child.steps[len(node.steps)] in _IN_PLACE]
        waiting.extend(children)
    return graph


def _refer(graph: _Graph, root: Steps) -> None:
    """Add what references lead to."""
    for steps, node in graph.nodes.items():
        for key in _REFERRING:
            target = _target(node.value.get(key), root)
            if target is not None and target in graph.nodes:
                graph.in_place[steps].append(target)
                graph.below[steps].append(target)
        graph.needed[steps] = [*_all_of(graph, steps), *_required(node, graph)]


def _children(node: _Node) -> Iterator[_Node]:
    for key in sorted(node.value):
        member = node.value[key]
        if key in _MAPS and isinstance(member, dict):
            for name in sorted(member):
                value = member[name]
                if isinstance(value, dict):
                    yield _Node((*node.steps, key, name), value)
        elif key in _LISTS and isinstance(member, list):
            for place, value in enumerate(member):
                if isinstance(value, dict):
                    yield _Node((*node.steps, key, place), value)
        elif key in _SINGLES and isinstance(member, dict):
            yield _Node((*node.steps, key), member)
        elif key == "items" and isinstance(member, list):
            for place, value in enumerate(member):
                if isinstance(value, dict):
                    yield _Node((*node.steps, key, place), value)


def _target(reference: JSON, root: Steps) -> Steps | None:
    """The place that a reference within the document names; list places are numbers there."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    parts = [part.replace("~1", "/").replace("~0", "~") for part in reference[1:].split("/")[1:]]
    steps: list[str | int] = [int(part) if part.isdecimal() and len(part) < 6 else part for part in parts]
    return (*root, *steps)


def _all_of(graph: _Graph, steps: Steps) -> list[Steps]:
    """What has to hold together with a schema: its reference and everything of `allOf`."""
    return [
        target for target in graph.in_place[steps]
        if target == steps or target[: len(steps)] != steps or target[len(steps)] == "allOf"
    ]  # fmt: skip


def _required(node: _Node, graph: _Graph) -> list[Steps]:
    required, properties = node.value.get("required"), node.value.get("properties")
    if not isinstance(required, list) or not isinstance(properties, dict):
        return []
    places = [(*node.steps, "properties", name) for name in required if isinstance(name, str)]
    return [place for place in places if place in graph.nodes]


def _outward(node: _Node) -> Hits:
    for key in _REFERENCES:
        value = node.value.get(key)
        if not isinstance(value, str) or value.startswith("#") or not value:
            continue
        lower = value.strip().lower()
        if key in _NAMED:
            if key == "$schema" and not lower.startswith(_DIALECTS):
                yield Hit("foreign-dialect", (*node.steps, key), value)
        elif lower.startswith(("http:", "https:", "//", "ftp:", "ws:", "wss:")):
            yield Hit("remote-reference", (*node.steps, key), value)
        elif lower.startswith(("file:", "/", "\\", "~")) or ".." in lower or ":" in lower:
            yield Hit("local-reference", (*node.steps, key), value)
        else:
            yield Hit("outside-reference", (*node.steps, key), value)


def _sizes(node: _Node) -> Hits:
    if len(node.steps) > 2 * DEEP:
        yield Hit("schema-bomb", node.steps, "", f"{len(node.steps)} levels deep")
    for key in _LEAST:
        if (number := _number(node.value.get(key))) is not None and number >= HUGE:
            yield Hit("schema-bomb", (*node.steps, key), str(node.value[key]), "no caller can fill in so much")
    for key in ("anyOf", "oneOf", "allOf"):
        members = node.value.get(key)
        if isinstance(members, list) and len(members) > MANY_BRANCHES:
            yield Hit("schema-bomb", (*node.steps, key), "", f"{len(members)} branches")
    for key in ("properties", "enum", "required"):
        members = node.value.get(key)
        if isinstance(members, dict | list) and len(members) > MANY_MEMBERS:
            yield Hit("schema-bomb", (*node.steps, key), "", f"{len(members)} members")


def _number(value: JSON) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return float(min(value, 10**300))
    return float(value.value) if isinstance(value, Number) else None


def _patterns(node: _Node) -> Hits:
    found = [((*node.steps, "pattern"), node.value.get("pattern"))]
    named = node.value.get("patternProperties")
    if isinstance(named, dict):
        found += [((*node.steps, "patternProperties", name), name) for name in sorted(named)]
    for steps, pattern in found:
        if isinstance(pattern, str):
            try:
                if exponential(pattern):
                    yield Hit("catastrophic-pattern", steps, pattern)
            except Unjudgeable as reason:
                yield Hit("unjudged-pattern", steps, pattern[:400], str(reason))


def _circles(graph: _Graph) -> Hits:
    for circle in circles_of(graph.in_place):
        first = min(circle, key=str)
        yield Hit("endless-reference", first, _quoted(graph, circle), f"{len(circle)} schemas stand for one another")
        return
    for circle in circles_of(graph.needed):
        first = min(circle, key=str)
        yield Hit(
            "endless-reference", first, _quoted(graph, circle), "each needs another one of its kind within itself"
        )
        return


def _quoted(graph: _Graph, circle: list[Steps]) -> str:
    references = [graph.nodes[steps].value.get("$ref") for steps in sorted(circle, key=str)]
    return " → ".join(str(reference) for reference in references if isinstance(reference, str))[:400]


def _blown_up(graph: _Graph, root: Steps) -> Hits:
    """Count what the root stands for when references are written out; a circle counts once."""
    sizes: dict[Steps, int] = {}
    for start in _from_the_leaves(graph, root):
        sizes[start] = min(1 + sum(sizes.get(child, 0) for child in graph.below[start]), MAX_EXPANDED + 1)
    if sizes.get(root, 0) > MAX_EXPANDED:
        yield Hit("schema-bomb", root, "", f"more than {MAX_EXPANDED} schemas once every reference is written out")


def _from_the_leaves(graph: _Graph, root: Steps) -> Iterator[Steps]:
    seen: set[Steps] = {root}
    work = [(root, iter(graph.below[root]))]
    while work:
        node, rest = work[-1]
        child = next(rest, None)
        if child is None:
            work.pop()
            yield node
        elif child not in seen:
            seen.add(child)
            work.append((child, iter(graph.below.get(child, ()))))
