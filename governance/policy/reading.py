"""Typed reading of nodes that collects every problem instead of stopping at the first. Pure: no Django, no I/O."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from governance.canonical.values import Number
from governance.policy.nodes import Mapping, Node, Scalar, Sequence
from governance.policy.tree import Position, Problem

Choice = TypeVar("Choice", bound=StrEnum)

_DURATION: Final = re.compile(r"([1-9][0-9]{0,8})([smhd])", re.ASCII).fullmatch
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest known word, else the list of them where it is short."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    folded = [name for name in names if name.replace("_", "").lower() == word.replace("_", "").lower()]
    if folded or near:
        return f"; did you mean {(folded or near)[0]}?"
    return f"; known here: {', '.join(names)}" if len(names) <= 24 else ""


class Reader:
    """Reads values out of nodes. A value that cannot be read is a problem and comes back as None or empty."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, at: Node | Position, message: str) -> None:
        """Notes that something is wrong at a place."""
        where = at if isinstance(at, Position) else at.at
        self.problems.append(Problem(where.line, where.column, message))

    def fields(self, node: Node, known: Collection[str], what: str) -> dict[str, Node]:
        """The entries of a mapping by key; keys that are not `known` are problems and left out."""
        if not isinstance(node, Mapping):
            self.problem(node, f"{what} must be a mapping with {', '.join(sorted(known))}")
            return {}
        out: dict[str, Node] = {}
        for key, value in node.entries:
            if key.text in known:
                out[key.text] = value
            else:
                self.problem(key, f"unknown key {key.text!r} in {what}{suggestion(key.text, known)}")
        return out

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The elements of a list."""
        if isinstance(node, Sequence):
            return node.items
        self.problem(node, f"{what} must be a list")
        return ()

    def string(self, node: Node, what: str) -> str | None:
        """One non-empty string."""
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value:
            return node.value
        if isinstance(node, Scalar) and node.text and node.value is not None:
            self.problem(node, f'{what} must be text; write "{node.text}" in quotes')
        else:
            self.problem(node, f"{what} must be text")
        return None

    def strings(self, node: Node, what: str) -> list[tuple[str, Node]]:
        """One string or a list of strings, each with its place."""
        nodes = node.items if isinstance(node, Sequence) else (node,)
        read = ((self.string(item, what), item) for item in nodes)
        return [(text, item) for text, item in read if text is not None]

    def choice(self, node: Node, options: type[Choice], what: str, allowed: Collection[Choice] = ()) -> Choice | None:
        """One word of a closed set."""
        text = self.string(node, what)
        known = [str(option) for option in allowed or options]
        if text is None:
            return None
        if text in known:
            return options(text)
        self.problem(node, f"{text!r} is no {what}{suggestion(text, known)}")
        return None

    def boolean(self, node: Node, what: str) -> bool | None:
        """`true` or `false`."""
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        self.problem(node, f"{what} must be true or false")
        return None

    def whole(self, node: Node, what: str, minimum: int = 0) -> int | None:
        """An integer of at least `minimum`."""
        if isinstance(node, Scalar) and type(node.value) is int and node.value >= minimum:
            return node.value
        self.problem(node, f"{what} must be a whole number of at least {minimum}")
        return None

    def decimal(self, node: Node, what: str) -> Decimal | None:
        """A number, exactly as written."""
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, Number):
            return value.value
        if type(value) is int:
            return Decimal(value)
        self.problem(node, f"{what} must be a number")
        return None

    def seconds(self, node: Node, what: str) -> int | None:
        """A duration such as 30s, 5m, 1h or 30d, in seconds."""
        match = _DURATION(node.text) if isinstance(node, Scalar) else None
        if match is not None:
            return int(match[1]) * _SECONDS[match[2]]
        self.problem(node, f"{what} must be a duration such as 30s, 5m, 1h or 30d")
        return None
