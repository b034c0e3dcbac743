"""Find the text of the policy: in a file beside, or inline. Pure: no Django; files come through a given function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

from governance.canonical.strict_json import encode
from governance.policy.nodes import Mapping, Node, Scalar, Sequence, json_of, read_nodes
from governance.policy.reading import Reader
from governance.policy.tree import Position
from registry.configuration import words
from registry.configuration.rewrite import rewritten
from registry.configuration.values import PolicyText

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one that the nodes were read with, so that both agree on what is where."""

ReadFile = Callable[[str], str]
"""Returns the text of a file named relative to the configuration; raises OSError or UnicodeDecodeError."""


def read_policy(node: Node | None, reader: Reader, *, text: str, source: str, read_file: ReadFile) -> PolicyText | None:
    """`{file: …}`, a path, a block of text, or the policy itself as a mapping."""
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return None
    if isinstance(node, Mapping):
        if any(key.text == "file" for key, _ in node.entries):
            fields = reader.fields(node, ("file",), "policy")
            return _from_file(fields["file"], reader, read_file)
        return _inline(node, text, source)
    if isinstance(node, Scalar) and isinstance(node.value, str) and "\n" in node.value:
        return PolicyText(node.value, f"{source} (policy in line {node.at.line})")
    if isinstance(node, Scalar):
        return _from_file(node, reader, read_file)
    reader.problem(node, "policy must be {file: policy.yaml} or the policy itself")
    return None


def _from_file(node: Node, reader: Reader, read_file: ReadFile) -> PolicyText | None:
    name = words.text(node, reader, "file of policy")
    if not name:
        return None
    try:
        return PolicyText(read_file(name), name)
    except UnicodeDecodeError:
        reader.problem(node, f"{name} is not UTF-8 text")
    except OSError as error:
        reader.problem(node, f"{name} cannot be read ({error.strerror or error}); paths are relative to this file")
    return None


def _inline(node: Mapping, text: str, source: str) -> PolicyText:
    """The policy's own lines, comments included; its values written anew where they are one line or no text alone."""
    lines = text.splitlines(keepends=True)
    flow = lines[node.at.line - 1][node.at.column - 1] == "{"
    kept = _flow(lines, node.at, _end(text, node.at)) if flow else _block(lines, node.at)
    for candidate in (kept, rewritten(node)):
        again, problems = read_nodes(candidate)
        if again is None or problems or json_of(again) != json_of(node):
            continue
        if not flow or "\n" in candidate.strip():
            places = dict(zip(_positions(again), _positions(node), strict=True))
            return PolicyText(candidate, source, node.at.line, node.at.column, places)
    return PolicyText(encode(json_of(node)).decode() + "\n", source, node.at.line, node.at.column)


def _block(lines: list[str], at: Position) -> str:
    """The lines from `at` on as far as they are indented like it, without that indentation."""
    indent = at.column - 1
    body = [lines[at.line - 1][indent:]]
    for line in lines[at.line :]:
        if line[:indent].strip() and not line.lstrip().startswith("#"):
            break
        body.append((line[indent:] or "\n") if not line[:indent].strip() else line.lstrip())
    return "".join(body)


def _flow(lines: list[str], at: Position, end: Position) -> str:
    """What stands from `at` to before `end`, further lines without what indentation they have in common."""
    inside = [*lines[at.line - 1 : end.line - 1], lines[end.line - 1][: end.column - 1]]
    first, *others = inside
    indent = min((len(line) - len(line.lstrip(" ")) for line in others if line.strip()), default=0)
    indent = min(indent, at.column - 1)
    return "".join([first[at.column - 1 :], *(line[indent:] or "\n" for line in others)]) + "\n"


def _end(text: str, at: Position) -> Position:
    """Where the flow mapping that begins at `at` ends."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.CollectionStartEvent) and (depth or _place(event.start_mark) == at):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent) and depth:
            depth -= 1
            if not depth:
                return _place(event.end_mark)
    raise AssertionError("the node was read from this text")


def _place(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _positions(node: Node) -> Iterator[tuple[int, int]]:
    """Where a node and everything in it stands, in an order that depends on its values alone."""
    yield node.at.line, node.at.column
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _positions(item)
    elif isinstance(node, Mapping):
        for key, value in node.entries:
            yield from _positions(key)
            yield from _positions(value)
