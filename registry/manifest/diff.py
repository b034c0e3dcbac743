"""What changed between two manifests of one server. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.manifest.canonical import HELD, Key, Manifest


@dataclass(frozen=True, slots=True)
class Difference:
    """Keys of items, each in exactly one of the four; added, changed and unchanged in the order of the new manifest."""

    added: tuple[Key, ...]
    removed: tuple[Key, ...]
    changed: tuple[Key, ...]
    unchanged: tuple[Key, ...]

    @property
    def any(self) -> bool:
        """Whether anything differs at all, resources and serverInfo included."""
        return bool(self.added or self.removed or self.changed)

    @property
    def touches_held(self) -> bool:
        """Whether an item that is locked to its approved form is new, gone or different."""
        return any(kind in HELD for kind, _ in (*self.added, *self.removed, *self.changed))


def compare(old: Manifest, new: Manifest) -> Difference:
    """How `new` differs from `old`. Any changed field of an item is a change; order of keys and lists is none."""
    return compare_digests({item.key: item.digest for item in old.items}, {item.key: item.digest for item in new.items})


def compare_digests(before: Mapping[Key, str], after: Mapping[Key, str]) -> Difference:
    """The same where only the items' digests are known, as in a lock."""
    return Difference(
        added=tuple(key for key in after if key not in before),
        removed=tuple(key for key in before if key not in after),
        changed=tuple(key for key in after if key in before and before[key] != after[key]),
        unchanged=tuple(key for key in after if before.get(key) == after[key]),
    )
