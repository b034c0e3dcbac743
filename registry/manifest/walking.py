"""What the parts of a comparison of schemas know of the whole. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias

from governance.canonical.values import JSON
from registry.manifest.telling import Place, Telling

Schema: TypeAlias = Mapping[str, JSON]


class Walk(Protocol):
    """One comparison of two schemas."""

    telling: Telling
    root: JSON
    """The new schema as a whole, in which local references lead somewhere."""

    def compare(self, old: JSON, new: JSON, at: Place) -> None:
        """Tell all that differs between two subschemas; nothing where they are the same."""


Teller: TypeAlias = Callable[[Walk, Schema, Schema, Place], None]
