"""Every string and every key of an item, with the place it stands in. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from governance.canonical.values import JSON
from registry.scan.finding import Step, Steps

MAX_TEXTS: Final = 50_000
"""Strings and keys of one item. An item of the largest size that is kept can hold no more than twice as many."""


class Role(StrEnum):
    """What a text is in its place."""

    PROSE = "prose"
    TITLE = "title"
    VALUE = "value"
    WORD = "word"
    NAME = "name"
    KEY = "key"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Text:
    """A string of an item, or a key when `role` is KEY: then `steps` ends in the key itself."""

    steps: Steps
    text: str
    role: Role

    @property
    def key(self) -> str:
        """The last name on the way to it; that of the list for a member of a list."""
        return next((step for step in reversed(self.steps) if isinstance(step, str)), "")


_ROLES: Final[Mapping[str, Role]] = {
    **dict.fromkeys(("description", "instructions", "text", "summary", "markdownDescription"), Role.PROSE),
    "title": Role.TITLE,
    **dict.fromkeys(("default", "const", "example", "examples"), Role.VALUE),
    **dict.fromkeys(
        ("enum", "required", "type", "format", "mimeType", "version", "pattern", "contentEncoding", "contentMediaType",
         "dependentRequired", "sizes", "theme", "role", "taskSupport"),
        Role.WORD,
    ),
    "name": Role.NAME,
    **dict.fromkeys(("uri", "uriTemplate", "src", "href", "url", "websiteUrl"), Role.LINK),
    **dict.fromkeys(("$ref", "$id", "$schema", "$dynamicRef"), Role.LINK),
}  # fmt: skip

KNOWN_KEYS: Final = frozenset(_ROLES) | frozenset(
    """
    inputSchema outputSchema annotations properties items additionalProperties patternProperties anyOf oneOf
    allOf not if then else minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems
    maxItems uniqueItems multipleOf minProperties maxProperties prefixItems contains propertyNames
    dependentSchemas unevaluatedProperties additionalItems unevaluatedItems $defs definitions $anchor
    $dynamicAnchor $comment $vocabulary deprecated readOnly writeOnly nullable readOnlyHint destructiveHint
    idempotentHint openWorldHint icons arguments _meta execution size audience priority lastModified messages
    content capabilities listChanged subscribe tools prompts resources logging completions tasks minContains
    maxContains discriminator propertyName mapping externalDocs xml experimental extensions
    """.split()
)
"""Names of MCP and JSON Schema: as keys they say nothing."""

_FREE_NAMES: Final = frozenset(
    ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas", "_meta", "dependentRequired")
)
"""Objects whose keys the server makes up, so that a property named `description` is a name and not a description."""


def texts(document: Mapping[str, JSON]) -> list[Text]:
    """Every string and every made-up key below `document`, in an order that the order of keys does not change."""
    found: list[Text] = []
    for text in _below(document):
        found.append(text)
        if len(found) >= MAX_TEXTS:
            break
    return found


def _below(document: Mapping[str, JSON]) -> Iterator[Text]:
    waiting: list[tuple[JSON, Steps, bool]] = [(dict(document), (), False)]
    while waiting:
        value, steps, free = waiting.pop()
        if isinstance(value, str):
            yield Text(steps, value, role_at(steps))
        elif isinstance(value, dict):
            for name in sorted(value, reverse=True):
                within = name in _FREE_NAMES and not free and isinstance(value[name], dict)
                waiting.append((value[name], (*steps, name), within))
            for name in sorted(value):
                if free or name not in KNOWN_KEYS:
                    yield Text((*steps, name), name, Role.KEY)
        elif isinstance(value, list):
            for place in range(len(value) - 1, -1, -1):
                waiting.append((value[place], (*steps, place), False))


def role_at(steps: Steps) -> Role:
    """The role of a string at a place. A property called `default` is no default."""
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        if isinstance(step, str):
            parent = steps[place - 1] if place else ""
            if parent in _FREE_NAMES and parent not in ("_meta", "dependentRequired"):
                return Role.OTHER
            return _ROLES.get(step, Role.OTHER)
    return Role.OTHER


def gather(document: Mapping[str, JSON]) -> list[str]:
    """The same texts without their places, in no particular order: for a first look."""
    found: list[str] = []
    waiting: list[JSON] = [dict(document)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            found.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def parameters(document: Mapping[str, JSON]) -> Iterator[tuple[Steps, str, Mapping[str, JSON]]]:
    """The parameters that a caller fills in: place, name and schema, of nested objects too; a prompt's arguments."""
    for field in ("inputSchema", "outputSchema"):
        schema = document.get(field)
        if isinstance(schema, dict) and field == "inputSchema":
            yield from _properties(schema, (field,))
    arguments = document.get("arguments")
    for place, argument in enumerate(arguments if isinstance(arguments, list) else ()):
        if isinstance(argument, dict) and isinstance(argument.get("name"), str):
            yield ("arguments", place), str(argument["name"]), argument


def _properties(schema: Mapping[str, JSON], steps: Steps) -> Iterator[tuple[Steps, str, Mapping[str, JSON]]]:
    waiting: list[tuple[JSON, Steps]] = [(dict(schema), steps)]
    while waiting:
        value, at = waiting.pop()
        if isinstance(value, list):
            waiting.extend((member, (*at, place)) for place, member in enumerate(value))
        elif isinstance(value, dict):
            properties = value.get("properties")
            if isinstance(properties, dict):
                for name in sorted(properties):
                    member = properties[name]
                    yield (*at, "properties", name), name, member if isinstance(member, dict) else {}
            waiting.extend(_subschemas(value, at))


def _subschemas(value: Mapping[str, JSON], at: Steps) -> Iterator[tuple[JSON, Steps]]:
    for key in sorted(value):
        member = value[key]
        if key in ("properties", "$defs", "definitions", "patternProperties") and isinstance(member, dict):
            for name in sorted(member):
                yield member[name], (*at, key, name)
        elif key in ("items", "anyOf", "oneOf", "allOf", "additionalProperties", "then", "else", "prefixItems", "not"):
            yield member, (*at, key)


def last_name(steps: Steps) -> Step:
    """The last step, or nothing."""
    return steps[-1] if steps else ""
