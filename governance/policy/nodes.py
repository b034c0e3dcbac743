"""YAML 1.2 text to nodes that know where they stand. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

import yaml

from governance.canonical.values import JSON, Number
from governance.policy.tree import Position, Problem

MAX_DEPTH: Final = 40
MAX_DIGITS: Final = 400
MAX_EXPONENT: Final = 1000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE"})
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+", re.ASCII).fullmatch
_OCTAL: Final = re.compile(r"0o[0-7]+", re.ASCII).fullmatch
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+", re.ASCII).fullmatch
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,6})?", re.ASCII).fullmatch
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Scalar:
    """One plain or quoted value; `text` is how it was written."""

    value: str | int | Number | bool | None
    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in the order of the text. Keys are their text, whatever type YAML would give them."""

    entries: tuple[tuple[Scalar, Node], ...]
    at: Position


Node: TypeAlias = "Scalar | Sequence | Mapping"


def read_nodes(text: str) -> tuple[Node | None, list[Problem]]:
    """The one document of `text` and everything YAML has against it; the node is None where there is none."""
    try:
        text.encode("utf-8")
        return _Composer(text).compose()
    except UnicodeEncodeError as error:
        before = text[: error.start]
        line = before.count("\n") + 1
        return None, [Problem(line, error.start - before.rfind("\n"), "half of a surrogate pair is no text")]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "unreadable"
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return None, [Problem(line, column, f"not YAML: {what}")]
    except yaml.YAMLError as error:
        return None, [_unmarked(text, error)]


def json_of(node: Node) -> JSON:
    """The JSON value that a node stands for; keys are their text."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [json_of(item) for item in node.items]
    return {key.text: json_of(value) for key, value in node.entries}


def _unmarked(text: str, error: yaml.YAMLError) -> Problem:
    where = getattr(error, "position", 0)
    start = where if isinstance(where, int) else 0
    before = text[:start]
    return Problem(before.count("\n") + 1, len(before) - before.rfind("\n"), "not YAML: a character it does not allow")


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position()


class _TooDeep(Exception):
    pass


class _Composer:
    """Nodes from YAML events, refusing what makes one text mean two things."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=_LOADER))
        self.problems: list[Problem] = []

    def compose(self) -> tuple[Node | None, list[Problem]]:
        root: Node | None = None
        documents = 0
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    self._check_document(event, documents)
                elif isinstance(event, yaml.NodeEvent):
                    node = self._node(event, 0)
                    root = node if root is None else root
        except _TooDeep:
            return None, self.problems
        return root, self.problems

    def _check_document(self, event: yaml.DocumentStartEvent, number: int) -> None:
        if number > 1:
            self._problem(event, "a second document; a policy is one")
        if event.version is not None and tuple(event.version) != (1, 2):
            self._problem(event, "a policy is YAML 1.2; remove the %YAML line")

    def _problem(self, event: yaml.Event, message: str) -> None:
        at = _position(event)
        self.problems.append(Problem(at.line, at.column, message))

    def _node(self, event: yaml.NodeEvent, depth: int) -> Node:
        at = _position(event)
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, f"aliases are not allowed; write out what *{event.anchor} stands for")
            return Scalar(None, "", at)
        if event.anchor is not None:
            self._problem(event, f"anchors are not allowed; remove &{event.anchor}")
        if getattr(event, "tag", None) is not None:
            self._problem(event, "tags are not allowed; write the plain value")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, at)
        if depth >= MAX_DEPTH:
            self._problem(event, f"nested deeper than {MAX_DEPTH}")
            raise _TooDeep
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(tuple(self._items(depth)), at)
        return Mapping(tuple(self._entries(depth)), at)

    def _items(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            assert isinstance(event, yaml.NodeEvent)
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, Position] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            assert isinstance(event, yaml.NodeEvent)
            key = self._node(event, depth + 1)
            following = next(self._events)
            assert isinstance(following, yaml.NodeEvent)
            value = self._node(following, depth + 1)
            if not isinstance(key, Scalar):
                self._problem(event, "a key must be a plain name")
                continue
            if key.text in seen:
                first = seen[key.text]
                self._problem(event, f"the key {key.text!r} stands twice, first at {first.line}:{first.column}")
                continue
            seen[key.text] = key.at
            yield key, value

    def _scalar(self, event: yaml.ScalarEvent, at: Position) -> Scalar:
        text = event.value
        if not event.implicit[0]:
            return Scalar(text, text, at)
        if _NOT_FINITE(text):
            self._problem(event, f"{text} is no number a call can hold")
            return Scalar(None, text, at)
        try:
            return Scalar(_plain(text), text, at)
        except ValueError:
            self._problem(event, f"a number with more than {MAX_DIGITS} digits or an exponent beyond {MAX_EXPONENT}")
            return Scalar(None, text[:MAX_DIGITS], at)


def _plain(text: str) -> str | int | Number | bool | None:
    """A plain scalar by the YAML 1.2 core schema. Raises ValueError for a number beyond the caps."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if not (text[0].isascii() and (text[0].isdigit() or text[0] in "+-.")):
        return text
    base = 8 if _OCTAL(text) else 16 if _HEX(text) else 10
    if base == 10 and not _FLOAT(text):
        return text
    if len(text) > MAX_DIGITS:
        raise ValueError
    if base != 10:
        return int(text[2:], base)
    if _DECIMAL(text):
        return int(text)
    value = Decimal(text)
    if abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError
    return Number(text, value)
