"""Collects what is told of one item: places, sentences and risks in one form. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from governance.canonical.strict_json import encode
from governance.canonical.values import JSON
from governance.inspection.finding import pointer
from governance.text.visible import one_line, visible
from registry.manifest.canonical import Kind
from registry.manifest.change import ABSENT, Absent, Change, Value, same
from registry.manifest.change_kinds import WEIGHTS, ChangeKind, Side
from registry.manifest.texts import addresses, unseen
from registry.manifest.words import Run, compare_ends, compare_words

MAX_COMPARED: Final = 4 * 1024 * 1024
MAX_TEXT: Final = 64 * 1024
MAX_LOOKS: Final = 200_000
MAX_CHANGES: Final = 50_000
MAX_OF_ITEM: Final = 500
MAX_PARTS: Final = 16
ALWAYS_OF_ITEM: Final = 3
NAME_SHOWN: Final = 80
VALUE_SHOWN: Final = 60
VALUES_SHOWN: Final = 5

_NOUNS: Final = {
    "arguments": "parameter",
    "result": "result field",
    "argument": "argument",
    "definition": "definition",
    "": "field",
}
_TITLES: Final = {Kind.SERVER_INFO: "the server's account of itself", Kind.INSTRUCTIONS: "the instructions"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an item: a JSON pointer, and what a sentence calls it.

    `root` is "arguments", "result", "argument" (of a prompt) or "definition"; `names` are those on the way from there.
    """

    pointer: str = ""
    root: str = ""
    names: tuple[str, ...] = ()
    side: Side = Side.ARGUMENTS
    depth: int = 0

    def at(self, *steps: str | int) -> Place:
        """A field of what is here, by the same name."""
        return replace(self, pointer=self.pointer + pointer(steps))

    def into(self, *steps: str | int, named: str = "") -> Place:
        """What lies in a field of this one, one level deeper."""
        names = (*self.names, named) if named else self.names
        return Place(self.pointer + pointer(steps), self.root, names, self.side, self.depth + 1)

    @property
    def called(self) -> str:
        """What a person calls the place; "" for the item itself."""
        path = "".join(name if name.startswith("[") or not at else f".{name}" for at, name in enumerate(self.names))
        shown = f'"{one_line(path, NAME_SHOWN)}"' if path else ""
        return f"{_NOUNS[self.root]} {shown}" if shown else self.root


class Budget:
    """What is still spent on one comparison of manifests, so that none makes a scan endless or its report huge."""

    __slots__ = ("_changes", "_letters", "_looks")

    def __init__(self, *, letters: int = MAX_COMPARED, looks: int = MAX_LOOKS, changes: int = MAX_CHANGES) -> None:
        self._letters, self._looks, self._changes = letters, looks, changes

    def compare(self, old: str, new: str) -> tuple[Run, ...]:
        """The runs of two texts; by their ends alone where they are too long or the budget is spent."""
        letters = len(old) + len(new)
        if letters > min(MAX_TEXT, self._letters):
            return compare_ends(old, new)
        self._letters -= letters
        return compare_words(old, new)

    def may_look(self) -> bool:
        """Whether one more part of a new schema is looked at for what it takes."""
        self._looks -= 1
        return self._looks >= 0

    def may_tell(self, told: int) -> bool:
        """Whether an item of which so many changes were told may tell one more; a few it always may."""
        if told >= (MAX_OF_ITEM if self._changes > 0 else ALWAYS_OF_ITEM):
            return False
        self._changes -= 1
        return True


