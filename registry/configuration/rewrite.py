"""Write nodes as readable YAML in their own order, such as a program wrote on one line. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from governance.policy.nodes import Node, Scalar, Sequence
from registry.configuration.render import is_block, is_plain


def rewritten(node: Node) -> str:
    """The text of one document: a line for each entry, lists of plain values on one line; numbers as they were."""
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_events(node),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    return str(yaml.emit(events, allow_unicode=True, width=10_000))


def _events(node: Node) -> Iterator[yaml.Event]:
    if isinstance(node, Scalar):
        yield _text(node.value) if isinstance(node.value, str) else _plain(node.text or "null")
    elif isinstance(node, Sequence):
        flow = all(isinstance(item, Scalar) for item in node.items)
        yield yaml.SequenceStartEvent(None, None, implicit=True, flow_style=flow)
        for item in node.items:
            yield from _events(item)
        yield yaml.SequenceEndEvent()
    else:
        yield yaml.MappingStartEvent(None, None, implicit=True, flow_style=not node.entries)
        for key, value in node.entries:
            yield _text(key.text, key=True)
            yield from _events(value)
        yield yaml.MappingEndEvent()


def _plain(text: str) -> yaml.ScalarEvent:
    return yaml.ScalarEvent(None, None, (True, False), text)


def _text(text: str, *, key: bool = False) -> yaml.ScalarEvent:
    if is_plain(text):
        return _plain(text)
    style = "|" if "\n" in text and not key and is_block(text) else '"'
    return yaml.ScalarEvent(None, None, (False, True), text, style=style)
