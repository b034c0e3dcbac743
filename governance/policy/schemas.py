"""What an approved input schema declares, and whether arguments satisfy it. Pure: no Django, no I/O, no fetching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs

from governance.canonical.values import JSON, Number
from governance.policy.addresses import EACH, Steps
from governance.policy.reasons import in_order, listed

BACKTRACK_LIMIT: Final = 10_000
_COMBINED: Final = ("allOf", "anyOf", "oneOf")
_CONDITIONAL: Final = ("then", "else")
_MAX_NODES: Final = 2_000


class Declared:
    """The names that a schema declares, found through local references and combinations. None declares nothing."""

    __slots__ = ("_root", "top")

    def __init__(self, schema: Mapping[str, JSON] | None) -> None:
        self._root: Mapping[str, JSON] = schema or {}
        self.top: Final = self.names(self.roots())
        """The names of the arguments themselves."""

    def roots(self) -> list[Mapping[str, JSON]]:
        """The schemas that hold for the arguments object itself."""
        return self._spread([self._root])

    def names(self, nodes: list[Mapping[str, JSON]]) -> frozenset[str]:
        """The property names that any of the schemas declares; a `false` one is forbidden, not declared."""
        found: set[str] = set()
        for node in nodes:
            properties = node.get("properties")
            if isinstance(properties, dict):
                found.update(name for name, schema in properties.items() if schema is not False)
        return frozenset(found)

    def below(self, nodes: list[Mapping[str, JSON]], step: str | int) -> list[Mapping[str, JSON]]:
        """The schemas of a member, or of the elements where `step` is EACH; of both where it is an index."""
        following: list[JSON] = []
        for node in nodes:
            properties = node.get("properties")
            if step is not EACH and isinstance(properties, dict):
                following.append(properties.get(str(step)))
            if isinstance(step, int):
                following.append(node.get("items"))
                prefix = node.get("prefixItems")
                following.extend(prefix if isinstance(prefix, list) else [])
        return self._spread([node for node in following if isinstance(node, dict)])

    def declares(self, steps: Steps) -> bool:
        """Whether the schema has something at an address."""
        nodes = self.roots()
        for step in steps:
            known = step is EACH or str(step) in self.names(nodes)
            following = self.below(nodes, step)
            if not known and not following:
                return False
            nodes = following
        return True

    def formats(self, nodes: list[Mapping[str, JSON]]) -> frozenset[str]:
        """The `format` words of the schemas."""
        return frozenset(word for node in nodes if isinstance(word := node.get("format"), str))

    def _spread(self, nodes: list[Mapping[str, JSON]]) -> list[Mapping[str, JSON]]:
        """The schemas and all that they refer to or combine, each once."""
        waiting = list(nodes)
        seen: dict[int, Mapping[str, JSON]] = {}
        while waiting and len(seen) < _MAX_NODES:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen[id(node)] = node
            parts: list[JSON] = [node.get(key) for key in _CONDITIONAL]
            for key in _COMBINED:
                several = node.get(key)
                parts.extend(several if isinstance(several, list) else [])
            reference = node.get("$ref")
            parts.append(self._resolve(reference) if isinstance(reference, str) else None)
            waiting.extend(part for part in parts if isinstance(part, dict))
        return list(seen.values())

    def _resolve(self, reference: str) -> JSON:
        if reference == "#":
            return dict(self._root)
        if not reference.startswith("#/"):
            return None
        node: JSON = dict(self._root)
        for token in reference[2:].split("/"):
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict):
                node = node.get(key)
            elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
                node = node[int(key)]
            else:
                return None
        return node


class SchemaCheck:
    """Whether arguments satisfy an approved schema; nothing satisfies one that cannot be judged."""

    __slots__ = ("_broken", "_schema", "_validator")

    def __init__(self, schema: Mapping[str, JSON]) -> None:
        self._schema = schema
        self._validator: Any = None
        self._broken: str | None = None

    def problem(self, arguments: dict[str, JSON]) -> str | None:
        """One sentence on the first thing that does not fit, without quoting values; None when all fits."""
        if self._validator is None and self._broken is None:
            self._compile()
        if self._broken is not None:
            return self._broken
        instance = _plain(arguments)
        try:
            if self._validator.is_valid(instance):
                return None
            return _first_error(self._validator, in_order(instance))
        except (ValueError, UnicodeEncodeError) as error:
            return f"the arguments cannot be judged by the approved schema: {_one_line(error)}"

    def _compile(self) -> None:
        plain = _plain(dict(self._schema))
        linear = jsonschema_rs.RegexOptions()
        # Some servers write look-ahead, which the linear engine lacks; the other one stops after so many steps.
        bounded = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACK_LIMIT)
        for options in (linear, bounded):
            try:
                self._validator = jsonschema_rs.validator_for(plain, pattern_options=options, offline=True)
            except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
                self._broken = f"the approved schema cannot be judged: {_one_line(error)}"
            else:
                self._broken = None
                return


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split("\n", 1)[0].split())[:200]


def _first_error(validator: Any, instance: Any) -> str:
    error = next(iter(validator.iter_errors(instance)), None)
    if error is None:
        return "the arguments do not satisfy the approved schema"
    where = ".".join(str(part) for part in error.instance_path)[:80]
    kind = error.kind
    sort = type(kind).__name__
    if sort == "Required":
        return f"argument {_joined(where, str(kind.property))} is missing, which the approved schema requires"
    if sort in ("AdditionalProperties", "UnevaluatedProperties"):
        names = listed(_joined(where, str(name)) for name in kind.unexpected)
        return f"the approved schema has no argument {names}"
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    subject = f"argument {where}" if where else "the arguments"
    verb = "breaks" if where else "break"
    return f"{subject} {verb} {keyword} of the approved schema"


def _joined(where: str, name: str) -> str:
    short = name[:80] if name.isprintable() else ascii(name[:80])
    return f"{where}.{short}" if where else short


def _plain(value: Any) -> Any:
    """The same value with exact decimals in place of numbers kept as written; itself where there are none."""
    kind = type(value)
    if kind is dict:
        for member in value.values():
            sort = type(member)
            if sort is not str and sort is not int and sort is not bool and _plain(member) is not member:
                return {name: _plain(part) for name, part in value.items()}
    elif kind is list:
        for member in value:
            if type(member) is not str and _plain(member) is not member:
                return [_plain(part) for part in value]
    elif kind is Number:
        return value.value
    return value
