"""What changed between two manifests, as values with a machine form (docs/changes-of-servers.md). Pure: no Django."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from governance.canonical.strict_json import jcs_document
from governance.canonical.values import JSON
from registry.manifest.canonical import Kind
from registry.manifest.change_kinds import ChangeKind, Risk, gravest
from registry.manifest.words import Run

FORM: Final = 1


class Absent(Enum):
    """Stands where a field is not there, since `null` is a value of its own."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

Value: TypeAlias = "JSON | Absent"


def same(old: Value, new: Value) -> bool:
    """Whether two values are one for a digest: `1.0` and `1` are, `1` and `true` are not, a list has an order."""
    if old is new:
        return True
    if isinstance(old, Absent) or isinstance(new, Absent):
        return False
    if isinstance(old, str) or isinstance(new, str):
        return old == new
    return jcs_document(old) == jcs_document(new)


class Status(StrEnum):
    """What became of an item."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one field. `field` is a JSON pointer into the item as it is now, or as it was where it is gone.

    `words` is set where both values are texts, or one is and the other absent. `moved_from` is the pointer that a
    renamed parameter had.
    """

    kind: ChangeKind
    risk: Risk
    field: str
    sentence: str
    before: Value = ABSENT
    after: Value = ABSENT
    words: tuple[Run, ...] = ()
    moved_from: str = ""

    def record(self) -> dict[str, JSON]:
        """The change as JSON. A text change has `words`, from which both texts follow, in place of the texts."""
        record: dict[str, JSON] = {
            "kind": self.kind.value,
            "risk": self.risk.value,
            "field": self.field,
            "sentence": self.sentence,
        }
        if self.moved_from:
            record["moved_from"] = self.moved_from
        if self.words:
            record["words"] = [[run.op.value, run.text] for run in self.words]
            return record
        if not isinstance(self.before, Absent):
            record["before"] = self.before
        if not isinstance(self.after, Absent):
            record["after"] = self.after
        return record


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """All that changed in one item, ordered by field and kind; never empty. A digest is "" where there is no item."""

    kind: Kind
    name: str
    status: Status
    before_digest: str
    after_digest: str
    changes: tuple[Change, ...]

    @property
    def risk(self) -> Risk:
        """The highest risk of its changes."""
        return gravest(change.risk for change in self.changes)

    def record(self) -> dict[str, JSON]:
        """The item as JSON."""
        digests: dict[str, JSON] = {"before": self.before_digest, "after": self.after_digest}
        return {
            "kind": self.kind.value,
            "name": self.name,
            "status": self.status.value,
            "risk": self.risk.value,
            "digest": {side: digest for side, digest in digests.items() if digest},
            "changes": [change.record() for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class ManifestChanges:
    """All that changed between two manifests, ordered by kind and name of the items; the order of lists is none."""

    before_digest: str
    after_digest: str
    items: tuple[ItemChanges, ...]
    unchanged: int

    @property
    def risk(self) -> Risk | None:
        """The highest risk of all changes; None where nothing changed."""
        return gravest(item.risk for item in self.items) if self.items else None

    def record(self) -> dict[str, JSON]:
        """The machine form as docs/changes-of-servers.md describes it. Equal manifests give equal records."""
        counts = Counter(item.status for item in self.items)
        counted: dict[str, JSON] = {status.value: counts[status] for status in Status}
        return {
            "form": FORM,
            "digest": {"before": self.before_digest, "after": self.after_digest},
            "risk": self.risk.value if self.risk else None,
            "counts": counted | {"unchanged": self.unchanged},
            "items": [item.record() for item in self.items],
        }

    def encoded(self) -> bytes:
        """The machine form as canonical JSON (RFC 8785)."""
        return jcs_document(self.record())
