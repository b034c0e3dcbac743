"""A manifest as a scan reads it: what `read_manifest` would refuse is reported, the rest is judged. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from governance.canonical.values import JSON
from registry.manifest.canonical import MAX_DEPTH, Kind, Manifest, read_manifest

_NAMES: Final[Mapping[str, tuple[Kind, str]]] = {
    "tools": (Kind.TOOL, "name"),
    "prompts": (Kind.PROMPT, "name"),
    "resourceTemplates": (Kind.TEMPLATE, "uriTemplate"),
    "resources": (Kind.RESOURCE, "uri"),
}
_CUT: Final = MAX_DEPTH - 4


@dataclass(frozen=True, slots=True)
class Opened:
    """What could be read: one manifest, further ones that repeat names of it, and items nested too deeply."""

    manifest: Manifest
    repeated: tuple[Manifest, ...]
    too_deep: tuple[tuple[Kind, str], ...]


def open_manifest(document: JSON) -> Opened:
    """Read a manifest for a scan. Raises ManifestError for what is no manifest at all."""
    if not isinstance(document, dict):
        return Opened(read_manifest(document, any_names=True), (), ())
    layers: list[dict[str, JSON]] = [{}]
    too_deep: list[tuple[Kind, str]] = []
    for field, value in document.items():
        if field in _NAMES and isinstance(value, list):
            _distribute(field, value, layers, too_deep)
        else:
            shallow, cut = _shallow(value, _CUT)
            layers[0][field] = shallow
            if cut:
                too_deep.append((Kind.OTHER, field))
    manifests = [read_manifest(dict(layer), any_names=True) for layer in layers]
    return Opened(manifests[0], tuple(manifests[1:]), tuple(too_deep))


def _distribute(
    field: str, members: list[JSON], layers: list[dict[str, JSON]], too_deep: list[tuple[Kind, str]]
) -> None:
    """Put the members of a list into as many layers as the most frequent name has namesakes."""
    kind, name_field = _NAMES[field]
    counts: dict[str, int] = {}
    layers[0].setdefault(field, [])
    for member in members:
        shallow, cut = _shallow(member, _CUT)
        name = member.get(name_field) if isinstance(member, dict) else None
        at = counts.get(name, 0) if isinstance(name, str) else 0
        if isinstance(name, str):
            counts[name] = at + 1
            if cut:
                too_deep.append((kind, name))
        while len(layers) <= at:
            layers.append({})
        listed = layers[at].setdefault(field, [])
        assert isinstance(listed, list)
        listed.append(shallow)


def _shallow(value: JSON, depth: int) -> tuple[JSON, bool]:
    """`value` without what lies deeper than `depth`, and whether anything did."""
    if not isinstance(value, dict | list):
        return value, False
    if not depth:
        return None, True
    cut = False
    if isinstance(value, dict):
        members: dict[str, JSON] = {}
        for name, member in value.items():
            members[name], below = _shallow(member, depth - 1)
            cut = cut or below
        return members, cut
    listed: list[JSON] = []
    for member in value:
        kept, below = _shallow(member, depth - 1)
        listed.append(kept)
        cut = cut or below
    return listed, cut
