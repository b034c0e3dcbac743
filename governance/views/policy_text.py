"""A policy's text as people read it: what is stored as JSON on one line is laid out over lines. Reads nothing."""

from __future__ import annotations

import json
from typing import Final

from governance.canonical.strict_json import Malformed, parse
from governance.canonical.values import JSON, Number

WIDTH: Final = 100
INDENT: Final = "  "


def readable(text: str) -> str:
    """`text` itself where a person wrote its lines, else the same values laid out, which read back as the same policy.

    A policy inside a JSON file has no lines of its own that stand alone, so that it is stored as its values.
    """
    if "\n" in text.strip():
        return text
    try:
        return _laid_out(parse(text.encode(), max_members=1_000_000), "") + "\n"
    except Malformed:
        return text


def _laid_out(value: JSON, before: str) -> str:
    """The value as JSON; what fits on a line stays on one, but rules and whatever holds several of them."""
    short = _on_one_line(value)
    if not isinstance(value, (dict, list)) or (len(before) + len(short) <= WIDTH and not _is_wide(value)):
        return short
    deeper = before + INDENT
    if isinstance(value, dict):
        members = [f"{_text(name)}: {_laid_out(member, deeper)}" for name, member in value.items()]
    else:
        members = [_laid_out(member, deeper) for member in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(deeper + member for member in members) + f"\n{before}{closing}"


def _is_wide(value: dict[str, JSON] | list[JSON]) -> bool:
    """Rules and other objects with several members have a line for each."""
    if isinstance(value, list):
        return any(isinstance(member, dict) for member in value)
    return len(value) > 2


def _on_one_line(value: JSON) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(name)}: {_on_one_line(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_on_one_line, value)) + "]"
    if isinstance(value, Number):
        return value.literal
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
