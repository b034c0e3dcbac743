"""One call while it is judged: its arguments, facts, and what was already worked out about it. Pure: no I/O."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from governance.canonical.emails import email_domain
from governance.canonical.paths import canonical_path
from governance.canonical.urls import Url, canonical_url
from governance.canonical.values import JSON, NotCanonical
from governance.policy.addresses import EACH, Found, Steps, locate
from governance.policy.schemas import Declared
from governance.policy.short_forms import Seen
from governance.policy.values import Caller, Facts, Item


class Outcome(StrEnum):
    """What a condition says (contract 4.6)."""

    YES = "yes"
    NO = "no"
    ERROR = "error"


YES: Final = Outcome.YES
NO: Final = Outcome.NO
ERROR: Final = Outcome.ERROR


class Unset(Enum):
    """Not worked out yet."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
_NOTHING: Final[frozenset[str]] = frozenset()


def fold(key: str) -> str:
    """The form in which two keys that a careless server would mix up are the same (contract 4.8)."""
    if key.isascii():
        return key.lower()
    once = unicodedata.normalize("NFKC", key).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


@dataclass(frozen=True, slots=True)
class Ground:
    """What holds for every call of one item.

    `constrained` maps the folded form of each top-level name that some rule constrains to the names.
    """

    item: Item
    declared: Declared
    constrained: Mapping[str, frozenset[str]]


class Evaluation:
    """A call under judgement. Everything that several rules ask for is worked out once.

    `colliding` holds the constrained names that some other key could be mistaken for.
    """

    __slots__ = (
        "_emails", "_folders", "_found", "_minutes", "_urls", "arguments", "caller", "colliding", "declared", "extra",
        "facts", "item", "looked", "on_disk",
    )  # fmt: skip

    def __init__(
        self,
        ground: Ground,
        caller: Caller,
        arguments: dict[str, JSON],
        facts: Facts,
    ) -> None:
        item, constrained = ground.item, ground.constrained
        self.item = item
        self.declared = ground.declared
        self.caller = caller
        self.arguments = arguments
        self.facts = facts
        self.on_disk = item.local_disk
        self.colliding = _colliding(arguments, constrained) if constrained else _NOTHING
        self.extra: str | Unset | None = UNSET
        self.looked: dict[str, list[Seen]] = {}
        self._found: dict[Steps, tuple[bool, list[Found]]] = {}
        self._folders: dict[str, str | None] = {}
        self._urls: dict[str, Url | None] = {}
        self._emails: dict[str, str | None] = {}
        self._minutes: dict[str, tuple[int, int]] = {}

    def found(self, steps: Steps) -> tuple[bool, list[Found]]:
        """What stands at an address, and whether a key below the top could be mistaken for one on the way."""
        known = self._found.get(steps)
        if known is None:
            known = self._found[steps] = (collides_below(self.arguments, steps), locate(self.arguments, steps))
        return known

    def collides(self, steps: Steps) -> bool:
        """Whether some key could be mistaken for one on the way to an argument (contract 4.8)."""
        return str(steps[0]) in self.colliding or self.found(steps)[0]

    @property
    def quiet(self) -> bool:
        """Whether reasons must not quote arguments, because inspection found something in them."""
        return any(finding.side == "arguments" for finding in self.facts.findings)

    def folder(self, value: str) -> str | None:
        """The canonical path, joined to the server's folder, with a slash at its end; None where it has none."""
        known = self._folders.get(value)
        if known is None and value not in self._folders:
            try:
                known = canonical_path(value, cwd=self.item.cwd).rstrip("/") + "/"
            except NotCanonical:
                known = None
            self._folders[value] = known
        return known

    def url(self, value: str) -> Url | None:
        """The canonical URL, or None."""
        known = self._urls.get(value)
        if known is None and value not in self._urls:
            try:
                known = canonical_url(value)
            except NotCanonical:
                known = None
            self._urls[value] = known
        return known

    def mail_domain(self, value: str) -> str | None:
        """The domain of one bare address, or None."""
        known = self._emails.get(value)
        if known is None and value not in self._emails:
            try:
                known = email_domain(value)
            except NotCanonical:
                known = None
            self._emails[value] = known
        return known

    def minute(self, zone: ZoneInfo) -> tuple[int, int]:
        """Weekday (Monday 0) and minute of the day in a zone."""
        known = self._minutes.get(zone.key)
        if known is None:
            local: datetime = self.facts.at.astimezone(zone)
            known = (local.weekday(), local.hour * 60 + local.minute)
            self._minutes[zone.key] = known
        return known


def collides_below(arguments: dict[str, JSON], steps: Steps) -> bool:
    """Whether an object on the way has a key that could be mistaken for the one to take (contract 4.8)."""
    level: list[JSON] = [arguments.get(str(steps[0]))]
    for step in steps[1:]:
        following: list[JSON] = []
        for value in level:
            if step is EACH:
                following.extend(value if isinstance(value, list) else [])
            elif isinstance(value, dict):
                name = str(step)
                folded = fold(name)
                if any(key != name and fold(key) == folded for key in value):
                    return True
                following.append(value.get(name))
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                following.append(value[step])
        level = following
    return False


def _colliding(arguments: dict[str, JSON], constrained: Mapping[str, frozenset[str]]) -> frozenset[str]:
    out: set[str] = set()
    for key in arguments:
        names = constrained.get(fold(key))
        if names is not None and (len(names) > 1 or key not in names):
            out.update(name for name in names if name != key)
    return frozenset(out)


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """AND: any no is no, else any error is error (contract 4.6)."""
    result = YES
    for outcome in outcomes:
        if outcome is NO:
            return NO
        if outcome is ERROR:
            result = ERROR
    return result


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """OR: any yes is yes, else any error is error."""
    result = NO
    for outcome in outcomes:
        if outcome is YES:
            return YES
        if outcome is ERROR:
            result = ERROR
    return result
