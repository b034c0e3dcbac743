"""Names that only this gateway may use, taken out of what an upstream sends. Pure: no Django, no I/O."""

from __future__ import annotations

from typing import Final

from governance.canonical.values import JSON
from governance.inspection.reading import all_text

OWN_PREFIX: Final = "io.gatehouse/"


def may_hold_own_names(raw: bytes) -> bool:
    """Whether a JSON value may hold a name that starts with `io.gatehouse/`, however it is escaped.

    Raises UnreadableResult for bytes that are not JSON.
    """
    if b"\\" not in raw:
        return OWN_PREFIX.encode() in raw
    return OWN_PREFIX in all_text(raw)


def strip_own_names(value: JSON) -> tuple[JSON, int]:
    """`value` without every member whose name starts with `io.gatehouse/`, and how many were taken out.

    They are removed from `_meta` as from every other object: nobody else has a use for the prefix. A value without
    any is returned as it is, not copied.
    """
    if isinstance(value, dict):
        return _strip_members(value)
    if isinstance(value, list):
        items = [strip_own_names(item) for item in value]
        count = sum(stripped for _, stripped in items)
        return ([item for item, _ in items], count) if count else (value, 0)
    return value, 0


def _strip_members(value: dict[str, JSON]) -> tuple[JSON, int]:
    kept: dict[str, JSON] = {}
    count = 0
    for name, member in value.items():
        if name.startswith(OWN_PREFIX):
            count += 1
            continue
        kept[name], stripped = strip_own_names(member)
        count += stripped
    return (kept, count) if count else (value, 0)