class Telling:
    """The changes of one item. `tell` and `tell_that` put item and place first, so that each sentence stands alone.

    `told` counts the changes, those included that are too many to be listed.
    """

    __slots__ = ("_about", "_budget", "_changes", "told")

    def __init__(self, kind: Kind, name: str, budget: Budget) -> None:
        noun = "manifest field" if kind is Kind.OTHER else kind.value
        self._about: Final = _TITLES.get(kind) or f"{noun} {quoted(name)}"
        self._budget: Final = budget
        self._changes: Final[list[Change]] = []
        self.told = 0

    def tell(
        self,
        kind: ChangeKind,
        at: Place,
        clause: str,
        before: Value = ABSENT,
        after: Value = ABSENT,
        *,
        moved_from: str = "",
    ) -> None:
        """Note a change of a field; the clause is a sentence of its own behind a colon."""
        self._note(kind, at, f": {clause}", (before, after), moved_from)

    def tell_that(
        self,
        kind: ChangeKind,
        at: Place,
        predicate: str,
        before: Value = ABSENT,
        after: Value = ABSENT,
        *,
        moved_from: str = "",
    ) -> None:
        """The same where item or parameter is the subject of what is said."""
        joint = ": " if at.root and not at.names else " "
        self._note(kind, at, f"{joint}{predicate}", (before, after), moved_from)

    def _note(self, kind: ChangeKind, at: Place, rest: str, values: tuple[Value, Value], moved_from: str) -> None:
        self.told += 1
        if not self._budget.may_tell(len(self._changes)):
            return
        about = f"{at.called} of {self._about}" if at.called else self._about
        sentence = f"{about[0].upper()}{about[1:]}{rest}."
        risk = WEIGHTS[kind].on(at.side)
        self._changes.append(Change(kind, risk, at.pointer, sentence, *values, self._words(*values), moved_from))

    def may_look(self) -> bool:
        """Whether one more part of a new schema is looked at for what it takes."""
        return self._budget.may_look()

    def close(self) -> list[Change]:
        """All that was told. Where more changed than is listed, the last one says how much."""
        more = self.told - len(self._changes)
        if not more:
            return self._changes
        kind, about = ChangeKind.MORE_CHANGES, f"{self._about[0].upper()}{self._about[1:]}"
        sentence = f"{about}: {more} further changes are not listed."
        return [*self._changes, Change(kind, WEIGHTS[kind].arguments, "", sentence)]

    def tell_values(self, kind: ChangeKind, at: Place, what: str, before: Value, after: Value) -> None:
        """Note a change of a field of which nothing more can be said than what it was and is."""
        if isinstance(before, Absent):
            clause = f"{what} is new: {shown(after)}"
        elif isinstance(after, Absent):
            clause = f"{what} is gone; it was {shown(before)}"
        else:
            clause = f"{what} changed from {shown(before)} to {shown(after)}"
        self.tell(kind, at, clause, before, after)

    def tell_text(self, kind: ChangeKind, at: Place, what: str, before: Value, after: Value) -> None:
        """Note a text that came, went or is worded otherwise; what is no text is told by its values."""
        old, new = _text(before), _text(after)
        if old is None or new is None:
            self.tell_values(kind, at, f"the {what}", before, after)
            return
        if isinstance(before, Absent):
            self.tell(kind, at, f"the {what} is new", before, after)
        elif isinstance(after, Absent):
            self.tell(kind, at, f"the {what} is gone", before, after)
        elif old.split() == new.split():
            self.tell(ChangeKind.TEXT_SPACING_CHANGED, at, f"the {what} differs in white space alone", before, after)
        else:
            self.tell(kind, at, f"the {what} is worded otherwise", before, after)
        self._tell_contents(at, f"the {what}", old, new)

    def tell_value(self, kind: ChangeKind, at: Place, what: str, before: Value, after: Value) -> None:
        """Note a field that no rule knows by what it was and is; where it is a text, also what came into that."""
        self.tell_values(kind, at, what, before, after)
        old, new = _text(before), _text(after)
        if new:
            self._tell_contents(at, what, old or "", new)

    def tell_parts(self, kind: ChangeKind, at: Place, what: str, before: Value, after: Value) -> None:
        """The same for every part of a field that differs, as deep as objects go."""
        if isinstance(before, dict) and isinstance(after, dict) and at.depth < MAX_PARTS:
            for key in sorted(before.keys() | after.keys()):
                old, new = before.get(key, ABSENT), after.get(key, ABSENT)
                if not same(old, new):
                    self.tell_parts(kind, at.into(key), f"{what}.{one_line(key, NAME_SHOWN)}", old, new)
        else:
            self.tell_value(kind, at, what, before, after)

    def _tell_contents(self, at: Place, what: str, old: str, new: str) -> None:
        known = addresses(old)
        come = [address for address in addresses(new) if address not in known]
        if come:
            self.tell(ChangeKind.TEXT_ADDRESS_ADDED, at, f"{what} now names {several(come)}")
        hidden = unseen(new) - unseen(old)
        if hidden:
            labels = ", ".join(f"{visible(character)} ×{count}" for character, count in sorted(hidden.items())[:5])
            more = f" and {len(hidden) - 5} more" if len(hidden) > 5 else ""
            clause = f"{what} now holds characters that cannot be seen: {labels}{more}"
            self.tell(ChangeKind.TEXT_UNSEEN_ADDED, at, clause)

    def _words(self, before: Value, after: Value) -> tuple[Run, ...]:
        if isinstance(before, str) and isinstance(after, str):
            return self._budget.compare(before, after)
        if isinstance(before, str) and after is ABSENT:
            return compare_ends(before, "")
        if isinstance(after, str) and before is ABSENT:
            return compare_ends("", after)
        return ()


def _text(value: Value) -> str | None:
    """The text that a value is, "" where it is absent; None where it is something else."""
    if isinstance(value, Absent):
        return ""
    return value if isinstance(value, str) else None


def shown(value: Value) -> str:
    """A value as a sentence quotes it: JSON on one line, cut, with characters that cannot be seen spelt out."""
    if isinstance(value, Absent):
        return "nothing"
    return one_line(_written(value), VALUE_SHOWN)


def several(values: Iterable[JSON]) -> str:
    """Some values as a sentence lists them."""
    listed = list(values)
    text = ", ".join(shown(value) for value in listed[:VALUES_SHOWN])
    return text if len(listed) <= VALUES_SHOWN else f"{text} and {len(listed) - VALUES_SHOWN} more"


def quoted(name: str) -> str:
    """A name as a sentence quotes it."""
    return f'"{one_line(name, NAME_SHOWN)}"'


def _written(value: JSON) -> str:
    # A long text is cut before it is written, so that a sentence never costs what it quotes.
    if isinstance(value, str) and len(value) > 2 * VALUE_SHOWN:
        hidden = len(value) - VALUE_SHOWN
        return f"{encode(value[:VALUE_SHOWN]).decode()}… (+{hidden})"
    return encode(value).decode()
