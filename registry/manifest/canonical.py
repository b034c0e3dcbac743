"""What a server offers, in a form to compare: every field kept, one digest an item. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from governance.canonical.strict_json import digest, encode, jcs_document
from governance.canonical.values import JSON

MAX_ITEMS: Final = 20_000
MAX_ITEM_BYTES: Final = 512 * 1024
MAX_MANIFEST_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 48
MAX_NAME: Final = 2000

_TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")


class ManifestError(ValueError):
    """A manifest that cannot be judged. The text names the item and what is wrong with it."""


class Kind(StrEnum):
    """What an item of a manifest is."""

    TOOL = "tool"
    PROMPT = "prompt"
    TEMPLATE = "template"
    RESOURCE = "resource"
    INSTRUCTIONS = "instructions"
    SERVER_INFO = "server-info"
    OTHER = "other"


HELD: Final = frozenset((Kind.TOOL, Kind.PROMPT, Kind.TEMPLATE, Kind.INSTRUCTIONS))
"""Kinds that are locked to their approved form; the others are scanned and noticed (contract section 5)."""

Key: TypeAlias = tuple[Kind, str]

_LISTS: Final[Mapping[str, tuple[Kind, str]]] = {
    "tools": (Kind.TOOL, "name"),
    "prompts": (Kind.PROMPT, "name"),
    "resourceTemplates": (Kind.TEMPLATE, "uriTemplate"),
    "resources": (Kind.RESOURCE, "uri"),
}
_SINGLE: Final[Mapping[str, Kind]] = {"instructions": Kind.INSTRUCTIONS, "serverInfo": Kind.SERVER_INFO}


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `document` is all of it as the server sent it; `digest` is `sha256:<hex>` over its RFC 8785 form.

    The document of `instructions` and of a field that is not known here is `{field: value}`.
    """

    kind: Kind
    name: str
    document: Mapping[str, JSON]
    digest: str

    @property
    def key(self) -> Key:
        """Kind and name: unique in a manifest."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a server offers, in its own order.

    `digest` covers every item; `held_digest` only those that are locked, so that a list of resources that grows, or a
    new version number of the server, does not touch it. Neither depends on the order of lists or keys.
    """

    items: tuple[Item, ...]
    digest: str
    held_digest: str

    def of(self, kind: Kind) -> tuple[Item, ...]:
        """The items of one kind, in the server's order."""
        return tuple(item for item in self.items if item.kind is kind)

    @property
    def by_key(self) -> dict[Key, Item]:
        """The items by kind and name."""
        return {item.key: item for item in self.items}

    @property
    def document(self) -> dict[str, JSON]:
        """The manifest as one JSON object, as `read_manifest` takes it."""
        whole: dict[str, JSON] = {}
        for item in self.items:
            if item.kind in (Kind.INSTRUCTIONS, Kind.OTHER):
                whole.update(item.document)
            elif item.kind is Kind.SERVER_INFO:
                whole["serverInfo"] = dict(item.document)
            else:
                field = next(name for name, (kind, _) in _LISTS.items() if kind is item.kind)
                listed = whole.setdefault(field, [])
                assert isinstance(listed, list)
                listed.append(dict(item.document))
        return whole

    def encoded(self) -> bytes:
        """The document as JSON with sorted keys, numbers as the server wrote them."""
        return encode(self.document)


def read_manifest(document: JSON, *, any_names: bool = False) -> Manifest:
    """The manifest in `{tools, prompts, resourceTemplates, resources, instructions, serverInfo}`; all may be absent.

    Fields that are not known are kept as items of their own. `any_names` lets tool names through that no server may
    have, for a scan that shall report them. Raises ManifestError, which names the item.
    """
    if not isinstance(document, dict):
        raise ManifestError("a manifest is a JSON object")
    items: list[Item] = []
    size = 0
    for field, value in document.items():
        for item, length in _items_of(field, value, any_names):
            items.append(item)
            size += length
            if len(items) > MAX_ITEMS:
                raise ManifestError(f"the manifest has more than {MAX_ITEMS} items")
            if size > MAX_MANIFEST_BYTES:
                raise ManifestError(f"the manifest is larger than {MAX_MANIFEST_BYTES} bytes")
    _refuse_duplicates(items)
    digests = {item.key: item.digest for item in items}
    return Manifest(tuple(items), whole_digest(digests), held_digest(digests))


def whole_digest(digests: Mapping[Key, str]) -> str:
    """The digest of a manifest whose items have these digests."""
    rows: list[JSON] = [[str(kind), name, digests[kind, name]] for kind, name in sorted(digests)]
    return digest(jcs_document(rows))


def held_digest(digests: Mapping[Key, str]) -> str:
    """The digest of those items that are locked."""
    return whole_digest({key: value for key, value in digests.items() if key[0] in HELD})


def _items_of(field: str, value: JSON, any_names: bool) -> list[tuple[Item, int]]:
    if field in _LISTS:
        kind, name_field = _LISTS[field]
        if value is None:
            return []
        if not isinstance(value, list):
            raise ManifestError(f"{field} is not a list")
        return [_listed(kind, name_field, member, f"{field}[{at}]", any_names) for at, member in enumerate(value)]
    kind = _SINGLE.get(field, Kind.OTHER)
    if value is None and kind is not Kind.OTHER:
        return []
    if kind is Kind.INSTRUCTIONS and not isinstance(value, str):
        raise ManifestError("instructions is not a string")
    if kind is not Kind.SERVER_INFO:
        return [_item(kind, field, {field: value}, field)]
    if not isinstance(value, dict):
        raise ManifestError("serverInfo is not an object")
    return [_item(kind, field, value, field)]


def _listed(kind: Kind, name_field: str, member: JSON, where: str, any_names: bool) -> tuple[Item, int]:
    if not isinstance(member, dict):
        raise ManifestError(f"{where} is not an object")
    name = member.get(name_field)
    if not isinstance(name, str) or not name:
        raise ManifestError(f"{where} has no {name_field}")
    if len(name) > MAX_NAME:
        raise ManifestError(f"{where}: {name_field} is longer than {MAX_NAME} characters")
    if kind is Kind.TOOL and not any_names and not _TOOL_NAME.fullmatch(name):
        raise ManifestError(f"{where}: the tool name {name[:80]!a} is not made of 1 to 128 letters, digits, _ . and -")
    return _item(kind, name, member, f"{where} ({name[:80]!a})")


def _item(kind: Kind, name: str, document: dict[str, JSON], where: str) -> tuple[Item, int]:
    if _deeper_than(document, MAX_DEPTH):
        raise ManifestError(f"{where} is nested deeper than {MAX_DEPTH}")
    canonical = jcs_document(document)
    if len(canonical) > MAX_ITEM_BYTES:
        raise ManifestError(f"{where} is larger than {MAX_ITEM_BYTES} bytes")
    return Item(kind, name, document, digest(canonical)), len(canonical)


def _deeper_than(value: JSON, limit: int) -> bool:
    level: list[JSON] = [value]
    for _ in range(limit + 1):
        level = [
            member
            for container in level
            if isinstance(container, dict | list)
            for member in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return any(isinstance(member, dict | list) for member in level)


def _refuse_duplicates(items: list[Item]) -> None:
    seen: set[Key] = set()
    for item in items:
        if item.key in seen:
            raise ManifestError(f"two items of kind {item.kind} have the name {item.name[:80]!a}")
        seen.add(item.key)
