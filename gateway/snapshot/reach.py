"""What a data-plane role covers: patterns over server and item names. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from governance.policy.patterns import Test, glob_test, item_pattern
from governance.policy.values import Item, Kind


@dataclass(frozen=True, slots=True)
class Reach:
    """The union of whole servers and item patterns (contract section 3, `roles`)."""

    servers: frozenset[str]
    patterns: Mapping[Kind, tuple[tuple[Test | None, Test], ...]]

    @classmethod
    def of(cls, *, servers: Iterable[str], patterns: Mapping[Kind, Iterable[str]]) -> Reach:
        """Read the patterns of one role; they split into server and item as in rules (contract 4.2)."""
        return cls(
            servers=frozenset(servers),
            patterns={kind: tuple(_tests(text) for text in texts) for kind, texts in patterns.items()},
        )

    def covers(self, item: Item) -> bool:
        """Whether the role lets an agent know of the item."""
        if item.server in self.servers:
            return True
        return any(
            (server is None or server(item.server)) and name(item.name)
            for server, name in self.patterns.get(item.kind, ())
        )


def _tests(text: str) -> tuple[Test | None, Test]:
    pattern = item_pattern(text)
    return None if pattern.server is None else glob_test(pattern.server), glob_test(pattern.item)
